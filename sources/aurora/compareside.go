package aurora

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"maps"
	"sync/atomic"

	"parallax/internal/audit"
	"parallax/internal/money"
	"parallax/internal/record"
)

// side is one of the two copies that are compared.
type side struct {
	*reading
	kept      []record.Entry    // rows not proven equal
	truncated int64             // further ones
	alone     int64             // rows left out because their counterpart cannot be used
	checksum  string            // over all rows
	sums      map[string]string // of a digest
	signature signature
	unindexed bool // no index leads to a stretch of time
	bytes     atomic.Int64

	// While a stream is open these belong to its reader.
	outline func([]byte, *record.Entry) []byte // set where every row is read: what is summed up
	sum64   uint64
}

func newSide(s Source, w audit.Window) *side {
	s.Settings = s.Settings.withDefaults()
	one := &side{}
	s.meter = &one.bytes
	one.reading = &reading{Source: s, window: w, totals: map[string]money.Amount{}, bad: map[string]*badRows{}}
	return one
}

// begin asks as which witness the database speaks, and what its hashes depend on.
func (s *side) begin(ctx context.Context, o CompareOptions) error {
	expected := s.Witness
	if err := s.identify(ctx); err != nil {
		return err
	}
	if expected != "" && expected != s.Witness {
		s.gaps = append(s.gaps, s.contradiction(expected))
	}
	return s.sign(ctx, o)
}

// prepare understands rows and adds them to the side's checksum.
func (s *side) prepare(rows []row) {
	var text []byte
	for i := range rows {
		entry := &rows[i].entry
		rows[i].unfit = rows[i].understand(s.Mapping.Columns.AmountMinor != "")
		if s.outline == nil {
			continue
		}
		text = binary.BigEndian.AppendUint64(text[:0], uint64(entry.CreatedAt.UnixMicro())) //nolint:gosec // only to tell rows apart
		text = append(text, entry.PaymentID...)
		text = s.outline(append(text, 0), entry)
		hash := fnv.New64a()
		_, _ = hash.Write(text) // never fails
		s.sum64 += hash.Sum64()
	}
}

// keep puts rows into the residue.
func (s *side) keep(rows []row) {
	for i := range rows {
		entry := rows[i].entry
		entry.Region, entry.Witness = s.Region, s.Witness
		s.kept = append(s.kept, entry)
	}
}

// residue is what came of the comparison.
func (c *comparison) residue() Residue {
	l, r := c.sides[0], c.sides[1]
	return Residue{
		Left: l.kept, Right: r.kept, Equal: c.equal, Truncated: l.truncated + r.truncated, Method: c.method, Why: c.why,
		Bytes: l.bytes.Load() + r.bytes.Load(), LeftRead: c.certify(l), RightRead: c.certify(r),
	}
}

// certify is a side's line of the certificate.
func (c *comparison) certify(s *side) audit.Coverage {
	if s.truncated > 0 {
		s.gaps = append(s.gaps, audit.Gap{
			Window: s.window,
			Reason: fmt.Sprintf("%s in %s: %d rows more differ than the %d that are kept of each copy; they were not judged",
				s.Mapping.name(), s.Region, s.truncated, c.options.MaxRows),
			Remedy: "check that both addresses lead to copies of one ledger; then audit shorter windows",
		})
	}
	if s.alone > 0 {
		s.exclude(s.alone, "their counterparts in the other copy cannot be used")
	}
	s.window = c.window
	b := s.last()
	extent := &b.Extents[0]
	extent.Checksum = s.checksum
	if c.method == MethodMerge {
		extent.Checksum = fmt.Sprintf("fnv1a:%016x", s.sum64)
	}
	maps.Copy(extent.Totals, s.sums)
	if c.method != "" {
		extent.Totals["compared by"] = string(c.method) + ", " + c.why
	}
	return audit.Coverage{
		Source: "aurora", Scope: s.Scope, Region: s.Region, Window: c.window, Records: s.records, Matched: c.equal,
		Extents: b.Extents, Excluded: b.Excluded, Gaps: b.Gaps, Watermark: b.Watermark,
	}
}
