package lww

const doubtAgain = "the winner's write id may have been written again, elsewhere or where a gap hides it"

// carriedOn reports whether the winner's own region shows it on top of what it replaced here: of a winner that returns, the same
// occurrence on top of the same occurrence.
func (h *history) carriedOn(c conflict) bool {
	if c.home.states[c.j].start {
		return false
	}
	over, before := c.lost(), &c.home.states[c.j-1]
	if !h.returns(c.winner()) {
		return before.image == over.image
	}
	return same(before, over) && !h.ambiguous(over)
}

// inverted reports whether the winner's region held what was replaced here, but saw it replaced by something that came before it
// here. As the last writer wins, one of the two was written in both regions, or twice.
func (h *history) inverted(c conflict) bool {
	p := c.home.find(c.lost())
	if p < 0 {
		return false
	}
	for k := c.i - 2; k >= 0 && !c.at.states[k].absent(); k-- {
		if q := c.home.find(&c.at.states[k]); p < q && q < c.j {
			return true
		}
	}
	return false
}

// unsure reports whether it depends on the occurrence that arrived, or on the one it replaced, if its writer had seen what
// it replaced.
func (h *history) unsure(c conflict) bool {
	if !h.returns(c.winner()) {
		return c.home.doubtful(c.lost(), c.j)
	}
	return h.returns(c.lost()) || !c.home.held(c.lost(), int(c.home.of(c.winner())[0]))
}

// returned judges a version that stood in this region before and looks written here again. It may as well have stood
// elsewhere all the time, newer than what it replaced here: then that was lost, unless another region has shown it too.
func (h *history) returned(c *chain, i int, b basis) {
	over := &c.states[i-1]
	if over.blind || over.absent() && over.start {
		return
	}
	for _, o := range h.chains {
		if o == c || b != byAbsence && o.find(over) >= 0 && !h.ambiguous(over) || over.absent() && o.removedSame(&c.states[i-2]) && !h.ambiguous(&c.states[i-2]) {
			continue
		}
		if over.start {
			h.tooOld(c, i-1, c.states[i].at)
			return
		}
		h.undecidable(conflict{at: c, i: i, home: o, j: -1}, over, "a version came back, and only in this region did anything stand in between")
		return
	}
}

// removedSame reports whether the region shows that this very version was removed.
func (c *chain) removedSame(s *state) bool {
	j := c.find(s)
	return j >= 0 && j+1 < len(c.states) && !c.states[j+1].start && c.states[j+1].absent()
}

// writtenAgain reports whether the winner's write may be another one than the one known: it came back, what it says of its origin
// is refuted by its counter, or a gap between its writing and its arrival could hide that it came back.
func (h *history) writtenAgain(c conflict) bool {
	won, home := c.winner(), &c.home.states[c.j]
	return h.returns(won) || won.wrote != "" && won.wrote != c.home.region ||
		c.home.reach.gapIn(home.at, won.at) || overlaps(c.home.holes, home.at, won.at)
}

// cameBack reports a version of which the regions saw different occurrences. Those seen before reading began may be missing.
func (h *history) cameBack(c conflict, lost *state) {
	if c.at.first(0) || c.home.first(0) {
		h.tooLate(c.shown())
	}
	h.undecidable(c, lost, doubtMatch)
}
