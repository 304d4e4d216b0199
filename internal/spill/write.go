package spill

import (
	"context"
	"errors"
	"fmt"
)

// Writer adds records to a Set. It belongs to one goroutine, and must be closed before the set is read.
type Writer[T any] struct {
	ctx    context.Context
	set    *Set[T]
	chunks [][]T // one a partition; nil until it gets its first record
	closed bool
}

// Writer returns a new writer. It is an error to ask for more than Config.Writers in all: a closed one leaves its memory
// with the set.
func (s *Set[T]) Writer(ctx context.Context) (*Writer[T], error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errClosed
	}
	if s.taken == s.cfg.Writers {
		return nil, fmt.Errorf("write to spill set: all of its %d writers were given out", s.cfg.Writers)
	}
	s.taken++
	s.writers++
	return &Writer[T]{ctx: ctx, set: s, chunks: make([][]T, s.cfg.Partitions)}, nil
}

// Add copies a record to a partition, 0 to Config.Partitions-1. After an error, and once the context has ended, which is
// noticed when a chunk is full, the set is not complete.
func (w *Writer[T]) Add(p int, record *T) error {
	chunk := w.chunks[p]
	if len(chunk) == cap(chunk) {
		var err error
		if chunk, err = w.renew(p, chunk); err != nil {
			return err
		}
	}
	w.chunks[p] = append(chunk, *record)
	return nil
}

// renew hands a full chunk to the set and returns an empty one: a new one, or the same if its content went to disk.
func (w *Writer[T]) renew(p int, full []T) ([]T, error) {
	if w.closed {
		return nil, errors.New("add to spill set: the writer is closed")
	}
	if full == nil {
		return make([]T, 0, w.set.chunk), nil
	}
	if err := w.ctx.Err(); err != nil {
		return nil, w.set.fail(err)
	}
	kept, err := w.set.keep(p, full, false)
	if err != nil {
		return nil, err
	}
	if kept {
		return make([]T, 0, w.set.chunk), nil
	}
	return full[:0], w.set.write(p, full)
}

// Close hands over what the writer still holds. It may be called again.
func (w *Writer[T]) Close() error {
	if w.closed {
		return nil
	}
	w.closed = true
	var err error
	for p, chunk := range w.chunks {
		if len(chunk) > 0 && err == nil {
			_, err = w.set.keep(p, chunk, true)
		}
	}
	w.chunks = make([][]T, len(w.chunks))
	w.set.mu.Lock()
	defer w.set.mu.Unlock()
	w.set.writers--
	return err
}
