package spill

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

func newStore(t *testing.T, parts int, memory, stage int64) *Blocks {
	t.Helper()
	s, err := NewBlocks(BlocksConfig{Partitions: parts, Budget: NewBudget(memory), Stage: stage, Dir: t.TempDir()}, BlockSize(memory, parts, 3))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// record n is its number and then some bytes that follow from it.
func record(n uint64) []byte {
	size := 10 + int(n*n%50)
	if n%1000 == 0 {
		size = 70_000
	}
	b := bytes.Repeat([]byte{byte(n)}, size)
	binary.LittleEndian.PutUint64(b, n)
	return b
}

func addRecord(w *BlockWriter, p int, b []byte) error {
	room := w.Room(p, len(b))
	if room == nil {
		return w.Err()
	}
	copy(room, b)
	for i := range Slack { // may be overwritten
		room[len(b)+i] = 0xee
	}
	return nil
}

// fillStore adds n records by some writers at once; record i goes to partition i modulo their number.
func fillStore(t *testing.T, s *Blocks, parts, writers, n int) {
	t.Helper()
	var group sync.WaitGroup
	for k := range writers {
		w := s.Writer(t.Context())
		group.Go(func() {
			for i := k; i < n; i += writers {
				if err := addRecord(w, i%parts, record(uint64(i))); err != nil {
					t.Error(err)
					return
				}
			}
			if err := errors.Join(w.Close(), w.Close()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}

// TestEveryBlockComesBack: whatever the budget, all bytes are there, by Load and by Each, and readable somewhat beyond.
func TestEveryBlockComesBack(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		parts, writers, records int
		memory, stage           int64
		spills                  bool
	}{
		{1, 1, 0, 1 << 20, 0, false},
		{1, 1, 1, 1 << 20, 0, false},
		{5, 2, 20_000, 64 << 20, 1 << 20, false},
		{5, 2, 20_000, 0, 0, true},
		{5, 3, 20_000, 0, 1 << 20, true},
		{64, 3, 20_000, 300_000, 20_000, true},
		{300, 1, 500, 1 << 20, 1000, false},
	} {
		s := newStore(t, c.parts, c.memory, c.stage)
		fillStore(t, s, c.parts, c.writers, c.records)
		if (s.Spilled() > 0) != c.spills {
			t.Errorf("%+v: %d bytes on disk", c, s.Spilled())
		}
		if names, _ := os.ReadDir(s.dir); len(names) > 0 {
			t.Errorf("%+v: files have names: %v", c, names)
		}
		seen, total := make([]int, c.records), int64(0)
		check := func(p int, b []byte) error {
			for len(b) > 0 {
				n := binary.LittleEndian.Uint64(b)
				want := record(n)
				if int(n)%c.parts != p || !bytes.HasPrefix(b, want) {
					t.Fatalf("%+v: partition %d: record %d", c, p, n)
				}
				seen[n]++
				b = b[len(want):]
			}
			return nil
		}
		var buf []byte
		for p := range c.parts {
			list, grown, err := s.Load(t.Context(), p, nil, buf)
			if err != nil {
				t.Fatal(err)
			}
			buf = grown
			var size int64
			for _, b := range list {
				if cap(b) < len(b)+Slack {
					t.Fatalf("%+v: no slack", c)
				}
				size += int64(len(b))
				_ = check(p, b)
			}
			if size != s.Bytes(p) || int64(len(list)) != s.Count(p) || s.OnDisk(p) > 0 && !c.spills {
				t.Fatalf("%+v: partition %d: %d bytes in %d blocks, said %d in %d", c, p, size, len(list), s.Bytes(p), s.Count(p))
			}
			total += size
			if err := s.Each(t.Context(), p, func(b []byte) error { return check(p, b) }); err != nil {
				t.Fatal(err)
			}
			s.Free(p)
			if s.Bytes(p) != 0 {
				t.Error("a freed partition has bytes")
			}
		}
		for n, times := range seen {
			if times != 2 {
				t.Fatalf("%+v: record %d was read %d times", c, n, times)
			}
		}
		if total != s.Total() {
			t.Errorf("%+v: %d bytes, said %d", c, total, s.Total())
		}
		if err := errors.Join(s.Close(), s.Close()); err != nil {
			t.Error(err)
		}
	}
}

// TestBlocksStayInBudget: what is kept is never more than the budget, and the blocks that are being filled.
func TestBlocksStayInBudget(t *testing.T) {
	t.Parallel()
	const memory = 1 << 20
	s := newStore(t, 16, memory, 0)
	defer s.Close()
	w, rng := s.Writer(t.Context()), rand.New(rand.NewPCG(1, 1))
	for range 200_000 {
		if err := addRecord(w, rng.IntN(16), record(1+rng.Uint64N(999))); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	held := int64(0)
	for _, p := range s.parts {
		for _, b := range p.kept {
			held += int64(cap(b))
		}
	}
	if held > memory+16*s.size || held < memory/2 {
		t.Errorf("%d bytes are kept", held)
	}
}

func TestBlocksFullDisk(t *testing.T) {
	t.Parallel()
	for _, stage := range []int64{0, 100_000} {
		for writes := range 3 {
			s, closed := newStore(t, 4, 0, stage), 0
			s.open = func(dir string) (file, error) {
				f, err := temporary(dir)
				return &broken{file: f, writes: writes, reads: 1 << 30, closed: &closed}, err
			}
			w := s.Writer(t.Context())
			var err error
			for i := 1; i < 50_000 && err == nil; i++ {
				err = addRecord(w, i%4, record(uint64(i)))
			}
			if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), s.dir) {
				t.Errorf("stage %d, %d writes: %v", stage, writes, err)
			}
			if err := w.Close(); err != nil && !errors.Is(err, syscall.ENOSPC) {
				t.Error(err)
			}
			if _, _, err := s.Load(t.Context(), 0, nil, nil); !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("load after a full disk: %v", err)
			}
			if err := s.Close(); err != nil || closed != 1 {
				t.Errorf("close: %v, %d times", err, closed)
			}
		}
	}
}

// TestBlocksFullAtTheEnd: the last piece is written when the writer closes, and its failure is not lost.
func TestBlocksFullAtTheEnd(t *testing.T) {
	t.Parallel()
	s, closed := newStore(t, 1, 0, 1<<20), 0
	s.open = func(dir string) (file, error) {
		f, err := temporary(dir)
		return &broken{file: f, reads: 1 << 30, closed: &closed}, err
	}
	w := s.Writer(t.Context())
	for i := 1; s.Spilled() == 0; i++ {
		if err := addRecord(w, 0, record(uint64(i))); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); !errors.Is(err, syscall.ENOSPC) {
		t.Error(err)
	}
	if _, _, err := s.Load(t.Context(), 0, nil, nil); !errors.Is(err, syscall.ENOSPC) {
		t.Error(err)
	}
}

func TestBlocksErrors(t *testing.T) {
	t.Parallel()
	if _, err := NewBlocks(BlocksConfig{Partitions: 0, Budget: NewBudget(1)}, minBlock); err == nil {
		t.Error("no partition")
	}
	s, closed := newStore(t, 2, 0, 0), 0
	s.open = func(dir string) (file, error) {
		f, err := temporary(dir)
		return &broken{file: f, writes: 1 << 30, reads: 1, closed: &closed}, err
	}
	w := s.Writer(t.Context())
	if _, _, err := s.Load(t.Context(), 0, nil, nil); !errors.Is(err, errWriters) {
		t.Errorf("load beside a writer: %v", err)
	}
	for i := 1; i < 5000; i++ {
		if err := addRecord(w, i%2, record(uint64(i))); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := s.Load(ctx, 0, nil, nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	mine := errors.New("enough")
	if err := s.Each(t.Context(), 0, func([]byte) error { return mine }); !errors.Is(err, mine) {
		t.Error(err)
	}
	if _, _, err := s.Load(t.Context(), 1, nil, nil); !errors.Is(err, syscall.EIO) || !strings.Contains(err.Error(), "load spill partition 1") {
		t.Error(err)
	}
	w = s.Writer(ctx)
	if err := addRecord(w, 0, record(1)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := errors.Join(w.Close(), s.Close()); err != nil {
		t.Error(err)
	}
	if _, _, err := s.Load(t.Context(), 0, nil, nil); !errors.Is(err, errClosed) {
		t.Error(err)
	}
}

func TestFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	w := f.At(5)
	for range 3 {
		if _, err := io.WriteString(w, "abc"); err != nil {
			t.Fatal(err)
		}
	}
	b := make([]byte, 9)
	if _, err := f.ReadAt(b, 5); err != nil || string(b) != "abcabcabc" {
		t.Errorf("%q, %v", b, err)
	}
	if names, _ := os.ReadDir(dir); len(names) > 0 {
		t.Errorf("the file has a name: %v", names)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if _, err := io.WriteString(w, "d"); err == nil {
		t.Error("a closed file is written")
	}
	if _, err := Open(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), dir) {
		t.Error(err)
	}
}
