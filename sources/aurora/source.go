package aurora

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"parallax/internal/audit"
	"parallax/internal/money"
	"parallax/internal/record"
)

// Source is one ledger in one database.
type Source struct {
	Scope    string         // the configured ledger
	Region   audit.Region   // the region of the database
	Witness  record.Witness // Snapshot is believed; Reader or Writer is expected, and the database is asked all the same
	Mapping  Mapping
	DB       DB
	Settings Settings

	meter *atomic.Int64 // bytes that its transactions moved, where somebody counts
}

// Read yields the rows created inside w in the order of creation time and payment id, page by page; the cursor of a
// batch says how far it got, and a later Read goes on from there. The last batch holds the extent, the gaps and the
// watermark. A row that cannot be used (no amount, no currency, a number out of form) is excluded, and as a skipped row
// may hide a loss, it leaves a gap as well. So does what the database refuses, and silence. Only a mapping that cannot
// be right, a foreign cursor and the end of ctx are errors.
func (s Source) Read(ctx context.Context, w audit.Window, from audit.Cursor) iter.Seq2[record.Batch[record.Entry], error] {
	s.Settings = s.Settings.withDefaults()
	return func(yield func(record.Batch[record.Entry], error) bool) {
		r := &reading{Source: s, window: w, totals: map[string]money.Amount{}, bad: map[string]*badRows{}}
		err := s.Mapping.check()
		if err == nil {
			err = r.resume(from)
		}
		if err != nil {
			yield(record.Batch[record.Entry]{Region: s.Region}, fmt.Errorf("read ledger %s in %s: %w", s.Scope, s.Region, err))
			return
		}
		if !w.Empty() && !r.pages(ctx, yield) {
			return
		}
		if err := ctx.Err(); err != nil {
			yield(record.Batch[record.Entry]{Region: s.Region}, fmt.Errorf("read ledger %s in %s: %w", s.Scope, s.Region, err))
			return
		}
		yield(r.last(), nil)
	}
}

// position is a place between two rows.
type position struct {
	at  time.Time
	key string
}

func (p position) String() string {
	return strings.TrimSuffix(p.at.UTC().Format(time.RFC3339Nano)+" "+p.key, " ") // the key is empty for the begin of a stretch
}

func positionOf(e record.Entry) position { return position{e.CreatedAt, e.PaymentID} }

// reading is the state of one Read.
type reading struct {
	Source
	window   audit.Window
	after    *position // the last row read
	first    *position
	records  int64
	totals   map[string]money.Amount
	unsummed bool // a total left 64 bits
	bad      map[string]*badRows
	excluded []audit.Exclusion // but for bad rows
	gaps     []audit.Gap
}

// badRows are rows that were left out for one reason.
type badRows struct {
	count    int64
	examples []string
	window   audit.Window
}

func (r *reading) stream() string { return "aurora/" + r.Scope + "/" + string(r.Region) }

func (r *reading) resume(from audit.Cursor) error {
	if from.Pos == "" {
		return nil
	}
	at, key, _ := strings.Cut(string(from.Pos), " ")
	moment, err := time.Parse(time.RFC3339Nano, at)
	if err != nil || (from.Stream != "" && from.Stream != r.stream()) {
		return fmt.Errorf("cursor %q of stream %q is not one of %q", from.Pos, from.Stream, r.stream())
	}
	r.after = &position{moment, key}
	return nil
}

// pages reads to the end of the window or to what stops it; it reports false when the consumer has broken off.
func (r *reading) pages(ctx context.Context, yield func(record.Batch[record.Entry], error) bool) bool {
	expected := r.Witness
	if err := r.identify(ctx); err != nil {
		r.stopped(err)
		return true
	}
	if expected != "" && expected != r.Witness {
		r.gaps = append(r.gaps, r.contradiction(expected))
	}
	for {
		rows, more, err := r.page(ctx)
		if err != nil {
			r.stopped(err)
			return true
		}
		if len(rows) > 0 && !yield(r.batch(rows), nil) {
			return false
		}
		if !more {
			r.countUnplaced(ctx)
			return true
		}
	}
}

