package join

import (
	"bufio"
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"parallax/internal/spill"
)

const (
	minSorter  = 16 << 10
	maxSorter  = 1 << 30
	firstArena = 4 << 10
	refSize    = 16
	runBuffer  = 64 << 10
	minBuffer  = 4 << 10
)

// ref is where an entry starts in the arena of a sorter, with the first bytes of its key, which decide most comparisons.
type ref struct {
	prefix uint64
	at     uint32
}

// sorter sorts entries in bounded memory: what does not fit is written in sorted runs to a temporary file. It belongs to
// one goroutine.
type sorter struct {
	limit int
	dir   string
	arena []byte
	refs  []ref
	file  *spill.File
	runs  []extent
	end   int64
}

// extent is a run of a file.
type extent struct{ offset, length int64 }

func newSorter(limit int64, dir string) *sorter {
	return &sorter{limit: int(max(minSorter, min(limit, maxSorter))), dir: dir}
}

// add takes an entry; nothing of it is kept.
func (s *sorter) add(ctx context.Context, key []byte, null bool, what byte, row uint64, value []byte) error {
	n := entryLen(len(key), len(value))
	if held := cap(s.arena) + refSize*cap(s.refs); len(s.arena)+n > cap(s.arena) && len(s.refs) > 0 && held+held/2 > s.limit {
		if err := s.flush(ctx); err != nil {
			return err
		}
	}
	if len(s.arena)+n > cap(s.arena) {
		grown := make([]byte, len(s.arena), max(firstArena, len(s.arena)+n, 2*cap(s.arena)))
		copy(grown, s.arena)
		s.arena = grown
	}
	s.refs = append(s.refs, ref{prefixOf(key), uint32(len(s.arena))}) //nolint:gosec // below maxSorter, see newSorter
	s.arena = appendEntry(s.arena, key, null, what, row, value)
	return nil
}

func prefixOf(key []byte) uint64 {
	if len(key) >= 8 {
		return binary.BigEndian.Uint64(key)
	}
	var b [8]byte
	copy(b[:], key)
	return binary.BigEndian.Uint64(b[:])
}

// sort brings what is in memory in order.
func (s *sorter) sort() {
	slices.SortFunc(s.refs, func(a, b ref) int {
		if a.prefix != b.prefix {
			return cmp.Compare(a.prefix, b.prefix)
		}
		return entryAt(s.arena[a.at:]).compare(entryAt(s.arena[b.at:]))
	})
}

// flush writes what is in memory as a run.
func (s *sorter) flush(ctx context.Context) error {
	s.sort()
	i := 0
	err := s.write(ctx, func() ([]byte, error) {
		if i == len(s.refs) {
			return nil, nil
		}
		b := s.arena[s.refs[i].at:]
		_, total := entrySize(b)
		i++
		return b[:total], nil
	})
	s.arena, s.refs = s.arena[:0], s.refs[:0]
	return err
}

// write writes a run of the entries that next returns, until it returns none.
func (s *sorter) write(ctx context.Context, next func() ([]byte, error)) error {
	if s.file == nil {
		f, err := spill.Open(s.dir)
		if err != nil {
			return fmt.Errorf("sort groups: %w", err)
		}
		s.file = f
	}
	run := extent{offset: s.end}
	w := bufio.NewWriterSize(s.file.At(s.end), min(runBuffer, max(minBuffer, s.limit/8)))
	for n := 0; ; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		b, err := next()
		if err != nil {
			return err
		}
		if b == nil {
			break
		}
		if _, err := w.Write(b); err != nil {
			return fmt.Errorf("sort groups: %w", err)
		}
		run.length += int64(len(b))
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("sort groups: %w", err)
	}
	s.runs = append(s.runs, run)
	s.end += run.length
	return nil
}

// reduce merges runs until there are at most so many.
func (s *sorter) reduce(ctx context.Context, most int) error {
	for len(s.runs) > most {
		n := min(len(s.runs), max(2, s.limit/2/minBuffer))
		cur := newCursor(ctx)
		for _, run := range s.runs[:n] {
			cur.addRun(s.file, run, minBuffer)
		}
		if err := cur.start(); err != nil {
			return err
		}
		var buf []byte
		err := s.write(ctx, func() ([]byte, error) {
			if !cur.next() {
				return nil, cur.err
			}
			e := cur.entry
			side, row := e.place()
			buf = appendEntry(buf[:0], e.key, e.null(), byte(side+entryLeft), row, e.value()) //nolint:gosec // 0 to 2
			return buf, nil
		})
		if err != nil {
			return err
		}
		s.runs = slices.Delete(s.runs, 0, n)
	}
	return nil
}

// reset makes the sorter empty, and keeps its memory and its file for what comes next.
func (s *sorter) reset() {
	s.arena, s.refs, s.runs, s.end = s.arena[:0], s.refs[:0], s.runs[:0], 0
}

// free gives up the memory and the file.
func (s *sorter) free() error {
	s.arena, s.refs, s.runs = nil, nil, nil
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	s.file = nil
	return err //nolint:wrapcheck // it says which file
}

// head adds the head of a group with so many rows on each side.
func (s *sorter) head(ctx context.Context, key []byte, left, right int64) error {
	var counts [16]byte
	binary.LittleEndian.PutUint64(counts[:], uint64(left))   //nolint:gosec // not negative
	binary.LittleEndian.PutUint64(counts[8:], uint64(right)) //nolint:gosec // not negative
	return s.add(ctx, key, false, entryHead, 0, counts[:])
}
