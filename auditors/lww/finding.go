package lww

import (
	"fmt"
	"slices"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// report turns a version replaced by one that does not descend from it into the finding it is.
func (h *history) report(c conflict) {
	if c.verdict == audit.Undecidable {
		h.undecidable(c, c.lost(), c.doubt)
		return
	}
	if last := &c.home.states[len(c.home.states)-1]; same(last, c.lost()) {
		return // the other region still holds it: the regions have diverged, and tips says so
	}
	i, j := c.lost().root, c.home.states[c.j].root
	if c.common < 0 && (c.at.first(i) || c.home.first(j)) {
		h.tooLate(c.shown()) // whether both regions inserted the key is not known
	}
	if c.common < 0 && h.unrelated() && h.before(c, &c.at.states[i]) && h.insertedHere(c.at, i) && h.insertedHere(c.home, j) && !c.at.heldAny(c.home.states[j:c.j], i) {
		f := h.doubleAccept(twins{a: c.at, i: i, b: c.home, j: j, kept: c.home, replaced: &c, verdict: c.verdict, doubt: c.doubt})
		if !h.reported(f.Fingerprint) {
			h.add(f, c.shown())
			return
		} // each region replaced the other's insert: both losses are to be told
	}
	h.add(h.lostWrite(c), c.shown())
}

// unrelated reports whether two inserts that had not seen one another can be told from one that replaces what a third
// replica removed.
func (h *history) unrelated() bool {
	return h.alone() || !slices.ContainsFunc(h.chains, func(c *chain) bool { return c.remove < len(c.states) })
}

// insertedHere reports whether position i is an insert that was made in this region.
func (h *history) insertedHere(c *chain, i int) bool {
	if !c.inserted(i) {
		return false
	}
	region, _ := h.origin(c, i)
	return region == c.region
}

// heldAny reports whether the region held one of the versions before position i: then whoever wrote there had seen them.
func (c *chain) heldAny(states []state, i int) bool {
	for k := range states {
		if c.held(&states[k], i) {
			return true
		}
	}
	return false
}

func (h *history) base(kind audit.Kind, v audit.Verdict, s audit.Severity, apart ...string) audit.Finding {
	return audit.Finding{
		Fingerprint: audit.NewFingerprint(kind, h.rules.Table, h.key, apart...),
		Kind:        kind, Severity: s, Verdict: v, Status: audit.Open,
		Scope: h.rules.Table, Key: h.key,
	}
}

// name tells one state of the key from every other, however much of its history was read: by the record that brought it, in
// the region that wrote it where the item says which one did.
func (h *history) name(c *chain, i int) string {
	s := &c.states[i]
	if s.wrote != "" && s.wrote != c.region {
		if home := h.chain(s.wrote); home.find(s) >= 0 && !home.states[home.find(s)].start {
			c, s = home, &home.states[home.find(s)]
		}
	}
	if s.start {
		return string(c.region) + " before " + c.states[min(i+1, len(c.states)-1)].seq
	}
	return string(c.region) + " " + s.seq
}

// seen is one state as evidence.
func (h *history) seen(c *chain, i int, note string) audit.Evidence {
	s := &c.states[i]
	e := audit.Evidence{Source: "stream " + h.rules.Table, Region: c.region, At: s.at, Field: "version", Value: s.label(h.rules.Attr), Note: note}
	if s.start {
		e.Ref = "old image of the first record read"
		h.bare = h.bare || c.first(i)
	} else {
		e.Ref = s.shard + "/" + s.seq
	}
	if id := s.text(h.rules.Attr.WriteID); id != "" {
		e.Field, e.Value = h.rules.Attr.WriteID, clip(id)
		if label := s.label(h.rules.Attr); label != clip(id) {
			e.Note = label + "; " + note
		}
	}
	return e
}

// money is the amount of the first state that has one.
func (h *history) money(states ...*state) []audit.Money {
	for _, s := range states {
		if m, ok := s.amount(h.rules.Attr); ok {
			return []audit.Money{m}
		}
	}
	return nil
}

// rule appends what keeps a verdict from being proven.
func rule(text, doubt string) string {
	if doubt == "" {
		return text
	}
	return text + "; " + doubt
}

func (h *history) lostWrite(c conflict) audit.Finding {
	over, won := c.lost(), c.winner()
	var ancestor record.Image
	if c.common >= 0 {
		ancestor = c.at.states[c.common].image
	}
	diffs := h.rules.Attr.threeWay(ancestor, over.image, won.image)
	f := h.base(audit.LWWLostWrite, c.verdict, h.rules.harm(diffs), h.name(c.at, c.i-1))
	f.Region = c.at.region
	f.Amounts = h.money(over, won)
	f.Window = audit.At(over.at)
	f.Rule = rule("the version that arrived does not descend from the version it replaced", c.doubt)
	f.Reason = fmt.Sprintf("%s accepted %s at %s and the table threw it away: %s of %s took its place and had never seen it.",
		c.at.region, over.label(h.rules.Attr), clock(over), won.label(h.rules.Attr), c.home.region)
	for _, d := range diffs {
		if d.what != "same" && slices.Contains(h.rules.Financial, d.name) && !won.absent() {
			f.Reason += fmt.Sprintf(" Its %s was %q and is %q now.", d.name, d.lost, d.kept)
		}
	}
	if h.contentKept(c, ancestor) {
		f.Severity, f.Amounts = audit.Low, nil
		f.Reason += " The same content was kept: nothing differs but what names the write."
	}
	f.Evidence = append(h.branches(c), differing(h, c, diffs)...)
	return f
}

// contentKept reports whether the winner is a retry of what was lost, under the same write id and with all that the lost
// branch changed: it loses no money. Two writes of their own that come to the same content may: two debits of one balance.
func (h *history) contentKept(c conflict, ancestor record.Image) bool {
	if c.winner().absent() || c.winner().blind {
		return false
	}
	retried := c.winner().image.Text(h.rules.Attr.WriteID)
	for k := c.branch(); k < c.i; k++ {
		s := &c.at.states[k]
		if s.absent() || s.blind || retried == "" || s.image.Text(h.rules.Attr.WriteID) != retried || !onlySame(h.rules.Attr.threeWay(ancestor, s.image, c.winner().image)) {
			return false
		}
	}
	return true
}

// branch is the position of the first version of the lost branch.
func (c conflict) branch() int {
	if c.common >= 0 {
		return c.common + 1
	}
	return c.lost().root
}

// branches is the tree around a conflict: what both regions agreed on, what was lost, and what was kept.
func (h *history) branches(c conflict) []audit.Evidence {
	var out []audit.Evidence
	if c.common >= 0 {
		out = append(out, h.seen(c.at, c.common, "last version both regions agreed on"))
	}
	for k := c.branch(); k < c.i; k++ {
		if s := &c.at.states[k]; !s.start && !s.absent() {
			out = append(out, h.seen(c.at, k, h.fate(c, s)))
		}
	}
	return append(out, h.seen(c.at, c.i, "replaced it here"), h.seen(c.home, c.j, "as written; kept by the table"))
}

// before reports whether the winner's region is known from before a version of the lost branch: else it may have held that one.
func (h *history) before(c conflict, s *state) bool {
	since, _ := c.home.since(c.j)
	return !since.After(s.at.Add(-h.slack))
}

// fate is what became of a version of the lost branch. Among three replicas a version that was not written where the loss
// shows, or that another one may have removed, may have been known to the winner's writer.
func (h *history) fate(c conflict, s *state) string {
	if same(s, c.lost()) || h.before(c, s) && (h.alone() || s.wrote == c.at.region && h.unrelated()) {
		return "lost"
	}
	return "stood here before it"
}

func differing(h *history, c conflict, diffs []difference) []audit.Evidence {
	var out []audit.Evidence
	for _, d := range diffs {
		if d.what == "same" {
			continue
		}
		source := "stream " + h.rules.Table
		out = append(out,
			audit.Evidence{Source: source, Region: c.at.region, Field: d.name, Value: d.lost, Note: d.what + "; both had " + d.base},
			audit.Evidence{Source: source, Region: c.home.region, Field: d.name, Value: d.kept, Note: "kept by the table"})
	}
	return out
}

func (h *history) lostDelete(c conflict, removed *state) audit.Finding {
	gone, won := c.lost(), c.winner()
	f := h.base(audit.LWWLostDelete, c.verdict, audit.High, h.name(c.at, c.i-1))
	f.Region = c.at.region
	f.Amounts = h.money(removed, won)
	f.Window = audit.At(gone.at)
	f.Rule = rule("the version that came back descends from one older than the removal, without a removal in between", c.doubt)
	f.Reason = fmt.Sprintf("%s removed %s at %s and the table brought it back: %s of %s had never seen the removal.",
		c.at.region, removed.label(h.rules.Attr), clock(gone), won.label(h.rules.Attr), c.home.region)
	f.Evidence = []audit.Evidence{
		h.seen(c.at, c.i-2, "removed"), h.seen(c.at, c.i-1, "the removal, lost"),
		h.seen(c.at, c.i, "came back here"), h.seen(c.home, c.j, "as written; kept by the table"),
	}
	return f
}

func clock(s *state) string { return s.at.Format("15:04:05") }