// stopped marks the rest of the window as unread.
func (r *reading) stopped(err error) {
	rest := r.window
	if r.after != nil && r.after.at.After(rest.From) {
		rest.From = r.after.at
	}
	r.gaps = append(r.gaps, r.gap(rest, err))
}

// batch turns rows into entries and moves the position behind them.
func (r *reading) batch(rows []row) record.Batch[record.Entry] {
	entries := make([]record.Entry, 0, len(rows))
	for i := range rows {
		if err := rows[i].understand(r.Mapping.Columns.AmountMinor != ""); err != nil {
			r.leaveOut(err.Error(), rows[i].entry)
			continue
		}
		entry := rows[i].entry
		entry.Region, entry.Witness = r.Region, r.Witness
		r.sum(entry.Amount)
		entries = append(entries, entry)
	}
	if r.first == nil {
		first := positionOf(rows[0].entry)
		r.first = &first
	}
	last := positionOf(rows[len(rows)-1].entry)
	r.after, r.records = &last, r.records+int64(len(rows))
	return record.Batch[record.Entry]{Records: entries, Region: r.Region, Cursor: r.cursor()}
}

func (r *reading) cursor() audit.Cursor {
	return audit.Cursor{Stream: r.stream(), Pos: audit.Position(r.after.String())}
}

func (r *reading) sum(a money.Amount) {
	total, err := cmp.Or(r.totals[a.Currency], money.Amount{Currency: a.Currency}).Add(a)
	if err != nil {
		r.unsummed = true
		return
	}
	r.totals[a.Currency] = total
}

func (r *reading) exclude(n int64, reason string) {
	r.excluded = append(r.excluded, audit.Exclusion{Reason: reason, Records: n})
}

func (r *reading) leaveOut(reason string, e record.Entry) {
	b := r.bad[reason]
	if b == nil {
		b = &badRows{window: audit.At(e.CreatedAt)}
		r.bad[reason] = b
	}
	b.count++
	b.window.To = audit.At(e.CreatedAt).To
	if len(b.examples) < 3 {
		b.examples = append(b.examples, e.PaymentID)
	}
}

// last is the batch that ends a read.
func (r *reading) last() record.Batch[record.Entry] {
	b := record.Batch[record.Entry]{Region: r.Region, Gaps: r.gaps, Excluded: r.excluded}
	for reason, bad := range r.bad {
		b.Excluded = append(b.Excluded, audit.Exclusion{Reason: reason, Records: bad.count})
		b.Gaps = append(b.Gaps, audit.Gap{
			Window: bad.window,
			Reason: fmt.Sprintf("%s in %s: %d rows left out, %s (payment %s)", r.Mapping.name(), r.Region, bad.count, reason, strings.Join(bad.examples, ", ")),
			Remedy: "correct the rows, or check the columns amount_minor, amount and currency of the ledger",
		})
	}
	slices.SortFunc(b.Excluded, func(x, y audit.Exclusion) int { return cmp.Compare(x.Reason, y.Reason) })
	slices.SortFunc(b.Gaps, func(x, y audit.Gap) int {
		return cmp.Or(x.Window.From.Compare(y.Window.From), cmp.Compare(x.Reason, y.Reason))
	})
	extent := audit.Extent{Name: r.Mapping.name(), Records: r.records, Totals: r.controlTotals()}
	if r.first != nil {
		extent.From, extent.To = r.first.String(), r.after.String()
	}
	b.Extents = []audit.Extent{extent}
	if r.after != nil {
		b.Cursor = r.cursor()
		if r.first != nil && len(r.gaps) == 0 {
			b.Watermark = r.after.at.Add(-r.Settings.Margin)
		}
	}
	return b
}

// controlTotals sums what was read, for a person to hold against the ledger's own report.
func (r *reading) controlTotals() map[string]string {
	totals := map[string]string{}
	for code, total := range r.totals {
		totals[code+" minor units"] = fmt.Sprint(total.Minor)
	}
	if r.unsummed {
		totals["incomplete"] = "a sum left 64 bits"
	}
	return totals
}
