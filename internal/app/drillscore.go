package app

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"parallax/internal/audit"
	"parallax/internal/pan"
)

// maxDeclared bounds the number of findings one expectation asks for.
const maxDeclared = 1_000_000

// countOf reads "=N".
func countOf(text string) (int, error) {
	digits, ok := strings.CutPrefix(text, "=")
	n, err := strconv.Atoi(digits)
	if !ok || err != nil || n < 1 || n > maxDeclared {
		return 0, errors.New("no count")
	}
	return n, nil
}

// drillSlack is how far before its start a drill's window reaches: the start is noted by hand, and clocks differ.
const drillSlack = time.Minute

// drillWindow is when what a drill breaks may have happened.
func drillWindow(d audit.Drill) audit.Window {
	return audit.Window{From: d.Started.Add(-drillSlack), To: d.Stopped}
}

// maxListed bounds what a score lists one by one, of each kind.
const maxListed = 200

// scoreDrill compares findings with what a drill declared. A finding counts as found if its window touches the drill's, and as
// false only if it lies wholly inside: what spans a whole day may have another cause. A finding that a later run has cleared was
// found, but accuses nobody any more. Whether the objectives were met is told beside it and decides nothing: the drill is one
// of the audit.
func scoreDrill(d audit.Drill, asOf time.Time, findings []audit.StoredFinding, failovers []audit.Failover, unread []audit.Unread) audit.DrillScore {
	w := drillWindow(d)
	score := audit.DrillScore{AsOf: asOf, FoundBy: map[audit.Kind]int{}, Missed: []audit.Expectation{}, False: []audit.Expectation{}, Measures: []audit.Measure{}}
	seen := slices.DeleteFunc(slices.Clone(findings), func(f audit.StoredFinding) bool { return !inDrill(f, w, asOf) })
	slices.SortStableFunc(seen, func(a, b audit.StoredFinding) int { return rankInDrill(a, w) - rankInDrill(b, w) })
	for _, e := range byPrecision(d.Expected) {
		var hits int
		seen, hits = takeExpected(seen, e)
		score.Found += hits
		if hits > 0 {
			score.FoundBy[e.Kind] += hits
		}
		if least := max(e.Count, 1); hits < least { // any number of them is one at least
			e.Count = least - hits
			score.Missed = append(score.Missed, e)
		}
	}
	score.False = undeclared(seen, w)
	for _, f := range failovers {
		if w.Holds(f.Promoted) {
			score.Measures = append(score.Measures, f.Measures...)
		}
	}
	score.Gaps, score.Unread = len(unread), slices.Clone(unread[:min(len(unread), maxListed)])
	score.Passed = len(score.Missed)+len(score.False)+score.Gaps == 0
	return score
}

// inDrill reports whether a finding may tell of a drill. That drills are overdue is no consequence of one.
func inDrill(f audit.StoredFinding, w audit.Window, asOf time.Time) bool {
	touches := f.Window.From.Before(w.To) && f.Window.To.After(w.From)
	told := f.Status != audit.Expected && f.Status != audit.Suppressed
	return touches && told && !f.FirstSeen.After(asOf) && f.Kind != audit.FailoverDrillOverdue
}

// rankInDrill puts first what can only be explained by the drill, so that it is not left over when something else was taken
// for the declared.
func rankInDrill(f audit.StoredFinding, w audit.Window) int {
	switch {
	case f.Status == audit.Cleared:
		return 2
	case !w.Covers(f.Window):
		return 1
	default:
		return 0
	}
}

// byPrecision puts named keys before counts, so that a count does not take what a name stands for.
func byPrecision(expected []audit.Expectation) []audit.Expectation {
	out := slices.Clone(expected)
	slices.SortStableFunc(out, func(a, b audit.Expectation) int {
		switch {
		case (a.Key == "") == (b.Key == ""):
			return 0
		case a.Key != "":
			return -1
		default:
			return 1
		}
	})
	return out
}

