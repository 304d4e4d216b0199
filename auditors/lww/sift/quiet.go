package sift

import (
	"cmp"
	"slices"
)

// A key is quiet if every region showed the same states, from the same start to the same end. This is the proof, branch by
// branch of lww.Auditor, that such a key yields nothing but counts and lags.
//
// Let every chain be s0, s1 ... sk, s0 being the old image of the first record; linked() has seen to it that each chain is
// one unbroken segment in which only s0 and sk may be no item; distinct() that the items among the states all differ, that
// no two of them have one writer, and that no record was read twice (it would repeat a state). So every item has the same
// identity in each region, occurrence 1, nothing is ambiguous, and there is no break and no repeated record. No start is
// known to be foreign; named versions have a home, the region they name.
//
// Totals. A record outside the window is context. Every other one matches: find locates the same identity in the
// other chain, and a removal is matched by the other chain's sk.
//
// Origin of si, an item, i > 0. If it is named: its home holds it; contradicted() asks for earlier(), which timely() rules
// out, and for counted(), which compares the counters of s(i-1) with themselves and finds no single region. So it is
// byAttribute. If it is not: with more than two regions, or a foreign version, the auditor hides it, and the key is not
// quiet here. Otherwise counted() is as above, and what remains is byTime or unknown.
//
// Arrived. A lag is written if the origin is byAttribute: here too. Over no item, that is s0: overRemoval ends with a start.
// Over an item: the parent in the home's chain is the same image.
//
// Unattributed. With two regions and nothing foreign, the other one has si, and what it replaced is the same image.
//
// Removals. sk removed s(k-1) in both regions: neither is unpaired, nor does any region remove what another never showed.
// Tips. All are sk. As no judgement was withheld, nothing is unjudged, shallow or withheld.
//
// What is not known is the writer of s0, unless the caller read the old image. It matters in two ways: it may name a
// foreign origin, or be the writer of a later state, whose write id is stale then. Neither does where nothing names an
// origin, where s0 is no item, and where the only state after it is no item.

// quiet reports whether all regions showed the same states, and writes their lags.
func (d *desk) quiet() bool {
	first := d.chains[0]
	for _, chain := range d.chains[1:] {
		if len(chain) != len(first) || chain[0].Old != first[0].Old {
			return false
		}
		for i, t := range chain {
			if t.New != first[i].New {
				return false
			}
		}
	}
	before, known := d.start()
	if !known || !d.distinct(first, before) {
		return false
	}
	if d.strong {
		return true // nothing is asked but whether the streams are the same
	}
	for i, t := range first {
		switch {
		case t.New == (Hash{}):
		case t.Origin == Elsewhere:
			return false
		case t.Writer != 0:
			if !d.timely(i, int(t.Origin)-1) {
				return false
			}
		case len(d.chains) > 2:
			return false
		}
	}
	return true
}

// timely reports whether no region showed state i clearly before the one that wrote it, and writes its lags.
func (d *desk) timely(i, home int) bool {
	written := d.chains[home][i]
	for r, chain := range d.chains {
		if r == home {
			continue
		}
		if !d.ordered(written, chain[i]) {
			return false
		}
		d.lagged(written, chain[i])
	}
	return true
}

// ordered reports whether a version did not arrive clearly before it was written.
func (d *desk) ordered(written, arrived *Trace) bool {
	return written.At-arrived.At <= d.slack
}

func (d *desk) lagged(written, arrived *Trace) {
	if d.lag != nil {
		d.out.lags = append(d.out.lags, Lag{Key: written.Key, Origin: written.At, Arrived: arrived.At, From: written.Region, To: arrived.Region})
	}
}

// start is the writer of the start where the caller read it, and whether nothing that is unknown of it has an effect. Every
// region has the same start.
func (d *desk) start() (writer uint32, ok bool) {
	first := d.chains[0][0]
	if !d.named || first.Old == (Hash{}) || first.New == (Hash{}) {
		return 0, true
	}
	for _, chain := range d.chains {
		if chain[0].Flags&Known != 0 {
			return chain[0].Before, chain[0].Flags&Foreign == 0
		}
	}
	return 0, false
}

// few is how many states are compared pair by pair; more are sorted.
const few = 12

// distinct reports whether the items of a chain all differ and were written by different writers. An unknown writer, 0,
// differs from all others.
func (d *desk) distinct(chain []*Trace, before uint32) bool {
	for _, t := range chain {
		if t.New == chain[0].Old && t.New != (Hash{}) || t.Writer == before && before != 0 {
			return false
		}
	}
	if len(chain) > few {
		return d.distinctSorted(chain)
	}
	for i, t := range chain {
		for _, u := range chain[:i] {
			if t.New == u.New || t.Writer != 0 && t.Writer == u.Writer {
				return false
			}
		}
	}
	return true
}

func (d *desk) distinctSorted(chain []*Trace) bool {
	d.seen = append(d.seen[:0], chain...)
	slices.SortFunc(d.seen, func(a, b *Trace) int { return compareHash(&a.New, &b.New) })
	for i, t := range d.seen[1:] {
		if t.New == d.seen[i].New {
			return false
		}
	}
	slices.SortFunc(d.seen, func(a, b *Trace) int { return cmp.Compare(a.Writer, b.Writer) })
	for i, t := range d.seen[1:] {
		if t.Writer != 0 && t.Writer == d.seen[i].Writer {
			return false
		}
	}
	return true
}
