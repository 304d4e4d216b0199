// Package ledger compares the copies of one ledger: the writer, the readers in the other regions and, after a failover,
// the restored snapshot of each old primary as a further witness.
//
// Rows are brought together by payment id, the business key. Serial ids tell the rows of one payment apart, and are
// compared to find ids given out twice. It works on what is left once rows that are alike were proven to be: the rows of
// every payment that is not.
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
	Clock   time.Duration // how far the clocks of the regions may be apart: the margin grows by it, and no order rests on less
	Compare []string      // fields whose difference is a break: amount_minor, currency, status, or names of Entry.Extra
	Charged []string      // statuses of a payment whose money was taken; asked for sharded ledgers only
}

// Promotion is a change of the writing region, as the history of failovers has it.
type Promotion struct {
	From, To audit.Region
	At       time.Time
	Error    time.Duration // +/-
}

// Input is what was read of the copies. Only what happened inside the window is reported; a copy that could not be read
// must not be passed: its absence is a gap in the coverage.
type Input struct {
	Window     audit.Window
	AsOf       time.Time
	Writer     audit.Region // where the ledger is in force
	Copies     []Copy
	Promotions []Promotion
}

// Copy is a further copy of the ledger and the writer's rows that it is held against.
type Copy struct {
	Region  audit.Region   // of a snapshot: the region whose old primary it is
	Witness record.Witness // Reader or Snapshot
	Writer  []record.Entry // all rows that the writer has of each payment in which the two are not proven alike
	Rows    []record.Entry // and those that the copy has
	Holders []record.Entry // the writer's rows that have a row id of Rows; where nil, those of Writer
	Newest  time.Time      // when the copy's newest row of all was created; zero where not known
	Shared  time.Time      // of a snapshot: when the newest of its rows that the writer has too was created; zero where not known
}

// Auditor applies Rules.
type Auditor struct{ Rules Rules }

// Audit returns ledger.lost_row, ledger.changed_row, ledger.id_collision and ledger.not_replicated findings.
func (a Auditor) Audit(in Input) audit.Judgement {
	c := comparison{rules: a.Rules, in: in, seen: map[audit.Fingerprint]int{}}
	for _, other := range in.Copies {
		if other.Witness == record.Snapshot {
			c.compareSnapshot(other)
			c.collisions(other)
		} else {
			c.compareReader(other)
		}
	}
	audit.Sort(c.out.Findings)
	c.exclude("changed on the new writer after the failover, as it should be", c.moved)
	c.exclude("younger than the margin, may still be on its way", c.young)
	c.exclude("its row id was given out again, and its payment stands in the ledger under another", c.rebooked)
	return c.out
}

type comparison struct {
	rules    Rules
	in       Input
	young    int64
	moved    int64
	rebooked int64
	seen     map[audit.Fingerprint]int // place in out.Findings
	out      audit.Judgement
}

func (c *comparison) exclude(reason string, n int64) {
	if n > 0 {
		c.out.Excluded = append(c.out.Excluded, audit.Exclusion{Reason: reason, Records: n})
	}
}

// settled reports whether an entry is old enough that every copy must have its present state.
func (c *comparison) settled(e record.Entry) bool {
	last := e.CreatedAt
	if e.UpdatedAt.After(last) {
		last = e.UpdatedAt
	}
	return c.past(last)
}

// due reports whether an entry was created so long ago that every copy must have the row, in whatever state.
func (c *comparison) due(e record.Entry) bool { return c.past(e.CreatedAt) }

func (c *comparison) past(at time.Time) bool {
	return c.in.AsOf.Sub(at) >= c.rules.Margin+c.rules.Clock
}

// count adds to a number if the entry is one of the window; those around it are another run's to count.
func (c *comparison) count(n *int64, e record.Entry) {
	if c.in.Window.Holds(e.CreatedAt) {
		*n++
	}
}

func (c *comparison) compareReader(other Copy) {
	writer, reader := byPayment(other.Writer), byPayment(other.Rows)
	for _, payment := range payments(writer, reader) {
		p := pair(c.rules.Compare, writer[payment], reader[payment])
		for _, t := range p.twins {
			c.compareTwin(t)
		}
		for i, w := range p.left {
			if !c.due(w) {
				c.count(&c.young, w)
				continue
			}
			c.report(c.touched(notReplicated(c.rules, w, other.Region, p.inRight || i > 0), w))
		}
		for i, r := range p.right {
			if !c.due(r) {
				c.count(&c.young, r)
				continue
			}
			c.report(c.touched(lostRow(c.rules, r, c.in.Writer, p.inLeft || i > 0), r))
		}
	}
}

// touched takes the certainty from what is said of a row that was written within the margin: it may have been put in just now,
// under an old date.
func (c *comparison) touched(f audit.Finding, e record.Entry) audit.Finding {
	if !c.settled(e) {
		f.Verdict = audit.Probable
		f.Rule += "; created long before, but written within the margin"
	}
	return f
}

func (c *comparison) compareTwin(t twin) {
	diffs := differences(c.rules.Compare, t.left, t.right)
	switch {
	case !c.settled(t.left):
		c.count(&c.young, t.left)
	case len(diffs) == 0:
		c.count(&c.out.Matched, t.left)
	case t.left.UpdatedAt.IsZero() || t.right.UpdatedAt.IsZero():
		f := changedRow(c.rules, t, diffs, audit.Probable) // it may have been changed a moment ago
		f.Rule += "; no updated_at tells since when"
		c.report(f)
	default:
		c.report(changedRow(c.rules, t, diffs, audit.Proven))
	}
}

// report keeps a finding that happened inside the window. What two copies witness alike is one finding with the evidence of
// both.
func (c *comparison) report(f audit.Finding) {
	if !c.in.Window.Covers(f.Due()) {
		return
	}
	i, known := c.seen[f.Fingerprint]
	if !known {
		c.seen[f.Fingerprint] = len(c.out.Findings)
		c.out.Findings = append(c.out.Findings, f)
		return
	}
	first := &c.out.Findings[i]
	if first.Verdict == audit.Probable && f.Verdict == audit.Proven {
		*first, f = f, *first // the surer witness leads
	}
	for _, e := range f.Evidence {
		if !slices.Contains(first.Evidence, e) {
			first.Evidence = append(first.Evidence, e)
		}
	}
}
