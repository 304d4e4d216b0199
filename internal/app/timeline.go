package app

import (
	"slices"
	"time"

	"parallax/internal/audit"
)

// stretch is a part of time that a capture spoke for: read, or a gap.
type stretch struct {
	audit.Window
	gap *audit.Gap
}

// timeline is what the captures of one stream have read, in order of time and without overlap. A later capture speaks
// over an earlier one: what could not be read then may have been read since, unless it was lost for good.
type timeline []stretch

// capturedIn builds the timeline of one region from the lines of coverage of its captures, oldest first.
func capturedIn(region audit.Region, lines []audit.Coverage) timeline {
	var t timeline
	for _, c := range lines {
		if c.Region != region || c.Window.Empty() {
			continue
		}
		t = t.put(stretch{Window: c.Window})
		for i := range c.Gaps {
			if cut := intersect(c.Gaps[i].Window, c.Window); !cut.Empty() {
				t = t.put(stretch{Window: cut, gap: &c.Gaps[i]})
			}
		}
	}
	for _, c := range lines {
		for i := range c.Gaps {
			if c.Region == region && c.Gaps[i].Lost {
				t = t.lose(&c.Gaps[i])
			}
		}
	}
	return t
}

// lose marks what is lost for good in all that captures spoke for, whichever of them noticed it: a record that comes late
// may belong to a time that an earlier one spoke for. What none spoke for counts as unread anyway.
func (t timeline) lose(g *audit.Gap) timeline {
	out := t
	for _, s := range t {
		if cut := intersect(s.Window, g.Window); !cut.Empty() {
			out = out.put(stretch{Window: cut, gap: g})
		}
	}
	return out
}

// put lays a stretch over the timeline; what it covers of older ones is gone.
func (t timeline) put(s stretch) timeline {
	out := make(timeline, 0, len(t)+2)
	for _, old := range t {
		head, tail := old, old
		head.To = minTime(old.To, s.From)
		tail.From = maxTime(old.From, s.To)
		if !head.Empty() {
			out = append(out, head)
		}
		if !tail.Empty() {
			out = append(out, tail)
		}
	}
	out = append(out, s)
	slices.SortFunc(out, func(a, b stretch) int { return a.From.Compare(b.From) })
	return out
}

// since is the timeline without what lies before a moment; all of it if the moment is zero.
func (t timeline) since(moment time.Time) timeline {
	out := make(timeline, 0, len(t))
	for _, s := range t {
		if s.From = maxTime(s.From, moment); !s.Empty() {
			out = append(out, s)
		}
	}
	return out
}

// around is the unbroken part of the timeline that holds the beginning of w, or the first one that begins inside it;
// empty if there is none.
func (t timeline) around(w audit.Window) audit.Window {
	var run audit.Window
	for _, s := range t {
		if run.Empty() || !s.From.Equal(run.To) {
			if !run.Empty() && run.To.After(w.From) {
				break
			}
			run = s.Window
			continue
		}
		run.To = s.To
	}
	return run
}

// gaps are the parts of w that were reported as unread, with their reasons.
func (t timeline) gaps(w audit.Window) []audit.Gap {
	var out []audit.Gap
	for _, s := range t {
		if cut := intersect(s.Window, w); s.gap != nil && !cut.Empty() {
			out = append(out, audit.Gap{Window: cut, Reason: s.gap.Reason, Remedy: s.gap.Remedy, Lost: s.gap.Lost})
		}
	}
	return out
}

func intersect(a, b audit.Window) audit.Window {
	return audit.Window{From: maxTime(a.From, b.From), To: minTime(a.To, b.To)}
}
