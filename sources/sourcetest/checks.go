package sourcetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/internal/pipeline"
)

func (c *Case[R]) whole(t *testing.T) reading[R] {
	t.Helper()
	return read(t.Context(), c.Open(t), c.Window, audit.Cursor{}, nil)
}

// again wants two fresh sources to give the same records, in the same order within a stream, and each of them once.
func (c *Case[R]) again(t *testing.T) (p problems) {
	t.Helper()
	first, second := c.whole(t), c.whole(t)
	first.sound(&p)
	second.sound(&p)
	records := first.records()
	if len(records) != c.Records || c.Records == 0 {
		p.addf("%d records, want %d and at least one", len(records), c.Records)
	}
	seen := map[string]bool{}
	for _, one := range records {
		if id := c.ID(one); seen[id] {
			p.addf("record %s came twice", id)
		} else {
			seen[id] = true
		}
	}
	switch a, b := c.names(records), c.names(second.records()); {
	case a != b:
		p.addf("a second read gives other records or another order:\n%.2000s\nthen:\n%.2000s", a, b)
	case !reflect.DeepEqual(c.streams(records), c.streams(second.records())):
		p.addf("a second read gives the same records with other content")
	}
	if a, b := first.extents(), second.extents(); !reflect.DeepEqual(a, b) {
		p.addf("a second read gives other extents:\n%+v\nthen:\n%+v", a, b)
	}
	if c.Resume == nil && len(cursorsOf(first.batches)) > 0 {
		p.addf("it has cursors, but nobody resumes from them")
	}
	return p
}

// addsUp holds the records against what the certificate would say of them.
func (c *Case[R]) addsUp(t *testing.T) (p problems) {
	t.Helper()
	r := c.whole(t)
	extents, excluded := r.extents(), r.excluded()
	if len(extents) == 0 {
		p.addf("no extent says what was read")
	}
	for i := 1; i < len(extents); i++ {
		if extents[i].Name == extents[i-1].Name {
			p.addf("extent %s was reported twice", extents[i].Name)
		}
	}
	stands := c.Stands
	if stands == nil {
		stands = lessExcluded
	}
	if want, got := stands(extents, excluded), int64(len(r.records())); got != want {
		p.addf("%d records came, extents and exclusions vouch for %d: %+v, %+v", got, want, extents, excluded)
	}
	return p
}

func lessExcluded(extents []audit.Extent, excluded []audit.Exclusion) (n int64) {
	for _, e := range extents {
		n += e.Records
	}
	for _, e := range excluded {
		n -= e.Records
	}
	return n
}

// leaving breaks off after every batch in turn, on one and the same source, which must be whole afterwards.
func (c *Case[R]) leaving(t *testing.T) (p problems) {
	t.Helper()
	src := c.Open(t)
	for stop := range len(c.whole(t).batches) {
		r := read(t.Context(), src, c.Window, audit.Cursor{}, func(n int) bool { return n <= stop })
		r.sound(&p)
		if r.lag > promptly {
			p.addf("returned %s after the consumer left at batch %d", r.lag, stop+1)
		}
	}
	r := read(t.Context(), src, c.Window, audit.Cursor{}, nil)
	if r.sound(&p); len(r.records()) != c.Records {
		p.addf("%d records after reads that were broken off, want %d", len(r.records()), c.Records)
	}
	return p
}

// ending ends the context before the read and after every batch in turn.
func (c *Case[R]) ending(t *testing.T) (p problems) {
	t.Helper()
	over, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	c.ended(over, &p, "before the read", read(over, c.Open(t), c.Window, audit.Cursor{}, nil))
	batches := len(c.whole(t).batches)
	for stop := range batches + 1 {
		ctx, cancel := context.WithCancel(t.Context())
		if stop == 0 {
			cancel()
		}
		r := read(ctx, c.Open(t), c.Window, audit.Cursor{}, func(n int) bool {
			if n == stop {
				cancel()
			}
			return true
		})
		cancel()
		if stop > 0 && batches-stop < underWay && r.err == nil && len(r.records()) == c.Records {
			continue // the whole of it was on its way already
		}
		c.ended(ctx, &p, fmt.Sprintf("after batch %d", stop), r)
	}
	return p
}

func (c *Case[R]) ended(ctx context.Context, p *problems, when string, r reading[R]) {
	r.conduct(p)
	if !errors.Is(r.err, ctx.Err()) {
		p.addf("the context ended %s, the read with %d of %d records and the error %v", when, len(r.records()), c.Records, r.err)
	}
	if gaps := r.gaps(); len(gaps) > 0 {
		p.addf("the context ended %s, which is no gap: %+v", when, gaps)
	}
	if r.lag > promptly {
		p.addf("returned %s after the context ended %s", r.lag, when)
	}
}

// empty reads a window without any instant.
func (c *Case[R]) empty(t *testing.T) (p problems) {
	t.Helper()
	r := read(t.Context(), c.Open(t), audit.Window{From: c.Window.From, To: c.Window.From}, audit.Cursor{}, nil)
	r.conduct(&p)
	if r.err != nil {
		p.addf("ended with the error %v", r.err)
	}
	for _, one := range r.records() {
		if c.Timeless == nil || !c.Timeless(one) {
			p.addf("record %s came", c.ID(one))
		}
	}
	return p
}

// resuming goes on from the cursors as they were after every batch.
func (c *Case[R]) resuming(t *testing.T) (p problems) {
	t.Helper()
	whole := c.whole(t)
	if len(whole.batches) < 3 || len(cursorsOf(whole.batches)) == 0 {
		p.addf("%d batches and cursors %v are too few to resume from", len(whole.batches), cursorsOf(whole.batches))
	}
	for i := range whole.batches {
		src, from := c.Resume(t, cursorsOf(whole.batches[:i+1]))
		r := read(t.Context(), src, c.Window, from, nil)
		r.sound(&p)
		want, got := c.names(recordsOf(whole.batches[i+1:])), c.names(r.records())
		if got != want {
			p.addf("resumed after batch %d of %d with:\n%.2000s\nwant:\n%.2000s", i+1, len(whole.batches), got, want)
		}
	}
	return p
}

// unreachable wants a gap that a person can act on, and the same one from every read.
func (c *Case[R]) unreachable(t *testing.T, open func(*testing.T) pipeline.Source[R]) (p problems) {
	t.Helper()
	src := open(t)
	first := read(t.Context(), src, c.Window, audit.Cursor{}, nil)
	second := read(t.Context(), src, c.Window, audit.Cursor{}, nil)
	first.conduct(&p)
	if first.err != nil {
		p.addf("it is an error: %v", first.err)
	}
	if len(first.gaps()) == 0 {
		p.addf("no gap says so")
	}
	for _, g := range first.gaps() {
		if g.Window.Empty() {
			p.addf("the gap's window is empty: %+v", g)
		}
	}
	if !reflect.DeepEqual(first.gaps(), second.gaps()) {
		p.addf("a second read gives other gaps:\n%+v\nthen:\n%+v", first.gaps(), second.gaps())
	}
	if n := len(first.records()); n > 0 {
		p.addf("%d records came", n)
	}
	for _, b := range first.batches {
		if !b.Watermark.IsZero() {
			p.addf("it claims to have read up to %s", b.Watermark)
		}
	}
	return p
}
