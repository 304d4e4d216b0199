package sift

import (
	"cmp"
	"slices"
)

// Under load the regions do not show the same states: replication merges writes, so that a replica skips some. Such a key
// is quiet too if every version names its origin and every arrival is a fast-forward. The proof, where it differs from the
// one in quiet.go:
//
// Each chain is unbroken, its items differ, and so do their writers; all chains have the same start and the same end; every
// version was shown by the region that it names, its home. Two versions of one writer would have one home, so the writers
// of all items of the key differ.
//
// Totals. A removal is every chain's end. An item matches if another region showed it; one that none did counts nowhere.
//
// Origin. Named, at home; contradicted() finds no region that was earlier, and counted() no other region in which the
// version is the successor: either what it replaced is the same, or it has no counter, or at home it is the successor.
//
// Arrived. Over no item, which is the start: nothing. Over an item that its home replaced by it, or held before: nothing;
// held() and find() agree, as every identity has one occurrence. So no step yields a finding.
//
// Removals. All chains end with the removal of one and the same item. Tips. All are the same.
//
// In a strong table no region may skip a state, so this does not hold there.

// fastForward reports whether every version arrived over one that its writer had seen, and writes the lags.
func (d *desk) fastForward() bool {
	before, known := d.start()
	if !d.named || d.strong || !known || !d.ends() {
		return false
	}
	for _, chain := range d.chains {
		if !d.distinct(chain, before) {
			return false
		}
	}
	d.byImage()
	var lone int64
	for rest := d.items; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].New == rest[0].New {
			n++
		}
		home := d.home(rest[:n])
		if home == nil || !d.arrivals(home, rest[:n]) {
			return false
		}
		if n == 1 && d.inside(home) {
			lone++
		}
		rest = rest[n:]
	}
	d.out.counts.Matched -= lone
	return true
}

// ends reports whether all chains have one start and one end, and removed the same item if they end so.
func (d *desk) ends() bool {
	first, last := d.chains[0][0], d.chains[0][len(d.chains[0])-1]
	for _, chain := range d.chains[1:] {
		tip := chain[len(chain)-1]
		if chain[0].Old != first.Old || tip.New != last.New || tip.New == (Hash{}) && tip.Old != last.Old {
			return false
		}
	}
	return true
}

// byImage lists the key's traces that left an item behind, by image, then region.
func (d *desk) byImage() {
	d.items = d.items[:0]
	for _, t := range d.own {
		if t.New != (Hash{}) {
			d.items = append(d.items, t)
		}
	}
	slices.SortFunc(d.items, func(a, b *Trace) int {
		return cmp.Or(compareHash(&a.New, &b.New), cmp.Compare(a.Region, b.Region))
	})
}

// home is the trace of a version in the region it names, nil if there is none.
func (d *desk) home(version []*Trace) *Trace {
	if version[0].Writer == 0 {
		return nil
	}
	for _, t := range version {
		if t.Region == t.Origin-1 {
			return t
		}
	}
	return nil
}

// arrivals reports whether a version was a fast-forward wherever it arrived.
func (d *desk) arrivals(home *Trace, version []*Trace) bool {
	for _, t := range version {
		if t == home {
			continue
		}
		if !d.ordered(home, t) || !d.descends(home, t) || !d.counted(home, t) {
			return false
		}
		d.lagged(home, t)
	}
	return true
}

// descends reports whether the version's home had held what it replaced on arrival.
func (d *desk) descends(home, t *Trace) bool {
	if t.Old == home.Old || t.Old == d.chains[0][0].Old {
		return true
	}
	over := d.shown(&t.Old, home.Region)
	return over != nil && over.Order < home.Order
}

// shown is the trace by which a region came to hold an image, nil if there is none.
func (d *desk) shown(image *Hash, region uint8) *Trace {
	i, found := slices.BinarySearchFunc(d.items, image, func(t *Trace, image *Hash) int {
		return cmp.Or(compareHash(&t.New, image), cmp.Compare(t.Region, region))
	})
	if !found {
		return nil
	}
	return d.items[i]
}

// counted reports whether the counter cannot speak against the version's home.
func (d *desk) counted(home, t *Trace) bool {
	switch {
	case t.Old == home.Old, home.Count == 0:
		return true
	case home.Count == Uncounted:
		return false
	case home.Old == (Hash{}):
		return home.Count == 1
	}
	parent := d.shown(&home.Old, home.Region)
	return parent != nil && parent.Count == home.Count-1
}
