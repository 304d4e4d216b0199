package join

import (
	"context"
	"fmt"
	"hash/maphash"
	"math/bits"
	"sync/atomic"
)

// The bounds on how many groups Screen sums up.
const (
	minGroups    = 1 << 10
	maxGroups    = 1 << 22
	rowsPerGroup = 32
)

// Screened tells which rows of two sides may differ.
type Screened struct {
	Rows [2]int64 // that each side has in all

	seed   maphash.Seed
	shift  uint
	differ []uint64 // a bit for each group
	carry  bool
}

// Screen reads both sides once and finds the rows that they have in common, as far as it can tell: few more are left than differ.
// It holds some megabytes and writes nothing, so that sides of any size that are nearly the same are matched in the time that
// reading them twice takes.
//
// The keys are parted into groups by a hash. Of each group the hashes of all rows are summed up, 128 bits for key and value
// together; those of the right side are taken away. A group that comes to zero has the same rows on both sides, each as often:
// the hashes are seeded anew for each run, so that the chance of being wrong is that of guessing 128 bits. Rows that are doubled
// on both sides alike are left out too; those with a NULL in the key stay. What is carried is not looked at.
func Screen(ctx context.Context, left, right Side, cfg Config) (*Screened, error) {
	r, err := newRun(left, right, cfg)
	if err != nil {
		return nil, fmt.Errorf("screen %s with %s: %w", left.Name, right.Name, err)
	}
	seeds := [3]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed(), maphash.MakeSeed()}
	groups := r.groups()
	printers := make([]*printer, r.cfg.Workers)
	next := atomic.Int64{}
	err = r.together(ctx, func(ctx context.Context, i int) error {
		p := &printer{seeds: seeds, shift: shiftOf(groups), carry: cfg.Carry, sums: make([][2]uint64, groups)}
		printers[i] = p
		return r.scan(ctx, r.jobs(), &next, func(j job, _ uint64, b *Batch) error { return p.add(j.side, b) })
	})
	if err != nil {
		return nil, fmt.Errorf("screen %s with %s: %w", left.Name, right.Name, err)
	}
	return &Screened{
		Rows: [2]int64{r.seen[0].Load(), r.seen[1].Load()}, seed: seeds[2], shift: shiftOf(groups), differ: differing(printers), carry: cfg.Carry,
	}, nil
}

// groups is how many groups are summed up: each worker has sums of its own.
func (r *run) groups() int {
	n, rows := int64(minGroups), max(r.sides[left].Rows, r.sides[right].Rows)
	for n < maxGroups && n*rowsPerGroup < rows && 2*n*16*int64(r.cfg.Workers) <= r.cfg.Memory/2 {
		n *= 2
	}
	return int(n)
}

// shiftOf is how far a hash is shifted to become the number of one of n groups.
func shiftOf(n int) uint { return uint(64 - bits.Len(uint(n-1))) } //nolint:gosec // not negative

// differing adds up what the workers have and finds the groups that do not come to zero.
func differing(printers []*printer) []uint64 {
	sums := printers[0].sums
	for _, p := range printers[1:] {
		for g, s := range p.sums {
			sums[g][0] += s[0]
			sums[g][1] += s[1]
		}
	}
	differ := make([]uint64, (len(sums)+63)/64)
	for g, s := range sums {
		if s != [2]uint64{} {
			differ[g/64] |= 1 << (g % 64)
		}
	}
	return differ
}

// printer sums rows up. It belongs to one worker.
type printer struct {
	seeds [3]maphash.Seed
	shift uint
	carry bool
	sums  [][2]uint64 // by group: left less right
	row   []byte
}

func (p *printer) add(side int, b *Batch) error {
	if err := checkBatch(b, p.carry); err != nil {
		return err
	}
	for i := range b.Rows {
		var null bool
		if p.row, null = appendKey(p.row[:0], b.Key, i); null {
			continue // it matches nothing, and stays
		}
		sum := &p.sums[maphash.Bytes(p.seeds[2], p.row)>>p.shift]
		p.row = appendValue(append(p.row, markBegin, markNull, markBegin), b.Value, i) // no key goes on like this
		low, high := maphash.Bytes(p.seeds[0], p.row), maphash.Bytes(p.seeds[1], p.row)
		if side == right {
			low, high = -low, -high
		}
		sum[0] += low
		sum[1] += high
	}
	return nil
}

// Rest is a side without the rows that both sides have. When it is scanned it must have the rows that were screened.
func (s *Screened) Rest(side Side) Side {
	out := Side{Name: side.Name, Rows: max(1, side.Rows/rowsPerGroup), Once: side.Once}
	for _, part := range side.Parts {
		out.Parts = append(out.Parts, Part{Name: part.Name, Scan: func(ctx context.Context, emit func(*Batch) error) error {
			f := filter{Screened: s}
			return part.Scan(ctx, func(b *Batch) error {
				rest, err := f.rest(b)
				if err != nil || rest.Rows == 0 {
					return err
				}
				return emit(rest)
			})
		}})
	}
	return out
}

// filter leaves out the rows of groups that are the same on both sides.
type filter struct {
	*Screened
	key   []byte
	rows  []int // that stay
	batch Batch
}

func (f *filter) rest(b *Batch) (*Batch, error) {
	if err := checkBatch(b, f.carry); err != nil {
		return nil, err
	}
	f.rows = f.rows[:0]
	for i := range b.Rows {
		var null bool
		f.key, null = appendKey(f.key[:0], b.Key, i)
		group := maphash.Bytes(f.seed, f.key) >> f.shift
		if null || f.differ[group/64]>>(group%64)&1 == 1 {
			f.rows = append(f.rows, i)
		}
	}
	f.batch.Rows = len(f.rows)
	f.batch.Key, f.batch.Value = f.columns(f.batch.Key, b.Key), f.columns(f.batch.Value, b.Value)
	f.batch.Carry = f.batch.Carry[:0]
	if f.carry {
		f.batch.Carry = picked(f.batch.Carry, b.Carry, f.rows)
	}
	return &f.batch, nil
}

// columns are the rows that stay of some columns, in room that is used again. Texts stay where they are.
func (f *filter) columns(to, from []Column) []Column {
	if to == nil {
		to = make([]Column, len(from))
	}
	for c := range from {
		in, out := &from[c], &to[c]
		out.Data = in.Data
		out.Texts, out.Ints, out.Nulls = picked(out.Texts, in.Texts, f.rows), picked(out.Ints, in.Ints, f.rows), picked(out.Nulls, in.Nulls, f.rows)
	}
	return to
}

// picked are some of the values, in room that is used again; nil where there are no values.
func picked[T any](room, from []T, rows []int) []T {
	if from == nil {
		return nil
	}
	if room = room[:0]; room == nil {
		room = make([]T, 0, len(rows))
	}
	for _, i := range rows {
		room = append(room, from[i])
	}
	return room
}
