package lww

import "parallax/internal/audit"

// conflict is one version that arrived in a region over another that is not its ancestor.
type conflict struct {
	at   *chain // where the loss shows
	i    int    // the winner's position there; what it replaced is at i-1
	home *chain // where the winner was written
	j    int    // its position there

	basis   basis
	verdict audit.Verdict
	doubt   string // why the verdict is not proven
	common  int    // position in at of the last version that home held too, -1 where there is none
}

func (c conflict) winner() state { return c.at.states[c.i] }
func (c conflict) lost() state   { return c.at.states[c.i-1] }

// steps judges every record that left an item behind.
func (h *history) steps() {
	for n, c := range h.chains {
		for i := range c.states {
			s := c.states[i]
			if s.start {
				continue
			}
			h.count(c, s)
			if s.absent() {
				continue
			}
			switch region, basis := h.origin(c, i); {
			case region == c.region:
			case region != "":
				home := h.chain(region)
				h.arrived(conflict{at: c, i: i, home: home, j: home.find(s), basis: basis})
			default:
				h.unattributed(n, c, i)
			}
		}
	}
}

// count enters a record of the window into the totals.
func (h *history) count(c *chain, s state) {
	if !h.in.Window.Holds(s.at) {
		h.excluded[exclOutside]++
		return
	}
	for _, o := range h.chains {
		if o != c && (o.find(s) >= 0 || (s.absent() && len(o.states) > 0 && o.held(s, len(o.states)))) {
			h.matched++
			return
		}
	}
}

// arrived judges a replicated version: over its ancestor it is a fast-forward, over anything else it is a loss.
func (h *history) arrived(c conflict) {
	won, over := c.winner(), c.lost()
	if !c.home.states[c.j].start && c.basis >= byCounter {
		h.lags = append(h.lags, Lag{From: c.home.region, To: c.at.region, Origin: c.home.states[c.j].at, Arrived: won.at, Key: h.key})
	}
	if over.absent() {
		h.overRemoval(c)
		return
	}
	switch parent := c.home.states[max(c.j-1, 0)]; {
	case !c.home.states[c.j].start && parent.image == over.image:
		return // the writer had this very content before it
	case c.home.doubtful(over, c.j) && !over.start:
		h.undecidable(c, over, "a write id came back, and its occurrences cannot be matched between the regions")
		return
	case c.home.held(over, c.j):
		return
	}
	if over.start {
		h.excluded[exclStart]++
		return
	}
	c.common = c.at.common(c.home, c.i-1, c.j)
	c.verdict, c.doubt = h.weigh(c)
	h.report(c)
}

// common is the last position before i in c whose version home held before j, -1 where the item's life has none.
func (c *chain) common(home *chain, i, j int) int {
	for k := i - 1; k >= 0 && !c.states[k].absent(); k-- {
		if home.held(c.states[k], j) {
			return k
		}
		if c.states[k].start {
			break
		}
	}
	return -1
}

// weigh says how sure it is that the winner's writer had never seen what the winner replaced. That needs no clock: only
// the origin's own chain, without a hole, from before the lost version was written.
func (h *history) weigh(c conflict) (audit.Verdict, string) {
	over, won := c.lost(), c.winner()
	since := c.home.since(c.j)
	switch {
	case h.ambiguous[over.base] || h.ambiguous[won.base]:
		return audit.Undecidable, "a write id came back, and its occurrences cannot be matched between the regions"
	case c.home.states[c.j].start || since.After(over.at.Add(-h.slack)):
		return audit.Undecidable, "the winner's region was not read back to before the lost version"
	case h.viaThird(c):
		return audit.Undecidable, thirdDoubt
	case c.basis == byTime:
		return audit.Probable, "the winner's region follows from the times alone"
	case over.wrote == c.at.region:
		return audit.Proven, ""
	case c.basis == byCounter && h.bothInserted(c):
		return audit.Proven, ""
	default:
		return audit.Probable, "the lost version does not say where it was written"
	}
}

