package aurora

import (
	"cmp"
	"context"
	"encoding/binary"
	"slices"
	"strings"

	"parallax/internal/record"
)

// compare orders positions as the databases do.
func (p position) compare(q position) int {
	return cmp.Or(p.at.Compare(q.at), strings.Compare(p.key, q.key))
}

// merge reads the rows of windows on both sides in their common order and drops those that are equal. It reports whether
// both sides were read to the end; where one stops, the other is compared no further either.
func (c *comparison) merge(ctx context.Context, windows []stretch) bool {
	if len(windows) == 0 {
		return true
	}
	for _, s := range c.sides {
		s.outline = nil
		if c.method == MethodMerge {
			s.outline = c.outline
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	l, r := c.sides[0].open(ctx, windows), c.sides[1].open(ctx, windows)
	defer func() { // both readers have ended when merge returns
		cancel()
		for range l.pages { //nolint:revive // nobody wants them
		}
		for range r.pages { //nolint:revive // nobody wants them
		}
	}()
	for {
		a, b := l.head(), r.head()
		if l.err != nil || r.err != nil {
			l.end()
			r.end()
			return false
		}
		switch {
		case a == nil && b == nil:
			return true
		case b == nil || a != nil && a.before(b):
			c.settle(l.take(), nil)
		case a == nil || b.before(a):
			c.settle(nil, r.take())
		default:
			c.settle(l.take(), r.take())
		}
	}
}

func (r *row) before(other *row) bool {
	return positionOf(r.entry).compare(positionOf(other.entry)) < 0
}

// end makes a gap of why a stream stopped.
func (s *stream) end() {
	if s.err != nil {
		s.stopped(s.err)
	}
}

// settle takes the rows of one key. Where a row cannot be used, none of the others is proven to lack a counterpart.
func (c *comparison) settle(left, right []row) {
	l, r := c.sides[0], c.sides[1]
	usableLeft, usableRight := c.pass(l, left), c.pass(r, right)
	switch {
	case usableLeft < len(left) || usableRight < len(right):
		l.alone += int64(usableLeft)
		r.alone += int64(usableRight)
	case c.match(left, right):
		c.equal += int64(len(left))
	case c.full || len(l.kept)+len(left) > c.options.MaxRows || len(r.kept)+len(right) > c.options.MaxRows:
		c.full = true // a row must not stay without the counterpart that was let go
		l.truncated += int64(len(left))
		r.truncated += int64(len(right))
	default:
		l.keep(left)
		r.keep(right)
	}
}

// pass moves the side's position behind rows and counts those that can be used.
func (c *comparison) pass(s *side, rows []row) (usable int) {
	if len(rows) == 0 {
		return 0
	}
	for i := range rows {
		if err := rows[i].unfit; err != nil {
			s.leaveOut(err.Error(), rows[i].entry)
			continue
		}
		usable++
		if c.method == MethodMerge {
			s.sum(rows[i].entry.Amount)
		}
	}
	last := positionOf(rows[len(rows)-1].entry)
	s.after = &last
	if c.method == MethodMerge {
		s.records += int64(len(rows))
		s.first = cmp.Or(s.first, &last)
	}
	return usable
}

// match reports whether two groups of rows of one key hold the same rows, each as often.
func (c *comparison) match(left, right []row) bool {
	if len(left) != len(right) {
		return false
	}
	if len(left) == 1 {
		return c.same(&left[0].entry, &right[0].entry)
	}
	return slices.Equal(c.outlines(left), c.outlines(right))
}

func (c *comparison) same(a, b *record.Entry) bool {
	if !c.options.IgnoreID && a.ID != b.ID {
		return false
	}
	for _, field := range c.options.Fields {
		x, known := a.Field(field)
		y, alsoKnown := b.Field(field)
		if x != y || known != alsoKnown {
			return false
		}
	}
	return true
}

// outlines are what counts of rows, sorted.
func (c *comparison) outlines(rows []row) []string {
	all := make([]string, len(rows))
	for i := range rows {
		all[i] = string(c.outline(nil, &rows[i].entry))
	}
	slices.Sort(all)
	return all
}

// outline adds what counts of a row, in a form that is equal only where the rows are: each value behind its length.
func (c *comparison) outline(to []byte, e *record.Entry) []byte {
	add := func(value string) {
		to = binary.AppendUvarint(to, uint64(len(value)))
		to = append(to, value...)
	}
	if !c.options.IgnoreID {
		add(e.ID)
	}
	for _, field := range c.options.Fields {
		if value, known := e.Field(field); known {
			add(value)
		} else {
			to = append(to, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff) // no length
		}
	}
	return to
}
