// Package ledger compares the copies of one ledger: the writer, the reader in the other region and, after a failover,
// the restored snapshot of the old primary as a third witness.
//
// Rows are brought together by payment id, the business key. Serial ids tell the rows of one payment apart, and are
// compared to find ids given out twice.
// Source of the rules: Amazon Aurora User Guide, "Recovering an Amazon Aurora global database from an unplanned outage":
// what the old primary committed and did not replicate is missing from the promoted cluster.
package ledger

import (
	"slices"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// Rules say how the copies are compared.
type Rules struct {
	Scope   string        // the configured ledger
	Margin  time.Duration // rows younger than this at AsOf may still be on their way
	Compare []string      // fields whose difference is a break: amount_minor, currency, status, or names of Entry.Extra
}

// Input is what was read of the copies, all over the same time: the window and as much around it as a row's counterpart may
// lie away. Only what happened inside the window is reported. A nil copy was not configured or not read; a copy that could
// not be read completely must not be passed: its absence is a gap in the coverage.
type Input struct {
	Window   audit.Window
	AsOf     time.Time
	Writer   []record.Entry
	Reader   []record.Entry
	Snapshot []record.Entry
}

// Auditor applies Rules.
type Auditor struct{ Rules Rules }

// Audit returns ledger.lost_row, ledger.changed_row, ledger.id_collision and ledger.not_replicated findings. Without a
// writer there is nothing to hold the other copies against, and nothing is said.
func (a Auditor) Audit(in Input) audit.Judgement {
	c := comparison{rules: a.Rules, in: in, writer: byPayment(in.Writer), seen: map[audit.Fingerprint]bool{}}
	if in.Writer == nil {
		return c.out
	}
	if in.Reader != nil {
		c.compareReader()
	}
	if in.Snapshot != nil {
		c.compareSnapshot()
		c.collisions()
	}
	audit.Sort(c.out.Findings)
	if c.moved > 0 {
		c.exclude("changed on the new writer after the failover, as it should be", c.moved)
	}
	if c.young > 0 {
		c.exclude("younger than the margin, may still be on its way", c.young)
	}
	return c.out
}

type comparison struct {
	rules  Rules
	in     Input
	writer map[string][]record.Entry
	young  int64
	moved  int64
	seen   map[audit.Fingerprint]bool
	out    audit.Judgement
}

func (c *comparison) exclude(reason string, n int64) {
	c.out.Excluded = append(c.out.Excluded, audit.Exclusion{Reason: reason, Records: n})
}

// settled reports whether an entry is old enough that every copy must have its present state.
func (c *comparison) settled(e record.Entry) bool {
	last := e.CreatedAt
	if e.UpdatedAt.After(last) {
		last = e.UpdatedAt
	}
	return c.in.AsOf.Sub(last) >= c.rules.Margin
}

// count adds to a number if the entry is one of the window; those around it are another run's to count.
func (c *comparison) count(n *int64, e record.Entry) {
	if c.in.Window.Holds(e.CreatedAt) {
		*n++
	}
}

func (c *comparison) compareReader() {
	reader := byPayment(c.in.Reader)
	for _, payment := range payments(c.writer, reader) {
		p := pair(c.rules.Compare, c.writer[payment], reader[payment])
		for _, t := range p.twins {
			c.compareTwin(t)
		}
		for i, w := range p.left {
			if !c.settled(w) {
				c.count(&c.young, w)
				continue
			}
			c.report(notReplicated(c.rules, w, c.in.Reader, p.inRight || i > 0))
		}
		for i, r := range p.right {
			if c.settled(r) {
				c.report(lostRow(c.rules, r, c.in.Writer, p.inLeft || i > 0))
			}
		}
	}
}

func (c *comparison) compareTwin(t twin) {
	diffs := differences(c.rules.Compare, t.left, t.right)
	switch {
	case !c.settled(t.left):
		c.count(&c.young, t.left)
	case len(diffs) == 0:
		c.count(&c.out.Matched, t.left)
	default:
		c.report(changedRow(c.rules, t, diffs, audit.Proven))
	}
}

func (c *comparison) compareSnapshot() {
	snapshot := byPayment(c.in.Snapshot)
	pairs := map[string]pairing{}
	for payment, rows := range snapshot {
		pairs[payment] = pair(c.rules.Compare, c.writer[payment], rows)
	}
	firstLost := firstLost(pairs)
	for _, payment := range payments(snapshot, nil) {
		p := pairs[payment]
		for i, s := range p.right {
			c.report(lostRow(c.rules, s, c.in.Writer, p.inLeft || i > 0))
		}
		for _, t := range p.twins {
			c.compareWithSnapshot(t, firstLost)
		}
	}
}

func (c *comparison) compareWithSnapshot(t twin, firstLost time.Time) {
	diffs := differences(c.rules.Compare, t.left, t.right)
	if len(diffs) == 0 {
		c.count(&c.out.Matched, t.right)
		return
	}
	if verdict, lost := lostChange(t.left, t.right, firstLost); lost {
		c.report(changedRow(c.rules, t, diffs, verdict))
	} else {
		c.count(&c.moved, t.right)
	}
}

// firstLost is when the first row was written that the new writer never received. Replication keeps commit order,
// so whatever the old primary wrote later is lost as well. Zero if no row was lost.
func firstLost(pairs map[string]pairing) time.Time {
	var first time.Time
	for _, p := range pairs {
		for _, s := range p.right {
			if first.IsZero() || s.CreatedAt.Before(first) {
				first = s.CreatedAt
			}
		}
	}
	return first
}

// lostChange decides whether the old primary's version of a row holds a change that the new writer never received.
// The writer's version being younger is no finding: rows go on living after a failover.
func lostChange(w, s record.Entry, firstLost time.Time) (audit.Verdict, bool) {
	switch {
	case s.UpdatedAt.IsZero() || w.UpdatedAt.IsZero():
		return audit.Probable, true // nothing tells which version is younger
	case !w.UpdatedAt.After(s.UpdatedAt):
		return audit.Proven, true
	case !firstLost.IsZero() && !s.UpdatedAt.Before(firstLost):
		return audit.Probable, true // changed on both sides; only the old primary's clock says that it came too late
	default:
		return "", false
	}
}

// collisions finds row ids that the new writer gave to another payment. The two rows may lie far apart in time: the
// finding belongs to the window of the snapshot's.
func (c *comparison) collisions() {
	byID := make(map[string][]record.Entry, len(c.in.Writer))
	for _, w := range c.in.Writer {
		if w.ID != "" {
			byID[w.ID] = append(byID[w.ID], w)
		}
	}
	for _, s := range c.in.Snapshot {
		holders := byID[s.ID]
		same := func(w record.Entry) bool { return w.PaymentID == s.PaymentID }
		if len(holders) > 0 && !slices.ContainsFunc(holders, same) {
			c.report(idCollision(c.rules, holders[0], s))
		}
	}
}

// report keeps a finding that happened inside the window, once.
func (c *comparison) report(f audit.Finding) {
	if !c.in.Window.Covers(f.Window) {
		return
	}
	if c.seen[f.Fingerprint] {
		return
	}
	c.seen[f.Fingerprint] = true
	c.out.Findings = append(c.out.Findings, f)
}