// bothInserted reports whether the key's life was read from its insert in both regions.
func (h *history) bothInserted(c conflict) bool {
	return c.at.inserted(c.at.root(c.i)) && c.home.inserted(c.home.root(c.j))
}

// overRemoval judges a version that arrived where there was no item. If its ancestry in its own region was alive all the
// way back to something the other region had held, the removal in between was undone.
func (h *history) overRemoval(c conflict) {
	gone := c.lost() // the removal
	if gone.start {
		return
	}
	removed := c.at.states[c.i-2]
	for k := c.j - 1; k >= 0; k-- {
		s := c.home.states[k]
		if s.absent() {
			return // the writer had seen an absence: an insert, not an undone removal
		}
		if c.at.held(s, c.i-1) {
			h.undone(c, removed)
			return
		}
		if s.start {
			h.undecidable(c, removed, "the version that came after the removal cannot be followed back to before it")
			return
		}
	}
}

func (h *history) undone(c conflict, removed state) {
	if c.lost().ttl {
		h.excluded[exclExpired]++
		return
	}
	c.verdict = audit.Proven
	switch {
	case h.ambiguous[removed.base] || h.ambiguous[c.winner().base]:
		h.undecidable(c, removed, "a write id came back, and its occurrences cannot be matched between the regions")
		return
	case h.viaThird(c):
		h.undecidable(c, removed, thirdDoubt)
		return
	case c.basis == byTime:
		c.verdict, c.doubt = audit.Probable, "the winner's region follows from the times alone"
	case c.home.reach.gapIn(c.lost().at.Add(-h.slack), c.winner().at):
		c.verdict, c.doubt = audit.Probable, "a gap could hide a removal in the winner's region"
	}
	h.add(h.lostDelete(c, removed))
}

// unattributed judges a version whose origin nothing tells. It is judged once, on the first region that holds it.
func (h *history) unattributed(n int, c *chain, i int) {
	o := h.other(c)
	if o == nil {
		h.hidden(c.states[i].at, exclThird)
		return
	}
	j := o.find(c.states[i])
	if j < 0 {
		h.hidden(c.states[i].at, exclUnread)
		return
	}
	if n > 0 || o.states[j].start {
		return
	}
	mine, theirs := c.states[i-1], o.states[j-1]
	if mine.id == theirs.id || mine.image == theirs.image {
		return
	}
	mineThere, theirsHere := o.held(mine, j), c.held(theirs, i)
	switch {
	case mineThere && theirsHere:
	case mine.start && !mineThere, theirs.start && !theirsHere:
		h.excluded[exclStart]++
	case mineThere:
		h.undecidable(conflict{at: o, i: j, home: c, j: i}, theirs, "the version that replaced it does not say where it was written")
	case theirsHere:
		h.undecidable(conflict{at: c, i: i, home: o, j: j}, mine, "the version that replaced it does not say where it was written")
	default:
		h.fork(conflict{at: c, i: i, home: o, j: j})
	}
}

// fork: both regions replaced different versions by this one, and neither knew the other's. Whoever wrote it, one was lost.
func (h *history) fork(c conflict) {
	mine, theirs := c.lost(), c.home.states[c.j-1]
	whole := !c.home.since(c.j).After(mine.at.Add(-h.slack)) && !c.at.since(c.i).After(theirs.at.Add(-h.slack))
	switch named := c.winner().text(h.rules.Attr.WriteID) != ""; {
	case !whole || h.ambiguous[mine.base] || h.ambiguous[theirs.base] || h.ambiguous[c.winner().base]:
		c.verdict, c.doubt = audit.Undecidable, "the regions were not read back to before both versions"
	case !named:
		c.verdict, c.doubt = audit.Probable, "without a write id both regions may have written the same content"
	default:
		c.verdict = audit.Proven
	}
	h.add(h.forked(c))
}
