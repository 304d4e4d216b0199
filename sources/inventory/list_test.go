package inventory

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestRanges fetches a file in many pieces at the same time, some of which break off: it goes on where they broke.
func TestRanges(t *testing.T) {
	t.Parallel()
	d := newDepot()
	body := sheetOf(fullNames, 500).parquet(t, 200)
	d.publish(t, midnight, formatParquet, "", body)
	broken := 0
	d.before = func(_, span string) (int, error) {
		d.mu.Lock()
		defer d.mu.Unlock()
		if strings.HasSuffix(span, "999") && broken < 3 {
			broken++
			return 300, nil
		}
		return -1, nil
	}
	s := d.source()
	s.Settings.Range, s.Settings.Requests = 1000, 3
	last := int64(0)
	s.Progress = func(done, all int64) {
		if done < last || done > all || all != int64(len(body)) {
			t.Errorf("progress %d of %d after %d", done, all, last)
		}
		last = done
	}
	got := readAll(t, s)
	if len(got.gaps) != 0 || len(got.rows) != 500 || last != int64(len(body)) {
		t.Errorf("%d rows, gaps %+v, %d of %d bytes", len(got.rows), got.gaps, last, len(body))
	}
	if n, want := d.fetched("/data/"), (len(body)+999)/1000+broken; n != want || broken != 3 {
		t.Errorf("%d requests, want %d", n, want)
	}
	for _, g := range d.gets {
		if strings.Contains(g, "bytes=300-999") {
			return
		}
	}
	t.Errorf("no request went on where the first broke: %q", d.gets)
}

// TestChangedWhileFetched: pieces of two files are never put together.
func TestChangedWhileFetched(t *testing.T) {
	t.Parallel()
	d := newDepot()
	body := sheetOf(fullNames, 500).parquet(t, 200)
	d.publish(t, midnight, formatParquet, "", body)
	d.before = func(key, span string) (int, error) {
		if strings.Contains(key, "/data/") && !strings.HasPrefix(span, "bytes=0-") {
			d.put(key, slices.Clone(body[1:]))
		}
		return -1, nil
	}
	s := d.source()
	s.Settings.Range = 1000
	gapOf(t, readAll(t, s), "was changed while it was fetched")
}

