package lww

const strongRule = "a table with multi-Region strong consistency shows the same records in the stream of every replica"

// strong judges a key of a table with multi-Region strong consistency. No write is thrown away there, so the streams need
// only be held against one another: what one region shows and another does not, once it has settled, is a fault of the
// table or of what was read.
func (h *history) strong() {
	h.tips()
	for _, c := range h.chains {
		for _, o := range h.chains {
			if o != c && len(o.states) > 0 {
				h.skipped(c, o)
			}
		}
	}
}

// skipped reports runs of versions that the other region's stream leaves out although it goes on past them.
func (h *history) skipped(c, o *chain) {
	for i := 0; i < len(c.states); i++ {
		first := i
		for i < len(c.states) && !c.states[i].start && c.states[i].base >= 0 && o.find(&c.states[i]) < 0 {
			i++
		}
		if i == first || i == len(c.states) || c.states[i].start || o.find(&c.states[i]) < 0 {
			continue // none, or the newest of all: the tips say so
		}
		shown := c.states[i-1].at
		if h.readable(o, c.states[first].at, shown) {
			h.addTip(h.notReplicated(c, first, i-1, o), shown, c, o)
		}
	}
}
