package failover

import (
	"fmt"
	"slices"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// streamClock is how coarsely a stream dates its records (DynamoDB API reference, "ApproximateCreationDateTime").
const streamClock = time.Second

// keys measures the table of idempotency keys, which both regions write all the time.
func (a Auditor) keys(l Layers, near audit.Window, began time.Time, f *audit.Failover) {
	switch {
	case l.Keys == nil:
		a.unmeasured(f, LayerKeys, "", l.Missing[LayerKeys])
		return
	case a.Rules.Origin == "":
		a.unmeasured(f, LayerKeys, "", "the table has no attribute that names the region which wrote (tables[].attributes.origin)")
		return
	}
	a.keysRPO(l, near, f)
	a.keysRTO(l, near, began, f)
}

// keysRPO is how stale the surviving region's table was when it took over: the age, at promotion, of the oldest write of
// the lost region since the last one that had arrived. Such writes come back with the region; until then they are missing.
// An older write that has not arrived was not held back by the failover; it is the lww job's finding.
func (a Auditor) keysRPO(l Layers, near audit.Window, f *audit.Failover) {
	taken := takenOver(l.Keys, f)
	var arrived, wrote time.Time
	var stale []time.Time
	for _, c := range l.Keys {
		if c.Region == f.To || !a.local(c) || c.At.After(f.Promoted) || c.At.Before(near.From) {
			continue
		}
		wrote = later(wrote, c.At)
		if taken[c.Key].holds(c) {
			arrived = later(arrived, c.At)
		} else {
			stale = append(stale, c.At)
		}
	}
	if wrote.IsZero() {
		a.unmeasured(f, LayerKeys, "rpo", "no key was written in "+orUnknown(f.From)+" around the failover")
		return
	}
	mark(f, LayerKeys, "last write", wrote, streamClock, "newest key write of the lost region before the promotion")
	mark(f, LayerKeys, "last survivor", arrived, streamClock, "newest of them that had arrived in "+string(f.To)+" by the promotion")
	stale = slices.DeleteFunc(stale, func(t time.Time) bool { return t.Before(arrived) })
	m := audit.Measure{Layer: LayerKeys, Figure: "rpo", Objective: a.Rules.RPO, Error: streamClock}
	if len(stale) == 0 {
		m.Basis = "every key written before the promotion had arrived by then"
		f.Measures = append(f.Measures, m)
		return
	}
	first := oldest(stale)
	mark(f, LayerKeys, "first lost", first, streamClock, "oldest key write that had not arrived by the promotion")
	mark(f, LayerKeys, "last lost", newest(stale), streamClock, "newest key write that had not arrived by the promotion")
	m.Value, m.Error = f.Promoted.Sub(first), streamClock+f.PromotedError
	m.Basis = fmt.Sprintf("%s of %s not yet in %s at the promotion, the oldest of %s", count(len(stale), "key write"), orUnknown(f.From), f.To, clock(first))
	f.Measures = append(f.Measures, m)
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
func takenOver(changes []record.Change, f *audit.Failover) map[string]arrivals {
	out := map[string]arrivals{}
	for _, c := range changes {
		if c.Region != f.To || c.At.After(f.Promoted) {
			continue
		}
		h := out[c.Key]
		h.images = append(h.images, c.New)
		h.last = later(h.last, c.At)
		out[c.Key] = h
	}
	return out
}

// keysRTO is the longest silence of key writes in any region while the failover lasted; keys go on being accepted while
// the ledger is down.
func (a Auditor) keysRTO(l Layers, near audit.Window, began time.Time, f *audit.Failover) {
	var times []time.Time
	for _, c := range l.Keys {
		if near.Holds(c.At) && a.local(c) {
			times = append(times, c.At)
		}
	}
	slices.SortFunc(times, time.Time.Compare)
	from, to, ok := silence(times, began.Add(-f.PromotedError), f.Promoted.Add(f.PromotedError))
	if !ok {
		a.unmeasured(f, LayerKeys, "rto", "no key was written before and after the promotion")
		return
	}
	usual, known := spacing(times, from, to)
	if !known {
		usual = to.Sub(from)
	}
	mark(f, LayerKeys, "first good write", to, streamClock, "first key write after the longest silence")
	f.Measures = append(f.Measures, audit.Measure{
		Layer: LayerKeys, Figure: "rto", Value: to.Sub(from), Error: max(streamClock, usual), Objective: a.Rules.RTO,
		Basis: fmt.Sprintf("longest silence between two accepted key writes, from %s to %s", clock(from), clock(to)),
	})
}

// receipts is the span of payments whose receipts are gone for good.
func (a Auditor) receipts(l Layers, near audit.Window, f *audit.Failover) {
	if l.Receipts == nil {
		a.unmeasured(f, LayerReceipts, "rpo", l.Missing[LayerReceipts])
		return
	}
	var gone []time.Time
	for _, r := range l.Receipts {
		if r.Kind == audit.ReceiptMissing && near.Holds(r.Window.From) {
			gone = append(gone, r.Window.From)
		}
	}
	m := audit.Measure{Layer: LayerReceipts, Figure: "rpo", Objective: a.Rules.RPO, Basis: "no receipt around the failover is missing"}
	if len(gone) == 0 {
		f.Measures = append(f.Measures, m)
		return
	}
	first, last := oldest(gone), newest(gone)
	whole := first // the newest payment before the first loss: receipts were whole until then
	for _, e := range l.Entries {
		if e.CreatedAt.Before(first) && (whole.Equal(first) || e.CreatedAt.After(whole)) {
			whole = e.CreatedAt
		}
	}
	m.Basis = fmt.Sprintf("%s of payments from %s to %s missing; the payment before is of %s", count(len(gone), "receipt"), clock(first), clock(last), clock(whole))
	mark(f, LayerReceipts, "first lost", first, 0, "oldest payment whose receipt is missing")
	mark(f, LayerReceipts, "last lost", last, 0, "newest payment whose receipt is missing")
	low := max(last.Sub(first), time.Microsecond) // what is lost is lost: an objective of zero is broken
	add(f, m, low, max(low, last.Sub(whole)))
}
