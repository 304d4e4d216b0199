package spill

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
)

const (
	// Slack is how many bytes beyond what was asked for may be overwritten in a block, and read beyond its end, so that
	// short texts can be copied and compared by whole words.
	Slack = 32
	// firstBlock is the size of the first block of a partition, so that few records need little memory.
	firstBlock = 1 << 10
	// maxBlock is how large blocks grow; larger ones make nothing faster.
	maxBlock = 32 << 10
	// minBlock keeps the blocks of a small budget from becoming all overhead.
	minBlock = 512
)

// Budget is memory in bytes that several stores share.
type Budget struct{ left atomic.Int64 }

// NewBudget returns a budget of so many bytes.
func NewBudget(bytes int64) *Budget {
	b := &Budget{}
	b.left.Store(bytes)
	return b
}

// take asks for n bytes, and gets all or nothing.
func (b *Budget) take(n int64) bool {
	if b.left.Add(-n) >= 0 {
		return true
	}
	b.left.Add(n)
	return false
}

// Blocks holds records of any length, as bytes, in partitions: in memory while the budget lasts, beyond it in one
// temporary file without a name. Its methods may be called from any goroutine.
type Blocks struct {
	dir    string
	size   int64 // of a full-grown block, with its slack
	budget *Budget
	open   func(dir string) (file, error)

	end     atomic.Int64 // of the file
	writers atomic.Int64 // open ones

	mu     sync.Mutex
	parts  []blocks
	total  int64 // bytes of all partitions
	file   file
	err    error // the first failure to write
	closed bool
}

// blocks is one partition.
type blocks struct {
	bytes  int64
	kept   [][]byte
	spills []extent
}

// extent is a block in the file.
type extent struct {
	offset int64
	length int
}

// BlocksConfig is the shape of a store of blocks and what it may use.
type BlocksConfig struct {
	Partitions int
	Budget     *Budget // what the blocks may take, together with other stores of this budget
	Dir        string  // where the temporary file goes; "" is the system's folder for such
}

// BlockSize is the size of a block if a quarter of the memory shall do for those that so many writers are filling.
func BlockSize(memory int64, partitions, writers int) int64 {
	return max(minBlock, min(maxBlock, memory/4/int64(partitions)/int64(writers)))
}

// NewBlocks makes an empty store whose blocks grow to size bytes. Every writer has one block a partition from outside the
// budget: the caller leaves room for them.
func NewBlocks(cfg BlocksConfig, size int64) (*Blocks, error) {
	if cfg.Partitions < 1 || size < minBlock || size > maxBlock {
		return nil, fmt.Errorf("spill to %d partitions of blocks of %d bytes: not possible", cfg.Partitions, size)
	}
	return &Blocks{
		dir: cfg.Dir, size: size, budget: cfg.Budget, open: temporary, parts: make([]blocks, cfg.Partitions),
	}, nil
}

// BlockWriter adds records to a store of blocks. It belongs to one goroutine, and must be closed before the store is read.
type BlockWriter struct {
	ctx   context.Context
	store *Blocks
	open  [][]byte // one a partition; nil until it gets its first record
}

// Writer returns a new writer.
func (s *Blocks) Writer(ctx context.Context) *BlockWriter {
	s.writers.Add(1)
	return &BlockWriter{ctx: ctx, store: s, open: make([][]byte, len(s.parts))}
}

// Room returns where the next n bytes of a partition go. The slice is longer by Slack at least, and what is written beyond
// n is overwritten later. The bytes of one call stay together.
func (w *BlockWriter) Room(p, n int) ([]byte, error) {
	b := w.open[p]
	if l := len(b); cap(b)-l >= n+Slack {
		w.open[p] = b[:l+n]
		return b[l:cap(b)], nil
	}
	return w.renew(p, n)
}

// renew puts a full block away and returns room in a new one, or in the same if its content went to disk.
func (w *BlockWriter) renew(p, n int) ([]byte, error) {
	if err := w.ctx.Err(); err != nil {
		return nil, w.store.fail(err)
	}
	full := w.open[p]
	next, err := w.store.put(p, full, n+Slack)
	if err != nil {
		return nil, err
	}
	w.open[p] = next[:n]
	return next[:cap(next)], nil
}

// put keeps or spills a full block and returns an empty one with room for n bytes.
func (s *Blocks) put(p int, full []byte, n int) ([]byte, error) {
	size := s.grown(cap(full), n)
	if full == nil {
		return make([]byte, 0, size), nil
	}
	if s.budget.take(int64(cap(full))) {
		return make([]byte, 0, size), s.keep(p, full)
	}
	if err := s.spill(p, full); err != nil {
		return nil, err
	}
	if cap(full) >= n && cap(full) == int(s.size) {
		return full[:0], nil
	}
	return make([]byte, 0, max(int(s.size), n)), nil
}

// grown is the size of the block after one of the given size, for n bytes at least.
func (s *Blocks) grown(before, n int) int {
	size := min(int(s.size), max(firstBlock, 4*before))
	return max(size, n)
}

func (s *Blocks) keep(p int, full []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	part := &s.parts[p]
	part.kept = append(part.kept, full)
	part.bytes += int64(len(full))
	s.total += int64(len(full))
	return s.err
}

func (s *Blocks) spill(p int, full []byte) error {
	f, err := s.target()
	if err != nil {
		return err
	}
	offset := s.end.Add(int64(len(full))) - int64(len(full))
	if _, err := f.WriteAt(full, offset); err != nil {
		return s.fail(fmt.Errorf("spill %d bytes at %d of the temporary file in %s: %w", len(full), offset, s.folder(), err))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	part := &s.parts[p]
	part.spills = append(part.spills, extent{offset, len(full)})
	part.bytes += int64(len(full))
	s.total += int64(len(full))
	return nil
}

func (s *Blocks) target() (file, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errClosed
	}
	if s.file == nil && s.err == nil {
		f, err := s.open(s.dir)
		if err != nil {
			s.err = fmt.Errorf("open a temporary file to spill to in %s: %w", s.folder(), err)
			return nil, s.err
		}
		s.file = f
	}
	return s.file, s.err
}

func (s *Blocks) fail(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
	}
	return err
}

func (s *Blocks) folder() string {
	if s.dir == "" {
		return os.TempDir()
	}
	return s.dir
}

// Close hands over what the writer still holds. It may be called again.
func (w *BlockWriter) Close() error {
	if w.open == nil {
		return nil
	}
	var errs error
	for p, b := range w.open {
		if len(b) > 0 {
			errs = errors.Join(errs, w.store.keep(p, b))
		}
	}
	w.open = nil
	w.store.writers.Add(-1)
	return errs
}
