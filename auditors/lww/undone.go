package lww

import (
	"slices"

	"parallax/internal/audit"
)

// overRemoval judges a version that arrived where there was no item. If its ancestry in its own region was alive all the
// way back to something the other region had held, the removal in between was undone.
func (h *history) overRemoval(c conflict) {
	gone := c.lost() // the removal
	if gone.start {
		return
	}
	removed := &c.at.states[c.i-2]
	if h.returns(c.winner()) && !gone.ttl {
		if !h.removedThere(c, removed) {
			h.cameBack(c, removed)
		}
		return
	}
	if c.home.states[c.j].start {
		h.cannotFollow(c, c.j, removed)
		return
	}
	for k := c.j - 1; k >= 0; k-- {
		s := &c.home.states[k]
		if s.absent() {
			if h.akin(c) {
				h.undecidable(c, removed, "the version that came after the removal descends from a third replica's, which may have seen what was removed")
			}
			return // the writer had seen an absence: an insert, not an undone removal
		}
		if c.at.doubtful(s, c.i-1) {
			h.cameBack(c, removed)
			return
		}
		if c.at.held(s, c.i-1) {
			h.undone(c, removed)
			return
		}
		if s.start {
			h.cannotFollow(c, k, removed)
			return
		}
	}
}

// removedThere reports whether the region of a winner that returns shows it on top of the same removal.
func (h *history) removedThere(c conflict, removed *state) bool {
	return !h.ambiguous(removed) && slices.ContainsFunc(c.home.of(c.winner()), func(q int32) bool {
		return q > 1 && !c.home.states[q].start && c.home.states[q-1].absent() && same(&c.home.states[q-2], removed)
	})
}

func (h *history) cannotFollow(c conflict, k int, removed *state) {
	if c.home.first(k) {
		h.tooLate(c.shown())
	}
	h.undecidable(c, removed, "the version that came after the removal cannot be followed back to before it")
}

func (h *history) undone(c conflict, removed *state) {
	if c.lost().ttl {
		h.exclude(c.winner().at, exclExpired)
		return
	}
	c.verdict = audit.Proven
	switch {
	case h.ambiguous(removed):
		h.cameBack(c, removed)
		return
	case h.viaThird(c):
		h.undecidable(c, removed, thirdDoubt)
		return
	case h.removedByThird(c, removed):
		h.undecidable(c, removed, "the removal may have come from a third replica, which removed something else")
		return
	case h.writtenAgain(c):
		c.verdict, c.doubt = audit.Probable, doubtAgain
	case c.basis == byTime:
		c.verdict, c.doubt = audit.Probable, "the winner's region follows from the times alone"
	case !h.alone():
		c.verdict, c.doubt = audit.Probable, "a removal does not say which of the replicas made it"
	case c.home.reach.gapIn(c.lost().at.Add(-h.slack), c.winner().at):
		c.verdict, c.doubt = audit.Probable, "a gap could hide a removal in the winner's region"
	}
	h.add(h.lostDelete(c, removed), c.shown())
}
