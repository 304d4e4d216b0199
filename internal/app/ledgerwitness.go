package app

import (
	"context"
	"fmt"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
	"parallax/sources/aurora"
)

// compareSnapshot holds the old primary against the writer as far as it goes: what was written after its newest row is
// nothing that it could know. It is read beyond both ends of the window, for whether a change was lost is told by when the
// first row was.
func (c *ledgerAudit) compareSnapshot(ctx context.Context, writer *ledgerCopy, p *ledgerPair) (reason, err error) {
	if p.newest, reason = p.other.src.Newest(ctx); reason != nil {
		return reason, ctx.Err()
	}
	p.copy.Newest = p.newest
	if p.newest.IsZero() {
		p.other.gap(audit.Gap{
			Window: c.window, Reason: fmt.Sprintf("the %s of %s holds not one row, so it cannot witness what was lost", p.other.name, p.other.src.Region),
			Remedy: "correct the dsn of the snapshot, or the table: it must be the old primary of this ledger, restored",
		})
		return nil, nil
	}
	if err := c.tooOld(ctx, writer, p); err != nil {
		return nil, err
	}
	w := c.window.Around(ledgerContext)
	w.To = minTime(w.To, p.newest.Add(time.Microsecond))
	if !w.From.Before(w.To) {
		w.To = w.From // nothing in it is this window's
	}
	r, reason, err := c.compare(ctx, writer, p, w)
	if reason != nil || err != nil {
		return reason, err
	}
	if reason, err = c.shared(ctx, writer, p); reason != nil || err != nil {
		return reason, err
	}
	return c.stranger(ctx, writer, p, r)
}

// shared finds the newest row of a snapshot that the writer has too, where any is missing: what is missing from long before
// that was not lost by the failover. As many of the newest rows are asked for as may be missing without a gap.
func (c *ledgerAudit) shared(ctx context.Context, writer *ledgerCopy, p *ledgerPair) (reason, err error) {
	if _, lost, _ := missingFrom(p.copy.Writer, p.copy.Rows); lost == 0 {
		return nil, nil
	}
	for _, n := range []int{acquaintances, c.maxSuspects() + acquaintances} {
		ids, reason := p.other.src.Before(ctx, p.newest.Add(time.Microsecond), n)
		if reason != nil {
			return reason, ctx.Err()
		}
		left, reason := writer.src.Lookup(ctx, ids)
		if reason != nil {
			return reason, ctx.Err()
		}
		right, reason := p.other.src.Lookup(ctx, ids)
		if reason != nil {
			return reason, ctx.Err()
		}
		if p.copy.Shared = newestShared(left, right); !p.copy.Shared.IsZero() {
			return nil, nil
		}
	}
	return nil, nil
}

// newestShared is when the newest row that is in both was created; a row that was put back has another id.
func newestShared(left, right []record.Entry) (newest time.Time) {
	type row struct {
		payment, id string
		at          int64
	}
	has := make(map[row]bool, len(left))
	for _, e := range left {
		has[row{e.PaymentID, e.ID, e.CreatedAt.UnixMicro()}] = true
	}
	for _, e := range right {
		if has[row{e.PaymentID, e.ID, e.CreatedAt.UnixMicro()}] && e.CreatedAt.After(newest) {
			newest = e.CreatedAt
		}
	}
	return newest
}

// eventSlack is how far the history of failovers may be from the moment of a promotion.
const eventSlack = 5 * time.Minute

