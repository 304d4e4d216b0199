package lww

import (
	"slices"
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
func (c conflict) lost() *state   { return &c.at.states[c.i-1] }

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
					h.returned(c, i)
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

// carriedOn reports whether the winner's own region shows it on top of what it replaced here. Of a winner that returns, each
// occurrence may be the one that arrived, and each must be on top of the same occurrence of what it replaced.
func (h *history) carriedOn(c conflict) bool {
	over, won := c.lost(), c.winner()
	if !h.returns(won) {
		return !c.home.states[c.j].start && c.home.states[c.j-1].image == over.image
	}
	if c.basis == byTime && h.ambiguous(won) {
		return false // its occurrences may have been written in either region
	}
	return slices.ContainsFunc(c.home.of(won), func(q int32) bool {
		return !c.home.states[q].start && same(&c.home.states[q-1], over) && !h.ambiguous(over)
	})
}

// inverted reports whether the winner's region held what was replaced here, but saw it replaced by something that came before it
// here. As the last writer wins, one of the two was written in both regions, or twice.
func (h *history) inverted(c conflict) bool {
	p := c.home.find(c.lost())
	if p < 0 {
		return false
	}
	for k := c.i - 2; k >= 0 && !c.at.states[k].absent(); k-- {
		if q := c.home.find(&c.at.states[k]); p < q && q < c.j {
			return true
		}
	}
	return false
}

// unsure reports whether it depends on the occurrence that arrived, or on the one it replaced, if its writer had seen what
// it replaced.
func (h *history) unsure(c conflict) bool {
	if !h.returns(c.winner()) {
		return c.home.doubtful(c.lost(), c.j)
	}
	return h.returns(c.lost()) || !c.home.held(c.lost(), int(c.home.of(c.winner())[0]))
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

// returned judges a version that stood in this region before and looks written here again. It may as well have stood
// elsewhere all the time, newer than what it replaced here: then that was lost, unless another region has shown it too.
func (h *history) returned(c *chain, i int) {
	over := &c.states[i-1]
	if over.blind || over.absent() && over.start {
		return
	}
	for _, o := range h.chains {
		if o == c || o.find(over) >= 0 && !h.ambiguous(over) || over.absent() && o.removedSame(&c.states[i-2]) && !h.ambiguous(&c.states[i-2]) {
			continue
		}
		if over.start {
			h.tooOld(c, i-1, c.states[i].at)
			return
		}
		h.undecidable(conflict{at: c, i: i, home: o, j: -1}, over, "a version came back, and only in this region did anything stand in between")
		return
	}
}

// removedSame reports whether the region shows that this very version was removed.
func (c *chain) removedSame(s *state) bool {
	j := c.find(s)
	return j >= 0 && j+1 < len(c.states) && !c.states[j+1].start && c.states[j+1].absent()
}

// cameBack reports a version of which the regions saw different occurrences. Those seen before reading began may be missing.
func (h *history) cameBack(c conflict, lost *state) {
	if c.at.first(0) || c.home.first(0) {
		h.tooLate(c.shown())
	}
	h.undecidable(c, lost, doubtMatch)
}

// common is the last position before i in c that the version at position j of home descends from, -1 where the item's life
// has none.
func (h *history) common(c *chain, i int, home *chain, j int) int {
	for k := i - 1; k >= 0 && !c.states[k].absent(); k-- {
		if home.held(&c.states[k], j) || h.seenBefore(home, j, &c.states[k], 0) {
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
	case h.builtUpon(c):
		return audit.Probable, "a third replica may have written on top of it, and that may have come to stand"
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
	return c.at.inserted(c.winner().root) && c.home.inserted(c.home.states[c.j].root)
}

// overRemoval judges a version that arrived where there was no item. If its ancestry in its own region was alive all the
// way back to something the other region had held, the removal in between was undone.
func (h *history) overRemoval(c conflict) {
	gone := c.lost() // the removal
	if gone.start {
		return
	}
	removed := &c.at.states[c.i-2]
	if h.returns(c.winner()) && !gone.ttl {
		if !h.removedThere(c, removed) {
			h.cameBack(c, removed)
		}
		return
	}
	if c.home.states[c.j].start {
		h.cannotFollow(c, c.j, removed)
		return
	}
	for k := c.j - 1; k >= 0; k-- {
		s := &c.home.states[k]
		if s.absent() {
			if h.akin(c) {
				h.undecidable(c, removed, "the version that came after the removal descends from a third replica's, which may have seen what was removed")
			}
			return // the writer had seen an absence: an insert, not an undone removal
		}
		if c.at.held(s, c.i-1) {
			h.undone(c, removed)
			return
		}
		if s.start {
			h.cannotFollow(c, k, removed)
			return
		}
	}
}

// removedThere reports whether the region of a winner that returns shows it on top of the same removal.
func (h *history) removedThere(c conflict, removed *state) bool {
	return !h.ambiguous(removed) && slices.ContainsFunc(c.home.of(c.winner()), func(q int32) bool {
		return q > 1 && !c.home.states[q].start && c.home.states[q-1].absent() && same(&c.home.states[q-2], removed)
	})
}

func (h *history) cannotFollow(c conflict, k int, removed *state) {
	if c.home.first(k) {
		h.tooLate(c.shown())
	}
	h.undecidable(c, removed, "the version that came after the removal cannot be followed back to before it")
}

func (h *history) undone(c conflict, removed *state) {
	if c.lost().ttl {
		h.exclude(c.winner().at, exclExpired)
		return
	}
	c.verdict = audit.Proven
	switch {
	case h.ambiguous(removed) || h.ambiguous(c.winner()):
		h.cameBack(c, removed)
		return
	case h.viaThird(c):
		h.undecidable(c, removed, thirdDoubt)
		return
	case h.removedByThird(c, removed):
		h.undecidable(c, removed, "the removal may have come from a third replica, which removed something else")
		return
	case c.basis == byTime:
		c.verdict, c.doubt = audit.Probable, "the winner's region follows from the times alone"
	case !h.alone():
		c.verdict, c.doubt = audit.Probable, "a removal does not say which of the replicas made it"
	case c.home.reach.gapIn(c.lost().at.Add(-h.slack), c.winner().at):
		c.verdict, c.doubt = audit.Probable, "a gap could hide a removal in the winner's region"
	}
	h.add(h.lostDelete(c, removed), c.shown())
}

// unattributed judges a version whose origin nothing tells. It is judged once, on the first region that holds it.
func (h *history) unattributed(n int, c *chain, i int) {
	o, s := h.other(c), &c.states[i]
	if s.wrote != "" {
		if home := h.chain(s.wrote); !home.reach.From.IsZero() {
			h.tooLate(s.at) // its own region's record of it was not read: it may lie in a gap, or before reading began
		}
	}
	if o == nil {
		h.hidden(s.at, exclThird)
		return
	}
	j := o.find(s)
	if j < 0 {
		if s.at.Add(-h.slack).Before(o.reach.From) {
			h.tooLate(s.at)
		}
		h.hidden(s.at, exclUnread)
		return
	}
	if o.states[j].start {
		h.overUnknown(c, i, o, j)
		return
	}
	if n > 0 {
		return
	}
	h.replacedBoth(conflict{at: c, i: i, home: o, j: j})
}

// overUnknown: the version stands in the other region where reading begins, so what it replaced there is not known. What it
// replaced here is lost unless that region had held it before.
func (h *history) overUnknown(c *chain, i int, o *chain, j int) {
	if over := &c.states[i-1]; !over.absent() && !over.blind && !o.held(over, len(o.states)) {
		h.tooOld(o, j, c.states[i].at)
	}
}

// replacedBoth judges a version that came over something in both regions, and nothing tells which of them wrote it.
func (h *history) replacedBoth(c conflict) {
	mine, theirs := c.lost(), &c.home.states[c.j-1]
	if mine.blind || theirs.blind || mine.image == theirs.image && !h.unlike(c, mine, theirs) {
		return
	}
	back := conflict{at: c.home, i: c.j, home: c.at, j: c.i}
	mineThere, theirsHere := h.known(c), h.known(back)
	switch {
	case mineThere && theirsHere:
		h.doubted(c)
		h.doubted(back)
	case mine.start && !mineThere:
		h.tooOld(c.at, c.i-1, c.shown())
	case theirs.start && !theirsHere:
		h.tooOld(c.home, c.j-1, c.shown())
	case !mineThere && !theirsHere && !mine.absent() && !theirs.absent():
		h.fork(c)
	default:
		for _, one := range []conflict{c, back} {
			if !h.doubted(one) && !h.known(one) {
				h.undecidable(one, one.lost(), "the version that replaced it does not say where it was written")
			}
		}
	}
}

// doubted reports what was replaced by a version that both regions hold, if the other region had seen it, but perhaps
// only another occurrence of it.
func (h *history) doubted(c conflict) bool {
	over := c.lost()
	switch {
	case over.absent() || over.start:
		return false
	case h.inverted(c):
		h.undecidable(c, over, doubtTwice)
	case c.home.doubtful(over, c.j):
		h.cameBack(c, over)
	default:
		return false
	}
	return true
}

// unlike reports whether two states of one content that a returning version replaced may be two occurrences of it.
func (h *history) unlike(c conflict, mine, theirs *state) bool {
	return h.returns(c.winner()) && (mine.nth != theirs.nth || h.ambiguous(mine))
}

// known reports whether the other region had seen what was replaced before the version came that replaced it.
func (h *history) known(c conflict) bool {
	over := c.lost()
	if !over.absent() {
		return c.home.held(over, c.j)
	}
	if over.start || over.ttl {
		return true // nothing that anyone did is undone
	}
	for k := c.j - 1; k >= 0; k-- {
		s := &c.home.states[k]
		if s.absent() {
			return true
		}
		if s.start || c.at.held(s, c.i-1) {
			return false
		}
	}
	return true
}

// fork: both regions replaced different versions by this one, and neither knew the other's. If it was written once, one was
// lost, whoever wrote it; what would exclude that it was written twice, an origin or a counter, would tell who wrote it as well.
func (h *history) fork(c conflict) {
	mine, theirs := c.lost(), &c.home.states[c.j-1]
	there, startsThere := c.home.since(c.j)
	here, startsHere := c.at.since(c.i)
	lateThere, lateHere := there.After(mine.at.Add(-h.slack)), here.After(theirs.at.Add(-h.slack))
	if lateThere && startsThere || lateHere && startsHere {
		h.tooLate(later(c.shown(), theirs.at))
	}
	switch {
	case h.ambiguous(mine) || h.ambiguous(theirs) || h.ambiguous(c.winner()):
		c.verdict, c.doubt = audit.Undecidable, doubtMatch
	case lateThere || lateHere:
		c.verdict, c.doubt = audit.Undecidable, "the regions were not read back to before both versions"
	case c.winner().text(h.rules.Attr.WriteID) == "":
		c.verdict, c.doubt = audit.Probable, "without a write id both regions may have written the same content"
	default:
		c.verdict, c.doubt = audit.Probable, "a retry that reached both regions under one write id would look the same"
	}
	h.add(h.forked(c), later(c.shown(), theirs.at))
}
