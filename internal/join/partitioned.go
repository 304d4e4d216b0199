package join

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"parallax/internal/spill"
)

const pairsAtOnce = 4096

// worker is what one goroutine needs to part rows and to match partitions.
type worker struct {
	run     *run
	scatter scatter
	out     *sorter
	tally   Tally
	table   table
	large   *sorter // for partitions that are too large for the table
	list    [2][][]byte
	buf     [2][]byte
	pairs   []Pair
	pairErr error
	ctx     context.Context
}

// plan is how the memory of a match is shared out.
type plan struct {
	partitions int
	block      int64
	blocks     int64 // for both stores together, beside the blocks that are being filled
	stage      int64 // for each writer
	sorter     int64 // for each worker
	match      int64 // for each worker
}

func (r *run) plan() plan {
	rows := int64(0)
	for _, side := range r.sides {
		if side.Rows <= 0 {
			side.Rows = someRows
		}
		rows = max(rows, side.Rows)
	}
	writers := 2 * r.cfg.Workers
	p := plan{partitions: 1, blocks: r.cfg.Memory / 4 * 3}
	for p.partitions < maxPartitions && int64(p.partitions)*partitionRows < rows &&
		p.blocks/4/int64(2*p.partitions*writers) >= 1<<10 {
		p.partitions *= 2
	}
	p.block = spill.BlockSize(p.blocks, p.partitions, writers)
	p.blocks -= p.block * int64(p.partitions*writers)
	p.stage = r.cfg.Memory / 64 / int64(writers)
	p.sorter = r.cfg.Memory / 8 / int64(r.cfg.Workers)
	p.match = r.cfg.Memory / 8 / int64(r.cfg.Workers)
	return p
}

// partitioned parts both sides by the hashes of their keys, and matches one partition after the other.
func (r *run) partitioned(ctx context.Context) (_ *Result, err error) {
	p := r.plan()
	budget := spill.NewBudget(p.blocks)
	var stores [2]*spill.Blocks
	for i := range stores {
		cfg := spill.BlocksConfig{Partitions: p.partitions, Budget: budget, Stage: p.stage, Dir: r.cfg.Dir}
		if stores[i], err = spill.NewBlocks(cfg, p.block); err != nil {
			return nil, err
		}
	}
	defer func() { err = errors.Join(err, closeBoth(stores)) }()
	workers := make([]*worker, r.cfg.Workers)
	sorters := make([]*sorter, r.cfg.Workers)
	for i := range workers {
		workers[i] = r.newWorker(p)
		sorters[i] = workers[i].out
	}
	defer func() {
		if err != nil {
			for _, s := range sorters {
				err = errors.Join(err, s.free())
			}
		}
	}()
	if err := r.part(ctx, stores, workers); err != nil {
		return nil, err
	}
	r.number()
	next := atomic.Int64{}
	err = r.together(ctx, func(ctx context.Context, i int) error { return workers[i].match(ctx, stores, &next, p) })
	if err != nil {
		return nil, err
	}
	result := &Result{first: r.first, shift: r.shift}
	for _, w := range workers {
		result.Tally.add(w.tally)
	}
	if result.sorted, err = newMerged(ctx, sorters, r.cfg.Memory/2); err != nil {
		return nil, err
	}
	result.Tally.LeftRows, result.Tally.RightRows = r.seen[left].Load(), r.seen[right].Load()
	result.Tally.Spilled = stores[left].Spilled() + stores[right].Spilled() + result.sorted.spilled()
	return result, nil
}

// closeBoth closes the stores side by side: the kernel takes its time over large files.
func closeBoth(stores [2]*spill.Blocks) error {
	var errs [2]error
	var running sync.WaitGroup
	for i, s := range stores {
		running.Go(func() { errs[i] = s.Close() })
	}
	running.Wait()
	return errors.Join(errs[:]...)
}

func (r *run) newWorker(p plan) *worker {
	w := &worker{run: r, out: newSorter(p.sorter, r.cfg.Dir)}
	shift := uint(64)
	for n := p.partitions; n > 1; n /= 2 {
		shift--
	}
	w.scatter = scatter{hash: r.hash, shift: shift, carry: r.cfg.Carry, nulls: w.null}
	w.table.hash, w.table.carry = &r.hash, r.carry()
	return w
}

// part scans both sides into partitions.
func (r *run) part(ctx context.Context, stores [2]*spill.Blocks, workers []*worker) error {
	jobs, next := r.jobs(), atomic.Int64{}
	return r.together(ctx, func(ctx context.Context, i int) (err error) {
		w := workers[i]
		w.ctx = ctx
		for side := range stores {
			w.scatter.writers[side] = stores[side].Writer(ctx)
			defer func() { err = errors.Join(err, w.scatter.writers[side].Close()) }()
		}
		return r.scan(ctx, jobs, &next, func(j job, first uint64, b *Batch) error { return w.scatter.add(j.side, first, b) })
	})
}

