package lww

import (
	"time"

	"parallax/internal/audit"
)

// conflict is one version that arrived in a region over another that is not its ancestor.
type conflict struct {
	at   *chain // where the loss shows
	i    int    // the winner's position there; what it replaced is at i-1
	home *chain // where the winner was written
	j    int    // its position there, -1 where it is not known

	basis   basis
	verdict audit.Verdict
	doubt   string // why the verdict is not proven
	common  int    // position in at of the last version that home held too, -1 where there is none
}

func (c conflict) winner() *state { return &c.at.states[c.i] }

func (c conflict) lost() *state { return &c.at.states[c.i-1] }

// shown is the moment from which the records show the conflict: the winner is there in both regions.
func (c conflict) shown() time.Time {
	at := later(c.winner().at, c.lost().at)
	if c.j >= 0 && !c.home.states[c.j].start {
		at = later(at, c.home.states[c.j].at)
	}
	return at
}

// steps judges every record that left an item behind.
func (h *history) steps() {
	for n, c := range h.chains {
		for i := range c.states {
			s := &c.states[i]
			if s.start || s.absent() || s.blind {
				continue
			}
			switch region, basis := h.origin(c, i); {
			case region == c.region:
				if s.nth > 0 {
					h.returned(c, i, basis)
				}
			case region != "":
				home := h.chain(region)
				h.arrived(conflict{at: c, i: i, home: home, j: home.find(s), basis: basis})
			default:
				h.unattributed(n, c, i)
			}
		}
	}
}

// arrived judges a replicated version: over its ancestor it is a fast-forward, over anything else it is a loss.
func (h *history) arrived(c conflict) {
	won, over, home := c.winner(), c.lost(), &c.home.states[c.j]
	if !home.start && c.basis >= byCounter {
		h.arrivedAt(Lag{From: c.home.region, To: c.at.region, Origin: home.at, Arrived: won.at, Key: h.key})
	}
	last := c.home.last(won)
	seen := c.home.held(over, last)
	switch {
	case over.blind:
		return // counted as hidden by its view
	case over.absent():
		h.overRemoval(c)
		return
	case h.inverted(c):
		h.undecidable(c, over, doubtTwice)
		return
	case h.carriedOn(c):
		return // the writer had this very content before it
	case seen && !over.start && h.unsure(c):
		h.cameBack(c, over)
		return
	case seen:
		return
	case over.start:
		h.tooOld(c.at, c.i-1, c.shown())
		return
	}
	c.common = h.common(c.at, c.i-1, c.home, last)
	c.verdict, c.doubt = h.weigh(c)
	h.report(c)
}

// tooOld leaves out a record of what was overwritten before anything was read of it.
func (h *history) tooOld(c *chain, i int, at time.Time) {
	switch {
	case c.first(i):
		h.tooLate(at)
		h.exclude(at, exclStart)
	case i > 0:
		h.hidden(at, exclStart)
	default:
		h.exclude(at, exclStart)
	}
}

// common is the last position before i in c that the version at position j of home descends from, -1 where the item's life
// has none.
func (h *history) common(c *chain, i int, home *chain, j int) int {
	through := h.ancestry(home, j)
	for k := i - 1; k >= 0 && !c.states[k].absent(); k-- {
		if home.held(&c.states[k], j) || h.saw(through, &c.states[k]) {
			return k
		}
		if c.states[k].start {
			break
		}
	}
	return -1
}

const doubtTwice = "the regions saw it and another version in opposite orders, so one of the two was written in both"

const doubtMatch = "a write id came back, and its occurrences cannot be matched between the regions"

// weigh says how sure it is that the winner's writer had never seen what the winner replaced. That needs no clock: only
// the origin's own chain, without a hole, from before the lost version was written.
func (h *history) weigh(c conflict) (audit.Verdict, string) {
	over, won := c.lost(), c.winner()
	since, beginning := c.home.since(c.j)
	switch {
	case h.ambiguous(over) || h.ambiguous(won):
		return audit.Undecidable, doubtMatch
	case c.home.states[c.j].start || since.After(over.at.Add(-h.slack)):
		if beginning || c.home.first(c.j) {
			h.tooLate(c.shown())
		}
		return audit.Undecidable, "the winner's region was not read back to before the lost version"
	case h.viaThird(c):
		return audit.Undecidable, thirdDoubt
	case h.writtenAgain(c):
		return audit.Probable, doubtAgain
	case h.builtUpon(c):
		return audit.Probable, "a third replica may have written on top of it, and that may have come to stand"
	case c.basis == byTime:
		return audit.Probable, "the winner's region follows from the times alone"
	case h.tooEarly(c):
		return audit.Probable, "it was seen here before the region that it names wrote it, by as much as the clocks may differ or more, and no counter speaks for that region"
	case over.wrote == c.at.region:
		return audit.Proven, ""
	case c.basis == byCounter && h.bothInserted(c):
		return audit.Proven, ""
	default:
		return audit.Probable, "the lost version does not say where it was written"
	}
}

// tooEarly reports whether the winner arrived before its own region's record of it, by more than rounding and by as much as
// the clocks may differ: an item that lies about its origin looks like that, and only a counter would tell. An arrival that
// is early by less is what honest clocks and whole seconds make of a fast replication, and casts no doubt.
func (h *history) tooEarly(c conflict) bool {
	return c.home.states[c.j].at.Sub(c.winner().at) >= h.slack && h.counted(c.at, c.i, c.home, c.j) != c.home.region
}

// bothInserted reports whether the key's life was read from its insert in both regions.
func (h *history) bothInserted(c conflict) bool {
	return c.at.inserted(c.winner().root) && c.home.inserted(c.home.states[c.j].root)
}
