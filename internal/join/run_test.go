package join

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// numbered is a side of n rows whose key and value are functions of the row's number.
func numbered(name string, parts, n int, key func(i int) string, value func(i int) int64) Side {
	s := Side{Name: name, Rows: int64(n)}
	for p := range parts {
		from, to := n*p/parts, n*(p+1)/parts
		s.Parts = append(s.Parts, Part{Name: fmt.Sprint("part ", p), Scan: func(_ context.Context, emit func(*Batch) error) error {
			b := &Batch{Key: make([]Column, 1), Value: make([]Column, 1)}
			for i := from; i < to; {
				k, v := &b.Key[0], &b.Value[0]
				k.Data, k.Texts, v.Ints, b.Rows = k.Data[:0], k.Texts[:0], v.Ints[:0], 0
				for ; i < to && b.Rows < 3000; b.Rows++ {
					start := uint32(len(k.Data))
					k.Data = append(k.Data, key(i)...)
					k.Texts = append(k.Texts, Span{start, uint32(len(k.Data))})
					v.Ints = append(v.Ints, value(i))
					i++
				}
				if err := emit(b); err != nil {
					return err
				}
			}
			return nil
		}})
	}
	return s
}

func scattered(i int) string { return strconv.FormatUint(uint64(i)*0x9e3779b97f4a7c15|1<<63, 16) }
func inOrder(i int) string   { return strconv.Itoa(1e15 + i) }
func same(int) string        { return "the same" }
func zero(int) int64         { return 0 }

