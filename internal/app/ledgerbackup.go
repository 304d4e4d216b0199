package app

import (
	"context"
	"fmt"
	"slices"
	"time"

	"parallax/auditors/ledger"
	"parallax/internal/audit"
)

const (
	// usualRows tell the usual silence between two rows of a ledger; of fewer than fewAcquaintances none is told.
	usualRows = 100
	// shortSilence is the shortest that is taken for an outage.
	shortSilence = 5 * time.Second
	// silenceSteps bounds how many stretches are counted in search of one.
	silenceSteps = 60
)

// following counts the rows of the writer that follow the end of a snapshot without a break, up to the silence before the
// promotion. The old primary had all of them, as they were replicated from it, so a copy that ends before them is a backup from
// before the failover. A true one is followed by the silence at once. Where the outage was no longer than the ledger's usual
// silence the two cannot be told apart, and none are counted. The reason is why the writer could not be asked.
func (c *ledgerAudit) following(ctx context.Context, writer *ledgerCopy, p *ledgerPair, promotion ledger.Promotion) (rows int64, reason error) {
	silence, reason := c.usualSilence(ctx, writer, p.newest)
	if reason != nil || silence == 0 {
		return 0, reason
	}
	end := promotion.At
	step := max(2*silence, shortSilence, c.rules.Clock, end.Sub(p.newest)/silenceSteps)
	for from := p.newest.Add(time.Microsecond); !from.Add(step).After(end); from = from.Add(step) {
		n, reason := writer.src.Count(ctx, audit.Window{From: from, To: from.Add(step)})
		if reason != nil {
			return 0, reason
		}
		if n == 0 {
			return rows, nil
		}
		rows += n
	}
	return 0, nil
}

// usualSilence is the longest time between two of the writer's rows before a moment; zero where there are few.
func (c *ledgerAudit) usualSilence(ctx context.Context, writer *ledgerCopy, at time.Time) (longest time.Duration, reason error) {
	at = at.Add(time.Microsecond)
	ids, reason := writer.src.Before(ctx, at, usualRows)
	if reason != nil {
		return 0, reason
	}
	rows, reason := writer.src.Lookup(ctx, ids)
	if reason != nil {
		return 0, reason
	}
	var times []time.Time
	for _, e := range rows {
		if e.CreatedAt.Before(at) {
			times = append(times, e.CreatedAt)
		}
	}
	slices.SortFunc(times, time.Time.Compare)
	times = times[max(0, len(times)-usualRows):]
	if len(times) < fewAcquaintances {
		return 0, nil
	}
	for i := 1; i < len(times); i++ {
		longest = max(longest, times[i].Sub(times[i-1]))
	}
	return max(longest, time.Microsecond), nil
}

// takenBefore is the gap of a snapshot that was taken before its failover.
func takenBefore(w audit.Window, p *ledgerPair, rows int64, promotion ledger.Promotion) audit.Gap {
	return audit.Gap{
		Window: w, Reason: fmt.Sprintf("the %s of %s ends at %s, and the ledger in force has %d rows written between then and the promotion of %s at %s: "+
			"it was taken before that failover and cannot witness what was lost", p.other.name, p.other.src.Region, stamp(p.newest), rows, promotion.To, stamp(promotion.At)),
		Remedy: "restore the snapshot that was made of the old primary after the failover, rds:unplanned-global-failover-..., and configure that one",
	}
}
