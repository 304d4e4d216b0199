package spill

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"reflect"
	"sync"
)

// maxChunk is how large a chunk grows, in bytes, when there is memory enough: larger ones make nothing faster.
const maxChunk = 64 << 10

// Config is the shape of a Set and what it may use.
type Config struct {
	Partitions int
	Writers    int    // at most so many at any time
	Memory     int64  // bytes for all chunks together
	Dir        string // where the temporary file goes; "" is the system's folder for such
}

// Set is records of type T in partitions. Writers fill it; when all are closed it can be read. Its methods may be
// called from any goroutine.
type Set[T any] struct {
	cfg   Config
	size  int64 // bytes of a record
	chunk int   // records of a chunk
	spare int   // full chunks that may still stay in memory, beside those the writers are filling

	open func(dir string) (file, error)

	mu      sync.Mutex
	parts   []part[T]
	file    file  // nil until the first chunk is spilled
	blocks  int64 // chunks in the file, all of one size
	writers int   // open ones
	taken   int   // chunks of closed writers that count against those of Config.Writers
	err     error // the first failure to write; what was added is not complete then
	closed  bool
}

// part is one partition.
type part[T any] struct {
	count  int64
	kept   [][]T
	blocks []uint32 // numbers of its full chunks in the file
}

type file interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
}

var (
	errClosed  = errors.New("spill set is closed")
	errWriters = errors.New("spill set has writers that are not closed")
)

// New makes an empty set. It is an error if T may hold a pointer, or if the memory does not hold one record for each
// writer and partition.
func New[T any](cfg Config) (*Set[T], error) {
	t := reflect.TypeFor[T]()
	size := sizeOf[T]()
	if err := plain(t); err != nil {
		return nil, fmt.Errorf("spill records of type %s: %w", t, err)
	}
	if size == 0 {
		return nil, fmt.Errorf("spill records of type %s: they have no size", t)
	}
	if cfg.Partitions < 1 || cfg.Writers < 1 {
		return nil, fmt.Errorf("spill to %d partitions by %d writers: at least one of each is needed", cfg.Partitions, cfg.Writers)
	}
	filling := int64(cfg.Partitions) * int64(cfg.Writers)
	if cfg.Memory/size < filling {
		return nil, fmt.Errorf("spill to %d partitions by %d writers: %d bytes of memory are too few, at least %d are needed",
			cfg.Partitions, cfg.Writers, cfg.Memory, filling*size)
	}
	// A quarter of the memory is for chunks that are being filled, unless that is less than a record each.
	chunk := max(1, min(maxChunk, cfg.Memory/4/filling)/size)
	return &Set[T]{
		cfg: cfg, size: size, chunk: int(chunk), spare: int(cfg.Memory/(chunk*size) - filling),
		open: temporary, parts: make([]part[T], cfg.Partitions),
	}, nil
}

// temporary opens a new file that goes away with its last handle.
func temporary(dir string) (file, error) {
	f, err := os.CreateTemp(dir, "parallax-spill-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// Len is the number of records in a partition, not counting those that open writers still hold.
func (s *Set[T]) Len(p int) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.parts[p].count
}

// Spilled is the size of the temporary file in bytes.
func (s *Set[T]) Spilled() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.blocks * s.block()
}

// block is the size of a full chunk in bytes.
func (s *Set[T]) block() int64 { return int64(s.chunk) * s.size }

// Close gives up all memory and the file. Reading or writing afterwards is an error.
func (s *Set[T]) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed, s.parts = true, make([]part[T], s.cfg.Partitions)
	if s.file == nil {
		return nil
	}
	if err := s.file.Close(); err != nil {
		return fmt.Errorf("close spill file: %w", err)
	}
	return nil
}

// keep takes a chunk into memory if the budget allows, or if it is the rest of a writer that closes.
func (s *Set[T]) keep(p int, chunk []T, rest bool) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return false, errClosed
	case s.err != nil:
		return false, s.err
	case !rest && s.spare == 0:
		return false, nil
	case !rest:
		s.spare--
	}
	part := &s.parts[p]
	part.kept = append(part.kept, chunk)
	part.count += int64(len(chunk))
	return true, nil
}

// write puts a full chunk into the file. Chunks are written side by side: only their places are handed out one by one.
func (s *Set[T]) write(p int, chunk []T) error {
	f, block, err := s.place()
	if err != nil {
		return err
	}
	offset := int64(block) * s.block()
	if _, err := f.WriteAt(bytesOf(chunk), offset); err != nil {
		return s.fail(fmt.Errorf("spill %d bytes at %d of the temporary file in %s: %w", s.block(), offset, s.folder(), err))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	part := &s.parts[p]
	part.blocks = append(part.blocks, block)
	part.count += int64(len(chunk))
	return nil
}

func (s *Set[T]) place() (file, uint32, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, 0, errClosed
	}
	if s.blocks > math.MaxUint32 {
		s.err = fmt.Errorf("spill more than %d chunks: there is too little memory for so much", s.blocks)
		return nil, 0, s.err
	}
	if s.file == nil {
		f, err := s.open(s.cfg.Dir)
		if err != nil {
			s.err = fmt.Errorf("open a temporary file to spill to in %s: %w", s.folder(), err)
			return nil, 0, s.err
		}
		s.file = f
	}
	block := uint32(s.blocks) //nolint:gosec // checked above
	s.blocks++
	return s.file, block, nil
}

func (s *Set[T]) fail(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
	}
	return err
}

func (s *Set[T]) folder() string {
	if s.cfg.Dir == "" {
		return os.TempDir()
	}
	return s.cfg.Dir
}

// ready returns a copy of what a partition consists of, or what forbids to read it.
func (s *Set[T]) ready(ctx context.Context, p int) (part[T], file, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case ctx.Err() != nil:
		return part[T]{}, nil, ctx.Err()
	case s.closed:
		return part[T]{}, nil, errClosed
	case s.err != nil:
		return part[T]{}, nil, s.err
	case s.writers > 0:
		return part[T]{}, nil, errWriters
	}
	return s.parts[p], s.file, nil
}

// Partitions is their number.
func (s *Set[T]) Partitions() int { return s.cfg.Partitions }