func tallyOf(t *testing.T, l, r Side, cfg Config) (Tally, int) {
	t.Helper()
	result, err := Match(t.Context(), l, r, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer result.Close()
	breaks, last := 0, []byte(nil)
	for b, err := range result.Breaks(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if breaks > 0 && bytes.Compare(last, b.Key) >= 0 {
			t.Fatalf("key %q after %q", b.Key, last)
		}
		last = append(last[:0], b.Key...)
		breaks++
	}
	return result.Tally, breaks
}

// TestWays: sides in order are merged, others are not, and a budget that is too small spills.
func TestWays(t *testing.T) {
	t.Parallel()
	const n = 80_000
	for name, c := range map[string]struct {
		key    func(int) string
		cfg    Config
		merged bool
		spills bool
	}{
		"in order":          {inOrder, Config{}, true, false},
		"nearly in order":   {func(i int) string { return inOrder(i ^ 0x3f) }, Config{}, true, false},
		"in order, unasked": {inOrder, Config{Unordered: true}, false, false},
		"pairs are wanted":  {inOrder, Config{Pairs: func([]Pair) error { return nil }}, false, false},
		"scattered":         {scattered, Config{}, false, false},
		"small":             {scattered, Config{Memory: 1 << 20}, false, true},
		"smallest":          {scattered, Config{Memory: MinMemory, Workers: 8}, false, true},
		"backwards":         {func(i int) string { return inOrder(n - i) }, Config{}, false, false},
		"one far off":       {func(i int) string { return inOrder((i + n - 1) % n) }, Config{}, true, false},
		"halves changed":    {func(i int) string { return inOrder((i + n/2) % n) }, Config{}, false, false},
	} {
		tally, breaks := tallyOf(t, numbered("left", 3, n, c.key, zero), numbered("right", 2, n-10, c.key, zero), c.cfg)
		if tally.Matched != n-10 || breaks != 10 || tally.LeftRows != n || tally.RightRows != n-10 {
			t.Errorf("%s: %+v, %d breaks", name, tally, breaks)
		}
		if tally.Merged != c.merged || (tally.Spilled > 0) != c.spills {
			t.Errorf("%s: %+v", name, tally)
		}
	}
}

// TestOnce: a stream is not asked for its rows twice.
func TestOnce(t *testing.T) {
	t.Parallel()
	for _, key := range []func(int) string{inOrder, scattered} {
		l, scans := numbered("left", 1, 50_000, key, zero), 0
		inner := l.Parts[0].Scan
		l.Once = true
		l.Parts[0].Scan = func(ctx context.Context, emit func(*Batch) error) error {
			scans++
			return inner(ctx, emit)
		}
		tally, _ := tallyOf(t, l, numbered("right", 1, 50_000, key, zero), Config{})
		if scans != 1 || tally.Matched != 50_000 {
			t.Errorf("%d scans, %+v", scans, tally)
		}
	}
}

// TestManyOfOneKey: a group far larger than the memory is one break, with all its rows, by either way.
func TestManyOfOneKey(t *testing.T) {
	t.Parallel()
	const n = 150_000
	for _, cfg := range []Config{{Memory: 1 << 20, Unordered: true}, {Memory: 1 << 20}, {}} {
		cfg.Dir = t.TempDir()
		result, err := Match(t.Context(), numbered("left", 4, n, same, zero), numbered("right", 1, 2, same, zero), cfg)
		if err != nil {
			t.Fatal(err)
		}
		breaks := 0
		for b, err := range result.Breaks(t.Context()) {
			if err != nil || b.Left != n || b.Right != 2 || b.Kind != Duplicated {
				t.Fatalf("%+v, %v", b, err)
			}
			next := int64(0)
			for m := range b.Members() {
				if want := next % n; m.Row != want || m.Right != (next >= n) {
					t.Fatalf("member %d is %+v", next, m)
				}
				next++
			}
			if next != n+2 {
				t.Fatalf("%d members", next)
			}
			breaks++
		}
		if breaks != 1 {
			t.Errorf("%d breaks", breaks)
		}
		if err := errors.Join(result.Close(), result.Close()); err != nil {
			t.Error(err)
		}
	}
}

// TestEverythingDiffers: as many breaks as there are rows do not need more memory.
func TestEverythingDiffers(t *testing.T) {
	t.Parallel()
	const n = 100_000
	for _, key := range []func(int) string{inOrder, scattered} {
		tally, breaks := tallyOf(t, numbered("left", 2, n, key, zero), numbered("right", 2, n, key, func(int) int64 { return 1 }), Config{Memory: 1 << 20, Dir: t.TempDir()})
		if tally.Different != n || breaks != n || tally.Spilled == 0 {
			t.Errorf("%+v, %d breaks", tally, breaks)
		}
	}
}

// TestErrorsAreNamed: the error of a scan says whose it is, and nothing is left behind.
func TestErrorsAreNamed(t *testing.T) {
	t.Parallel()
	broken := errors.New("line 17: no")
	for _, after := range []int{0, 1, 20} {
		r := numbered("settlement", 3, 200_000, scattered, zero)
		inner := r.Parts[1].Scan
		r.Parts[1].Scan = func(ctx context.Context, emit func(*Batch) error) error {
			n := 0
			return inner(ctx, func(b *Batch) error {
				if n++; n > after {
					return broken
				}
				return emit(b)
			})
		}
		result, err := Match(t.Context(), numbered("ledger", 2, 200_000, scattered, zero), r, Config{Memory: 1 << 20})
		if result != nil || !errors.Is(err, broken) || !strings.Contains(err.Error(), "match ledger with settlement: read settlement part 1: line 17: no") {
			t.Errorf("after %d: %v", after, err)
		}
	}
	deaf := numbered("deaf", 1, 1, scattered, zero)
	deaf.Parts[0].Scan = func(_ context.Context, emit func(*Batch) error) error {
		_ = emit(&Batch{Rows: 1})
		return nil
	}
	if _, err := Match(t.Context(), deaf, Side{Name: "b"}, Config{}); err == nil || !strings.Contains(err.Error(), "no key column") {
		t.Errorf("an error that the scan does not return is lost: %v", err)
	}
	_, err := Match(t.Context(), Side{Name: "a"}, Side{Name: "b"}, Config{Memory: 1000})
	if err == nil || !strings.Contains(err.Error(), "1000 bytes of memory are too few") {
		t.Error(err)
	}
	bad := Side{Name: "a", Parts: []Part{{Name: "p", Scan: func(_ context.Context, emit func(*Batch) error) error {
		return emit(&Batch{Rows: 2, Key: []Column{{Ints: []int64{1}}}})
	}}}}
	if _, err := Match(t.Context(), bad, Side{Name: "b"}, Config{}); err == nil || !strings.Contains(err.Error(), "read a p: batch of 2 rows has a column of 1 values") {
		t.Error(err)
	}
}

// TestPairsError: the callback's error ends the match.
func TestPairsError(t *testing.T) {
	t.Parallel()
	enough := errors.New("enough")
	for _, n := range []int{10, 100_000} {
		_, err := Match(t.Context(), numbered("a", 1, n, scattered, zero), numbered("b", 1, n, scattered, zero), Config{Pairs: func([]Pair) error { return enough }})
		if !errors.Is(err, enough) {
			t.Errorf("%d rows: %v", n, err)
		}
	}
}

// TestCancel at any moment: the match ends soon, with no goroutine and no open file left.
func TestCancel(t *testing.T) {
	dir := t.TempDir()
	for _, key := range []func(int) string{inOrder, scattered} {
		for moment := range 12 {
			goroutines, files := runtime.NumGoroutine(), openFiles(t)
			ctx, cancel := context.WithCancel(t.Context())
			var calls atomic.Int64
			cfg := Config{Memory: 1 << 20, Dir: dir, Workers: 4, Progress: func(l, r int64) {
				if calls.Add(1) == int64(moment*9) {
					cancel()
				}
			}}
			if moment == 0 {
				cancel()
			}
			result, err := Match(ctx, numbered("left", 3, 150_000, key, zero), numbered("right", 3, 150_000, key, zero), cfg)
			if !errors.Is(err, context.Canceled) || result != nil {
				t.Fatalf("moment %d of %d: %v", moment, calls.Load(), err)
			}
			cancel()
			for i := 0; runtime.NumGoroutine() > goroutines && i < 100; i++ {
				time.Sleep(time.Millisecond) // a goroutine that has said it is done may not be gone yet
			}
			if n := runtime.NumGoroutine(); n > goroutines {
				t.Errorf("moment %d: %d goroutines, were %d", moment, n, goroutines)
			}
			if n := openFiles(t); n > files {
				t.Errorf("moment %d: %d open files, were %d", moment, n, files)
			}
		}
	}
	if names, err := os.ReadDir(dir); err != nil || len(names) > 0 {
		t.Errorf("left behind: %v, %v", names, err)
	}
}

func openFiles(t *testing.T) int {
	t.Helper()
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(names)
}

// TestNoFolder: what cannot be spilled is an error that names the folder.
func TestNoFolder(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "missing")
	for _, value := range []func(int) int64{zero, func(i int) int64 { return int64(i) }} {
		_, err := Match(t.Context(), numbered("a", 1, 100_000, scattered, value), numbered("b", 1, 100_000, scattered, zero), Config{Memory: MinMemory, Dir: dir})
		if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), dir) {
			t.Error(err)
		}
	}
}

