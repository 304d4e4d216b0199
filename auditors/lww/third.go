package lww

import (
	"slices"
	"time"
)

const thirdDoubt = "the winner descends from a version of another replica, which may have seen what was lost"

// alone reports whether the table has no replica but two.
func (h *history) alone() bool { return len(h.chains) == 2 && !h.foreign }

// viaThird reports whether the winner's ancestry, back to what the other region had held before the loss, goes through a
// version of a third replica that may have seen what was lost: it may have been coalesced on its way. Where that replica was
// read as well, its own chain tells.
func (h *history) viaThird(c conflict) bool {
	return !h.alone() && h.sawLost(c, c.home, c.j, 0)
}

// elsewhereHeld reports whether a third replica held what was lost, so that a removal may have come from there.
func (h *history) elsewhereHeld(c conflict) bool {
	over := c.lost()
	return h.foreign || slices.ContainsFunc(h.chains, func(o *chain) bool {
		return o != c.at && o != c.home && (over.base < 0 || o.count(over.base) > 0 || !o.reach.whole(over.at, c.winner().at))
	})
}

const maxHops = 8 // replicas that an ancestry is followed through

func (h *history) sawLost(c conflict, x *chain, j, hops int) bool {
	for k := j - 1; k >= 0; k-- {
		s := &x.states[k]
		if s.absent() {
			return !s.start && h.elsewhereHeld(c)
		}
		if c.at.held(s, c.i-1) {
			return false
		}
		if s.wrote == x.region || s.wrote == c.at.region {
			continue
		}
		if s.wrote == "" || hops == maxHops {
			return true
		}
		home := h.chain(s.wrote)
		q := home.find(s)
		if q < 0 || home.states[q].start || home.held(c.lost(), q) {
			return true
		}
		if since, _ := home.since(q); since.After(c.lost().at.Add(-h.slack)) || h.sawLost(c, home, q, hops+1) {
			return true
		}
	}
	return false
}

// builtUpon reports whether a third replica may have got what was lost and written something on top of it: if that is
// newer than the winner, it comes to stand everywhere and brings back what was lost.
func (h *history) builtUpon(c conflict) bool {
	if h.alone() {
		return false
	}
	over := c.lost()
	for _, o := range h.chains {
		if o == c.at || o == c.home || o.count(over.base) == 0 {
			continue
		}
		for i := range len(o.states) - 1 {
			next := &o.states[i+1]
			if o.states[i].base == over.base && !next.start && next.base != c.winner().base && (next.wrote == o.region || next.wrote == "") {
				return true
			}
		}
	}
	return slices.ContainsFunc(c.at.states[c.i+1:], func(s state) bool {
		if s.start || s.absent() || s.wrote == c.at.region || s.wrote == c.home.region {
			return false
		}
		return s.wrote == "" || h.chain(s.wrote).held(over, len(h.chain(s.wrote).states)) || !h.chain(s.wrote).reach.whole(over.at, s.at)
	})
}

// seenBefore reports whether the ancestry of the version at position j of x leads through a region that had held s.
func (h *history) seenBefore(x *chain, j int, s *state, hops int) bool {
	if h.alone() || hops == maxHops {
		return false
	}
	for k := j - 1; k >= 0 && !x.states[k].absent(); k-- {
		t := &x.states[k]
		if t.wrote == "" || t.wrote == x.region {
			continue
		}
		home := h.chain(t.wrote)
		if q := home.find(t); q > 0 && (home.held(s, q) || h.seenBefore(home, q, s, hops+1)) {
			return true
		}
	}
	return false
}

// akin reports whether the ancestry of a version that arrived over a removal meets that of what was removed in a third replica.
func (h *history) akin(c conflict) bool {
	if h.alone() {
		return false
	}
	for k := c.i - 2; k >= 0 && !c.at.states[k].absent(); k-- {
		if h.seenBefore(c.home, c.j, &c.at.states[k], 0) {
			return true
		}
	}
	for k := c.j - 1; k >= 0 && !c.home.states[k].absent(); k-- {
		if h.seenBefore(c.at, c.i-1, &c.home.states[k], 0) {
			return true
		}
	}
	return false
}

// removedByThird reports whether a removal may be the replica of one that neither of the two regions made.
func (h *history) removedByThird(c conflict, removed *state) bool {
	if h.alone() {
		return false
	}
	if h.foreign {
		return true
	}
	from, to := removed.at.Add(-h.slack), c.lost().at.Add(h.slack)
	return slices.ContainsFunc(h.chains, func(o *chain) bool {
		return o != c.at && o != c.home && (removed.start || !o.reach.whole(from, to) || o.removedWithin(from, to) >= 0)
	})
}

// removedWithin is the position of a removal between two moments, -1 if there is none.
func (c *chain) removedWithin(from, to time.Time) int {
	for i := c.remove; i < len(c.states); i++ {
		if s := &c.states[i]; s.absent() && !s.start && !s.at.Before(from) && !s.at.After(to) {
			return i
		}
	}
	return -1
}
