package join

import (
	"bytes"
	"context"
	"errors"
	"sync"
)

const (
	maxSlab      = 512 << 10
	slabsPerSide = 8
	slabsAhead   = 2
)

// feed brings the rows of one side in order and hands them on, slab by slab.
type feed struct {
	run     *run
	side    int
	size    int
	packer  scatter // for values and rows with a NULL
	out     *sorter
	tally   Tally
	current *slab
	window  window
	full    chan *slab
	free    chan *slab

	// These belong to the goroutine that merges.
	at  *slab
	pos int
}

func (r *run) newFeed(ctx context.Context, side int) *feed {
	f := &feed{
		run: r, side: side, size: int(min(maxSlab, r.cfg.Memory/4/(2*slabsPerSide))), out: newSorter(r.cfg.Memory/16, r.cfg.Dir),
		full: make(chan *slab, slabsAhead), free: make(chan *slab, slabsPerSide),
	}
	for range slabsPerSide {
		f.free <- &slab{sorted: true}
	}
	f.packer.carry = r.cfg.Carry
	f.packer.nulls = func(side int, row uint64, key, value []byte) error {
		if side == left {
			f.tally.LeftNulls++
			f.tally.LeftOnly++
		} else {
			f.tally.RightNulls++
			f.tally.RightOnly++
		}
		return f.out.add(ctx, key, true, byte(entryLeft+side), row, value) //nolint:gosec // 0 or 1
	}
	f.window = window{put: f.recycle, get: func() (*slab, error) { return f.fresh(ctx) }, emit: func(s *slab) error {
		select {
		case f.full <- s:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}}
	return f
}

// fresh waits for a slab that is free.
func (f *feed) fresh(ctx context.Context) (*slab, error) {
	select {
	case s := <-f.free:
		return s, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (f *feed) recycle(s *slab) {
	s.reset()
	f.free <- s
}

// read scans the parts of the side one after the other.
func (f *feed) read(ctx context.Context) (err error) {
	defer close(f.full)
	if f.current, err = f.fresh(ctx); err != nil {
		return err
	}
	for part := range f.run.sides[f.side].Parts {
		err := f.run.scanPart(ctx, job{f.side, part}, func(first uint64, b *Batch) error { return f.add(ctx, first, b) })
		if err != nil {
			return err
		}
	}
	if len(f.current.starts) > 0 {
		if err := f.window.push(f.current); err != nil {
			return err
		}
	}
	return f.window.flush()
}

// add takes the rows of a batch.
func (f *feed) add(ctx context.Context, first uint64, b *Batch) error {
	if err := checkBatch(b, f.packer.carry); err != nil {
		return err
	}
	p := &f.packer
	for lo := 0; lo < b.Rows; lo += step {
		hi := min(lo+step, b.Rows)
		p.packValues(b, lo, hi)
		for i := lo; i < hi; i++ {
			s, v, row := f.current, i-lo, first+uint64(i) //nolint:gosec // not negative
			value := p.values[p.starts[v] : p.starts[v]+p.lengths[v]]
			at := s.begin()
			var null bool
			if s.data, null = appendKey(s.data, b.Key, i); null {
				err := p.nulls(f.side, row, s.data[at+rowHead:], value)
				if s.data = s.data[:at]; err != nil {
					return err
				}
				continue
			}
			if s.finish(at, row, value); len(s.data) < f.size {
				continue
			}
			if err := f.window.push(s); err != nil {
				return err
			}
			var err error
			if f.current, err = f.fresh(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// next moves to the next row, and reports false at the end.
func (f *feed) next() bool {
	f.pos++
	return f.load()
}

// load makes sure that there is a row.
func (f *feed) load() bool {
	for f.at == nil || f.pos == len(f.at.starts) {
		if f.at != nil {
			f.recycle(f.at)
		}
		f.at, f.pos = <-f.full, 0
		if f.at == nil {
			return false
		}
	}
	return true
}

// alone reports that the row is known to be the only one of its key, provided that the one before it had another.
func (f *feed) alone() bool {
	return f.pos+1 < len(f.at.starts) && !f.at.again[f.pos+1]
}

// mergeable reports whether the sides may be read twice, should they turn out not to be in order.
func (r *run) mergeable() bool {
	return !r.cfg.Unordered && r.cfg.Pairs == nil && !r.sides[left].Once && !r.sides[right].Once
}

// merged matches two sides that are in order, or nearly. If they are not the error is errDisorder.
func (r *run) merged(ctx context.Context) (_ *Result, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	feeds := [2]*feed{r.newFeed(ctx, left), r.newFeed(ctx, right)}
	out := newSorter(r.cfg.Memory/8, r.cfg.Dir)
	sorters := []*sorter{feeds[left].out, feeds[right].out, out}
	defer func() {
		if err != nil {
			for _, s := range sorters {
				err = errors.Join(err, s.free())
			}
		}
	}()
	var running sync.WaitGroup
	for _, f := range feeds {
		running.Go(func() {
			if err := f.read(ctx); err != nil {
				cancel(err)
			}
		})
	}
	tally := Tally{Merged: true}
	m := merger{feeds: feeds, tally: &tally, groups: grouper{ctx: ctx, carry: r.carry(), out: out, tally: &tally}}
	if err := m.run(); err != nil {
		cancel(err)
	}
	for _, f := range feeds {
		for range f.full { //nolint:revive // until it is closed
		}
	}
	running.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	r.number()
	result := &Result{Tally: tally, first: r.first, shift: r.shift}
	result.Tally.add(feeds[left].tally)
	result.Tally.add(feeds[right].tally)
	if result.sorted, err = newMerged(ctx, sorters, r.cfg.Memory/2); err != nil {
		return nil, err
	}
	result.Tally.LeftRows, result.Tally.RightRows = r.seen[left].Load(), r.seen[right].Load()
	result.Tally.Spilled = result.sorted.spilled()
	return result, nil
}

// merger walks along both sides.
type merger struct {
	feeds  [2]*feed
	tally  *Tally
	groups grouper
	key    []byte
}

func (m *merger) run() error {
	l, r := m.feeds[left], m.feeds[right]
	haveL, haveR := l.load(), r.load()
	for haveL || haveR {
		var order int
		switch {
		case !haveL:
			order = 1
		case !haveR:
			order = -1
		default:
			a, b := l.at.row(l.pos), r.at.row(r.pos)
			order = bytes.Compare(a.key, b.key)
			if order == 0 && l.alone() && r.alone() && equalBut(a.value, b.value, m.groups.carry) {
				m.tally.Matched++
				haveL, haveR = l.next(), r.next()
				continue
			}
		}
		// The rows of the key are judged one by one, as their group may go on in the next slab.
		first := l
		if order > 0 {
			first = r
		}
		m.key = append(m.key[:0], first.at.key(first.pos)...)
		var err error
		if haveL, err = m.group(l, haveL); err != nil {
			return err
		}
		if haveR, err = m.group(r, haveR); err != nil {
			return err
		}
		if err := m.groups.flush(); err != nil {
			return err
		}
	}
	return nil
}

// group takes all rows of the key from one side.
func (m *merger) group(f *feed, have bool) (bool, error) {
	for have {
		row := f.at.row(f.pos)
		if !bytes.Equal(row.key, m.key) {
			break
		}
		if err := m.groups.add(row.key, f.side, row.row, row.value); err != nil {
			return false, err
		}
		have = f.next()
	}
	return have, nil
}
