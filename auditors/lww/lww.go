// Package lww finds what last-writer-wins has thrown away in a DynamoDB global table: writes and deletes that one
// region accepted and the other one's later write replaced without an error to anyone.
//
// The history of a key is a tree. In the region where a version was written, the record's old image is its parent; where
// it arrives by replication, the old image is whatever stood there. A version that arrives over one that is not its
// ancestor has destroyed it. The package needs both regions' streams, because the winner's region shows nothing.
//
// Source: Amazon DynamoDB Developer Guide, "Global tables: multi-Region eventual consistency", and API reference
// "StreamRecord" (creation time rounded down to the second).
package lww

import (
	"cmp"
	"slices"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// Rules name the attributes of one table and the margins of its judgement.
type Rules struct {
	Table     string
	Regions   []audit.Region // every replica of the table; with more than two nothing is concluded from absence
	Settle    time.Duration  // younger than this is in flight
	Attr      Attributes
	Financial []string      // attributes whose difference raises the severity
	Clock     time.Duration // how far apart the regions' clocks may be
}

// Attributes are the names of the item's attributes that the application writes; an empty name is an attribute the
// application does not have. WriteID is unique per write, Version counts up by one from 1, Origin is the writing region.
type Attributes struct {
	WriteID, Version, Origin, WrittenAt           string
	PaymentID, AmountMinor, Currency, Status, TTL string
}

// Reach is how much of one region's stream was read: all of [From, Through) but the gaps. A zero From is the
// beginning of the table.
type Reach struct {
	From    time.Time
	Through time.Time
	Gaps    []audit.Window
}

// Input is what was read of one table. Changes may come in any order and more than once; those outside Window are
// context, and a finding whose time lies outside it is left to the run that owns that time.
type Input struct {
	Window  audit.Window
	AsOf    time.Time
	Changes []record.Change
	Read    map[audit.Region]Reach
}

// Lag is one version's way from the region that wrote it to another. Both times are whole seconds rounded down, so the
// difference is known to +/- (1 s + clock error).
type Lag struct {
	From, To        audit.Region
	Origin, Arrived time.Time
	Key             string
}

// Break is a hole in one region's stream that no gap of the input explains: a record's old image is not the image the
// record before it left behind. The caller reports it as a gap; no proof crosses it.
type Break struct {
	Region audit.Region
	Key    string
	Window audit.Window // from the last record before the hole to the first one after it
}

// Result is what the audit says. Findings are in audit.Sort order, Lags and Breaks by key and time.
type Result struct {
	Findings []audit.Finding
	Excluded []audit.Exclusion
	Matched  int64 // records of the window whose version both regions hold
	Lags     []Lag
	Breaks   []Break
	Unjudged int64 // versions of the window whose fate a gap hides: the caller must not take the window for complete
}

// Auditor applies Rules. It is a pure function of its input.
type Auditor struct{ Rules Rules }

// Reasons for leaving records out of the audit.
const (
	exclOutside  = "outside the window, read as context"
	exclStart    = "overwritten version is older than the first record read"
	exclUnread   = "the other region's stream was not read far enough"
	exclThird    = "written in a region that cannot be told: the table has more than two replicas"
	exclGap      = "a gap hides whether the version arrived"
	exclExpired  = "removed by time to live, then written again"
	exclForeign  = "record of another table or region"
	exclRepeated = "read more than once"
)

// Audit judges every key of the input.
func (a Auditor) Audit(in Input) Result {
	t := newTally(a.Rules, in)
	byKey := map[string][]record.Change{}
	for _, c := range in.Changes {
		if (c.Table != "" && c.Table != a.Rules.Table) || !slices.Contains(a.Rules.Regions, c.Region) {
			t.excluded[exclForeign]++
			continue
		}
		byKey[c.Key] = append(byKey[c.Key], c)
	}
	keys := make([]string, 0, len(byKey))
	for k := range byKey {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		h := newHistory(t, k, byKey[k])
		h.steps()
		h.removals()
		h.tips()
	}
	return t.result()
}

// tally collects what the keys yield.
type tally struct {
	rules    Rules
	in       Input
	slack    time.Duration // by how much two regions' record times must differ to be ordered
	findings map[audit.Fingerprint]audit.Finding
	excluded map[string]int64
	matched  int64
	lags     []Lag
	breaks   []Break
	unjudged int64
}

func newTally(rules Rules, in Input) *tally {
	return &tally{
		rules: rules, in: in, slack: time.Second + rules.Clock,
		findings: map[audit.Fingerprint]audit.Finding{}, excluded: map[string]int64{},
	}
}

// add keeps a finding whose time belongs to the window. Several records may show the same loss; the first shown stays.
func (t *tally) add(f audit.Finding) {
	if !t.in.Window.Covers(f.Window) {
		return
	}
	if _, seen := t.findings[f.Fingerprint]; !seen {
		t.findings[f.Fingerprint] = f
	}
}

// hidden counts a version written at a moment that could not be judged, because what would tell was not read.
func (t *tally) hidden(at time.Time, reason string) {
	t.excluded[reason]++
	if t.in.Window.Holds(at) {
		t.unjudged++
	}
}

func (t *tally) result() Result {
	r := Result{Matched: t.matched, Lags: t.lags, Breaks: t.breaks, Unjudged: t.unjudged}
	for _, f := range t.findings {
		r.Findings = append(r.Findings, f)
	}
	audit.Sort(r.Findings)
	for reason, n := range t.excluded {
		r.Excluded = append(r.Excluded, audit.Exclusion{Reason: reason, Records: n})
	}
	slices.SortFunc(r.Excluded, func(a, b audit.Exclusion) int { return cmp.Compare(a.Reason, b.Reason) })
	return r
}