// null takes a row with a NULL in its key.
func (w *worker) null(side int, row uint64, key, value []byte) error {
	if side == left {
		w.tally.LeftNulls++
		w.tally.LeftOnly++
	} else {
		w.tally.RightNulls++
		w.tally.RightOnly++
	}
	return w.out.add(w.ctx, key, true, byte(entryLeft+side), row, value) //nolint:gosec // 0 or 1
}

// match matches partitions until there are no more.
func (w *worker) match(ctx context.Context, stores [2]*spill.Blocks, next *atomic.Int64, p plan) (err error) {
	w.ctx = ctx
	defer func() {
		if w.large != nil {
			err = errors.Join(err, w.large.free())
		}
		w.large, w.table, w.buf, w.list = nil, table{}, [2][]byte{}, [2][][]byte{}
	}()
	for {
		i := int(next.Add(1)) - 1
		if i >= p.partitions {
			break
		}
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		var err error
		if w.fits(stores, i, p.match) {
			err = w.matchInMemory(ctx, stores, i)
		} else {
			err = w.matchSorted(ctx, stores, i, p.match)
		}
		if err != nil {
			return err
		}
		for side := range stores {
			stores[side].Free(i)
		}
	}
	return w.sendPairs()
}

// fits reports whether a partition can be matched in so much memory.
func (w *worker) fits(stores [2]*spill.Blocks, i int, memory int64) bool {
	need, blocks := int64(0), int64(1)
	for side := range stores {
		need += stores[side].OnDisk(i) + w.rows(stores, side, i)*rowCost
		blocks += stores[side].Count(i)
	}
	return need <= memory && blocks < maxRefs
}

// rows is about how many rows a partition has.
func (w *worker) rows(stores [2]*spill.Blocks, side, i int) int64 {
	all := max(1, stores[side].Total())
	rows := w.run.seen[side].Load()
	return int64(float64(rows)*float64(stores[side].Bytes(i))/float64(all)) + 1
}

func (w *worker) matchInMemory(ctx context.Context, stores [2]*spill.Blocks, i int) error {
	w.table.reset(max(w.rows(stores, left, i), w.rows(stores, right, i)))
	for side := range stores {
		var err error
		w.list[side], w.buf[side], err = stores[side].Load(ctx, i, w.list[side][:0], w.buf[side])
		if err != nil {
			return err
		}
		w.table.take(uint8(side), w.list[side]) //nolint:gosec // 0 or 1
	}
	matched, err := w.table.report(w.run.cfg.Pairs != nil, w)
	w.tally.Matched += matched
	return errors.Join(err, w.pairErr)
}

// matchSorted is for partitions that are too large for the memory, such as those of a key with very many rows.
func (w *worker) matchSorted(ctx context.Context, stores [2]*spill.Blocks, i int, memory int64) error {
	if w.large == nil {
		w.large = newSorter(memory/2, w.run.cfg.Dir)
	}
	s := w.large
	s.reset()
	for side := range stores {
		err := stores[side].Each(ctx, i, func(b []byte) error {
			for len(b) > 0 {
				row, size := getRow(b)
				if err := s.add(ctx, row.key, false, byte(entryLeft+side), row.row, row.value); err != nil { //nolint:gosec // 0 or 1
					return err
				}
				b = b[size:]
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	all, err := newMerged(ctx, []*sorter{s}, memory/2)
	if err != nil {
		return err
	}
	cur, err := all.begin(ctx)
	if err != nil {
		return err
	}
	g := grouper{ctx: ctx, carry: w.run.carry(), out: w.out, tally: &w.tally, pairs: w.pair}
	for cur.next() {
		side, row := cur.entry.place()
		if err := g.add(cur.entry.key, side, row, cur.entry.value()); err != nil {
			return err
		}
	}
	return errors.Join(cur.err, g.flush(), w.pairErr)
}

// pair implements outcome.
func (w *worker) pair(l, r uint64) {
	if w.run.cfg.Pairs == nil {
		return
	}
	w.pairs = append(w.pairs, Pair{w.run.rowNumber(left, l), w.run.rowNumber(right, r)})
	if len(w.pairs) == pairsAtOnce {
		w.pairErr = errors.Join(w.pairErr, w.sendPairs())
	}
}

func (w *worker) sendPairs() error {
	if len(w.pairs) == 0 || w.pairErr != nil {
		return w.pairErr
	}
	w.run.pairsMu.Lock()
	defer w.run.pairsMu.Unlock()
	err := w.run.cfg.Pairs(w.pairs)
	w.pairs = w.pairs[:0]
	return err
}

// group implements outcome.
func (w *worker) group(lefts, rights int64, rows []stored) error {
	w.tally.count(lefts, rights)
	if err := w.out.head(w.ctx, rows[0].key, lefts, rights); err != nil {
		return err
	}
	for i := range rows {
		side := left
		if int64(i) >= lefts {
			side = right
		}
		if err := w.out.add(w.ctx, rows[i].key, false, byte(entryLeft+side), rows[i].row, rows[i].value); err != nil { //nolint:gosec // 0 or 1
			return err
		}
	}
	return nil
}
