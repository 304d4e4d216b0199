package failover

import (
	"fmt"
	"slices"
	"time"

	"parallax/internal/audit"
)

// ledger measures the ledger: what the old primary had committed and the ledger in force has not, and how long nobody could
// write.
func (a Auditor) ledger(l Layers, all []change, i int, near audit.Window, f *audit.Failover) {
	if l.Entries == nil {
		a.unmeasured(f, LayerLedger, "", l.Missing[LayerLedger])
		return
	}
	old, found := copyOf(l.Copies, l.Entries, all, i, near)
	if !found {
		why := l.Missing[LayerSnapshot]
		if why == "" {
			why = "none of the snapshots that are configured is of this failover"
		}
		a.unmeasured(f, LayerLedger, "rpo", why)
		a.ledgerAlone(l, near, all[i].began, f)
		return
	}
	c := compare(l.Entries, old, near)
	c.ahead, c.aheadError, c.untold = apart(l)
	if why := c.tooOld(times(l.Entries, near), all[i].began, f); why != "" {
		a.unmeasured(f, LayerLedger, "rpo", why)
		a.ledgerAlone(l, near, all[i].began, f)
		return
	}
	narrow(c, f)
	first := len(f.Measures)
	a.ledgerRPO(c, f)
	for i := first; i < len(f.Measures); i++ {
		f.Measures[i].Copy = fingerprint(old)
	}
	a.ledgerRTO(c, f)
}

// narrow places a promotion that no event states between the last write that survived and the first that the new writer took.
func narrow(c commits, f *audit.Failover) {
	if f.PromotedError == 0 {
		return
	}
	from, to := f.Promoted.Add(-f.PromotedError), f.Promoted.Add(f.PromotedError)
	from = later(from, newest(c.survived))
	if good := oldest(c.good); !good.IsZero() {
		to = earlier(to, good)
	}
	if from.Before(to) {
		f.PromotedError = to.Sub(from) / 2
		f.Promoted = from.Add(f.PromotedError)
	}
}

// ledgerRPO is the span of commits that never left the old primary: from the moment replication stopped, which lies between
// the last write that arrived and the first that did not, to the last write lost. Where dates and commits are not in one order,
// the span is wider by as much.
func (a Auditor) ledgerRPO(c commits, f *audit.Failover) {
	survivor := newest(c.survived)
	if survivor.IsZero() {
		a.unmeasured(f, LayerLedger, "rpo", "no row that survived lies near the failover, so it cannot be told since when rows are lost")
		return
	}
	m := audit.Measure{Layer: LayerLedger, Figure: "rpo", Objective: a.Rules.RPO}
	mark(f, LayerLedger, "last survivor", survivor, c.disorder, "newest write of the old primary that is in the ledger in force")
	last := newest(c.lost)
	hidden := later(last, newest(c.maybe))
	if c.undated > 0 {
		hidden = later(hidden, f.Promoted.Add(f.PromotedError))
	}
	switch {
	case last.IsZero() && !hidden.After(survivor):
		m.Basis = "every write of the old primary is in the ledger in force" + c.remarks()
		f.Measures = append(f.Measures, m)
		return
	case last.IsZero():
		m.Basis = fmt.Sprintf("no write of the old primary is surely lost; up to %s later changes hide whether one is", clock(hidden)) + c.remarks()
		add(f, m, 0, hidden.Sub(survivor)+c.disorder)
		return
	}
	first := oldest(c.lost)
	mark(f, LayerLedger, "first lost", first, c.disorder, "oldest write of the old primary that never arrived")
	mark(f, LayerLedger, "last lost", last, c.disorder, "newest write of the old primary that never arrived")
	before := survivor // the last survivor before the first loss, where the two are not in one order
	for _, t := range c.survived {
		if !first.After(survivor) && t.Before(first) && (before.After(first) || t.After(before)) {
			before = t
		}
	}
	m.Basis = fmt.Sprintf("%s of the old primary from %s to %s never arrived; the last that did is of %s", count(len(c.lost), "write"), clock(first), clock(last), clock(survivor)) + c.remarks()
	low := max(last.Sub(later(first, survivor))-c.disorder, time.Microsecond) // what is lost is lost: an objective of zero is broken
	add(f, m, low, later(last, hidden).Sub(before)+c.disorder)
}

// remarks says what the figure leaves out or cannot see.
func (c commits) remarks() string {
	var out string
	if c.again > 0 {
		out += fmt.Sprintf("; %s of them written anew since", count(c.again, "payment"))
	}
	if c.ancient > 0 {
		out += fmt.Sprintf("; %s missing from long before and not counted: the rows were deleted, or never replicated", count(c.ancient, "write"))
	}
	if c.undated > 0 {
		out += fmt.Sprintf("; values of %s differ, and no column updated_at is mapped that says since when", count(c.undated, "row"))
	}
	return out
}

// ledgerRTO is the time from the last write that the old primary took, lost or not, to the first that the new writer took.
// What an old primary goes on writing after the promotion fills no silence. The two are dated by the clocks of two regions.
func (a Auditor) ledgerRTO(c commits, f *audit.Failover) {
	good := oldest(c.good)
	until := f.Promoted.Add(f.PromotedError + a.Rules.ClockError)
	var last time.Time
	for _, t := range slices.Concat(c.survived, c.lost, c.maybe) {
		if !t.After(until) {
			last = later(last, t)
		}
	}
	mark(f, LayerLedger, "last write", last, c.disorder, "newest write that the old primary took before the promotion")
	mark(f, LayerLedger, "first good write", good, c.disorder+c.ahead.Abs()+a.Rules.ClockError, "oldest write that the new writer took")
	if last.IsZero() {
		a.unmeasured(f, LayerLedger, "rto", "nothing was written shortly before the failover")
		return
	}
	if good.IsZero() {
		a.unmeasured(f, LayerLedger, "rto", "nothing was written after the failover, as far as it was read")
		return
	}
	low, high := c.between(last, good)
	if high < 0 {
		a.unmeasured(f, LayerLedger, "rto", c.overlap(last, good))
		return
	}
	basis := fmt.Sprintf("last write before at %s, first of the new writer at %s", clock(last), clock(good)) + c.remark()
	a.rto(slices.Concat(c.survived, c.lost, c.good), span{last, good, max(low, 0), high, c.disorder}, basis, f)
}

// span is a recovery time between two writes: the bounds that the clocks leave, and how much the dates are in disorder.
type span struct {
	last, good time.Time
	low, high  time.Duration
	disorder   time.Duration
}

// rto adds a recovery time. A service that is written to seldom may have failed much later than its last write and worked much
// earlier than the first: the error is the usual pause between two writes at least.
func (a Auditor) rto(times []time.Time, s span, basis string, f *audit.Failover) {
	slices.SortFunc(times, time.Time.Compare)
	usual, known := spacing(times, s.last, s.good)
	if !known {
		usual = s.high
		basis += "; too few writes to tell how often one is usual"
	}
	value := s.low + (s.high-s.low)/2
	f.Measures = append(f.Measures, audit.Measure{
		Layer: LayerLedger, Figure: "rto", Value: value, Error: max(usual, s.high-value) + s.disorder + a.Rules.ClockError,
		Objective: a.Rules.RTO, Basis: basis,
	})
}
