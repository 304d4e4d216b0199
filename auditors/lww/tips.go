package lww

import (
	"slices"
	"time"

	"parallax/internal/audit"
)

// tip is the newest state of a key that one region showed.
type tip struct {
	c *chain
	i int // -1: the region showed no record of the key
}

func (t tip) state() *state { return &t.c.states[t.i] }

// tips compares where the regions ended, pair by pair.
func (h *history) tips() {
	for n, a := range h.chains {
		for _, b := range h.chains[n+1:] {
			h.pair(tip{a, len(a.states) - 1}, tip{b, len(b.states) - 1})
		}
	}
}

func (h *history) pair(a, b tip) {
	switch {
	case a.i < 0 && b.i < 0:
	case a.i < 0:
		h.silent(b, a.c)
	case b.i < 0:
		h.silent(a, b.c)
	case a.state().blind || b.state().blind: // counted as hidden by the view
	case a.state().image == b.state().image:
	case !h.rules.Strong && h.bothAccepted(a, b):
	case b.c.held(a.state(), len(b.c.states)) == a.c.held(b.state(), len(a.c.states)):
		h.diverged(a, b)
	case a.c.held(b.state(), len(a.c.states)):
		h.missing(a, b.c)
	default:
		h.missing(b, a.c)
	}
}

// silent judges a key that the other region showed no record of: it holds what it held before, taken to be what this region
// held before its first record.
func (h *history) silent(t tip, o *chain) {
	if t.c.states[0].image != t.state().image {
		h.missing(t, o)
	}
}

// missing reports the newest versions of one region that never reached the other, whose own newest state is older.
func (h *history) missing(t tip, o *chain) {
	i := t.i
	for i > 0 && !t.c.states[i-1].start && !o.held(&t.c.states[i-1], len(o.states)) {
		i--
	}
	first, shown := &t.c.states[i], t.state().at
	if i > 0 && t.c.first(i-1) && !o.held(&t.c.states[i-1], len(o.states)) {
		h.tooLate(shown) // what the other region holds was written before reading began
	}
	if !h.readable(o, first.at, shown) || !h.newest(t, shown) || !h.wholeAt(t.c, i, o, shown) {
		return
	}
	h.addTip(h.notReplicated(t.c, i, t.i, o), shown, t.c, o)
}

// diverged reports two regions that ended on versions of which neither descends from the other.
func (h *history) diverged(a, b tip) {
	at, shown := a.state().at, later(a.state().at, b.state().at)
	if b.state().at.Before(at) {
		at = b.state().at
	}
	switch {
	case !h.readable(b.c, at, shown) || !h.readable(a.c, at, shown) || !h.newest(a, shown) || !h.newest(b, shown):
		return
	case !h.wholeAt(a.c, a.i, b.c, shown) || !h.wholeAt(b.c, b.i, a.c, shown):
		return
	}
	if a.c.first(a.state().root) || b.c.first(b.state().root) {
		h.tooLate(shown) // whether both regions inserted the key is not known
	}
	h.addTip(h.apart(a, b), shown, a.c, b.c)
}

// newest reports whether nothing hides what came after a tip in its own region.
func (h *history) newest(t tip, shown time.Time) bool {
	if t.c.reach.gapIn(t.state().at, t.c.reach.Through) {
		h.hidden(shown, exclGap)
		return false
	}
	return true
}

// wholeAt reports whether the other region shows what, by the items' own word, was written there: of the versions from
// position i on, those it does not show it wrote where nothing was read of it.
func (h *history) wholeAt(c *chain, i int, o *chain, shown time.Time) bool {
	for k := i; k < len(c.states); k++ {
		if s := &c.states[k]; s.wrote == o.region && o.find(s) < 0 && !o.reach.Through.Before(s.at.Add(h.rules.Settle)) {
			if !o.reach.From.IsZero() {
				h.tooLate(shown)
			}
			h.hidden(shown, exclGap)
			return false
		}
	}
	return true
}

// readable reports whether nothing hides the arrival of a version written at t. Otherwise what shows at another moment, the
// newest write concerned, is hidden.
func (h *history) readable(c *chain, t, shown time.Time) bool {
	from := t.Add(-h.slack)
	switch {
	case c.reach.Through.Before(t):
		h.hidden(shown, exclUnread)
	case c.reach.gapIn(from, c.reach.Through) || overlaps(c.holes, from, c.reach.Through):
		h.hidden(shown, exclGap)
	case from.Before(c.reach.From):
		h.tooLate(shown)
		h.hidden(shown, exclGap)
	default:
		return true
	}
	return false
}

// addTip adds a finding about versions written up to a moment. They are in flight until the settle time has passed, by the
// moment the audit speaks for and by what was read; that is expected, and nothing to alarm anyone with.
func (h *history) addTip(f audit.Finding, at time.Time, chains ...*chain) {
	due := at.Add(h.rules.Settle)
	unread := slices.ContainsFunc(chains, func(c *chain) bool { return c.reach.Through.Before(due) })
	if unread || h.in.AsOf.Before(due) {
		f.Status, f.Verdict, f.Severity = audit.Expected, audit.Probable, audit.Low
		f.Rule = "in flight: not yet " + h.rules.Settle.String() + " old by the clock and by what was read of both streams"
	}
	h.add(f, at)
}

// bothAccepted reports a key that both regions inserted on their own and have not yet reconciled: no record of the loss
// exists so far, yet two payments were accepted.
func (h *history) bothAccepted(a, b tip) bool {
	if a.state().absent() || b.state().absent() {
		return false
	}
	i, j := a.state().root, b.state().root
	shown := later(a.c.states[i].at, b.c.states[j].at)
	if !h.rival(a.c, i, b.c) || !h.rival(b.c, j, a.c) {
		return false
	}
	// The other stream must have been read past each insert, or it may merely not show that it arrived.
	if !h.readable(b.c, a.c.states[i].at, shown) || !h.readable(a.c, b.c.states[j].at, shown) {
		return true
	}
	h.add(h.doubleAccept(twins{a: a.c, i: i, b: b.c, j: j, verdict: audit.Proven}), shown)
	return true
}

// rival reports whether position i is an insert made in c itself, by the item's own word, of which the other region never
// held a trace, neither the insert nor anything written on top of it.
func (h *history) rival(c *chain, i int, o *chain) bool {
	if !c.inserted(i) || c.states[i].wrote != c.region {
		return false
	}
	for k := i; k < len(c.states); k++ {
		if s := &c.states[k]; h.ambiguous(s) || o.find(s) >= 0 {
			return false
		}
	}
	return true
}
