package sift

import (
	"bytes"
	"cmp"
	"math/bits"
	"slices"
	"unsafe"
)

const traceSize = int64(unsafe.Sizeof(Trace{}))

// verdict is what one load of traces comes to.
type verdict struct {
	counts   Counts
	suspects []Hash // ascending
	lags     []Lag  // by key
	err      error
}

func (v *verdict) reset() {
	*v = verdict{suspects: v.suspects[:0], lags: v.lags[:0]}
}

// desk is where one worker judges: its buffers are used again for each load.
type desk struct {
	*Sieve
	seed [2]uint64
	out  *verdict

	traces []Trace
	slots  []uint32 // open addressing: 1 + index of the newest trace of a key, 0 is free
	next   []uint32 // by trace: 1 + index of the one of the same key before it, 0 is none
	heads  []uint32 // 1 + index of the newest trace, a key each

	chains [][]*Trace // by region, of the key being judged
	own    []*Trace   // all of the key
	seen   []*Trace   // scratch
	items  []*Trace   // those of own that left an item behind, by image, then region
}

// judge parts the traces at hand by key and judges each, in the order of key hashes.
func (d *desk) judge() {
	d.group()
	slices.SortFunc(d.heads, func(a, b uint32) int { return compareHash(&d.traces[a-1].Key, &d.traces[b-1].Key) })
	d.out.counts.Traces += int64(len(d.traces))
	d.out.counts.Keys += int64(len(d.heads))
	for _, head := range d.heads {
		d.own = d.own[:0]
		for i := head; i != 0; i = d.next[i-1] {
			d.own = append(d.own, &d.traces[i-1])
		}
		d.key()
	}
}

// key judges one key.
func (d *desk) key() {
	if lags := len(d.out.lags); !d.chosen() && d.arrange() {
		if d.quiet() {
			d.count()
			return
		}
		d.out.lags = d.out.lags[:lags]
		if d.fastForward() {
			d.count()
			return
		}
		d.out.lags = d.out.lags[:lags]
	}
	d.suspect(d.own[0].Key, int64(len(d.own)))
}

// chosen reports whether the key is to be audited in full by the caller's word.
func (d *desk) chosen() bool {
	_, found := slices.BinarySearchFunc(d.also, d.own[0].Key, byHash)
	return found
}

func (d *desk) suspect(key Hash, traces int64) {
	d.out.suspects = append(d.out.suspects, key)
	d.out.counts.Suspects++
	d.out.counts.SuspectTraces += traces
}

// group threads the traces of each key together. The seed keeps those who choose keys from choosing slots.
func (d *desk) group() {
	n := len(d.traces)
	d.next = slices.Grow(d.next[:0], n)[:n]
	d.heads = d.heads[:0]
	size := 1 << bits.Len(uint(n+n/3))
	d.slots = slices.Grow(d.slots[:0], size)[:size]
	clear(d.slots)
	mask := uint64(size - 1) //nolint:gosec // size is positive
	for i := range d.traces {
		key := &d.traces[i].Key
		hi, lo := bits.Mul64(high(key)^d.seed[0], low(key)^d.seed[1])
		slot := (hi ^ lo) & mask
		for d.slots[slot] != 0 && d.traces[d.slots[slot]-1].Key != *key {
			slot = (slot + 1) & mask
		}
		d.next[i] = d.slots[slot]
		d.slots[slot] = uint32(i + 1) //nolint:gosec // a load is far below 2^32 traces
	}
	for _, head := range d.slots {
		if head != 0 {
			d.heads = append(d.heads, head)
		}
	}
}

// arrange lays the key's traces out as one chain a region and reports whether each chain holds together.
func (d *desk) arrange() bool {
	slices.SortFunc(d.own, func(a, b *Trace) int {
		return cmp.Or(cmp.Compare(a.Region, b.Region), cmp.Compare(a.Order, b.Order))
	})
	rest := d.own
	for r := range d.chains {
		n := 0
		for n < len(rest) && int(rest[n].Region) == r {
			n++
		}
		if n == 0 || !linked(rest[:n]) {
			return false
		}
		d.chains[r], rest = rest[:n], rest[n:]
	}
	return true
}

// linked reports whether a chain has no hole and no disorder that its images or times would show, and no item at its
// beginning and its end only. A record that changes nothing, which a stream does not have, is not understood.
func linked(chain []*Trace) bool {
	for i, t := range chain {
		if t.Flags&Full != 0 || t.Old == t.New {
			return false
		}
		if t.New == (Hash{}) && i != len(chain)-1 {
			return false
		}
		if i > 0 && (t.Old != chain[i-1].New || t.At < chain[i-1].At || t.Order == chain[i-1].Order) {
			return false
		}
	}
	return true
}

// count enters the records of a quiet key into the totals; fastForward has taken off those that match nothing.
func (d *desk) count() {
	for _, t := range d.own {
		if d.inside(t) {
			d.out.counts.Matched++
		} else {
			d.out.counts.Context++
		}
	}
}

// inside reports whether a record belongs to the window.
func (d *desk) inside(t *Trace) bool { return d.from <= t.At && t.At < d.to }

func byHash(a, b Hash) int { return compareHash(&a, &b) }

func compareHash(a, b *Hash) int {
	return cmp.Or(cmp.Compare(high(a), high(b)), bytes.Compare(a[8:], b[8:]))
}
