package app

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"parallax/auditors/ledger"
	"parallax/internal/audit"
	"parallax/internal/pipeline"
	"parallax/internal/record"
)

// sharded audits a ledger of which each region writes a slice: no payment may be in two of them, and each old primary's
// snapshot is held against the slice of its own region.
func (c *ledgerAudit) sharded(ctx context.Context) (audit.Judgement, error) {
	s := shards{ledgerAudit: c, suspects: map[string]bool{}, alone: map[*ledgerCopy]int64{}}
	for _, one := range c.copies {
		if one.usable() && !one.snapshot() {
			s.regions = append(s.regions, one)
		}
	}
	for _, one := range s.regions {
		if err := s.page(ctx, one); err != nil {
			return audit.Judgement{}, err
		}
	}
	judgement, err := s.judge(ctx)
	if err != nil {
		return judgement, err
	}
	if err := c.readPromotions(ctx); err != nil {
		return judgement, err
	}
	for _, one := range s.regions {
		old, err := c.heldBySlice(ctx, one)
		if err != nil {
			return judgement, err
		}
		judgement = both(judgement, old)
	}
	return judgement, nil
}

// heldBySlice holds the snapshots of a region's old primaries against the region's slice.
func (c *ledgerAudit) heldBySlice(ctx context.Context, slice *ledgerCopy) (audit.Judgement, error) {
	var old []*ledgerCopy
	for _, one := range c.copies {
		if one.snapshot() && one.src.Region == slice.src.Region {
			old = append(old, one)
		}
	}
	pairs, err := c.compareAll(ctx, slice, old)
	if err != nil {
		return audit.Judgement{}, err
	}
	return c.judge(ctx, slice, pairs)
}

// both puts two judgements together.
func both(a, b audit.Judgement) audit.Judgement {
	a.Findings = append(a.Findings, b.Findings...)
	audit.Sort(a.Findings)
	a.Excluded = append(a.Excluded, b.Excluded...)
	a.Matched += b.Matched
	return a
}

// shards is the search for payments that are in more than one slice. It keeps the ids of suspects only.
type shards struct {
	*ledgerAudit
	regions  []*ledgerCopy
	suspects map[string]bool
	further  int64                 // suspects beyond the bound
	alone    map[*ledgerCopy]int64 // rows that are in one slice only
}

// page reads a slice page by page and looks each page's payments up in every other slice.
func (s *shards) page(ctx context.Context, slice *ledgerCopy) error {
	s.progress("reading ledger "+s.ledger.Name+" in "+slice.name, 0, 0)
	line, _, err := pipeline.Drain(ctx, slice.src, slice.line, audit.Cursor{}, func(b record.Batch[record.Entry]) error {
		return s.lookElsewhere(ctx, slice, b.Records)
	})
	if err != nil {
		return err
	}
	slice.line = line
	slice.line.Matched += s.alone[slice]
	return nil
}

// lookElsewhere finds the payments of some rows that another slice has too, and the rows that belong to another region.
func (s *shards) lookElsewhere(ctx context.Context, slice *ledgerCopy, rows []record.Entry) error {
	if len(rows) == 0 {
		return nil
	}
	ids := slices.Sorted(maps.Keys(distinctPayments(rows)))
	elsewhere := map[string]bool{}
	for _, other := range s.regions {
		if other == slice {
			continue
		}
		found, err := other.src.Lookup(ctx, ids)
		if ctx.Err() != nil {
			return fmt.Errorf("look payments of ledger %s up in %s: %w", s.ledger.Name, other.name, ctx.Err())
		}
		if err != nil {
			other.gap(gapOf(s.window, err))
			continue
		}
		maps.Copy(elsewhere, distinctPayments(found))
	}
	for _, e := range rows {
		foreign := e.OwnerRegion != "" && e.OwnerRegion != e.Region
		switch {
		case !elsewhere[e.PaymentID] && !foreign:
			s.alone[slice]++
		case s.suspects[e.PaymentID]:
		case len(s.suspects) >= s.maxSuspects():
			s.further++
		default:
			s.suspects[e.PaymentID] = true
		}
	}
	return nil
}

// judge reads the suspects in every slice, twice, and reports what stays.
func (s *shards) judge(ctx context.Context) (audit.Judgement, error) {
	s.certify()
	payments := slices.Sorted(maps.Keys(s.suspects))
	if len(payments) == 0 {
		return audit.Judgement{}, nil
	}
	first, err := s.read(ctx, payments)
	if err != nil || len(first.Findings) == 0 {
		return first, err
	}
	if err := sleep(ctx, pauses()[1]); err != nil {
		return first, err
	}
	again, err := s.read(ctx, payments)
	if err != nil {
		return first, err
	}
	still := map[audit.Fingerprint]bool{}
	for _, f := range again.Findings {
		still[f.Fingerprint] = true
	}
	first.Findings = slices.DeleteFunc(first.Findings, func(f audit.Finding) bool { return !still[f.Fingerprint] })
	return first, nil
}

// read judges the suspects by what every slice has of them now.
func (s *shards) read(ctx context.Context, payments []string) (audit.Judgement, error) {
	in := ledger.ShardInput{Window: s.window, AsOf: s.asOf}
	for _, slice := range s.regions {
		rows, err := slice.src.Lookup(ctx, payments)
		if ctx.Err() != nil {
			return audit.Judgement{}, fmt.Errorf("read suspects of ledger %s in %s: %w", s.ledger.Name, slice.name, ctx.Err())
		}
		if err != nil {
			slice.gap(gapOf(s.window, err))
			continue
		}
		in.Rows = append(in.Rows, rows...)
	}
	return ledger.ShardAuditor{Rules: s.rules}.Audit(in), nil
}

// certify says what was not looked at.
func (s *shards) certify() {
	if len(s.regions) < 2 {
		s.ledgerAudit.further = append(s.ledgerAudit.further, audit.Coverage{Source: "aurora", Scope: s.ledger.Name, Window: s.window, Gaps: []audit.Gap{{
			Window: s.window, Reason: fmt.Sprintf("ledger %s is sharded and fewer than two of its regions could be read, so no payment can be looked for in another", s.ledger.Name),
			Remedy: "run parallax doctor",
		}}})
		return
	}
	names := make([]string, len(s.regions))
	for i, slice := range s.regions {
		names[i] = slice.name
	}
	for _, slice := range s.regions {
		slice.line.Extents = append(slice.line.Extents, audit.Extent{
			Name: "payments looked up in every other slice of " + strings.Join(names, ", "), Records: slice.line.Records,
			Totals: map[string]string{"method": "look-up by payment id, page by page", "not judged": strconv.FormatInt(s.further, 10)},
		})
	}
	if s.further > 0 {
		s.regions[0].gap(audit.Gap{
			Window: s.window, Reason: fmt.Sprintf("more than %d payments of ledger %s are in two regions or belong to another: %d rows more were not judged", s.maxSuspects(), s.ledger.Name, s.further),
			Remedy: "check that the ledger is sharded (ledgers[].mode) and that owner_region names regions; then audit shorter windows",
		})
	}
}
