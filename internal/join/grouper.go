package join

import (
	"bytes"
	"context"
)

// grouper judges rows that come key by key, whatever the number of rows of a key: it holds two of them.
type grouper struct {
	ctx   context.Context
	carry int // bytes at the end of a value that are not compared
	out   *sorter
	tally *Tally
	pairs func(left, right uint64) // nil if nobody asks

	open   bool
	key    []byte
	held   [2]heldRow
	counts [2]int64
}

type heldRow struct {
	side  int
	row   uint64
	value []byte
}

// add takes a row. Rows of one key must follow one another.
func (g *grouper) add(key []byte, side int, row uint64, value []byte) error {
	if !g.open || !bytes.Equal(key, g.key) {
		if err := g.flush(); err != nil {
			return err
		}
		g.open, g.key, g.counts = true, append(g.key[:0], key...), [2]int64{}
	}
	n := g.counts[left] + g.counts[right]
	g.counts[side]++
	if n < 2 {
		h := &g.held[n]
		h.side, h.row, h.value = side, row, append(h.value[:0], value...)
		return nil
	}
	if n == 2 {
		if err := g.release(2); err != nil {
			return err
		}
	}
	return g.out.add(g.ctx, g.key, false, byte(entryLeft+side), row, value) //nolint:gosec // 0 or 1
}

// release writes the first rows that are held.
func (g *grouper) release(n int64) error {
	for i := range g.held[:n] {
		h := &g.held[i]
		if err := g.out.add(g.ctx, g.key, false, byte(entryLeft+h.side), h.row, h.value); err != nil { //nolint:gosec // 0 or 1
			return err
		}
	}
	return nil
}

// flush judges the key at hand.
func (g *grouper) flush() error {
	if !g.open {
		return nil
	}
	g.open = false
	l, r := g.counts[left], g.counts[right]
	if l == 1 && r == 1 && equalBut(g.held[0].value, g.held[1].value, g.carry) {
		g.tally.Matched++
		if g.pairs != nil {
			g.pairs(g.rowOf(left), g.rowOf(right))
		}
		return nil
	}
	if l+r <= 2 {
		if err := g.release(l + r); err != nil {
			return err
		}
	}
	g.tally.count(l, r)
	return g.out.head(g.ctx, g.key, l, r)
}

// rowOf is the row of a side in a pair.
func (g *grouper) rowOf(side int) uint64 {
	if g.held[0].side == side {
		return g.held[0].row
	}
	return g.held[1].row
}
