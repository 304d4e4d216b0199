package sift

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"sync"
	"sync/atomic"

	"parallax/internal/record"
	"parallax/internal/spill"
	"parallax/reconcile"
)

// ref is one key of one row.
type ref struct {
	high, low uint32 // of the key's hash
	row       uint32
}

func (r ref) hash() uint64 { return uint64(r.high)<<32 | uint64(r.low) }

// side is what is known of one of the two streams after its first reading.
type side struct {
	rows    int64
	sum     uint64   // of all hashes in their order: a second reading must come to the same
	partner []uint32 // by row: 1 + the number of the only row that shares keys with it; 0 none; crowd: several
}

// crowd marks a row that shares keys with more than one other, or with one of its own side.
const crowd = ^uint32(0)

// pairing is what the first reading found.
type pairing struct {
	seed           maphash.Seed
	entries, lines side
	spilled        int64
}

// paired returns the row that entry, and no other, shares keys with, if that is so the other way round as well.
func (p *pairing) paired(entry uint32) (line uint32, ok bool) {
	v := p.entries.partner[entry]
	if v == 0 || v == crowd || p.lines.partner[v-1] != entry+1 {
		return 0, false
	}
	return v - 1, true
}

// owner is the entry that a line is paired with.
func (p *pairing) owner(line uint32) (entry uint32, ok bool) {
	v := p.lines.partner[line]
	if v == 0 || v == crowd || p.entries.partner[v-1] != line+1 {
		return 0, false
	}
	return v - 1, true
}

// partitions is into how many pieces the keys are parted: at 100 million keys a side, one piece is a few megabytes.
const partitions = 512

// pairUp reads both sides and finds the rows that share keys with one row of the other side and nothing else.
func (s Sieve) pairUp(ctx context.Context, in reconcile.Input, ledger Stream[record.Entry], lines Stream[record.SettlementLine]) (p *pairing, err error) {
	p = &pairing{seed: maphash.MakeSeed()}
	memory := s.Memory / 5 // a side; the rest is for the numbers of the partners, the rows that are judged, and garbage
	left, err := s.newRefs(memory)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, left.Close()) }()
	right, err := s.newRefs(memory)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, right.Close()) }()

	both, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wait sync.WaitGroup
	wait.Go(func() {
		k := newKeyer(p.seed, s.Auditor.Rules)
		if err := scan(both, s, "ledger", ledger, left, &p.entries, k.entry, in.Open); err != nil {
			cancel(fmt.Errorf("read the ledger: %w", err))
		}
	})
	wait.Go(func() {
		k := newKeyer(p.seed, s.Auditor.Rules)
		if err := scan(both, s, "files", lines, right, &p.lines, k.line, in.OpenLines); err != nil {
			cancel(fmt.Errorf("read the files: %w", err))
		}
	})
	wait.Wait()
	if err := context.Cause(both); err != nil {
		return nil, err
	}
	p.spilled = left.Spilled() + right.Spilled()
	p.entries.partner, p.lines.partner = make([]uint32, p.entries.rows), make([]uint32, p.lines.rows)
	return p, s.meetAll(ctx, p, left, right)
}

func (s Sieve) newRefs(memory int64) (*spill.Set[ref], error) {
	set, err := spill.New[ref](spill.Config{Partitions: partitions, Writers: 1, Memory: memory, Dir: s.Dir})
	if err != nil {
		return nil, fmt.Errorf("sift: %w", err)
	}
	return set, nil
}

