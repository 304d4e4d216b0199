package lww

import (
	"slices"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// history is everything known of one key: one chain a region, in the order of Rules.Regions.
type history struct {
	*tally
	key       string
	chains    []*chain
	ambiguous map[string]bool // identities whose occurrences differ in number between the regions
	foreign   bool            // a version names an origin that is no replica known: one is not read
}

func newHistory(t *tally, key string, changes []record.Change) *history {
	h := &history{tally: t, key: key, ambiguous: map[string]bool{}}
	for _, region := range t.rules.Regions {
		var own []record.Change
		for _, c := range changes {
			if c.Region == region {
				own = append(own, c)
			}
		}
		c, holes, repeated := newChain(region, t.in.Read[region], own)
		for _, w := range holes {
			// Gap windows that already explain the hole are the caller's own knowledge.
			if !c.reach.gapIn(w.From, w.To.Add(time.Second)) {
				t.breaks = append(t.breaks, Break{Region: region, Key: key, Window: w})
			}
		}
		if repeated > 0 {
			t.excluded[exclRepeated] += repeated
		}
		h.chains = append(h.chains, c)
	}
	h.foreign = identify(t.rules.Attr, t.rules.Regions, h.chains)
	for i, a := range h.chains {
		for _, b := range h.chains[i+1:] {
			for base, n := range a.count {
				if m := b.count[base]; m > 0 && m != n {
					h.ambiguous[base] = true
				}
			}
		}
	}
	return h
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

// basis says what an origin rests on, from the strongest.
type basis int

const (
	unknown     basis = iota
	byTime            // one region's record is older by more than the clocks can explain
	byAbsence         // the other region, read completely, never held it
	byCounter         // only in that region is it the successor of what it replaced
	byAttribute       // the item names the region, and nothing contradicts it
)

// origin decides where the version at position i of chain c was written.
func (h *history) origin(c *chain, i int) (audit.Region, basis) {
	s := c.states[i]
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
	if r := h.earlier(c, i, o, j); r != "" {
		return r, byTime
	}
	return "", unknown
}

// contradicted reports whether the streams refute the region that an item names: another region held the version clearly
// earlier, or by the counter another region wrote it.
func (h *history) contradicted(s state) bool {
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
	attr := h.rules.Attr.Version
	if attr == "" || a.states[i].start || b.states[j].start {
		return ""
	}
	n := a.states[i].counter(attr)
	if n < 1 {
		return ""
	}
	before, after := a.states[i-1].counter(attr), b.states[j-1].counter(attr)
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
