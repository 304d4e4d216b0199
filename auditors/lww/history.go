package lww

import (
	"slices"
	"time"

	"parallax/internal/audit"
)

// history is everything known of one key: one chain a region, in the order of Rules.Regions. It is read key by key into
// the same memory.
type history struct {
	*tally
	key      string
	also     audit.Window // the time for which the key is judged again, or empty
	chains   []*chain
	versions versions
	foreign  bool // a version names an origin that is no replica known: one is not read

	found   []found
	bare    bool // evidence of the finding being written was a state whose own record was not read
	shallow bool
	walk
}

// read takes in the records of a key.
func (h *history) read(t *tally, k keyed) {
	h.tally, h.key, h.also = t, k.key, t.in.Also[k.key]
	h.found, h.bare, h.shallow = h.found[:0], false, false
	for len(h.chains) < len(t.rules.Regions) {
		h.chains = append(h.chains, &chain{})
	}
	for n, region := range t.rules.Regions {
		c := h.chains[n]
		for _, again := range c.read(region, t.in.Read[region], k.changes[n]) {
			t.exclude(again.At, exclRepeated)
		}
		for _, w := range c.holes {
			// Gap windows that already explain the hole are the caller's own knowledge.
			if !c.reach.gapIn(w.From, w.To.Add(time.Second)) {
				t.broken(Break{Region: region, Key: k.key, Window: w})
			}
		}
	}
	h.identify()
	h.count()
}

// count enters the records of the key into the totals.
func (h *history) count() {
	for _, c := range h.chains {
		for i := range c.states {
			s := &c.states[i]
			if s.start {
				continue
			}
			if h.also.Holds(s.at) {
				if again, first := h.withheld[h.key]; first && again {
					h.withheld[h.key] = false
				}
			}
			switch {
			case s.blind || c.states[i-1].blind:
				h.hidden(s.at, exclView)
			case !h.in.Window.Holds(s.at):
				h.context++
				continue
			}
			if h.elsewhere(c, s) && h.in.Window.Holds(s.at) {
				h.matched++
			}
		}
	}
}

// elsewhere reports whether another region holds what a record left behind.
func (h *history) elsewhere(c *chain, s *state) bool {
	for _, o := range h.chains {
		if o != c && (o.find(s) >= 0 || s.absent() && o.held(s, len(o.states))) {
			return true
		}
	}
	return false
}

func (h *history) chain(region audit.Region) *chain {
	return h.chains[slices.Index(h.rules.Regions, region)]
}

// other is the other region's chain, nil with more than two regions or where a version says that there are: then nothing
// follows from absence, from counters or from times, for what looks written here may have come from there.
func (h *history) other(c *chain) *chain {
	if len(h.chains) != 2 || h.foreign {
		return nil
	}
	if h.chains[0] == c {
		return h.chains[1]
	}
	return h.chains[0]
}
