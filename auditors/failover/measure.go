package failover

import (
	"fmt"
	"slices"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// measure reads the recovery figures of every layer whose data is at hand. A figure without the data it needs is left
// out, never guessed.
func (a Auditor) measure(in Input, f audit.Failover) []audit.Measure {
	near := audit.Window{From: f.Promoted.Add(-a.Rules.Around), To: f.Promoted.Add(a.Rules.Around)}
	var out []audit.Measure
	add := func(m audit.Measure, ok bool) {
		if ok {
			out = append(out, m)
		}
	}
	if in.Snapshot != nil {
		add(a.ledgerRPO(in, near))
	}
	if in.Entries != nil {
		add(a.ledgerRTO(in, near, f))
	}
	if in.Keys != nil && a.Rules.Origin != "" {
		add(a.keysRPO(in, f), true)
		add(a.keysRTO(in, near, f))
	}
	if in.Receipts != nil {
		add(a.receiptsRPO(in, near))
	}
	return out
}

// ledgerRPO is the span of commits that never left the old primary: from the moment replication stopped, which lies
// between the last row that arrived and the first that did not, to the last row lost.
func (a Auditor) ledgerRPO(in Input, near audit.Window) (audit.Measure, bool) {
	inForce := make(map[string]bool, len(in.Entries))
	for _, e := range in.Entries {
		inForce[e.PaymentID] = true
	}
	var survived, firstLost, lastLost time.Time
	lost := 0
	for _, s := range inTimeOrder(in.Snapshot, near) {
		switch {
		case !inForce[s.PaymentID]:
			if lost == 0 {
				firstLost = s.CreatedAt
			}
			lastLost = s.CreatedAt
			lost++
		case lost == 0:
			survived = s.CreatedAt
		}
	}
	if survived.IsZero() {
		return audit.Measure{}, false
	}
	m := audit.Measure{Layer: "ledger", Figure: "rpo", Objective: a.Rules.RPO}
	if lost == 0 {
		m.Basis = "every row of the old primary is in the ledger in force"
		return m, true
	}
	m.Error = firstLost.Sub(survived) / 2
	m.Value = lastLost.Sub(survived) - m.Error
	m.Basis = fmt.Sprintf("%d rows of the old primary from %s to %s never arrived; the last that did is of %s", lost, clock(firstLost), clock(lastLost), clock(survived))
	return m, true
}

// ledgerRTO is the longest silence of the ledger around the promotion, over all copies: from the last row before it to
// the first row after. Its error is the usual spacing of rows, for a write may have failed that early or worked that late.
func (a Auditor) ledgerRTO(in Input, near audit.Window, f audit.Failover) (audit.Measure, bool) {
	rows := inTimeOrder(slices.Concat(in.Entries, in.Snapshot), near)
	times := make([]time.Time, 0, len(rows))
	for _, e := range rows {
		times = append(times, e.CreatedAt)
	}
	from, to, ok := silence(times, f.At, f.Promoted)
	if !ok {
		return audit.Measure{}, false
	}
	return audit.Measure{
		Layer: "ledger", Figure: "rto", Value: to.Sub(from), Error: spacing(times), Objective: a.Rules.RTO,
		Basis: fmt.Sprintf("last row before at %s, first row after at %s", clock(from), clock(to)),
	}, true
}

// keysRPO is how stale the surviving region's table was when it took over: the age, at promotion, of the oldest write of
// the lost region since the last one that had arrived. Such writes come back with the region; until then they are missing.
// An older write that has not arrived was not held back by the failover; it is the lww job's finding.
func (a Auditor) keysRPO(in Input, f audit.Failover) audit.Measure {
	taken := a.takenOver(in.Keys, f)
	var arrived time.Time
	var stale []time.Time
	for _, c := range in.Keys {
		switch {
		case c.Region == f.To || !a.local(c) || c.At.After(f.Promoted):
		case !taken[c.Key].holds(c):
			stale = append(stale, c.At)
		case c.At.After(arrived):
			arrived = c.At
		}
	}
	stale = slices.DeleteFunc(stale, func(t time.Time) bool { return t.Before(arrived) })
	m := audit.Measure{Layer: "keys", Figure: "rpo", Objective: a.Rules.RPO, Error: time.Second}
	if len(stale) == 0 {
		m.Basis = "every key written before the promotion had arrived by then"
		return m
	}
	oldest := slices.MinFunc(stale, time.Time.Compare)
	m.Value = f.Promoted.Sub(oldest)
	m.Basis = fmt.Sprintf("%d key writes of %s were not yet in %s at the promotion, the oldest of %s", len(stale), orUnknown(f.From), f.To, clock(oldest))
	return m
}

// local reports whether a change was written by an application in the region whose stream it was read from.
func (a Auditor) local(c record.Change) bool {
	return !c.New.Absent() && c.New.Text(a.Rules.Origin) == string(c.Region)
}

// arrivals is what the surviving region had of one key at the promotion.
type arrivals struct {
	images []record.Image
	last   time.Time
}

// holds reports whether a version, or a later one of its key, had arrived: replication may ship only the newest of several.
func (h arrivals) holds(c record.Change) bool {
	if !h.last.Before(c.At) {
		return true
	}
	return slices.Contains(h.images, c.New)
}

// takenOver collects what the surviving region's table held when it took over, by key.
func (a Auditor) takenOver(changes []record.Change, f audit.Failover) map[string]arrivals {
	out := map[string]arrivals{}
	for _, c := range changes {
		if c.Region != f.To || c.At.After(f.Promoted) {
			continue
		}
		h := out[c.Key]
		h.images = append(h.images, c.New)
		if c.At.After(h.last) {
			h.last = c.At
		}
		out[c.Key] = h
	}
	return out
}

// keysRTO is the longest silence of key writes in any region while the failover lasted; keys go on being accepted while
// the ledger is down.
func (a Auditor) keysRTO(in Input, near audit.Window, f audit.Failover) (audit.Measure, bool) {
	var times []time.Time
	for _, c := range in.Keys {
		if near.Holds(c.At) && a.local(c) {
			times = append(times, c.At)
		}
	}
	slices.SortFunc(times, time.Time.Compare)
	from, to, ok := silence(times, f.At, f.Promoted)
	return audit.Measure{
		Layer: "keys", Figure: "rto", Value: to.Sub(from), Error: max(time.Second, spacing(times)), Objective: a.Rules.RTO,
		Basis: fmt.Sprintf("longest silence between two accepted key writes, from %s to %s", clock(from), clock(to)),
	}, ok
}

// receiptsRPO is the span of payments whose receipts are gone for good.
func (a Auditor) receiptsRPO(in Input, near audit.Window) (audit.Measure, bool) {
	var first, last time.Time
	n := 0
	for _, f := range in.Receipts {
		if f.Kind != audit.ReceiptMissing || !near.Holds(f.Window.From) {
			continue
		}
		if n == 0 || f.Window.From.Before(first) {
			first = f.Window.From
		}
		if n == 0 || f.Window.From.After(last) {
			last = f.Window.From
		}
		n++
	}
	m := audit.Measure{Layer: "receipts", Figure: "rpo", Objective: a.Rules.RPO, Basis: "no receipt around the failover is missing"}
	if n > 0 {
		m.Value = last.Sub(first)
		m.Basis = fmt.Sprintf("%d receipts of payments from %s to %s are missing", n, clock(first), clock(last))
	}
	return m, true
}

func inTimeOrder(entries []record.Entry, near audit.Window) []record.Entry {
	out := make([]record.Entry, 0, len(entries))
	for _, e := range entries {
		if near.Holds(e.CreatedAt) {
			out = append(out, e)
		}
	}
	slices.SortStableFunc(out, func(a, b record.Entry) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return out
}

// silence is the longest pause in sorted times that touches [began, promoted].
func silence(times []time.Time, began, promoted time.Time) (from, to time.Time, ok bool) {
	for i := 1; i < len(times); i++ {
		before, after := times[i-1], times[i]
		if after.Before(began) || before.After(promoted) {
			continue
		}
		if !ok || after.Sub(before) > to.Sub(from) {
			from, to, ok = before, after, true
		}
	}
	return from, to, ok
}

// spacing is the median pause between neighbours.
func spacing(times []time.Time) time.Duration {
	if len(times) < 3 {
		return 0
	}
	pauses := make([]time.Duration, 0, len(times)-1)
	for i := 1; i < len(times); i++ {
		pauses = append(pauses, times[i].Sub(times[i-1]))
	}
	slices.Sort(pauses)
	return pauses[len(pauses)/2]
}

func clock(t time.Time) string { return t.UTC().Format("15:04:05.000") }
