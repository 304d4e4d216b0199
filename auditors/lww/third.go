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
	return !h.alone() && h.sawLost(c)
}

// elsewhereHeld reports whether a third replica held what was lost, so that a removal may have come from there.
func (h *history) elsewhereHeld(c conflict) bool {
	over := c.lost()
	return h.foreign || slices.ContainsFunc(h.chains, func(o *chain) bool {
		return o != c.at && o != c.home && (over.base < 0 || o.count(over.base) > 0 || !o.reach.whole(over.at, c.winner().at))
	})
}

// sawLost follows the winner's ancestry through every replica, each state once.
func (h *history) sawLost(c conflict) bool {
	h.visit(c.home, c.j)
	for len(h.open) > 0 {
		x, j := h.next()
		for k := j - 1; k >= 0 && h.enter(x, k); k-- {
			s := &x.states[k]
			if s.absent() {
				if !s.start && h.elsewhereHeld(c) {
					return true
				}
				break
			}
			if c.at.held(s, c.i-1) {
				break
			}
			if s.wrote == x.region || s.wrote == c.at.region {
				continue
			}
			home, q, may := h.viaLost(c, s)
			if may {
				return true
			}
			h.open = append(h.open, place{home, q})
		}
	}
	return false
}

// viaLost is where a version of a third replica was written, and whether what was lost may have been there by then.
func (h *history) viaLost(c conflict, s *state) (home *chain, q int, may bool) {
	if s.wrote == "" {
		return nil, -1, true
	}
	home = h.chain(s.wrote)
	q = home.find(s)
	if q < 0 || home.states[q].start || home.held(c.lost(), q) {
		return home, q, true
	}
	since, _ := home.since(q)
	return home, q, since.After(c.lost().at.Add(-h.slack))
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
