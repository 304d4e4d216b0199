package app

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"parallax/internal/audit"
	"parallax/sinks/report"
)

// dossierFacts is what the store knows about a failover; the dossier is made from it without looking anything up.
type dossierFacts struct {
	failover audit.Failover
	others   []audit.Failover
	kase     *audit.Case
	window   audit.Window
	runs     []audit.RunRecord // the newest that looked at each part of the window, by job and time
	unseen   []report.NotCovered
	events   []audit.TopologyEvent
	findings []audit.StoredFinding
	chains   []audit.Chain
	settled  []audit.SettlementFile
	repair   *repairFolder // nil if none was given
	rules    dossierRules
}

// dossierRules are the settings that a dossier depends on.
type dossierRules struct {
	rpo, rto      time.Duration
	snapshotAlarm time.Duration
	jobs          []string // that are configured and look for what a failover costs
}

// choose settles the window and the runs that speak for it. Without a case it is as much of wide as the runs that have seen
// the failover looked at: nobody has promised more.
func (f *dossierFacts) choose(wide audit.Window, runs []audit.RunRecord) {
	f.window = wide
	if f.kase == nil {
		f.window = seenAround(f.failover, wide, runs)
	}
	slices.SortStableFunc(runs, func(a, b audit.RunRecord) int { return b.AsOf.Compare(a.AsOf) })
	left := map[string][]audit.Window{}
	for _, r := range runs {
		open, known := left[r.Job]
		if !known {
			open = []audit.Window{f.window}
		}
		rest := without(open, r.Window)
		if !slices.Equal(rest, open) {
			f.runs = append(f.runs, r)
		}
		left[r.Job] = rest
	}
	slices.SortStableFunc(f.runs, func(a, b audit.RunRecord) int {
		return cmp.Or(cmp.Compare(a.Job, b.Job), a.Window.From.Compare(b.Window.From))
	})
	f.unseen = f.notLookedAt(left)
}

// seenAround is the part of a window that runs around a failover have looked at without a break; the whole of it if none has.
func seenAround(f audit.Failover, wide audit.Window, runs []audit.RunRecord) audit.Window {
	begun := audit.At(maxTime(f.At, f.Promoted))
	seen := begun
	for grown := true; grown; {
		grown = false
		for _, r := range runs {
			if r.Job == "capture" || r.Job == "lag" || r.Window.To.Before(seen.From) || r.Window.From.After(seen.To) {
				continue
			}
			wider := audit.Window{From: minTime(seen.From, r.Window.From), To: maxTime(seen.To, r.Window.To)}
			grown = grown || wider != seen
			seen = wider
		}
	}
	if seen == begun {
		return wide
	}
	return audit.Window{From: maxTime(seen.From, wide.From), To: minTime(seen.To, wide.To)}
}

// without takes a window out of several.
func without(open []audit.Window, taken audit.Window) []audit.Window {
	var out []audit.Window
	for _, w := range open {
		if taken.Empty() || !taken.From.Before(w.To) || !w.From.Before(taken.To) {
			out = append(out, w)
			continue
		}
		for _, rest := range []audit.Window{{From: w.From, To: taken.From}, {From: taken.To, To: w.To}} {
			if !rest.Empty() {
				out = append(out, rest)
			}
		}
	}
	return out
}

// notLookedAt are the parts of the window that no run of a job has looked at, as far as they had come to pass; jobs that have
// all missed one part are told together.
func (f *dossierFacts) notLookedAt(left map[string][]audit.Window) []report.NotCovered {
	var out []report.NotCovered
	for _, job := range f.rules.jobs {
		open, ran := left[job]
		if !ran {
			open = []audit.Window{f.window}
		}
		for _, w := range open {
			w.To = minTime(w.To, f.asOf())
			if ran && w.Empty() {
				continue
			}
			i := slices.IndexFunc(out, func(n report.NotCovered) bool { return n.Window == w })
			if i >= 0 {
				out[i].Job += ", " + job
				continue
			}
			out = append(out, report.NotCovered{
				Job: job, Source: "-", Window: w, Reason: "no run has looked at this time",
				Remedy: fmt.Sprintf("parallax run failover --at %s looks at all of it", f.failover.At.UTC().Format(time.RFC3339)),
			})
		}
	}
	return out
}

