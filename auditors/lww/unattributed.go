package lww

import "parallax/internal/audit"

const doubtClocks = "the version that replaced it names the region that wrote it, but the times of its records contradict that by more than the clocks may differ"

// unattributed judges a version whose origin nothing tells. It is judged once, on the first region that holds it.
func (h *history) unattributed(n int, c *chain, i int) {
	o, s := h.other(c), &c.states[i]
	if s.wrote != "" {
		if home := h.chain(s.wrote); home.find(s) < 0 && !home.reach.From.IsZero() {
			h.tooLate(s.at) // its own region's record of it was not read: it may lie in a gap, or before reading began
		}
	}
	if o == nil {
		h.hidden(s.at, exclThird)
		return
	}
	j := o.find(s)
	if j < 0 {
		if s.at.Add(-h.slack).Before(o.reach.From) {
			h.tooLate(s.at)
		}
		h.hidden(s.at, exclUnread)
		return
	}
	if o.states[j].start {
		h.overUnknown(c, i, o, j)
		return
	}
	if n > 0 {
		return
	}
	h.replacedBoth(conflict{at: c, i: i, home: o, j: j})
}

// overUnknown: the version stands in the other region where reading begins, so what it replaced there is not known. What it
// replaced here is lost unless that region had held it before.
func (h *history) overUnknown(c *chain, i int, o *chain, j int) {
	if over := &c.states[i-1]; !over.absent() && !over.blind && !o.held(over, len(o.states)) {
		h.tooOld(o, j, c.states[i].at)
	}
}

// replacedBoth judges a version that came over something in both regions, and nothing tells which of them wrote it.
func (h *history) replacedBoth(c conflict) {
	mine, theirs := c.lost(), &c.home.states[c.j-1]
	if mine.blind || theirs.blind || mine.image == theirs.image {
		return
	}
	back := conflict{at: c.home, i: c.j, home: c.at, j: c.i}
	mineThere, theirsHere := h.known(c), h.known(back)
	switch {
	case mineThere && theirsHere:
		h.doubted(c)
		h.doubted(back)
	case mine.start && !mineThere:
		h.tooOld(c.at, c.i-1, c.shown())
	case theirs.start && !theirsHere:
		h.tooOld(c.home, c.j-1, c.shown())
	case !mineThere && !theirsHere && !mine.absent() && !theirs.absent():
		h.fork(c)
	default:
		why := "the version that replaced it does not say where it was written"
		if c.winner().wrote != "" {
			why = doubtClocks
		}
		for _, one := range []conflict{c, back} {
			if !h.doubted(one) && !h.known(one) {
				h.undecidable(one, one.lost(), why)
			}
		}
	}
}

// doubted reports what was replaced by a version that both regions hold, if the other region had seen it, but perhaps
// only another occurrence of it.
func (h *history) doubted(c conflict) bool {
	over := c.lost()
	switch {
	case over.absent() || over.start:
		return false
	case h.inverted(c):
		h.undecidable(c, over, doubtTwice)
	case c.home.doubtful(over, c.j):
		h.cameBack(c, over)
	default:
		return false
	}
	return true
}

// known reports whether the other region had seen what was replaced before the version came that replaced it.
func (h *history) known(c conflict) bool {
	over := c.lost()
	if !over.absent() {
		return c.home.held(over, c.j)
	}
	if over.start || over.ttl {
		return true // nothing that anyone did is undone
	}
	for k := c.j - 1; k >= 0; k-- {
		s := &c.home.states[k]
		if s.absent() {
			return true
		}
		if s.start || c.at.held(s, c.i-1) {
			return false
		}
	}
	return true
}

// fork: both regions replaced different versions by this one, and neither knew the other's. If it was written once, one was
// lost, whoever wrote it; what would exclude that it was written twice, an origin or a counter, would tell who wrote it as well.
func (h *history) fork(c conflict) {
	mine, theirs := c.lost(), &c.home.states[c.j-1]
	there, startsThere := c.home.since(c.j)
	here, startsHere := c.at.since(c.i)
	lateThere, lateHere := there.After(mine.at.Add(-h.slack)), here.After(theirs.at.Add(-h.slack))
	if lateThere && startsThere || lateHere && startsHere {
		h.tooLate(later(c.shown(), theirs.at))
	}
	switch {
	case h.ambiguous(mine) || h.ambiguous(theirs) || h.ambiguous(c.winner()):
		c.verdict, c.doubt = audit.Undecidable, doubtMatch
	case lateThere || lateHere:
		c.verdict, c.doubt = audit.Undecidable, "the regions were not read back to before both versions"
	case c.winner().wrote != "":
		c.verdict, c.doubt = audit.Undecidable, doubtClocks
	case c.winner().text(h.rules.Attr.WriteID) == "":
		c.verdict, c.doubt = audit.Probable, "without a write id both regions may have written the same content"
	default:
		c.verdict, c.doubt = audit.Probable, "a retry that reached both regions under one write id would look the same"
	}
	h.add(h.forked(c), later(c.shown(), theirs.at))
}
