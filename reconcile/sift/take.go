package sift

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"parallax/internal/audit"
	"parallax/internal/record"
	"parallax/reconcile"
)

// Sizes of a block of the ledger: rows whose pairs are judged together.
const (
	blockRows = 16 << 10
	fewPairs  = 16 // so few that contain a bad one are not parted further
)

var errChanged = errors.New("the rows are not the same when read again")

// taking is the second reading.
type taking struct {
	Sieve

	in      reconcile.Input
	pairing *pairing
	charged map[string]bool
	agrees  func(*record.Entry, *record.SettlementLine) bool

	pairs   int64
	spilled int64
	sum     added
	entries rest[record.Entry]
	lines   rest[record.SettlementLine]
	buf     []byte
}

// rest is what must be judged together, up to a bound.
type rest[T any] struct {
	count int
	bound int
	rows  []T
	order []uint32
}

func (r *rest[T]) add(number uint32, row T) {
	if r.count++; r.count <= r.bound {
		r.rows, r.order = append(r.rows, row), append(r.order, number)
	}
}

// inOrder are the rows in the order of their stream.
func (r *rest[T]) inOrder() []T {
	at := make([]int, len(r.order))
	for i := range at {
		at[i] = i
	}
	slices.SortFunc(at, func(a, b int) int { return cmp.Compare(r.order[a], r.order[b]) })
	out := make([]T, len(at))
	for i, a := range at {
		out[i] = r.rows[a]
	}
	r.rows, r.order = nil, nil
	return out
}

// takePairs reads both sides again, judges the pairs block by block and keeps the rest.
func (s Sieve) takePairs(ctx context.Context, in reconcile.Input, p *pairing, ledger Stream[record.Entry], lines Stream[record.SettlementLine]) (t *taking, err error) {
	t = &taking{Sieve: s, pairing: p, charged: map[string]bool{}, entries: rest[record.Entry]{bound: s.MaxResidual}, lines: rest[record.SettlementLine]{bound: s.MaxResidual}}
	if t.agrees, err = s.Auditor.Agrees(); err != nil {
		return t, err
	}
	t.sum.rules = pairingRules(s.Auditor.Rules)
	for _, status := range s.Auditor.Rules.Charged {
		t.charged[status] = true
	}
	// The pairs are judged as the whole would be, but for what is told of the input as a whole.
	t.in = in
	t.in.Open, t.in.OpenLines, t.in.Others, t.in.Snapshot, t.in.Rejected = nil, nil, nil, nil, nil
	shelf, err := newShelves(s.Dir, int((p.entries.rows+blockRows-1)/blockRows))
	if err != nil {
		return t, err
	}
	defer func() { err = errors.Join(err, shelf.file.Close()) }()
	if err := t.shelve(ctx, lines, shelf); err != nil {
		return t, fmt.Errorf("read the files again: %w", err)
	}
	t.spilled = shelf.end
	if err := t.readLedger(ctx, ledger, shelf); err != nil {
		return t, fmt.Errorf("read the ledger again: %w", err)
	}
	return t, nil
}

// shelve puts the lines of pairs where their payments will be looked at, and the others to the rest.
func (t *taking) shelve(ctx context.Context, lines Stream[record.SettlementLine], shelf *shelves) error {
	var again side
	k := newKeyer(t.pairing.seed, t.Auditor.Rules)
	err := lines(ctx, func(l record.SettlementLine) error {
		if again.rows == t.pairing.lines.rows {
			return errChanged
		}
		number := uint32(again.rows) //nolint:gosec // checked in scan
		again.read(k.line(&l))
		if again.rows%(1<<20) == 0 {
			t.Progress("reading the files again", again.rows)
		}
		if entry, paired := t.pairing.owner(number); paired && plainLine(&l) {
			t.buf = appendLine(t.buf[:0], &l)
			return shelf.put(int(entry/blockRows), number, t.buf)
		}
		t.lines.add(number, l)
		return ctx.Err()
	})
	if err == nil && (again.rows != t.pairing.lines.rows || again.sum != t.pairing.lines.sum) {
		err = errChanged
	}
	return err
}