// takeExpected takes the findings that an expectation asks for, as many as it does at most; all where any number will do.
func takeExpected(seen []audit.StoredFinding, e audit.Expectation) (left []audit.StoredFinding, hits int) {
	key := pan.Mask(e.Key) // as the store keeps keys
	for _, f := range seen {
		if (hits < e.Count || e.Count == 0) && f.Kind == e.Kind && (e.Key == "" || f.Key == key) {
			hits++
			continue
		}
		left = append(left, f)
	}
	return left, hits
}

// undeclared lists what was found and not declared, in the order of kinds; what is too much to list is counted.
func undeclared(left []audit.StoredFinding, w audit.Window) []audit.Expectation {
	out := []audit.Expectation{}
	for _, kind := range audit.Kinds() {
		more := 0
		listed := 0
		for _, f := range left {
			switch {
			case f.Kind != kind || rankInDrill(f, w) > 0:
			case listed < maxListed:
				out = append(out, audit.Expectation{Kind: kind, Key: f.Key, Count: 1})
				listed++
			default:
				more++
			}
		}
		if more > 0 {
			out = append(out, audit.Expectation{Kind: kind, Count: more})
		}
	}
	return out
}

// drillJobs are the jobs that the configuration gives something to read. capture is not among them: what it has not read is a
// gap of those that read its archive.
func (a *App) drillJobs() []string {
	tables, ledgers := len(a.cfg.Tables) > 0, len(a.cfg.Ledgers) > 0
	var out []string
	for _, j := range []struct {
		name string
		has  bool
	}{
		{"lww", tables}, {"ledger", ledgers}, {"receipts", len(a.cfg.Receipts) > 0},
		{"lag", tables || ledgers || len(a.cfg.Receipts) > 0}, {"settlement", len(a.cfg.Settlement) > 0},
		{"chain", tables && ledgers}, {"failover", a.cfg.Topology.GlobalCluster != ""},
	} {
		if j.has {
			out = append(out, j.name)
		}
	}
	return out
}

// unreadIn lists the parts of a window that no run of a job has looked at, and those that its newest run over them could not
// read. Runs come in the order of the moments they speak for.
func unreadIn(w audit.Window, jobs []string, runs []audit.RunRecord) []audit.Unread {
	var out []audit.Unread
	for _, job := range jobs {
		var looked []audit.RunRecord
		for _, r := range runs {
			if r.Job == job {
				looked = append(looked, r)
			}
		}
		out = append(out, unlooked(job, w, looked)...)
		for i, r := range looked {
			out = append(out, gapsInside(r, uncovered(intersect(r.Window, w), looked[i+1:]))...)
		}
	}
	return out
}

// unlooked are the parts of a window that no run covers.
func unlooked(job string, w audit.Window, runs []audit.RunRecord) []audit.Unread {
	var out []audit.Unread
	for _, part := range uncovered(w, runs) {
		out = append(out, audit.Unread{Job: job, Gap: audit.Gap{
			Window: part, Reason: fmt.Sprintf("the %s job has not looked at %s", job, part),
			Remedy: fmt.Sprintf("parallax run %s --from %s --to %s", job, w.From.Format(time.RFC3339), w.To.Format(time.RFC3339)),
		}})
	}
	return out
}

// uncovered is a window less what runs cover.
func uncovered(w audit.Window, runs []audit.RunRecord) []audit.Window {
	left := []audit.Window{w}
	for _, r := range runs {
		var next []audit.Window
		for _, part := range left {
			for _, rest := range []audit.Window{
				{From: part.From, To: minTime(part.To, r.Window.From)}, {From: maxTime(part.From, r.Window.To), To: part.To},
			} {
				if !rest.Empty() {
					next = append(next, rest)
				}
			}
		}
		left = next
	}
	return slices.DeleteFunc(left, audit.Window.Empty)
}

// gapsInside are the gaps of a run that touch one of the parts for which it speaks. A gap without an extent in time concerns
// the whole run.
func gapsInside(r audit.RunRecord, parts []audit.Window) []audit.Unread {
	var out []audit.Unread
	for _, c := range r.Coverage {
		for _, g := range c.Gaps {
			touches := func(part audit.Window) bool { return g.Window.Empty() || !intersect(g.Window, part).Empty() }
			if slices.ContainsFunc(parts, touches) {
				out = append(out, audit.Unread{Job: r.Job, Gap: g})
			}
		}
	}
	return out
}
