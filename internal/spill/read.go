package spill

import (
	"context"
	"fmt"
	"slices"
)

// Load returns all records of a partition in buf, which grows if it has to.
func (s *Set[T]) Load(ctx context.Context, p int, buf []T) ([]T, error) {
	part, f, err := s.ready(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("load spill partition %d: %w", p, err)
	}
	buf = slices.Grow(buf[:0], int(part.count))
	for _, chunk := range part.kept {
		buf = append(buf, chunk...)
	}
	for i, block := range part.blocks {
		if err := ctx.Err(); i%64 == 0 && err != nil {
			return nil, fmt.Errorf("load spill partition %d: %w", p, err)
		}
		n := len(buf)
		buf = buf[:n+s.chunk]
		if err := s.fetch(f, block, buf[n:]); err != nil {
			return nil, fmt.Errorf("load spill partition %d: %w", p, err)
		}
	}
	return buf, nil
}

// Each calls f with the records of a partition, some at a time; f may not keep the slice or change it. It is for
// partitions that are too large to be loaded.
func (s *Set[T]) Each(ctx context.Context, p int, f func([]T) error) error {
	part, from, err := s.ready(ctx, p)
	if err != nil {
		return fmt.Errorf("read spill partition %d: %w", p, err)
	}
	for _, chunk := range part.kept {
		if err := f(chunk); err != nil {
			return err
		}
	}
	var buf []T
	for _, block := range part.blocks {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("read spill partition %d: %w", p, err)
		}
		buf = slices.Grow(buf[:0], s.chunk)[:s.chunk]
		if err := s.fetch(from, block, buf); err != nil {
			return fmt.Errorf("read spill partition %d: %w", p, err)
		}
		if err := f(buf); err != nil {
			return err
		}
	}
	return nil
}

func (s *Set[T]) fetch(f file, block uint32, into []T) error {
	// A file that ends early is as bad as one that cannot be read: ReadAt makes both an error.
	offset := int64(block) * s.block()
	if _, err := f.ReadAt(bytesOf(into), offset); err != nil {
		return fmt.Errorf("%d bytes at %d of the temporary file in %s: %w", s.block(), offset, s.folder(), err)
	}
	return nil
}
