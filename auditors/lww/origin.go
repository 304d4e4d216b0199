package lww

import (
	"slices"

	"parallax/internal/audit"
)

// basis says what an origin rests on, from the strongest.
type basis int

const (
	unknown     basis = iota
	byTime            // one region's record is older by more than the clocks can explain
	byAbsence         // the other region, read completely, never held it
	byCounter         // only in that region is it the successor of what it replaced
	byAttribute       // the item names the region, and nothing contradicts it
)

// origin decides where the version at position i of chain c was written. A region that the item itself names is only ever
// overruled by the counter: where nothing but the times speak against it, either the item or a clock is wrong, and nothing
// tells which.
func (h *history) origin(c *chain, i int) (audit.Region, basis) {
	s := &c.states[i]
	if s.wrote != "" && h.chain(s.wrote).find(s) < 0 {
		return "", unknown
	}
	if s.wrote != "" && !h.contradicted(s) {
		return s.wrote, byAttribute
	}
	o := h.other(c)
	if o == nil {
		return "", unknown
	}
	j := o.find(s)
	if j < 0 {
		if o.reach.whole(s.at.Add(-h.slack), s.at.Add(h.slack)) {
			return c.region, byAbsence
		}
		return "", unknown
	}
	if r := h.counted(c, i, o, j); r != "" {
		return r, byCounter
	}
	if r := h.earlier(c, i, o, j); r != "" && s.wrote == "" {
		return r, byTime
	}
	return "", unknown
}

// contradicted reports whether the streams refute the region that an item names: another region held the version clearly
// earlier, or by the counter another region wrote it.
func (h *history) contradicted(s *state) bool {
	home := h.chain(s.wrote)
	j := home.find(s)
	for _, c := range h.chains {
		i := c.find(s)
		if c == home || i < 0 || j < 0 {
			continue
		}
		if h.earlier(home, j, c, i) == c.region || h.counted(home, j, c, i) == c.region {
			return true
		}
	}
	return false
}

// counted is the one region in which the version is the successor, by the application's counter, of what it replaced.
func (h *history) counted(a *chain, i int, b *chain, j int) audit.Region {
	if h.rules.Attr.Version == "" || a.states[i].start || b.states[j].start {
		return ""
	}
	n := h.counter(&a.states[i])
	if n < 1 {
		return ""
	}
	before, after := h.counter(&a.states[i-1]), h.counter(&b.states[j-1])
	if before < 0 || after < 0 {
		return ""
	}
	switch inA, inB := n == before+1, n == after+1; {
	case inA && !inB:
		return a.region
	case inB && !inA:
		return b.region
	default:
		return ""
	}
}

// earlier is the region whose record is older by more than rounding and clocks can explain.
func (h *history) earlier(a *chain, i int, b *chain, j int) audit.Region {
	if a.states[i].start || b.states[j].start {
		return ""
	}
	switch d := a.states[i].at.Sub(b.states[j].at); {
	case d > h.slack:
		return b.region
	case -d > h.slack:
		return a.region
	default:
		return ""
	}
}

// counter is the application's version number: 0 before an item exists, -1 where the item has none or is not shown.
func (h *history) counter(s *state) int64 {
	switch {
	case s.absent():
		return 0
	case s.base < 0 || h.versions.list[s.base].stale: // a writer that did not say who it is did not count either
		return -1
	case slices.ContainsFunc(h.chains, func(c *chain) bool { return c.count(s.base) > 1 }): // it came back with its old counter
		return -1
	default:
		return h.versions.list[s.base].counter
	}
}