// plainLine reports whether a line can settle a payment by itself. What cannot is not worth the trouble.
func plainLine(l *record.SettlementLine) bool {
	return l.Type == record.Presentment && !l.Reversal && l.Part == 0 && l.Parts == 0 && l.Amount.Currency != ""
}

// promising reports whether it is worth asking the judge about a pair alone.
func (t *taking) promising(e *record.Entry, l *record.SettlementLine) bool {
	return e.Amount == l.Amount && e.Amount.Minor > 0 && t.charged[e.Status]
}

// block is a part of the ledger while it is read.
type block struct {
	number  int
	lines   []record.SettlementLine // those that pairs of the block have
	of      [blockRows]int32        // by row of the block: 1 + which of the lines is its
	batches [4]batch
}

// readLedger brings the rows together with their lines. Blocks are judged one after the other beside the reading of the next.
func (t *taking) readLedger(ctx context.Context, ledger Stream[record.Entry], shelf *shelves) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	full, done := make(chan batch), make(chan struct{})
	var bad doubts
	go func() {
		defer close(done)
		for some := range full {
			if err := t.judge(ctx, some, &bad); err != nil {
				cancel(err)
			}
		}
	}()
	err := t.readBlocks(ctx, ledger, shelf, func(some batch) error {
		select {
		case full <- some:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
	close(full)
	<-done
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	for _, b := range bad.batches {
		for i, n := range b.numbers {
			t.entries.add(n[0], b.entries[i])
			t.lines.add(n[1], b.lines[i])
		}
	}
	t.entries.count += bad.more
	t.lines.count += bad.more
	return err
}

func (t *taking) readBlocks(ctx context.Context, ledger Stream[record.Entry], shelf *shelves, judge func(batch) error) error {
	var again side
	k := newKeyer(t.pairing.seed, t.Auditor.Rules)
	b := block{number: -1}
	err := ledger(ctx, func(e record.Entry) error {
		if again.rows == t.pairing.entries.rows {
			return errChanged
		}
		number := uint32(again.rows) //nolint:gosec // checked in scan
		again.read(k.entry(&e))
		if int(number/blockRows) != b.number {
			if err := t.next(&b, shelf, judge); err != nil {
				return err
			}
		}
		t.meet(&b, number, e)
		return ctx.Err()
	})
	if err == nil && (again.rows != t.pairing.entries.rows || again.sum != t.pairing.entries.sum) {
		err = errChanged
	}
	if err != nil {
		return err
	}
	return t.next(&b, shelf, judge)
}

// next hands a block over and fetches the lines of the one after it.
func (t *taking) next(b *block, shelf *shelves, judge func(batch) error) error {
	for _, some := range b.batches {
		if len(some.numbers) == 0 {
			continue
		}
		if err := judge(some); err != nil {
			return err
		}
	}
	if b.number >= 0 {
		t.Progress("matching", int64(b.number+1)*blockRows)
	}
	*b = block{number: b.number + 1, lines: b.lines[:0]}
	if b.number == len(shelf.buf) {
		return nil
	}
	return shelf.take(b.number, func(number uint32, row []byte) error {
		l, err := Lines.Read(row)
		if entry, paired := t.pairing.owner(number); paired {
			b.lines = append(b.lines, l)
			b.of[entry%blockRows] = int32(len(b.lines)) //nolint:gosec // a block's
		}
		return err
	})
}

// meet sorts a row of the ledger, and the line that is paired with it, into pairs and rest.
func (t *taking) meet(b *block, number uint32, e record.Entry) {
	own := b.of[number%blockRows]
	at, paired := t.pairing.paired(number)
	if !paired || own == 0 {
		t.entries.add(number, e)
		return
	}
	l := &b.lines[own-1]
	if !t.promising(&e, l) {
		t.entries.add(number, e)
		t.lines.add(at, *l)
		return
	}
	outside := !e.CreatedAt.IsZero() && !t.in.Window.Holds(audit.At(e.CreatedAt).From)
	which := b2i(outside) + 2*b2i(!t.agrees(&e, l))
	some := &b.batches[which]
	some.outside = outside
	if len(some.numbers) == 0 && which == 0 {
		some.grow(len(b.lines))
	}
	some.add(number, &e, at, l)
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