// scan parts the keys of one side. The keys of open rows, which are judged with the rest, are told as those of a row that does
// not exist, twice: whoever shares one is no pair.
func scan[T any](ctx context.Context, s Sieve, name string, rows Stream[T], into *spill.Set[ref], out *side, keys func(*T) []uint64, open []T) (err error) {
	w, err := into.Writer(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	add := func(hashes []uint64, row uint32) error {
		for _, h := range hashes {
			r := ref{uint32(h >> 32), uint32(h), row} //nolint:gosec // the two halves
			if err := w.Add(int(h>>32)%partitions, &r); err != nil {
				return err
			}
		}
		return nil
	}
	for i := range open {
		for _, ghost := range []uint32{maxRows, maxRows + 1} {
			if err := add(keys(&open[i]), ghost); err != nil {
				return err
			}
		}
	}
	return rows(ctx, func(row T) error {
		if out.rows == maxRows {
			return fmt.Errorf("more than %d rows", uint32(maxRows))
		}
		hashes := keys(&row)
		if err := add(hashes, uint32(out.rows)); err != nil { //nolint:gosec // checked above
			return err
		}
		out.read(hashes)
		if out.rows%(1<<20) == 0 {
			s.Progress("reading the "+name, out.rows)
		}
		return ctx.Err()
	})
}

// read counts a row and its keys.
func (s *side) read(hashes []uint64) {
	s.rows++
	s.sum = s.sum*0x9e3779b97f4a7c15 + uint64(len(hashes))
	for _, h := range hashes {
		s.sum = s.sum*0x9e3779b97f4a7c15 + h
	}
}

// meetAll brings the keys of both sides together, two pieces at a time.
func (s Sieve) meetAll(ctx context.Context, p *pairing, left, right *spill.Set[ref]) error {
	var next atomic.Int64
	errs := make([]error, 2)
	var wait sync.WaitGroup
	for worker := range errs {
		wait.Go(func() {
			var m meeting
			for piece := next.Add(1) - 1; piece < partitions && errs[worker] == nil; piece = next.Add(1) - 1 {
				errs[worker] = m.meet(ctx, p, left, right, int(piece))
			}
		})
	}
	wait.Wait()
	return errors.Join(errs...)
}

// meeting is the memory for one piece at a time.
type meeting struct {
	entries, lines []ref
	slots          []slot
}

// slot is one key: the first row of each side that carries it, plus one.
type slot struct {
	hash        uint64
	entry, line uint32
	crowded     bool
}

func (m *meeting) meet(ctx context.Context, p *pairing, left, right *spill.Set[ref], piece int) error {
	var err error
	if m.entries, err = left.Load(ctx, piece, m.entries); err != nil {
		return err
	}
	if m.lines, err = right.Load(ctx, piece, m.lines); err != nil {
		return err
	}
	size := 16
	for size < 2*(len(m.entries)+len(m.lines)) {
		size *= 2
	}
	if cap(m.slots) < size {
		m.slots = make([]slot, size)
	}
	m.slots = m.slots[:size]
	clear(m.slots)
	for _, r := range m.entries {
		at := m.find(r.hash())
		meetOne(at, &at.entry, r.row, p.entries.partner)
	}
	for _, r := range m.lines {
		at := m.find(r.hash())
		meetOne(at, &at.line, r.row, p.lines.partner)
	}
	for i := range m.slots {
		p.tie(&m.slots[i])
	}
	return nil
}

func (m *meeting) find(hash uint64) *slot {
	mask := uint64(len(m.slots) - 1) //nolint:gosec // a power of two
	for i := hash & mask; ; i = (i + 1) & mask {
		if at := &m.slots[i]; at.hash == hash || at.hash == 0 {
			at.hash = hash
			return at
		}
	}
}

// meetOne notes a row under its key. The second row of one side makes a crowd of all.
func meetOne(at *slot, first *uint32, row uint32, partner []uint32) {
	if *first == 0 {
		*first = row + 1
		return
	}
	if *first != row+1 {
		at.crowded = true
		mark(partner, row)
	}
}

// mark makes a row one of a crowd; rows that do not exist stand for open ones.
func mark(partner []uint32, row uint32) {
	if int64(row) < int64(len(partner)) {
		atomic.StoreUint32(&partner[row], crowd)
	}
}

// tie tells the two rows of a key of each other.
func (p *pairing) tie(at *slot) {
	switch {
	case at.crowded:
		if at.entry > 0 {
			mark(p.entries.partner, at.entry-1)
		}
		if at.line > 0 {
			mark(p.lines.partner, at.line-1)
		}
	case at.entry > 0 && at.line > 0:
		point(p.entries.partner, at.entry-1, at.line)
		point(p.lines.partner, at.line-1, at.entry)
	}
}

// point gives a row its partner, or makes it one of a crowd if it has another.
func point(partner []uint32, row, to uint32) {
	if at := &partner[row]; !atomic.CompareAndSwapUint32(at, 0, to) && atomic.LoadUint32(at) != to {
		atomic.StoreUint32(at, crowd)
	}
}
