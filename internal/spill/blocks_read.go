package spill

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Bytes is the size of a partition.
func (s *Blocks) Bytes(p int) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.parts[p].bytes
}

// Total is the size of all partitions.
func (s *Blocks) Total() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.total
}

// Count is the number of blocks of a partition.
func (s *Blocks) Count(p int) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return int64(len(s.parts[p].kept) + len(s.parts[p].spills))
}

// OnDisk is how much of a partition has to be read back.
func (s *Blocks) OnDisk(p int) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	var n int64
	for _, x := range s.parts[p].spills {
		n += int64(x.length) + Slack
	}
	return n
}

// Spilled is how many bytes are in temporary files.
func (s *Blocks) Spilled() int64 { return s.spilled.Load() }

// Load appends the blocks of a partition to list. Those that are kept in memory are returned as they are; the others are
// read into buf, which grows if it has to and is returned for the next time. Each block can be read Slack bytes beyond its
// end. The records of one writer are in the order they were added if the partition was not spilled.
func (s *Blocks) Load(ctx context.Context, p int, list [][]byte, buf []byte) ([][]byte, []byte, error) {
	part, err := s.ready(ctx, p)
	if err != nil {
		return nil, nil, fmt.Errorf("load spill partition %d: %w", p, err)
	}
	list = append(list, part.kept...)
	need := 0
	for _, x := range part.spills {
		need += x.length + Slack
	}
	if need > cap(buf) {
		buf = make([]byte, need+need/8)
	}
	buf = buf[:cap(buf)]
	at := 0
	for _, x := range part.spills {
		if err := ctx.Err(); err != nil {
			return nil, nil, fmt.Errorf("load spill partition %d: %w", p, err)
		}
		b := buf[at : at+x.length : at+x.length+Slack]
		if err := s.fetch(x, b); err != nil {
			return nil, nil, fmt.Errorf("load spill partition %d: %w", p, err)
		}
		list = append(list, b)
		at += x.length + Slack
	}
	return list, buf, nil
}

// Each calls f with the blocks of a partition, one at a time; f may not keep or change them. It is for partitions that are
// too large to be loaded.
func (s *Blocks) Each(ctx context.Context, p int, f func(block []byte) error) error {
	part, err := s.ready(ctx, p)
	if err != nil {
		return fmt.Errorf("read spill partition %d: %w", p, err)
	}
	for _, b := range part.kept {
		if err := f(b); err != nil {
			return err
		}
	}
	var buf []byte
	for _, x := range part.spills {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("read spill partition %d: %w", p, err)
		}
		buf = slices.Grow(buf[:0], x.length+Slack)[:x.length]
		if err := s.fetch(x, buf); err != nil {
			return fmt.Errorf("read spill partition %d: %w", p, err)
		}
		if err := f(buf); err != nil {
			return err
		}
	}
	return nil
}

// Free gives up the memory of a partition that will not be read again.
func (s *Blocks) Free(p int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.parts[p] = blocks{}
}

// Close gives up all memory and the files. Reading or writing afterwards is an error.
func (s *Blocks) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed, s.parts = true, make([]blocks, len(s.parts))
	var errs error
	for _, f := range s.files {
		if err := f.Close(); err != nil {
			errs = errors.Join(errs, fmt.Errorf("close spill file: %w", err))
		}
	}
	s.files = nil
	return errs
}

// ready returns what a partition consists of, or what forbids to read it.
func (s *Blocks) ready(ctx context.Context, p int) (blocks, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case ctx.Err() != nil:
		return blocks{}, ctx.Err()
	case s.closed:
		return blocks{}, errClosed
	case s.err != nil:
		return blocks{}, s.err
	case s.writers.Load() > 0:
		return blocks{}, errWriters
	}
	return s.parts[p], nil
}

func (s *Blocks) fetch(x extent, into []byte) error {
	// A file that ends early is as bad as one that cannot be read: ReadAt makes both an error.
	if _, err := x.file.ReadAt(into, x.offset); err != nil {
		return fmt.Errorf("%d bytes at %d of a temporary file in %s: %w", x.length, x.offset, s.folder(), err)
	}
	return nil
}
