package history

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"

	"parallax/internal/archive"
	"parallax/internal/audit"
	"parallax/internal/record"
)

// verdict judges the changes of some keys; asked are those of lww.Input.Also that are among them.
type verdict func(changes []record.Change, asked map[string]audit.Window)

// load reads the changes of some keys and hands them to judge, as many keys at a time as the memory holds. Each time reads
// the segments once more. A key whose own changes are more than the memory holds is left unjudged.
func (r *run) load(ctx context.Context, stage string, segments []audit.Segment, keys []archive.Hash, judge verdict) error {
	batches := slices.Collect(slices.Chunk(keys, r.batch()))
	for len(batches) > 0 {
		l := newLoad(batches[0], r.budget(), r.in.Window)
		err := r.each(ctx, stage, segments, func(_, rank int, s audit.Segment) error {
			changes, err := archive.Select(ctx, r.Place, s, l.wanted)
			if err == nil {
				l.add(rank, changes)
			}
			return err
		})
		if err != nil {
			return err
		}
		later, tooLarge := l.rest()
		for _, h := range tooLarge {
			r.leave(h)
		}
		judge(l.changes(), l.asked(r.in.Also))
		batches = append(batches[1:], later...)
	}
	return nil
}

// leave counts a key that has more records than the memory holds: nothing is said of it.
func (r *run) leave(h *holding) {
	r.out.TooLarge++
	r.out.Unjudged += h.inside
	r.out.Context += h.outside
	if _, asked := r.in.Also[h.key]; asked {
		r.out.Withheld = append(r.out.Withheld, h.key)
	}
}

// budget is the memory that changes may take while they are judged, in bytes: half, the sieve having given up its own.
func (r *run) budget() int64 { return r.Memory / 2 }

// load is one reading of some keys under way. What it holds stays within the budget: if it turns out that the keys have
// more, the largest are let go, and only counted from then on.
type load struct {
	budget int64
	window audit.Window
	keys   map[archive.Hash]*holding // the map itself does not change while segments are read

	mu    sync.Mutex
	held  int64
	parts map[int][]record.Change // by rank of the segment
}

// holding is what one key has.
type holding struct {
	hash            archive.Hash
	key             string
	size            int64 // of its changes, in bytes
	inside, outside int64 // records, by whether they belong to the window
	gone            bool  // let go
}

func newLoad(keys []archive.Hash, budget int64, window audit.Window) *load {
	l := &load{budget: budget, window: window, keys: make(map[archive.Hash]*holding, len(keys)), parts: map[int][]record.Change{}}
	for _, k := range keys {
		l.keys[k] = &holding{hash: k}
	}
	return l
}

func (l *load) wanted(k archive.Hash) bool { return l.keys[k] != nil }

// add takes the changes of one segment.
func (l *load) add(rank int, changes []record.Change) {
	l.mu.Lock()
	defer l.mu.Unlock()
	kept := changes[:0]
	for i := range changes {
		c := &changes[i]
		h := l.keys[archive.HashOf(c.Key)]
		size := sizeOf(c)
		h.key, h.size = c.Key, h.size+size
		if l.window.Holds(c.At) {
			h.inside++
		} else {
			h.outside++
		}
		if !h.gone {
			l.held += size
			kept = append(kept, *c)
		}
	}
	clear(changes[len(kept):])
	if len(kept) > 0 {
		l.parts[rank] = kept
	}
	if l.held > l.budget {
		l.shed()
	}
}

// shed lets go of the largest keys until a quarter of the budget is free again.
func (l *load) shed() {
	largest := slices.SortedFunc(maps.Values(l.keys), func(a, b *holding) int {
		return cmp.Or(cmp.Compare(b.size, a.size), slices.Compare(a.hash[:], b.hash[:]))
	})
	for _, h := range largest {
		if l.held <= l.budget/4*3 {
			break
		}
		if !h.gone {
			h.gone = true
			l.held -= h.size
		}
	}
	for rank, changes := range l.parts {
		kept := slices.DeleteFunc(changes, func(c record.Change) bool { return l.keys[archive.HashOf(c.Key)].gone })
		if len(kept) == 0 {
			delete(l.parts, rank)
			continue
		}
		l.parts[rank] = slices.Clone(kept)
	}
}

// changes are those of the keys that were not let go, in the order of the segments.
func (l *load) changes() []record.Change {
	var out []record.Change
	for _, rank := range slices.Sorted(maps.Keys(l.parts)) {
		out = append(out, l.parts[rank]...)
		delete(l.parts, rank)
	}
	return out
}

// asked are those of some keys that were read here; of the others an auditor would say that it saw nothing of them.
func (l *load) asked(keys map[string]audit.Window) map[string]audit.Window {
	out := map[string]audit.Window{}
	for key, w := range keys {
		if h := l.keys[archive.HashOf(key)]; h != nil && !h.gone {
			out[key] = w
		}
	}
	return out
}

// rest are the keys that were let go: those to be read again, by as many as fit together, and those too large for any.
func (l *load) rest() (later [][]archive.Hash, tooLarge []*holding) {
	var size int64
	for _, k := range slices.SortedFunc(maps.Keys(l.keys), func(a, b archive.Hash) int { return slices.Compare(a[:], b[:]) }) {
		h := l.keys[k]
		switch {
		case !h.gone:
			continue
		case h.size > l.budget:
			tooLarge = append(tooLarge, h)
			continue
		case later == nil || size+h.size > l.budget:
			later, size = append(later, nil), 0
		}
		size += h.size
		later[len(later)-1] = append(later[len(later)-1], k)
	}
	return later, tooLarge
}

// sizeOf is about what a change takes in memory while it is judged, in bytes.
func sizeOf(c *record.Change) int64 {
	return changeOverhead + int64(len(c.Key)+len(c.Seq)+len(c.Old)+len(c.New))
}
