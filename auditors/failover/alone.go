package failover

import (
	"fmt"
	"slices"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// ledgerAlone measures the recovery time from the ledger in force only: from the longest silence around the promotion, for RDS
// may date an event minutes after the new writer's first write. What the old primary took and lost is not seen, so the real one
// may be shorter, down to the time since the writes began to fail.
func (a Auditor) ledgerAlone(l Layers, near audit.Window, began time.Time, f *audit.Failover) {
	written := times(l.Entries, near)
	until := f.Promoted.Add(f.PromotedError)
	last, good, ok := silence(written, began.Add(-f.PromotedError-tellingApart), until.Add(tellingApart))
	if !ok || !slices.ContainsFunc(written, func(t time.Time) bool { return t.After(until) }) {
		a.unmeasured(f, LayerLedger, "rto", "no row was written both before and after the promotion, as far as it was read")
		return
	}
	off := max(until.Sub(good), last.Sub(until), 0) // how far the event is from the silence
	mark(f, LayerLedger, "last write", last, off, "newest write before the promotion that is in the ledger in force; later ones may be lost")
	mark(f, LayerLedger, "first good write", good, off+a.Rules.ClockError, "oldest write after the promotion")
	fenced := began // the old primary may have taken writes until then
	if f.PromotedError > 0 || last.After(began) {
		fenced = until
	}
	var c clocks
	c.ahead, c.aheadError, c.untold = apart(l)
	low, _ := c.between(later(last, earlier(fenced, good)), good)
	if last.After(until) { // it may be a pause of a later time, and the failover shorter
		low = 0
	}
	_, high := c.between(last, good)
	a.rto(written, span{last, good, max(low, 0), high, 0}, fmt.Sprintf(
		"last write before at %s, first after at %s; without the old primary's snapshot the writes it lost are not seen", clock(last), clock(good))+c.remark(), f)
}

// times are the writes near a failover that the rows tell of, sorted.
func times(entries []record.Entry, near audit.Window) []time.Time {
	var out []time.Time
	for _, e := range entries {
		out = appendIf(out, near.Holds(e.CreatedAt), e.CreatedAt)
		out = appendIf(out, e.UpdatedAt.After(e.CreatedAt) && near.Holds(e.UpdatedAt), e.UpdatedAt)
	}
	slices.SortFunc(out, time.Time.Compare)
	return out
}

// tooOld says why a copy was taken before the failover, or is empty. Such a copy misses writes that the ledger in force had from
// the old primary: they follow its end without a pause, or long before the promotion. What it misses besides, nobody knows. A
// copy that has lost writes after its last survivor is younger than the end of replication.
func (c commits) tooOld(inForce []time.Time, began time.Time, f *audit.Failover) string {
	good := oldest(c.good)
	if good.IsZero() {
		return ""
	}
	why := fmt.Sprintf("the snapshot was taken before the failover: it does not know a write of %s", clock(good))
	if good.Before(f.Promoted.Add(-f.PromotedError - tellingApart - c.ahead.Abs())) {
		return why
	}
	end := newest(slices.Concat(c.survived, c.lost, c.maybe))
	if newest(c.lost).After(newest(c.survived)) || !end.Before(good) {
		return ""
	}
	if !good.Before(f.Promoted.Add(-f.PromotedError - c.ahead.Abs())) {
		return "" // the new writer's own, by the event's date
	}
	from, to, found := silence(inForce, began.Add(-f.PromotedError-tellingApart), f.Promoted.Add(f.PromotedError+tellingApart))
	if !found || from.Before(good) || to.Sub(from) <= good.Sub(end) {
		return ""
	}
	usual, known := spacing(inForce, from, to)
	if known && (good.Sub(end) > pauses*usual || to.Sub(from) <= pauses*usual) {
		return ""
	}
	return why + fmt.Sprintf(", and the ledger fell silent only at %s", clock(from))
}

// pauses is how many usual pauses between two writes make a silence.
const pauses = 3