// TestProgress counts every row of both sides, one call at a time.
func TestProgress(t *testing.T) {
	t.Parallel()
	var l, r int64
	tallyOf(t, numbered("left", 4, 100_000, scattered, zero), numbered("right", 4, 90_000, scattered, zero), Config{
		Unordered: true, Workers: 4, Progress: func(left, right int64) { l, r = max(l, left), max(r, right) },
	})
	if l != 100_000 || r != 90_000 {
		t.Errorf("got %d and %d", l, r)
	}
}

// TestMemory: the heap stays within the budget, whatever the sides are like, and a small match takes little.
func TestMemory(t *testing.T) {
	const budget = 12 << 20
	for name, c := range map[string]struct {
		rows   int
		key    func(int) string
		value  func(int) int64
		memory int64
		limit  uint64
	}{
		"few rows":     {1000, scattered, zero, 256 << 20, 6 << 20},
		"scattered":    {300_000, scattered, zero, budget, budget * 5 / 4},
		"in order":     {300_000, inOrder, zero, budget, budget * 5 / 4},
		"one key":      {300_000, same, zero, budget, budget * 5 / 4},
		"all differ":   {300_000, scattered, func(i int) int64 { return int64(i) }, budget, budget * 5 / 4},
		"long keys":    {75_000, func(i int) string { return strings.Repeat("long ", 40) + scattered(i) }, zero, budget, budget * 5 / 4},
		"no two equal": {300_000, scattered, zero, budget, budget * 5 / 4},
	} {
		stop := watchHeap()
		cfg := Config{Memory: c.memory, Dir: t.TempDir(), Workers: 2}
		r := numbered("right", 2, c.rows, c.key, func(int) int64 { return -1 })
		if name == "no two equal" {
			r = numbered("right", 2, c.rows, func(i int) string { return c.key(i) + "?" }, zero)
		}
		result, err := Match(t.Context(), numbered("left", 2, c.rows, c.key, c.value), r, cfg)
		if err != nil {
			t.Fatal(err)
		}
		if peak := stop(); peak > c.limit+3<<20 { // beside what the sides themselves make
			t.Errorf("%s: %d KiB of heap, with a budget of %d", name, peak>>10, c.memory>>10)
		}
		result.Close()
	}
}

