package lww

const thirdDoubt = "the winner descends from a version of another replica, which may have seen what was lost"

// viaThird reports whether the winner's ancestry, back to what the other region had held before the loss, goes through a
// version that neither of the two regions says it wrote, in a table that has a third replica: what that one had seen may
// have been coalesced on its way.
func (h *history) viaThird(c conflict) bool {
	if len(h.chains) == 2 && !h.foreign {
		return false
	}
	for k := c.j - 1; k >= 0; k-- {
		s := c.home.states[k]
		if s.absent() || c.at.held(s, c.i-1) {
			return false
		}
		if s.wrote != c.home.region && s.wrote != c.at.region {
			return true
		}
	}
	return false
}