// asOf is the moment the dossier speaks for: of the newest run it rests on, or of its case.
func (f *dossierFacts) asOf() time.Time {
	var t time.Time
	for _, r := range f.runs {
		t = maxTime(t, r.AsOf)
	}
	if f.kase != nil {
		t = maxTime(t, f.kase.AsOf)
	}
	if t.IsZero() {
		return maxTime(f.failover.At, f.failover.Promoted)
	}
	return t
}

// horizon is until when the history of the databases belongs to this failover: to the next one, at most to the moment the
// dossier speaks for.
func (f *dossierFacts) horizon() time.Time {
	until := f.asOf().Add(time.Microsecond)
	for _, o := range f.others {
		if o.At.After(f.failover.At) {
			until = minTime(until, o.At)
		}
	}
	return maxTime(until, f.failover.Promoted.Add(time.Microsecond))
}

// mark finds a moment of a layer that the data tells.
func (f *dossierFacts) mark(layer, name string) (audit.Mark, bool) {
	for _, m := range f.failover.Marks {
		if m.Layer == layer && m.Name == name {
			return m, true
		}
	}
	return audit.Mark{}, false
}

// outage is the time between the last write of the ledger that survived and its first good one, as far as the data tells, and
// the failover itself.
func (f *dossierFacts) outage() audit.Window {
	w := audit.Window{From: f.failover.At, To: maxTime(f.failover.At, f.failover.Promoted)}
	for _, name := range []string{"last survivor", "first lost", "last write"} {
		if m, found := f.mark(report.LaneLedger, name); found {
			w.From = minTime(w.From, m.At)
		}
	}
	if m, found := f.mark(report.LaneLedger, "first good write"); found {
		w.To = maxTime(w.To, m.At)
	}
	return w
}

// inOutage reports whether a finding is of the outage: of its time, or of the time whose records its layer lost, which for the
// receipts lies before it.
func (f *dossierFacts) inOutage(x audit.StoredFinding, outage audit.Window) bool {
	at := happened(x)
	if outage.Holds(at) {
		return true
	}
	family, _, _ := strings.Cut(string(x.Kind), ".")
	layer := map[string]string{"ledger": report.LaneLedger, "lww": report.LaneKeys, "receipt": report.LaneReceipts}[family]
	first, begun := f.mark(layer, "first lost")
	last, ended := f.mark(layer, "last lost")
	return begun && ended && !at.Before(first.At) && !at.After(last.At)
}

// happened is the moment of what a finding tells. Of a changed row it is that of the change that was lost, not of the row.
func happened(x audit.StoredFinding) time.Time {
	at := x.Window.From
	if x.Kind != audit.LedgerChangedRow {
		return at
	}
	for _, e := range x.Evidence {
		if e.Region == x.Region {
			at = maxTime(at, e.At)
		}
	}
	return at
}

// complete reports whether a job has looked at the whole window and read all there was.
func (f *dossierFacts) complete(job string) bool {
	if slices.ContainsFunc(f.unseen, func(n report.NotCovered) bool { return slices.Contains(strings.Split(n.Job, ", "), job) }) {
		return false
	}
	ran := false
	for _, r := range f.runs {
		if r.Job != job {
			continue
		}
		ran = true
		if slices.ContainsFunc(r.Coverage, func(c audit.Coverage) bool { return !c.Complete() }) {
			return false
		}
	}
	return ran
}

// compared reports whether the old primary of this failover was held against the ledger in force, wholly and for every ledger.
func (f *dossierFacts) compared() bool {
	outage := f.outage()
	for _, r := range f.runs {
		if r.Job == "ledger" && r.Window.Covers(outage) && f.witnessed(r.Coverage) {
			return true
		}
	}
	return false
}

// witnessed reports whether the certificate of a ledger run names the old primary of each of its ledgers, read completely. One of
// another region is the witness of another failover.
func (f *dossierFacts) witnessed(lines []audit.Coverage) bool {
	asked, answered := map[string]bool{}, map[string]bool{}
	for _, c := range lines {
		asked[c.Scope] = true
		ours := f.failover.From == "" || c.Region == f.failover.From
		switch {
		case c.Source == unwitnessedSource && ours:
			return false
		case strings.Contains(c.Source, "snapshot") && ours:
			answered[c.Scope] = c.Complete()
		}
	}
	for scope := range asked {
		if !answered[scope] {
			return false
		}
	}
	return len(asked) > 0
}
