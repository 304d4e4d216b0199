package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"parallax/auditors/ledger"
	"parallax/internal/audit"
	"parallax/internal/record"
	"parallax/sources/aurora"
)

// ledgerPair is the writer and another copy that was held against it.
type ledgerPair struct {
	other  *ledgerCopy
	copy   ledger.Copy
	newest time.Time // of a snapshot: when its newest row was created
}

// compareAll holds every other copy that answers against the writer.
func (c *ledgerAudit) compareAll(ctx context.Context, writer *ledgerCopy, others []*ledgerCopy) ([]*ledgerPair, error) {
	var pairs []*ledgerPair
	for _, other := range others {
		if other == writer || !other.usable() {
			continue
		}
		compare := c.compareReader
		if other.snapshot() {
			compare = c.compareSnapshot
		}
		p := &ledgerPair{other: other, copy: ledger.Copy{Region: other.src.Region, Witness: other.witness}}
		reason, err := compare(ctx, writer, p)
		switch {
		case err != nil:
			return nil, err
		case reason != nil:
			other.gap(gapOf(c.window, reason))
		default:
			pairs = append(pairs, p)
		}
	}
	return pairs, nil
}

func (c *ledgerAudit) compareReader(ctx context.Context, writer *ledgerCopy, p *ledgerPair) (reason, err error) {
	r, reason, err := c.compare(ctx, writer, p, c.window)
	if reason != nil || err != nil {
		return reason, err
	}
	return c.stranger(ctx, writer, p, r)
}

// compare finds the payments of a window in which the two copies are not proven alike and reads all their rows in both. The
// reason is why that could not be done; what could not be compared is a gap in the lines of the certificate.
func (c *ledgerAudit) compare(ctx context.Context, writer *ledgerCopy, p *ledgerPair, w audit.Window) (r aurora.Residue, reason, err error) {
	c.progress(fmt.Sprintf("comparing ledger %s in %s with %s", c.ledger.Name, writer.name, p.other.name), 0, 0)
	r, err = aurora.Compare(ctx, writer.src, p.other.src, w, aurora.CompareOptions{Fields: c.ledger.Compare, MaxRows: c.maxSuspects()})
	if err != nil {
		if ctx.Err() == nil {
			return r, err, nil
		}
		return r, nil, err
	}
	certify(writer, p.other, r)
	var ids []string
	for _, rows := range [][]record.Entry{r.Left, r.Right} {
		for _, e := range rows {
			ids = append(ids, e.PaymentID)
		}
	}
	if reason, err = c.complete(ctx, writer, p, ids); reason == nil && err == nil {
		c.unexplained(p, r)
	}
	return r, reason, err
}

// maxSuspects bounds the rows of one copy that are kept because they are not proven alike: some more than may be reported, as
// most that a snapshot differs in is no finding.
func (a *App) maxSuspects() int { return 5 * max(a.cfg.Limits.MaxFindings, 1000) }

// complete reads every row of the given payments in both copies, whenever it was created, and who has the row ids of the
// snapshot's lost rows now.
func (c *ledgerAudit) complete(ctx context.Context, writer *ledgerCopy, p *ledgerPair, payments []string) (reason, err error) {
	p.copy.Writer, p.copy.Rows, p.copy.Holders = nil, nil, []record.Entry{}
	slices.Sort(payments)
	payments = slices.Compact(payments)
	if len(payments) == 0 {
		return nil, nil
	}
	var left, right error
	var both sync.WaitGroup
	both.Go(func() { p.copy.Writer, left = writer.src.Lookup(ctx, payments) })
	both.Go(func() { p.copy.Rows, right = p.other.src.Lookup(ctx, payments) })
	both.Wait()
	reason = errors.Join(left, right)
	if reason == nil && p.other.snapshot() {
		p.copy.Holders, reason = writer.src.LookupIDs(ctx, c.idsOf(p.copy))
	}
	if left != nil {
		writer.gap(gapOf(c.window, left))
		reason = left
	}
	return reason, ctx.Err()
}

// idsOf are the row ids that the writer may have given out again: those of rows of the window that it has not under the same
// payment.
func (c *ledgerAudit) idsOf(other ledger.Copy) []string {
	has := make(map[string]bool, len(other.Writer))
	for _, w := range other.Writer {
		has[w.PaymentID] = true
	}
	var ids []string
	for _, s := range other.Rows {
		if s.ID != "" && !has[s.PaymentID] && c.window.Holds(s.CreatedAt) {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

// certify puts into the lines of both copies what was read of them.
func certify(writer, other *ledgerCopy, r aurora.Residue) {
	note := func(one *ledgerCopy, against string, read audit.Coverage) {
		for _, e := range read.Extents {
			e.Name += ", against " + against
			one.line.Extents = append(one.line.Extents, e)
		}
		for _, e := range read.Excluded {
			if !slices.Contains(one.line.Excluded, e) {
				one.line.Excluded = append(one.line.Excluded, e)
			}
		}
		for _, g := range read.Gaps {
			one.gap(g)
		}
		one.line.Records = max(one.line.Records, read.Records)
		one.line.Matched = max(one.line.Matched, read.Matched)
		if read.Window.From.Before(one.line.Window.From) {
			one.line.Window.From = read.Window.From
		}
		if read.Window.To.After(one.line.Window.To) {
			one.line.Window.To = read.Window.To
		}
	}
	note(writer, other.name, r.LeftRead)
	note(other, writer.name, r.RightRead)
	other.line.Extents = append(other.line.Extents, audit.Extent{
		Name: "comparison with " + writer.name, Records: r.Equal,
		Totals: map[string]string{
			"method": string(r.Method), "because": r.Why, "rows proven alike": strconv.FormatInt(r.Equal, 10),
			"rows that differ": fmt.Sprintf("%d and %d", len(r.Left), len(r.Right)), "not judged": strconv.FormatInt(r.Truncated, 10),
		},
	}, audit.Extent{Name: trafficName, Totals: map[string]string{"bytes moved": strconv.FormatInt(r.Bytes, 10)}})
}

// trafficName is the extent that tells what a comparison moved, which differs a little from one run to the next.
const trafficName = "traffic"

// gapOf puts into words why a database could not be asked.
func gapOf(w audit.Window, err error) audit.Gap {
	var refused *aurora.ReadError
	if errors.As(err, &refused) {
		return audit.Gap{Window: w, Reason: refused.Reason, Remedy: refused.Remedy}
	}
	return audit.Gap{Window: w, Reason: err.Error(), Remedy: "run parallax doctor"}
}
