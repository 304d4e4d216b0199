package lww

import (
	"fmt"
	"slices"

	"parallax/internal/audit"
)

// forked is the finding of two different versions replaced by one, of which exactly one was lost.
func (h *history) forked(c conflict) audit.Finding {
	mine, theirs, won := c.lost(), &c.home.states[c.j-1], c.winner()
	ids := []string{h.name(c.at, c.i-1), h.name(c.home, c.j-1)}
	slices.Sort(ids)
	kind := audit.LWWFork
	if c.verdict == audit.Undecidable {
		kind = audit.LWWUndecidable
	}
	diffs := h.rules.Attr.threeWay(theirs.image, mine.image, won.image)
	f := h.base(kind, c.verdict, h.rules.harm(diffs), ids...)
	f.Amounts = h.money(mine, theirs)
	f.Window = audit.At(mine.at)
	if theirs.at.After(mine.at) {
		f.Window = audit.At(theirs.at)
	}
	f.Rule = rule("one version replaced a different one in each region, and neither region had seen the other's", c.doubt)
	f.Reason = fmt.Sprintf("%s in %s and %s in %s were both replaced by %s; one of the two was lost, and the records cannot say which.",
		mine.label(h.rules.Attr), c.at.region, theirs.label(h.rules.Attr), c.home.region, won.label(h.rules.Attr))
	f.Evidence = []audit.Evidence{
		h.seen(c.at, c.i-1, "replaced here"), h.seen(c.home, c.j-1, "replaced here"),
		h.seen(c.at, c.i, "replaced both"), h.seen(c.home, c.j, "replaced both"),
	}
	return f
}

const maxBranch = 20 // versions of a branch that a finding repeats

// undecidable reports that two histories explain the records and that version lost was lost in one of them.
func (h *history) undecidable(c conflict, lost *state, why string) {
	severity := audit.Low
	if h.rules.harm(h.rules.Attr.threeWay("", lost.image, c.winner().image)) == audit.High {
		severity = audit.Medium
	}
	f := h.base(audit.LWWUndecidable, audit.Undecidable, severity, h.name(c.at, c.i-1))
	f.Region = c.at.region
	f.Amounts = h.money(lost)
	f.Window = audit.At(lost.at)
	if lost.start {
		f.Window = audit.At(c.winner().at)
	}
	f.Rule = why
	f.Reason = fmt.Sprintf("Whether %s in %s was lost cannot be told from the records: %s.", lost.label(h.rules.Attr), c.at.region, why)
	f.Evidence = []audit.Evidence{h.seen(c.at, c.i-1, "stood here"), h.seen(c.at, c.i, "came after it")}
	for k := c.i - 2; k >= max(0, c.i-maxBranch) && !lost.absent(); k-- {
		s := &c.at.states[k]
		if c.lost().absent() || s.start || s.absent() || c.home.find(s) >= 0 {
			break
		}
		f.Evidence = append(f.Evidence, h.seen(c.at, k, "stood here before it"))
	}
	if c.j >= 0 {
		f.Evidence = append(f.Evidence, h.seen(c.home, c.j, "in the other region"))
	}
	h.add(f, c.shown())
}

// notReplicated: positions first to last of c never reached o, which stands on an older version.
func (h *history) notReplicated(c *chain, first, last int, o *chain) audit.Finding {
	s, newest := &c.states[first], &c.states[last]
	verdict, doubt := audit.Probable, "that the version was written here follows from its absence there"
	if s.wrote == c.region && !h.ambiguous(s) {
		verdict, doubt = audit.Proven, ""
	}
	f := h.base(audit.LWWNotReplicated, verdict, audit.High, h.name(c, first))
	f.Region = o.region
	f.Amounts = h.money(newest, &c.states[max(last-1, 0)])
	f.Window = audit.At(s.at)
	f.Rule = rule(fmt.Sprintf("neither it nor anything newer in the other region's stream, read for %s past it", h.rules.Settle), doubt)
	if h.rules.Strong {
		f.Verdict, f.Rule = audit.Proven, fmt.Sprintf("%s; it was read for %s past the version and leaves it out", strongRule, h.rules.Settle)
	}
	f.Reason = fmt.Sprintf("%s of %s has stood in %s since %s and has not reached %s.", newest.label(h.rules.Attr), h.key, c.region, clock(newest), o.region)
	f.Evidence = []audit.Evidence{h.seen(c, first, "the first that did not arrive")}
	if last > first {
		f.Evidence = append(f.Evidence, h.seen(c, last, "the newest that did not arrive"))
	}
	if n := len(o.states); n > 0 {
		f.Evidence = append(f.Evidence, h.seen(o, n-1, "what the other region still holds"))
	} else {
		f.Evidence = append(f.Evidence, audit.Evidence{
			Source: "stream " + h.rules.Table, Region: o.region, Field: "records", Value: "0", Note: "no record of the key was read here",
		})
	}
	return f
}

// apart: the regions ended on versions of which neither descends from the other.
func (h *history) apart(a, b tip) audit.Finding {
	names := []string{h.name(a.c, a.i), h.name(b.c, b.i)}
	slices.Sort(names)
	diffs := h.rules.Attr.threeWay("", a.state().image, b.state().image)
	f := h.base(audit.LWWDiverged, audit.Probable, h.rules.harm(diffs), names...)
	f.Amounts = h.money(a.state(), b.state())
	at := a.state().at
	if b.state().at.After(at) {
		at = b.state().at
	}
	f.Window = audit.At(at)
	f.Rule = fmt.Sprintf("both streams were read for %s past the newest versions, and neither is the other's ancestor", h.rules.Settle)
	if h.rules.Strong {
		f.Rule = fmt.Sprintf("%s; they were read for %s past the newest versions and end differently", strongRule, h.rules.Settle)
	}
	f.Reason = fmt.Sprintf("The regions hold different items: %s in %s, %s in %s, and nothing is on its way.",
		a.state().label(h.rules.Attr), a.c.region, b.state().label(h.rules.Attr), b.c.region)
	f.Evidence = []audit.Evidence{h.seen(a.c, a.i, "newest here"), h.seen(b.c, b.i, "newest here")}
	source := "stream " + h.rules.Table
	for _, d := range diffs {
		if d.what == "same" {
			continue
		}
		f.Evidence = append(f.Evidence,
			audit.Evidence{Source: source, Region: a.c.region, Field: d.name, Value: d.lost},
			audit.Evidence{Source: source, Region: b.c.region, Field: d.name, Value: d.kept})
	}
	return f
}
