package join

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"runtime"
	"sync"
	"sync/atomic"
)

// The bounds and defaults of a Config.
const (
	DefaultMemory = 256 << 20
	MinMemory     = 256 << 10

	maxWorkers    = 64
	workerMemory  = 64 << 10 // at least
	maxPartitions = 4096
	someRows      = 4 << 20  // taken for a side that does not know how many it has
	partitionRows = 20 << 10 // of a side: what belongs to them stays near the second cache
	maxParts      = 1 << 16
	rowBits       = 48
)

// Config is how a match is made. The zero value is a good one. Nothing of it changes the outcome.
type Config struct {
	Workers int    // goroutines; GOMAXPROCS if zero
	Memory  int64  // bytes that the match may hold, beside what the scans of the parts take; DefaultMemory if zero
	Dir     string // for temporary files; "" is the system's folder for such

	// Progress is told now and then how many rows of each side were read. One call at a time, from several goroutines.
	// It begins again from 0 if the sides were thought to be in order, and are not.
	Progress func(left, right int64)
	// Pairs is told of the pairs with equal values, in no order, each once. One call at a time, from several goroutines.
	// It may not keep the slice. Sides are not merged then.
	Pairs func([]Pair) error
	// Carry says that each row has a number of Batch.Carry. It is the last field of a member's value.
	Carry bool
	// Unordered says that the rows are not in the order of their keys, so that nothing is lost by trying.
	Unordered bool
}

// Pair is one row each side with one key and equal values.
type Pair struct{ Left, Right int64 }

// run is one match.
type run struct {
	cfg    Config
	sides  [2]Side
	hash   hasher
	shift  [2]uint    // a row is its part, shifted by so many bits, and its number in the part
	counts [2][]int64 // rows of each part
	seen   [2]atomic.Int64
	first  [2][]int64

	progressMu sync.Mutex
	pairsMu    sync.Mutex
}

// Match compares two sides and returns what is not exactly one row each side with equal values, and how many are.
// NULL in a key matches nothing, as in SQL: such a row is a group of its own.
//
// The error of a scan names the side and the part. When Match returns no goroutine of it is left, and after an error no
// file and no memory.
func Match(ctx context.Context, left, right Side, cfg Config) (*Result, error) {
	r, err := newRun(left, right, cfg)
	if err != nil {
		return nil, fmt.Errorf("match %s with %s: %w", left.Name, right.Name, err)
	}
	result, err := r.match(ctx)
	if err != nil {
		return nil, fmt.Errorf("match %s with %s: %w", left.Name, right.Name, err)
	}
	return result, nil
}

// match merges the sides if they are in order, or nearly, and parts them if not.
func (r *run) match(ctx context.Context) (*Result, error) {
	if r.mergeable() {
		result, err := r.merged(ctx)
		if !errors.Is(err, errDisorder) {
			return result, err
		}
		r.forget()
	}
	return r.partitioned(ctx)
}

func newRun(l, r Side, cfg Config) (*run, error) {
	if cfg.Workers <= 0 {
		cfg.Workers = runtime.GOMAXPROCS(0)
	}
	cfg.Workers = min(cfg.Workers, maxWorkers)
	if cfg.Memory == 0 {
		cfg.Memory = DefaultMemory
	}
	if cfg.Memory < MinMemory {
		return nil, fmt.Errorf("%d bytes of memory are too few, at least %d are needed", cfg.Memory, MinMemory)
	}
	cfg.Workers = int(min(int64(cfg.Workers), cfg.Memory/workerMemory))
	run := &run{cfg: cfg, sides: [2]Side{l, r}, hash: newHasher()}
	for i, side := range run.sides {
		if len(side.Parts) > maxParts {
			return nil, fmt.Errorf("%s has %d parts, at most %d are possible", side.Name, len(side.Parts), maxParts)
		}
		run.shift[i] = uint(rowBits - bits.Len(uint(max(1, len(side.Parts)-1))))
	}
	run.forget()
	return run, nil
}

// forget makes the run ready for reading all rows, again.
func (r *run) forget() {
	for i := range r.sides {
		r.counts[i] = make([]int64, len(r.sides[i].Parts))
		r.seen[i].Store(0)
	}
}

// carry is how many bytes at the end of a packed value are not compared.
func (r *run) carry() int {
	if r.cfg.Carry {
		return carrySize
	}
	return 0
}

func (r *run) progress(side int, rows int64) {
	r.seen[side].Add(rows)
	if r.cfg.Progress != nil {
		r.progressMu.Lock()
		defer r.progressMu.Unlock()
		r.cfg.Progress(r.seen[left].Load(), r.seen[right].Load())
	}
}

// number finds out the first row of each part.
func (r *run) number() {
	for i := range r.sides {
		next := int64(0)
		r.first[i] = make([]int64, len(r.counts[i]))
		for p, n := range r.counts[i] {
			r.first[i][p] = next
			next += n
		}
	}
}

// rowNumber is the number of a row in its side.
func (r *run) rowNumber(side int, row uint64) int64 {
	return rowNumber(r.first[side], r.shift[side], row)
}

func rowNumber(first []int64, shift uint, row uint64) int64 {
	return first[row>>shift] + int64(row&(1<<shift-1)) //nolint:gosec // below 1 << 48
}

// together runs f once for each worker and returns the first error; the others' context ends with it.
func (r *run) together(ctx context.Context, f func(ctx context.Context, worker int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	errs := make([]error, r.cfg.Workers)
	var group sync.WaitGroup
	for i := range r.cfg.Workers {
		group.Go(func() {
			if errs[i] = f(ctx, i); errs[i] != nil {
				cancel(errs[i])
			}
		})
	}
	group.Wait()
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return errors.Join(errs...)
}
