package sift

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
)

// Judge tells quiet keys from suspects. It calls f with the hashes of suspects, ascending over all calls; f may not keep
// the slice. The same traces give the same calls' content, whatever the memory, the number of workers and the order in
// which they were added. It ends with the first error, that of f or of the context included.
func (s *Sieve) Judge(ctx context.Context, f func(suspects []Hash) error) (Counts, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	order := newLine(s)
	var workers sync.WaitGroup
	for range s.workers {
		workers.Go(func() { s.work(ctx, order) })
	}
	counts, err := s.deliver(ctx, order, f)
	cancel()
	workers.Wait()
	if err != nil {
		return Counts{}, fmt.Errorf("sift: %w", err)
	}
	counts.Spilled = s.set.Spilled()
	return counts, nil
}

// line takes partitions out to the workers and their verdicts back, in order. Whoever takes a partition holds a blank
// first, so that no more verdicts wait than there are blanks.
type line struct {
	next   atomic.Int64
	blanks chan *verdict
	done   []chan *verdict // by partition modulo the number of blanks
}

func newLine(s *Sieve) *line {
	n := s.workers + 1
	o := &line{blanks: make(chan *verdict, n), done: make([]chan *verdict, n)}
	for i := range n {
		o.blanks <- &verdict{}
		o.done[i] = make(chan *verdict, 1)
	}
	return o
}

func (o *line) slot(p int) chan *verdict { return o.done[p%len(o.done)] }

// work judges partitions until there are no more.
func (s *Sieve) work(ctx context.Context, o *line) {
	d := s.newDesk()
	for {
		select {
		case <-ctx.Done():
			return
		case blank := <-o.blanks:
			p := int(o.next.Add(1)) - 1
			if p >= s.set.Partitions() {
				return
			}
			blank.reset()
			d.out = blank
			blank.err = d.partition(ctx, p)
			o.slot(p) <- blank
		}
	}
}

// deliver hands verdicts on in the order of partitions.
func (s *Sieve) deliver(ctx context.Context, o *line, f func([]Hash) error) (Counts, error) {
	var total Counts
	for p := range s.set.Partitions() {
		var v *verdict
		select {
		case <-ctx.Done():
			return Counts{}, ctx.Err()
		case v = <-o.slot(p):
		}
		if v.err != nil {
			return Counts{}, v.err
		}
		total.add(v.counts)
		if s.lag != nil {
			for _, l := range v.lags {
				s.lag(l)
			}
		}
		if len(v.suspects) > 0 {
			if err := f(v.suspects); err != nil {
				return Counts{}, err
			}
		}
		o.blanks <- v
	}
	return total, nil
}

func (c *Counts) add(o Counts) {
	c.Traces += o.Traces
	c.Keys += o.Keys
	c.Suspects += o.Suspects
	c.SuspectTraces += o.SuspectTraces
	c.Matched += o.Matched
	c.Context += o.Context
}

// newDesk makes room for the largest load at once, so that no smaller buffers are left behind.
func (s *Sieve) newDesk() *desk {
	var most int64
	for p := range s.set.Partitions() {
		most = max(most, min(s.set.Len(p), s.limit))
	}
	return &desk{
		Sieve: s, seed: [2]uint64{rand.Uint64(), rand.Uint64()}, chains: make([][]*Trace, s.regions), //nolint:gosec // slots of a table
		traces: make([]Trace, 0, most), next: make([]uint32, 0, most), heads: make([]uint32, 0, most/2),
	}
}

// partition judges one partition, in parts if it is larger than may be loaded.
func (d *desk) partition(ctx context.Context, p int) error {
	if d.set.Len(p) > d.limit {
		lo := uint64(p) << d.shift //nolint:gosec // a shift by 64 gives 0, the only partition then
		return d.parts(ctx, p, lo, d.shift)
	}
	var err error
	if d.traces, err = d.set.Load(ctx, p, d.traces); err != nil {
		return err
	}
	d.judge()
	return nil
}
