package sift

import (
	"context"
	"slices"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
	"parallax/reconcile"
)

// batch are pairs that are judged together, and the numbers of their rows. Those of which the judge may have something to say
// are kept apart, so that the others need not be looked at again.
type batch struct {
	entries []record.Entry
	lines   []record.SettlementLine
	numbers [][2]uint32
	outside bool // their payments lie outside of the window
}

func (b *batch) add(number uint32, e *record.Entry, at uint32, l *record.SettlementLine) {
	b.entries, b.lines, b.numbers = append(b.entries, *e), append(b.lines, *l), append(b.numbers, [2]uint32{number, at})
}

func (b *batch) grow(n int) {
	b.entries, b.lines, b.numbers = make([]record.Entry, 0, n), make([]record.SettlementLine, 0, n), make([][2]uint32, 0, n)
}

func (b *batch) part(from, to int) batch {
	return batch{b.entries[from:to:to], b.lines[from:to:to], b.numbers[from:to:to], b.outside}
}

// doubts are the pairs that the judge had something to say of, as many as may be held.
type doubts struct {
	batches    []batch
	held, more int
}

func (d *doubts) add(b batch, bound int) {
	if d.held += len(b.numbers); d.held > bound {
		d.more += len(b.numbers)
		return
	}
	d.batches = append(d.batches, batch{slices.Clone(b.entries), slices.Clone(b.lines), slices.Clone(b.numbers), b.outside})
}

// always is the window that everything lies in.
var always = audit.Window{To: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}

// judge lets the judge look at pairs together. If it finds anything they are parted until the pairs are known that it is
// about, or a few with one among them; those become doubts.
func (t *taking) judge(ctx context.Context, b batch, bad *doubts) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	result, clean, err := t.look(b)
	n := len(b.numbers)
	switch {
	case err != nil:
		return err
	case clean:
		t.pairs += int64(n)
		t.sum.add(&result)
		return t.hand(&result)
	case n <= fewPairs:
		bad.add(b, t.MaxResidual)
		return nil
	}
	if err := t.judge(ctx, b.part(0, n/2), bad); err != nil {
		return err
	}
	return t.judge(ctx, b.part(n/2, n), bad)
}

// look has pairs judged. Of those outside of the window the judge says nothing, whatever is wrong with them: they are judged as
// if they were inside first.
func (t *taking) look(b batch) (result reconcile.Result, clean bool, err error) {
	in := t.in
	in.Entries, in.Lines = b.entries, b.lines
	if b.outside {
		in.Window = always
	}
	result, err = t.Auditor.Match(in)
	clean = err == nil && t.sum.clean(&result, len(b.numbers))
	if !clean || !b.outside {
		return result, clean, err
	}
	in.Window = t.in.Window
	result, err = t.Auditor.Match(in)
	return result, err == nil && len(result.Findings)+len(result.Gaps) == 0, err
}
