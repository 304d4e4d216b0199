package sift

import (
	"context"
	"slices"
)

// partBits is how finely a partition that is too large to be loaded is parted at a time: into 2^partBits ranges of keys.
const partBits = 10

// parts judges those keys of a partition whose leading 64 bits are lo to lo + 2^width - 1, as many at a time as may be
// loaded. The partition is read once for each part: for a table with enough memory this never happens, and for one hot key
// in a partition a few times.
func (d *desk) parts(ctx context.Context, p int, lo uint64, width uint) error {
	fine := width - min(width, partBits)
	var sizes [1 << partBits]int64
	err := d.set.Each(ctx, p, func(traces []Trace) error {
		for i := range traces {
			if k := high(&traces[i].Key) - lo; k>>width == 0 {
				sizes[k>>fine]++
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	ranges := 1 << (width - fine)
	for from := 0; from < ranges; {
		to, n := from+1, sizes[from]
		for to < ranges && n+sizes[to] <= d.limit {
			n += sizes[to]
			to++
		}
		begin := lo + uint64(from)<<fine //nolint:gosec // not negative
		switch {
		case n == 0:
		case n <= d.limit:
			err = d.load(ctx, p, begin, uint64(to-from)<<fine, n) //nolint:gosec // 1 or more
		case fine > 0:
			err = d.parts(ctx, p, begin, fine)
		default:
			err = d.hot(ctx, p, begin)
		}
		if err != nil {
			return err
		}
		from = to
	}
	return nil
}

// load judges the keys of a partition from begin on. A span of 0 is all 2^64 of them.
func (d *desk) load(ctx context.Context, p int, begin, span uint64, n int64) error {
	d.traces = slices.Grow(d.traces[:0], int(n))
	err := d.set.Each(ctx, p, func(traces []Trace) error {
		for i := range traces {
			if high(&traces[i].Key)-begin <= span-1 {
				d.traces = append(d.traces, traces[i])
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	d.judge()
	return nil
}

// hot makes a suspect of a key that has more traces than may be loaded: nothing is known against it, but nothing can be
// shown for it either. Two keys of one half hash are next to impossible, but each is named.
func (d *desk) hot(ctx context.Context, p int, leading uint64) error {
	counts := map[Hash]int64{}
	err := d.set.Each(ctx, p, func(traces []Trace) error {
		for i := range traces {
			if high(&traces[i].Key) == leading {
				counts[traces[i].Key]++
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	keys := make([]Hash, 0, len(counts))
	for k := range counts {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, byHash)
	for _, k := range keys {
		d.out.counts.Traces += counts[k]
		d.out.counts.Keys++
		d.suspect(k, counts[k])
	}
	return nil
}
