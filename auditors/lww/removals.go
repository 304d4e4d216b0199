package lww

import (
	"time"

	"parallax/internal/audit"
)

// removal is one REMOVE: what it removed stands at i-1.
type removal struct {
	c *chain
	i int
}

func (r removal) removed() *state { return &r.c.states[r.i-1] }
func (r removal) record() *state  { return &r.c.states[r.i] }

// removals judges removals of different versions in the two regions. A REMOVE names neither its writer nor its origin, so
// at best the times tell which region removed and which one lost a version to it; nothing here is ever proven.
func (h *history) removals() {
	if h.alone() && h.chains[0].remove < len(h.chains[0].states) && h.chains[1].remove < len(h.chains[1].states) {
		a, b := h.unpaired(h.chains[0], h.chains[1]), h.unpaired(h.chains[1], h.chains[0])
		for n := range min(len(a), len(b)) {
			h.removedTwice(a[n], b[n])
		}
	}
	for _, c := range h.chains {
		for i := c.remove; i < len(c.states); i++ {
			if s := &c.states[i]; s.absent() && !s.start && !s.ttl && !c.states[i-1].blind {
				h.mayBeReplica(removal{c, i})
			}
		}
	}
}

// mayBeReplica judges a removal of a version that another region never showed: if that region removed something at about
// the time or since the version was written, the removal may be its replica, and what it removed here was lost.
func (h *history) mayBeReplica(r removal) {
	lost, at := r.removed(), r.record().at
	from, to := h.first(r.c, lost).Add(-h.slack), at.Add(h.slack)
	if lost.start {
		from = r.c.reach.From
	}
	for _, o := range h.chains {
		if o == r.c || o.find(lost) >= 0 && !h.ambiguous(lost) {
			continue
		}
		j := o.removedWithin(from, to)
		switch {
		case j >= 0 && lost.start:
			h.tooOld(r.c, r.i-1, at)
		case j >= 0:
			if !h.reported(audit.NewFingerprint(audit.LWWLostWrite, h.rules.Table, h.key, h.name(r.c, r.i-1))) {
				h.undecidable(conflict{at: r.c, i: r.i, home: o, j: j}, lost, "the removal may have come from the other region, which had never seen it")
			}
		case o.reach.gapIn(from, to) || overlaps(o.holes, from, to):
			h.hidden(at, exclGap)
		case from.Before(o.reach.From):
			h.tooLate(at)
			continue
		default:
			continue
		}
		return
	}
}

// first is when a version that stands in c was first seen in any region.
func (h *history) first(c *chain, s *state) time.Time {
	at := s.at
	for _, o := range h.chains {
		if j := o.find(s); o != c && j >= 0 && !o.states[j].start && o.states[j].at.Before(at) {
			at = o.states[j].at
		}
	}
	return at
}

// unpaired lists the removals of c that the other region did not make of the same version.
func (h *history) unpaired(c, o *chain) []removal {
	var out []removal
	for i := range c.states {
		if c.states[i].start || !c.states[i].absent() || c.states[i-1].blind {
			continue
		}
		if o.removedSame(&c.states[i-1]) && !h.ambiguous(&c.states[i-1]) {
			continue
		}
		out = append(out, removal{c, i})
	}
	return out
}

func (h *history) removedTwice(a, b removal) {
	if a.record().ttl && b.record().ttl {
		return // each region removed its own
	}
	first, second, sure := a, b, true
	switch d := a.record().at.Sub(b.record().at); {
	case a.record().ttl:
	case b.record().ttl, d > h.slack:
		first, second = b, a
	case d < -h.slack:
	default:
		sure = false
	}
	if sure {
		doubt := "the removing region follows from the times alone"
		if first.record().ttl {
			doubt = "the item expired in the removing region; the other region's removal is taken to be its replica"
		}
		h.lostToRemoval(first, second, audit.Probable, doubt)
		return
	}
	// Either may be the origin. If one region had seen both versions, its removal explains all without a loss.
	if a.knew(b) && b.knew(a) {
		return
	}
	const doubt = "both regions removed the item within the error of the clocks"
	h.lostToRemoval(a, b, audit.Undecidable, doubt)
	h.lostToRemoval(b, a, audit.Undecidable, doubt)
}

// knew reports whether the region of a removal had held, before it, that very occurrence of what another one removed.
func (r removal) knew(o removal) bool {
	return r.c.held(o.removed(), r.i) && !r.c.doubtful(o.removed(), r.i)
}

// lostToRemoval reports what stood in the second region, if the first one, where the item was removed, had never seen it.
func (h *history) lostToRemoval(first, second removal, v audit.Verdict, doubt string) {
	lost := second.removed()
	if lost.absent() || first.knew(second) {
		return
	}
	if first.c.doubtful(lost, first.i) {
		v, doubt = audit.Undecidable, doubtMatch
	}
	shown := later(first.record().at, second.record().at)
	if lost.start {
		h.tooOld(second.c, second.i-1, shown)
		return
	}
	c := conflict{
		at: second.c, i: second.i, home: first.c, j: first.i, verdict: v, doubt: doubt,
		common: h.common(second.c, second.i-1, first.c, first.i),
	}
	if v == audit.Undecidable {
		h.undecidable(c, lost, doubt)
		return
	}
	h.add(h.lostWrite(c), shown)
}
