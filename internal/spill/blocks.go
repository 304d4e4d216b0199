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
	// maxStage is how much a writer collects before it writes to its file: a file system is slow with many small pieces.
	maxStage = 512 << 10
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

// Blocks holds records of any length, as bytes, in partitions: in memory while the budget lasts, beyond it in temporary
// files without a name, one for each writer. Its methods may be called from any goroutine.
type Blocks struct {
	dir    string
	size   int64 // of a full-grown block, with its slack
	stage  int   // bytes that a writer collects before it writes them
	budget *Budget
	open   func(dir string) (file, error)

	spilled atomic.Int64 // bytes in the files
	writers atomic.Int64 // open ones

	mu     sync.Mutex
	parts  []blocks
	total  int64 // bytes of all partitions
	files  []file
	err    error // the first failure to write
	closed bool
}

// blocks is one partition.
type blocks struct {
	bytes  int64
	kept   [][]byte
	spills []extent
}

// extent is a block in a file.
type extent struct {
	file   file
	offset int64
	length int
}

// BlocksConfig is the shape of a store of blocks and what it may use.
type BlocksConfig struct {
	Partitions int
	Budget     *Budget // what the blocks may take, together with other stores of this budget
	Stage      int64   // bytes that each writer may collect before it writes to disk, beside the budget
	Dir        string  // where the temporary files go; "" is the system's folder for such
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
		dir: cfg.Dir, size: size, stage: int(min(maxStage, cfg.Stage)), budget: cfg.Budget, open: temporary, parts: make([]blocks, cfg.Partitions),
	}, nil
}

// BlockWriter adds records to a store of blocks. It belongs to one goroutine, and must be closed before the store is read.
type BlockWriter struct {
	ctx   context.Context
	store *Blocks
	open  []openBlock // one a partition
	err   error       // the first of Room
	file  file        // nil until the first block is spilled
	end   int64       // of the file, with what is staged
	stage []byte      // the end of the file, not written yet
}

// openBlock is a block that is being filled; it has no bytes until the first record comes.
type openBlock struct {
	bytes []byte
	used  int
}

// Writer returns a new writer.
func (s *Blocks) Writer(ctx context.Context) *BlockWriter {
	s.writers.Add(1)
	return &BlockWriter{ctx: ctx, store: s, open: make([]openBlock, len(s.parts))}
}

// Room returns where the next n bytes of a partition go. The slice is longer by Slack at least, and what is written beyond
// n is overwritten later. The bytes of one call stay together. It is nil after an error, which Err tells: the store is not
// complete then.
func (w *BlockWriter) Room(p, n int) []byte {
	o := &w.open[p]
	at := o.used
	if len(o.bytes)-at < n+Slack {
		return w.renew(p, n)
	}
	o.used = at + n
	return o.bytes[at:]
}

// Err is the first error that has kept Room from making room.
func (w *BlockWriter) Err() error { return w.err }

// renew puts a full block away and returns room in a new one, or in the same if its content went to disk.
func (w *BlockWriter) renew(p, n int) []byte {
	if w.err == nil {
		w.err = w.ctx.Err()
	}
	if w.err != nil {
		w.err = w.store.fail(w.err)
		return nil
	}
	o := &w.open[p]
	var next []byte
	if next, w.err = w.put(p, o.bytes[:o.used:len(o.bytes)], n+Slack); w.err != nil {
		return nil
	}
	o.bytes, o.used = next[:cap(next)], n
	return o.bytes
}

// put keeps or spills a full block and returns an empty one with room for n bytes.
func (w *BlockWriter) put(p int, full []byte, n int) ([]byte, error) {
	s := w.store
	size := s.grown(cap(full), n)
	if len(full) == 0 {
		return make([]byte, 0, size), nil
	}
	if s.budget.take(int64(cap(full))) {
		return make([]byte, 0, size), s.keep(p, full)
	}
	if err := w.spill(p, full); err != nil {
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

// spill puts a block at the end of the writer's file.
func (w *BlockWriter) spill(p int, full []byte) error {
	s := w.store
	if w.file == nil {
		f, err := s.target()
		if err != nil {
			return err
		}
		w.file, w.stage = f, make([]byte, 0, s.stage)
	}
	if len(w.stage)+len(full) > cap(w.stage) {
		if err := w.flush(); err != nil {
			return err
		}
	}
	offset := w.end
	w.end += int64(len(full))
	if len(full) > cap(w.stage) {
		if err := w.write(full, offset); err != nil {
			return err
		}
	} else {
		w.stage = append(w.stage, full...)
	}
	s.spilled.Add(int64(len(full)))
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	part := &s.parts[p]
	part.spills = append(part.spills, extent{w.file, offset, len(full)})
	part.bytes += int64(len(full))
	s.total += int64(len(full))
	return s.err
}

// flush writes what is staged.
func (w *BlockWriter) flush() error {
	if len(w.stage) == 0 {
		return nil
	}
	err := w.write(w.stage, w.end-int64(len(w.stage)))
	w.stage = w.stage[:0]
	return err
}

func (w *BlockWriter) write(b []byte, offset int64) error {
	if _, err := w.file.WriteAt(b, offset); err != nil {
		return w.store.fail(fmt.Errorf("spill %d bytes at %d of a temporary file in %s: %w", len(b), offset, w.store.folder(), err))
	}
	return nil
}

// target opens the file of a writer.
func (s *Blocks) target() (file, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errClosed
	}
	if s.err != nil {
		return nil, s.err
	}
	f, err := s.open(s.dir)
	if err != nil {
		s.err = fmt.Errorf("open a temporary file to spill to in %s: %w", s.folder(), err)
		return nil, s.err
	}
	s.files = append(s.files, f)
	return f, nil
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
	for p, o := range w.open {
		if o.used > 0 {
			errs = errors.Join(errs, w.store.keep(p, o.bytes[:o.used:len(o.bytes)]))
		}
	}
	errs = errors.Join(errs, w.flush())
	w.open, w.stage = nil, nil
	w.store.writers.Add(-1)
	return errs
}
