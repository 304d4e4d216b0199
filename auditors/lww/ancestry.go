package lww

// place is a position in a chain.
type place struct {
	c *chain
	i int
}

// walk is a search through the chains of a key in which no state is looked at twice, however often the regions took turns:
// below a state that was entered, all has been or is about to be looked at.
type walk struct {
	open    []place  // whose ancestors are still to be looked at
	entered [][]bool // by chain and position
}

// visit begins a search with one place.
func (h *history) visit(c *chain, i int) {
	h.open = append(h.open[:0], place{c, i})
	for len(h.entered) < len(h.chains) {
		h.entered = append(h.entered, nil)
	}
	for n, o := range h.chains {
		if cap(h.entered[n]) < len(o.states) {
			h.entered[n] = make([]bool, 2*len(o.states))
		}
		h.entered[n] = h.entered[n][:len(o.states)]
		clear(h.entered[n])
	}
}

// next takes an open place.
func (h *history) next() (c *chain, i int) {
	last := h.open[len(h.open)-1]
	h.open = h.open[:len(h.open)-1]
	return last.c, last.i
}

// enter reports whether a state is looked at for the first time.
func (h *history) enter(c *chain, i int) bool {
	for n, o := range h.chains {
		if o == c && !h.entered[n][i] {
			h.entered[n][i] = true
			return true
		}
	}
	return false
}

// ancestry is where the ancestry of a version leads through regions other than its own: of each chain the newest position
// it meets, 0 where it meets none. Whatever a chain held before that, the version's writer may have seen.
type ancestry []int

// ancestry of the version at position j of x; nil where the table has no replica but two.
func (h *history) ancestry(x *chain, j int) ancestry {
	if h.alone() {
		return nil
	}
	newest := make(ancestry, len(h.chains))
	h.visit(x, j)
	for len(h.open) > 0 {
		c, i := h.next()
		for k := i - 1; k >= 0 && !c.states[k].absent() && h.enter(c, k); k-- {
			s := &c.states[k]
			if s.wrote == "" || s.wrote == c.region {
				continue
			}
			for n, home := range h.chains {
				if home.region != s.wrote {
					continue
				}
				if q := home.find(s); q > 0 {
					newest[n] = max(newest[n], q)
					h.open = append(h.open, place{home, q})
				}
			}
		}
	}
	return newest
}

// saw reports whether an ancestry leads through a region that had held s.
func (h *history) saw(a ancestry, s *state) bool {
	for n, i := range a {
		if i > 0 && h.chains[n].held(s, i) {
			return true
		}
	}
	return false
}

// akin reports whether the ancestry of a version that arrived over a removal meets that of what was removed in a third replica.
func (h *history) akin(c conflict) bool {
	return h.meets(c.at, c.i-1, h.ancestry(c.home, c.j)) || h.meets(c.home, c.j, h.ancestry(c.at, c.i-1))
}

// meets reports whether an ancestry leads through a region that had held one of the states right before position i of c.
func (h *history) meets(c *chain, i int, a ancestry) bool {
	if a == nil {
		return false
	}
	for k := i - 1; k >= 0 && !c.states[k].absent(); k-- {
		if h.saw(a, &c.states[k]) {
			return true
		}
	}
	return false
}