// watchHeap looks at the heap, kept free of garbage, until it is told to stop, and then returns by how much it was larger
// than at first.
func watchHeap() (stop func() uint64) {
	percent := debug.SetGCPercent(5)
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	done, peak := make(chan struct{}), make(chan uint64)
	go func() {
		most := before.HeapAlloc
		for {
			runtime.ReadMemStats(&now)
			most = max(most, now.HeapAlloc)
			select {
			case <-done:
				peak <- most - before.HeapAlloc
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
	}()
	return func() uint64 {
		close(done)
		debug.SetGCPercent(percent)
		return <-peak
	}
}

// TestSorterDisk: a full disk while breaks are sorted is an error, not a loss.
func TestSorterDisk(t *testing.T) {
	t.Parallel()
	s := newSorter(minSorter, "/dev/null")
	var err error
	for i := 0; i < 10_000 && err == nil; i++ {
		err = s.add(t.Context(), []byte(scattered(i)), false, entryLeft, uint64(i), nil)
	}
	if !errors.Is(err, syscall.ENOTDIR) {
		t.Error(err)
	}
}

// TestManyRuns merges many more runs than may be open at a time.
func TestManyRuns(t *testing.T) {
	t.Parallel()
	s := newSorter(minSorter, t.TempDir())
	const n = 60_000
	for i := range n {
		if err := s.add(t.Context(), []byte(scattered(i*7919%n)), i%5 == 0, entryLeft, uint64(i), []byte("value")); err != nil {
			t.Fatal(err)
		}
	}
	if len(s.runs) < 20 {
		t.Fatalf("%d runs", len(s.runs))
	}
	m, err := newMerged(t.Context(), []*sorter{s}, 4*minBuffer)
	if err != nil || len(s.runs) > 2 {
		t.Fatal(err, len(s.runs))
	}
	defer m.close()
	cur, err := m.begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	seen, last := make([]bool, n), entry{}
	for cur.next() {
		_, row := cur.entry.place()
		if seen[row] || last.key != nil && last.compare(cur.entry) >= 0 || string(cur.entry.value()) != "value" {
			t.Fatalf("row %d", row)
		}
		seen[row] = true
		last = entry{slices.Clone(cur.entry.key), slices.Clone(cur.entry.rest)}
	}
	if cur.err != nil || slices.Contains(seen, false) {
		t.Error("not every entry came back", cur.err)
	}
}