// TestKilledRunGoesOn: what was verified before a run was broken off is not fetched again, unless somebody changed it.
func TestKilledRunGoesOn(t *testing.T) {
	t.Parallel()
	d := newDepot()
	s := sheetOf(fullNames, 300)
	var bodies [][]byte
	for i := range 3 {
		bodies = append(bodies, sheet{s.names, s.rows[100*i : 100*i+100]}.csv(t))
	}
	d.publish(t, midnight, formatCSV, joined(fullNames), bodies...)
	src := d.source()
	src.Dir = t.TempDir()
	killed := func() {
		t.Helper()
		list, _, err := src.Find(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		for i, p := range list.Parts()[:2] {
			err = p.Scan(ctx, func(*Rows) error {
				if i == 1 {
					cancel()
				}
				return nil
			})
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("error %v", err)
		}
		if _, _, gaps := list.Coverage(); len(gaps) != 2 || !strings.Contains(gaps[0].Reason, "was not read to its end") {
			t.Errorf("gaps of what was not read: %+v", gaps)
		}
		if err := list.Close(); err != nil {
			t.Fatal(err)
		}
	}
	killed()
	if n := d.fetched("/data/"); n != 2 {
		t.Errorf("%d files fetched", n)
	}
	dir := onlyFolder(t, src.Dir)
	if got := namesIn(t, dir); !slices.Equal(got, sorted(md5Hex(bodies[0]), md5Hex(bodies[1]))) {
		t.Errorf("kept: %q", got)
	}
	if err := os.WriteFile(filepath.Join(dir, md5Hex(bodies[1])), bodies[0], 0o600); err != nil {
		t.Fatal(err)
	}
	got := readAll(t, src)
	if len(got.rows) != 300 || len(got.gaps) != 0 || len(got.extents) != 4 {
		t.Errorf("%d rows, %+v, %d extents", len(got.rows), got.gaps, len(got.extents))
	}
	if a, b, c := d.fetched("-0 "), d.fetched("-1 "), d.fetched("-2 "); a != 1 || b != 2 || c != 1 {
		t.Errorf("fetched %d, %d, %d times", a, b, c)
	}
	if left := namesIn(t, src.Dir); len(left) != 0 {
		t.Errorf("left behind: %q", left)
	}
}

// TestLeftOversGo: files of older lists, and what was not fetched to its end long ago, are removed by the next run.
func TestLeftOversGo(t *testing.T) {
	t.Parallel()
	d := newDepot()
	body := sheetOf(fullNames, 10).csv(t)
	d.publish(t, midnight, formatCSV, joined(fullNames), body)
	src := d.source()
	src.Dir = t.TempDir()
	list, _, err := src.Find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dir := onlyFolder(t, src.Dir)
	old, young := filepath.Join(dir, fetching+"old"), filepath.Join(dir, fetching+"young")
	for _, path := range []string{old, young, filepath.Join(dir, md5Hex([]byte("older"))), filepath.Join(dir, md5Hex(body))} {
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	long := time.Now().Add(-time.Hour)
	if err := errors.Join(os.Chtimes(old, long, long), list.Close()); err != nil {
		t.Fatal(err)
	}
	if list, _, err = src.Find(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := namesIn(t, dir); !slices.Equal(got, sorted(md5Hex(body), fetching+"young")) {
		t.Errorf("left: %q", got)
	}
	if err := list.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestRoom: beyond the room for files they go as soon as they were read.
func TestRoom(t *testing.T) {
	t.Parallel()
	d := newDepot()
	s := sheetOf(fullNames, 200)
	first, second := sheet{s.names, s.rows[:100]}.csv(t), sheet{s.names, s.rows[100:]}.csv(t)
	d.publish(t, midnight, formatCSV, joined(fullNames), first, second)
	src := d.source()
	src.Dir, src.Settings.MaxKept = t.TempDir(), int64(len(first))
	list, _, err := src.Find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for _, p := range list.Parts() {
			if err := p.Scan(t.Context(), func(*Rows) error { return nil }); err != nil {
				t.Fatal(err)
			}
		}
		if got := namesIn(t, onlyFolder(t, src.Dir)); !slices.Equal(got, []string{md5Hex(first)}) {
			t.Errorf("kept: %q", got)
		}
	}
	if a, b := d.fetched("-0 "), d.fetched("-1 "); a != 1 || b != 2 {
		t.Errorf("fetched %d and %d times", a, b)
	}
	if _, _, gaps := list.Coverage(); len(gaps) != 0 {
		t.Errorf("%+v", gaps)
	}
	if err := list.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestDiskFull tells a full disk from everything else.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	d := newDepot()
	d.publish(t, midnight, formatCSV, joined(fullNames), sheetOf(fullNames, 10).csv(t))
	s := d.source()
	list, _, err := s.Find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	err = (&download{list: list, f: &list.manifest.Files[0], to: full}).run(t.Context())
	g := s.unread("file", err)
	if !strings.Contains(g.Reason, "could not be kept on disk: no space left") || !strings.Contains(g.Remedy, "free room") {
		t.Errorf("%+v", g)
	}
}

// TestPartsAtOnce scans all parts at the same time, twice.
func TestPartsAtOnce(t *testing.T) {
	t.Parallel()
	d := newDepot()
	s := sheetOf(fullNames, 900)
	var bodies [][]byte
	for i := range 9 {
		bodies = append(bodies, sheet{s.names, s.rows[100*i : 100*i+100]}.parquet(t, 30))
	}
	d.publish(t, midnight, formatParquet, "", bodies...)
	src := d.source()
	src.Dir, src.Settings.Range, src.Settings.Requests = t.TempDir(), 1000, 4
	list, _, err := src.Find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		var group sync.WaitGroup
		var mu sync.Mutex
		rows := map[string]bool{}
		for _, p := range list.Parts() {
			group.Go(func() {
				if err := p.Scan(t.Context(), func(r *Rows) error {
					mu.Lock()
					defer mu.Unlock()
					for i := range r.Len {
						rows[textOf(r, i)] = true
					}
					return nil
				}); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		extents, _, gaps := list.Coverage()
		if len(rows) != 900 || len(gaps) != 0 || len(extents) != 10 || extents[1].Records != 100 {
			t.Errorf("%d rows, %+v, %+v", len(rows), gaps, extents)
		}
	}
	if err := list.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestConsumersFaults: an error and a panic of the consumer are its own, not damage of the file.
func TestConsumersFaults(t *testing.T) {
	t.Parallel()
	d := newDepot()
	d.publish(t, midnight, formatParquet, "", sheetOf(fullNames, 10).parquet(t, 10))
	list, _, err := d.source().Find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	mine := errors.New("mine")
	if err := list.Parts()[0].Scan(t.Context(), func(*Rows) error { return mine }); !errors.Is(err, mine) {
		t.Errorf("error %v", err)
	}
	defer func() {
		if recover() == nil {
			t.Error("a panic of the consumer was swallowed")
		}
	}()
	_ = list.Parts()[0].Scan(t.Context(), func(*Rows) error { panic("mine") })
}

// TestDeadline: a file that takes too long is a gap.
func TestDeadline(t *testing.T) {
	t.Parallel()
	for _, format := range []string{formatCSV, formatParquet} {
		d := newDepot()
		s := sheetOf(fullNames, 3*rowsPerBatch)
		body := s.csv(t)
		if format == formatParquet {
			body = s.parquet(t, rowsPerBatch)
		}
		d.publish(t, midnight, format, joined(fullNames), body)
		src := d.source()
		src.Settings.FileTimeout = 300 * time.Millisecond
		list, _, err := src.Find(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := list.Parts()[0].Scan(t.Context(), func(*Rows) error { time.Sleep(350 * time.Millisecond); return nil }); err != nil {
			t.Fatal(err)
		}
		_, _, gaps := list.Coverage()
		gapOf(t, listed{gaps: gaps}, "takes longer than 300ms")
	}
}

func onlyFolder(t *testing.T, dir string) string {
	t.Helper()
	names := namesIn(t, dir)
	if len(names) != 1 {
		t.Fatalf("in the folder: %q", names)
	}
	return filepath.Join(dir, names[0])
}

func namesIn(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	for _, e := range must(os.ReadDir(dir))(t) {
		names = append(names, e.Name())
	}
	return names
}

func sorted(names ...string) []string {
	slices.Sort(names)
	return names
}