// tooOld leaves a gap where a snapshot was taken before its failover: the writer then has rows, created before the promotion,
// that are newer than everything in the snapshot; near the promotion, where its moment is not known well enough, rows that
// follow the snapshot's end. What it holds and the writer lacks is lost all the same.
func (c *ledgerAudit) tooOld(ctx context.Context, writer *ledgerCopy, p *ledgerPair) error {
	for _, promotion := range c.promotions {
		until := promotion.At.Add(-promotion.Error - eventSlack)
		since := audit.Window{From: p.newest.Add(c.ledger.Margin + time.Microsecond), To: until}
		if promotion.From != p.other.src.Region || c.anotherOf(p, promotion.At) {
			continue
		}
		rows, reason := int64(0), error(nil)
		if !since.Empty() {
			rows, reason = writer.src.Count(ctx, since)
		}
		if rows == 0 && reason == nil {
			rows, reason = c.following(ctx, writer, p, promotion)
		}
		if reason != nil {
			writer.gap(gapOf(c.window, reason))
		} else if rows > 0 {
			p.other.gap(takenBefore(c.window, p, rows, promotion))
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// anotherOf reports whether a promotion is that of another failover of the region, with a snapshot of its own: the snapshot is
// held against the promotion nearest to its newest row.
func (c *ledgerAudit) anotherOf(p *ledgerPair, at time.Time) bool {
	for _, other := range c.promotions {
		if other.From == p.other.src.Region && other.At.Sub(p.newest).Abs() < at.Sub(p.newest).Abs() {
			return true
		}
	}
	return false
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "no row at all"
	}
	return t.UTC().Format(time.RFC3339)
}

// What a stranger is known by: of this many payments that are older than the first that is missing, half are not there.
const (
	acquaintances    = 1000
	fewAcquaintances = 20
)

// stranger finds a copy that is none of this ledger: of its payments older than the first one missing, the writer has few.
// Replication keeps commit order, so a true copy shares all of them. There are no findings of a stranger.
func (c *ledgerAudit) stranger(ctx context.Context, writer *ledgerCopy, p *ledgerPair, r aurora.Residue) (reason, err error) {
	first, lost, shared := missingFrom(p.copy.Writer, p.copy.Rows)
	if lost == 0 || int64(lost) <= int64(shared)+r.Equal {
		return nil, nil
	}
	older, reason := p.other.src.Before(ctx, first, acquaintances)
	if reason != nil {
		return reason, ctx.Err()
	}
	found, reason := writer.src.Lookup(ctx, older)
	if reason != nil {
		return reason, ctx.Err()
	}
	known := len(distinctPayments(found))
	asked := len(distinctPayments(nil, older...))
	strange := asked >= fewAcquaintances && 2*known < asked
	if asked < fewAcquaintances && known == 0 && shared == 0 && r.Equal == 0 { // it begins with what is missing
		asked += lost
		strange = asked >= fewAcquaintances || c.unlike(ctx, writer, p.other)
	}
	if strange {
		p.other.gap(strangerGap(c.window, p.other, asked, known))
		p.copy.Writer, p.copy.Rows, p.copy.Holders = nil, nil, nil
	}
	return nil, ctx.Err()
}

func strangerGap(w audit.Window, one *ledgerCopy, asked, known int) audit.Gap {
	name, remedy := "the "+one.name+" of "+string(one.src.Region), "correct the dsn of the snapshot, or the table: it must be the old primary of this ledger, restored"
	if !one.snapshot() {
		name, remedy = "the reader in "+one.name, "correct the dsn of the region: it must be a cluster that follows this ledger's writer"
	}
	return audit.Gap{Window: w, Remedy: remedy, Reason: fmt.Sprintf(
		"%s does not look like a copy of this ledger: of %d of its payments, %d are in the ledger in force", name, asked, known)}
}

// missingFrom counts the payments of rows that the writer lacks and those that it has, and when the first it lacks was created.
func missingFrom(writer, rows []record.Entry) (first time.Time, lost, shared int) {
	has, seen := distinctPayments(writer), map[string]bool{}
	for _, s := range rows {
		if !has[s.PaymentID] && (first.IsZero() || s.CreatedAt.Before(first)) {
			first = s.CreatedAt
		}
		if seen[s.PaymentID] {
			continue
		}
		seen[s.PaymentID] = true
		if has[s.PaymentID] {
			shared++
		} else {
			lost++
		}
	}
	return first, lost, shared
}

func distinctPayments(rows []record.Entry, ids ...string) map[string]bool {
	all := make(map[string]bool, len(rows)+len(ids))
	for _, e := range rows {
		all[e.PaymentID] = true
	}
	for _, id := range ids {
		all[id] = true
	}
	return all
}

// unlike reports that both clusters say who they are and that they are not of one origin. On its own that proves nothing: a
// copy may have been loaded from a dump.
func (c *ledgerAudit) unlike(ctx context.Context, a, b *ledgerCopy) bool {
	one, err := a.src.Identity(ctx)
	if err != nil {
		return false
	}
	other, err := b.src.Identity(ctx)
	return err == nil && one.System != "" && other.System != "" && one.System != other.System
}
