package spill

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// row is a record with padding, to see that none of it matters.
type row struct {
	Part  uint8
	Value uint64
	Sum   [3]byte
}

func rowOf(v uint64, parts int) row {
	return row{Part: uint8(v % uint64(parts)), Value: v, Sum: [3]byte{byte(v), byte(v >> 8), byte(v >> 16)}}
}

// fill adds rows 0 to n-1 by all writers of the set at once.
func fill(t *testing.T, s *Set[row], n int) {
	t.Helper()
	var group sync.WaitGroup
	for i := range s.cfg.Writers {
		w, err := s.Writer(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		group.Go(func() {
			for v := i; v < n; v += s.cfg.Writers {
				r := rowOf(uint64(v), s.cfg.Partitions)
				if err := w.Add(int(r.Part), &r); err != nil {
					t.Error(err)
					return
				}
			}
			if err := w.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}

// TestEveryRecordComesBackOnce: whatever the budget, from nearly nothing to more than enough, by Load and by Each.
func TestEveryRecordComesBackOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		parts, writers, rows int
		memory               int64
		spills               bool
	}{
		{1, 1, 0, 24, false},
		{1, 1, 1, 24, false},
		{1, 1, 5000, 24, true},
		{7, 2, 20_000, 7 * 2 * 24, true},
		{7, 3, 20_000, 10_000, true},
		{64, 2, 20_000, 100_000, true},
		{64, 2, 20_000, 64 << 20, false},
		{16, 4, 17, 1 << 20, false},
	} {
		dir := t.TempDir()
		s, err := New[row](Config{Partitions: c.parts, Writers: c.writers, Memory: c.memory, Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		fill(t, s, c.rows)
		if (s.Spilled() > 0) != c.spills {
			t.Errorf("%+v: %d bytes on disk", c, s.Spilled())
		}
		if names, _ := os.ReadDir(dir); len(names) != 0 {
			t.Errorf("%+v: the temporary file has a name: %v", c, names)
		}
		if held := memory(s); held > c.memory {
			t.Errorf("%+v: %d bytes of chunks", c, held)
		}
		var buf []row
		for p := range c.parts {
			if buf, err = s.Load(t.Context(), p, buf); err != nil {
				t.Fatal(err)
			}
			var each []row
			if err := s.Each(t.Context(), p, func(rows []row) error { each = append(each, rows...); return nil }); err != nil {
				t.Fatal(err)
			}
			for _, rows := range [][]row{slices.Clone(buf), each} {
				slices.SortFunc(rows, func(a, b row) int { return int(a.Value) - int(b.Value) })
				want := (c.rows - p + c.parts - 1) / c.parts
				if len(rows) != want || s.Len(p) != int64(want) {
					t.Fatalf("%+v: partition %d has %d rows, counts %d, want %d", c, p, len(rows), s.Len(p), want)
				}
				for i, r := range rows {
					if r != rowOf(uint64(p+i*c.parts), c.parts) {
						t.Fatalf("%+v: partition %d: row %d is %+v", c, p, i, r)
					}
				}
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// memory is what the chunks of a filled set take.
func memory(s *Set[row]) int64 {
	var n int64
	for _, p := range s.parts {
		for _, chunk := range p.kept {
			n += int64(cap(chunk)) * s.size
		}
	}
	return n
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	good := Config{Partitions: 4, Writers: 2, Memory: 1 << 20}
	check := func(err error, want string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	_, err := New[string](good)
	check(err, "string may hold a pointer")
	_, err = New[struct {
		A int
		B [2]struct{ C []byte }
	}](good)
	check(err, "field B: field C: []uint8 may hold a pointer")
	_, err = New[*int](good)
	check(err, "*int may hold a pointer")
	_, err = New[any](good)
	check(err, "interface {} may hold a pointer")
	_, err = New[map[int]int](good)
	check(err, "may hold a pointer")
	_, err = New[uintptr](good)
	check(err, "uintptr may hold a pointer")
	_, err = New[struct{}](good)
	check(err, "no size")
	_, err = New[int](Config{Writers: 1, Memory: 1})
	check(err, "at least one of each")
	_, err = New[int64](Config{Partitions: 4, Writers: 2, Memory: 63})
	check(err, "63 bytes of memory are too few, at least 64")
	if _, err := New[[2]struct {
		A float64
		b complex64
		C bool
	}](good); err != nil {
		t.Error(err)
	}
}

// broken is a file whose calls fail after some have worked.
type broken struct {
	file
	writes, reads int
	closed        *int
}

func (b *broken) WriteAt(p []byte, off int64) (int, error) {
	if b.writes--; b.writes < 0 {
		return len(p) / 2, syscall.ENOSPC
	}
	return b.file.WriteAt(p, off)
}

func (b *broken) ReadAt(p []byte, off int64) (int, error) {
	if b.reads--; b.reads < 0 {
		return 0, syscall.EIO
	}
	return b.file.ReadAt(p, off)
}

func (b *broken) Close() error {
	*b.closed++
	return b.file.Close()
}

func small(t *testing.T) *Set[row] {
	t.Helper()
	s, err := New[row](Config{Partitions: 2, Writers: 2, Memory: 2000, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// put adds rows by one writer until an error.
func put(ctx context.Context, s *Set[row], n int) error {
	w, err := s.Writer(ctx)
	if err != nil {
		return err
	}
	for v := range n {
		r := rowOf(uint64(v), 2)
		if err = w.Add(int(r.Part), &r); err != nil {
			break
		}
	}
	return errors.Join(err, w.Close())
}

// TestFullDisk: the error says where and how much, and what was added is never read as if it were all.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	for writes := range 4 {
		s, closed := small(t), 0
		s.open = func(dir string) (file, error) {
			f, err := temporary(dir)
			return &broken{file: f, writes: writes, reads: 1 << 30, closed: &closed}, err
		}
		err := put(t.Context(), s, 5000)
		if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "of the temporary file in "+s.cfg.Dir) {
			t.Errorf("%d writes: %v", writes, err)
		}
		if err := put(t.Context(), s, 5000); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("a second writer goes on: %v", err)
		}
		if _, err := s.Load(t.Context(), 0, nil); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("load after a full disk: %v", err)
		}
		if err := s.Each(t.Context(), 0, nil); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("read after a full disk: %v", err)
		}
		if err := s.Close(); err != nil || closed != 1 {
			t.Errorf("close: %v, %d times", err, closed)
		}
	}
}

// TestDeviceIsFull asks the kernel for the error.
func TestDeviceIsFull(t *testing.T) {
	t.Parallel()
	s := small(t)
	s.open = func(string) (file, error) { return os.OpenFile("/dev/full", os.O_RDWR, 0) }
	if err := put(t.Context(), s, 5000); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got %v", err)
	}
}

func TestBrokenReads(t *testing.T) {
	t.Parallel()
	s, closed := small(t), 0
	s.open = func(dir string) (file, error) {
		f, err := temporary(dir)
		return &broken{file: f, writes: 1 << 30, reads: 3, closed: &closed}, err
	}
	if err := put(t.Context(), s, 5000); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Load(t.Context(), 1, nil); !errors.Is(err, syscall.EIO) || !strings.Contains(err.Error(), "load spill partition 1: ") {
		t.Errorf("got %v", err)
	}
	if err := s.Each(t.Context(), 1, func([]row) error { return nil }); !errors.Is(err, syscall.EIO) {
		t.Errorf("got %v", err)
	}
}

// TestFileCutShort: what was spilled must all come back.
func TestFileCutShort(t *testing.T) {
	t.Parallel()
	s := small(t)
	if err := put(t.Context(), s, 5000); err != nil {
		t.Fatal(err)
	}
	if err := s.file.(*os.File).Truncate(s.Spilled() - 1); err != nil {
		t.Fatal(err)
	}
	_, err0 := s.Load(t.Context(), 0, nil)
	_, err1 := s.Load(t.Context(), 1, nil)
	if err := errors.Join(err0, err1); !errors.Is(err, io.EOF) {
		t.Errorf("got %v", err)
	}
}

func TestNoFolder(t *testing.T) {
	t.Parallel()
	s := small(t)
	s.cfg.Dir = filepath.Join(t.TempDir(), "missing")
	if err := put(t.Context(), s, 5000); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "open a temporary file to spill to in "+s.cfg.Dir) {
		t.Errorf("got %v", err)
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s := small(t)
	cancel()
	if err := put(ctx, s, 5000); !errors.Is(err, context.Canceled) {
		t.Errorf("write: %v", err)
	}
	if _, err := s.Load(t.Context(), 0, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("what was cut off is read as if it were all: %v", err)
	}
	s = small(t)
	if err := put(t.Context(), s, 5000); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Load(ctx, 0, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("load: %v", err)
	}
	if err := s.Each(ctx, 0, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("each: %v", err)
	}
	mine := errors.New("enough")
	if err := s.Each(t.Context(), 0, func([]row) error { return mine }); !errors.Is(err, mine) {
		t.Errorf("each: %v", err)
	}
}

// TestOrderOfCalls: what is not complete is not read, what is closed not used.
func TestOrderOfCalls(t *testing.T) {
	t.Parallel()
	s := small(t)
	w, err := s.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Load(t.Context(), 0, nil); !errors.Is(err, errWriters) {
		t.Errorf("load beside a writer: %v", err)
	}
	for range 2 {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := w.Add(0, &row{}); err == nil {
		t.Error("a closed writer writes")
	}
	if _, err := s.Writer(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := s.Writer(t.Context()); err == nil {
		t.Error("more writers than there is memory for")
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := s.Writer(t.Context()); !errors.Is(err, errClosed) {
		t.Errorf("write to a closed set: %v", err)
	}
	if _, err := s.Load(t.Context(), 0, nil); !errors.Is(err, errClosed) {
		t.Errorf("read a closed set: %v", err)
	}
}

// TestCloseFrees: no file stays open, no memory stays in use.
func TestCloseFrees(t *testing.T) {
	open := func() int {
		names, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(names)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	files := open()
	sets := make([]*Set[row], 8)
	for i := range sets {
		s, err := New[row](Config{Partitions: 4, Writers: 1, Memory: 4 << 20, Dir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		if err := put(t.Context(), s, 400_000); err != nil || s.Spilled() == 0 {
			t.Fatal(err, s.Spilled())
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		sets[i] = s
	}
	if n := open(); n > files {
		t.Errorf("%d files are open, were %d", n, files)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if after.HeapAlloc > before.HeapAlloc+4<<20 {
		t.Errorf("closed sets hold %d bytes", after.HeapAlloc-before.HeapAlloc)
	}
	runtime.KeepAlive(sets)
}

// TestAnyOrder throws records at random partitions: chunks of one end up in memory and on disk.
func TestAnyOrder(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 1))
	s, err := New[uint32](Config{Partitions: 50, Writers: 1, Memory: 4000, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	w, err := s.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var want [50]uint64
	for range 30_000 {
		p, v := rng.IntN(50)*rng.IntN(50)/50, rng.Uint32()
		want[p] += uint64(v)
		if err := w.Add(p, &v); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for p := range 50 {
		all, err := s.Load(t.Context(), p, nil)
		if err != nil {
			t.Fatal(err)
		}
		var sum uint64
		for _, v := range all {
			sum += uint64(v)
		}
		if sum != want[p] {
			t.Errorf("partition %d sums to %d, want %d", p, sum, want[p])
		}
	}
}

func BenchmarkAdd(b *testing.B) {
	type record [80]byte
	s, err := New[record](Config{Partitions: 1024, Writers: 1, Memory: 256 << 20, Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	w, err := s.Writer(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	var r record
	p := 0
	b.SetBytes(80)
	for b.Loop() {
		p = (p*5 + 7) & 1023
		if err := w.Add(p, &r); err != nil {
			b.Fatal(err)
		}
	}
}
