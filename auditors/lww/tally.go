package lww

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"parallax/internal/audit"
)

// tally collects what the keys yield.
type tally struct {
	rules    Rules
	in       Input
	slack    time.Duration // by how much two regions' record times must differ to be ordered
	findings []audit.Finding
	excluded map[string]int64
	matched  int64
	context  int64
	lags     []Lag
	breaks   []Break
	unjudged int64
	shallow  []string        // in the order of keys
	withheld map[string]bool // keys of in.Also; false: judged again
}

func newTally(rules Rules, in Input) *tally {
	t := &tally{rules: rules, in: in, slack: time.Second + rules.Clock, excluded: map[string]int64{}, withheld: map[string]bool{}}
	for key := range in.Also {
		t.withheld[key] = true // until a record of that time is seen
	}
	return t
}

// exclude counts a record of the window that is left out of the audit.
func (t *tally) exclude(at time.Time, reason string) {
	if t.in.Window.Holds(at) {
		t.excluded[reason]++
	}
}

// arrivedAt passes on the way of one version.
func (t *tally) arrivedAt(l Lag) {
	if t.in.Lag != nil {
		t.in.Lag(l)
		return
	}
	t.lags = append(t.lags, l)
}

// broken keeps a hole that touches the window.
func (t *tally) broken(b Break) {
	if !b.Window.To.Before(t.in.Window.From) && b.Window.From.Before(t.in.Window.To) {
		t.breaks = append(t.breaks, b)
	}
}

func (t *tally) result() Result {
	r := Result{
		Findings: t.findings, Matched: t.matched, Context: t.context, Lags: t.lags, Breaks: t.breaks, Unjudged: t.unjudged, Shallow: t.shallow,
	}
	audit.Sort(r.Findings)
	for reason, n := range t.excluded {
		r.Excluded = append(r.Excluded, audit.Exclusion{Reason: reason, Records: n})
	}
	slices.SortFunc(r.Excluded, func(a, b audit.Exclusion) int { return cmp.Compare(a.Reason, b.Reason) })
	for _, key := range slices.Sorted(maps.Keys(t.withheld)) {
		if t.withheld[key] {
			r.Withheld = append(r.Withheld, key)
		}
	}
	return r
}

// owned reports whether a moment in the history of the key is this run's to speak of: by its window, or by the time for
// which the key is judged again.
func (h *history) owned(at time.Time) bool {
	return h.in.Window.Holds(at) || h.also.Holds(at)
}

// add notes a finding and the moment at which the records show it. Several records may show the same loss: the surest
// stays, and among equals the one that shows first, whichever of them the window holds.
func (h *history) add(f audit.Finding, shown time.Time) {
	if !shown.Equal(f.Window.From) {
		f.Shown = shown
	}
	one := found{f, h.bare}
	h.bare = false
	for i, g := range h.found {
		if g.Fingerprint != f.Fingerprint {
			continue
		}
		if cmp.Or(cmp.Compare(rank(f.Verdict), rank(g.Verdict)), f.Due().From.Compare(g.Due().From)) < 0 {
			h.found[i] = one
		}
		return
	}
	h.found = append(h.found, one)
}

// reported reports whether a finding of the key is noted already.
func (h *history) reported(fp audit.Fingerprint) bool {
	return slices.ContainsFunc(h.found, func(f found) bool { return f.Fingerprint == fp })
}

// found is a finding, and whether it shows a state of which only the first record read tells that it was there.
type found struct {
	audit.Finding
	bare bool
}

func rank(v audit.Verdict) int {
	return slices.Index([]audit.Verdict{audit.Proven, audit.Probable, audit.Undecidable}, v)
}

// hidden counts a version whose fate at a moment cannot be judged, because what would tell was not read.
func (h *history) hidden(at time.Time, reason string) {
	switch {
	case h.in.Window.Holds(at):
		h.excluded[reason]++
		h.unjudged++
	case h.also.Holds(at):
		h.withheld[h.key] = true
	}
}

// tooLate notes that a judgement about a moment was withheld or weakened because reading begins too late.
func (h *history) tooLate(at time.Time) {
	if !h.owned(at) {
		return
	}
	h.shallow = true
	if h.also.Holds(at) {
		h.withheld[h.key] = true
	}
}

// close passes on what the key yields in the end.
func (h *history) close() {
	for _, f := range h.found {
		if h.mended(f.Finding) {
			h.exclude(f.Due().From, exclMended)
			continue
		}
		if h.owned(f.Due().From) {
			h.findings = append(h.findings, f.Finding)
			h.shallow = h.shallow || f.bare
		}
	}
	if h.shallow {
		h.tally.shallow = append(h.tally.shallow, h.key)
	}
}
