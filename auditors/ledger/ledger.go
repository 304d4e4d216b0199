// Package ledger compares the copies of one ledger: the writer, the reader in the other region and, after a failover,
// the restored snapshot of the old primary as a third witness.
//
// Rows are told apart by payment id, the business key. Serial ids are compared only to find ids given out twice.
// Source of the rules: Amazon Aurora User Guide, "Recovering an Amazon Aurora global database from an unplanned outage":
// what the old primary committed and did not replicate is missing from the promoted cluster.
package ledger

import (
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

// Input is what was read of the copies, over the same window. A nil copy was not configured; a copy that could not be
// read completely must not be passed: its absence is a gap in the coverage.
type Input struct {
	Window   audit.Window
	AsOf     time.Time
	Writer   []record.Entry
	Reader   []record.Entry
	Snapshot []record.Entry
}

// Auditor applies Rules.
type Auditor struct{ Rules Rules }

// Audit returns ledger.lost_row, ledger.changed_row, ledger.id_collision and ledger.not_replicated findings.
func (a Auditor) Audit(in Input) audit.Judgement {
	c := comparison{rules: a.Rules, in: in, writer: byPayment(in.Writer), seen: map[audit.Fingerprint]bool{}}
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
	writer map[string]record.Entry
	young  int64
	moved  int64
	seen   map[audit.Fingerprint]bool
	out    audit.Judgement
}

func byPayment(entries []record.Entry) map[string]record.Entry {
	m := make(map[string]record.Entry, len(entries))
	for _, e := range entries {
		m[e.PaymentID] = e
	}
	return m
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

func (c *comparison) compareReader() {
	reader := byPayment(c.in.Reader)
	for _, w := range c.in.Writer {
		r, found := reader[w.PaymentID]
		switch {
		case !c.settled(w):
			c.young++
		case !found:
			c.report(notReplicated(c.rules, w, c.in.Reader))
		default:
			c.compareCopies(w, r)
		}
	}
	for _, r := range c.in.Reader {
		if _, found := c.writer[r.PaymentID]; !found && c.settled(r) {
			c.report(lostRow(c.rules, r, c.in.Writer))
		}
	}
}

func (c *comparison) compareCopies(w, r record.Entry) {
	diffs := differences(c.rules.Compare, w, r)
	if len(diffs) == 0 {
		c.out.Matched++
		return
	}
	c.report(changedRow(c.rules, w, r, diffs, audit.Proven))
}

func (c *comparison) compareSnapshot() {
	firstLost := c.firstLost()
	for _, s := range c.in.Snapshot {
		w, found := c.writer[s.PaymentID]
		if !found {
			c.report(lostRow(c.rules, s, c.in.Writer))
			continue
		}
		diffs := differences(c.rules.Compare, w, s)
		if len(diffs) == 0 {
			c.out.Matched++
			continue
		}
		if verdict, lost := lostChange(w, s, firstLost); lost {
			c.report(changedRow(c.rules, w, s, diffs, verdict))
		} else {
			c.moved++
		}
	}
}

// firstLost is when the first row was written that the new writer never received. Replication keeps commit order,
// so whatever the old primary wrote later is lost as well. Zero if no row was lost.
func (c *comparison) firstLost() time.Time {
	var first time.Time
	for _, s := range c.in.Snapshot {
		if _, found := c.writer[s.PaymentID]; found {
			continue
		}
		if first.IsZero() || s.CreatedAt.Before(first) {
			first = s.CreatedAt
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

func (c *comparison) collisions() {
	byID := make(map[string]record.Entry, len(c.in.Writer))
	for _, w := range c.in.Writer {
		if w.ID != "" {
			byID[w.ID] = w
		}
	}
	for _, s := range c.in.Snapshot {
		if w, found := byID[s.ID]; found && w.PaymentID != s.PaymentID {
			c.report(idCollision(c.rules, w, s))
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
