// Package archivetest holds places of the change archive to what archive.Place promises. Only tests import it.
package archivetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"parallax/internal/archive"
	"parallax/internal/record"
)

// Exercise tests an empty place. Its clock must not be before the test's by more than a minute.
func Exercise(t *testing.T, place archive.Place) {
	t.Helper()
	t.Run("files", func(t *testing.T) { files(t, place) })
	t.Run("racing writers", func(t *testing.T) { racing(t, place) })
	t.Run("cancelled", func(t *testing.T) { cancelled(t, place) })
	t.Run("segments", func(t *testing.T) { segments(t, place) })
}

const limit = 1 << 20

// files puts, gets, lists and removes.
func files(t *testing.T, place archive.Place) {
	ctx := t.Context()
	// What url.PathEscape makes of a table's name, and what it leaves.
	all := map[string]string{
		"keys/eu-west-1/shard/1-2.parquet": "one", "keys/eu-west-1/shard/3-4.parquet": "", "keys/eu-west-2/a%2Fb%20c%25/+&=~'().parquet": "two", "other/x/y/1.parquet": "three",
	}
	for name, body := range all {
		must(t, place.Put(ctx, name, []byte("before")))
		must(t, place.Put(ctx, name, []byte(body)))
	}
	for name, body := range all {
		data, err := place.Get(ctx, name, limit)
		if err != nil || string(data) != body {
			t.Errorf("get %s: %q, %v; want %q", name, data, err, body)
		}
	}
	if _, err := place.Get(ctx, "other/x/y/1.parquet", 5); err != nil {
		t.Errorf("get up to the limit: %v", err)
	}
	if _, err := place.Get(ctx, "other/x/y/1.parquet", 4); !errors.Is(err, archive.ErrTooLarge) {
		t.Errorf("get beyond the limit: %v", err)
	}
	if _, err := place.Get(ctx, "other/x/y/2.parquet", limit); !errors.Is(err, fs.ErrNotExist) || archive.Remedy(err) == "" {
		t.Errorf("get what is not there: %v", err)
	}
	for prefix, want := range map[string]int{"": 4, "keys/": 3, "keys/eu-west-1/shard/1": 1, "keys/eu-west-2/a%2Fb%20c%25/+&=~'().parquet": 1, "nothing/": 0, "key": 3} {
		if got := List(t, place, prefix); len(got) != want {
			t.Errorf("list %q: %q", prefix, got)
		}
	}
	for file, err := range place.List(ctx, "other/") {
		if err != nil || file.Size != 5 || time.Since(file.Modified) > time.Minute || time.Since(file.Modified) < -time.Minute {
			t.Errorf("listed %+v, %v", file, err)
		}
	}
	for range place.List(ctx, "") {
		break // a caller may stop
	}
	for name := range all {
		must(t, place.Remove(ctx, name))
		must(t, place.Remove(ctx, name))
	}
	if left := List(t, place, ""); len(left) > 0 {
		t.Errorf("left after removing all: %q", left)
	}
}

// racing writes two versions of one name many times while others read it: each sees one of the two, whole.
func racing(t *testing.T, place archive.Place) {
	const name = "keys/eu-west-1/shard/1-2.parquet"
	bodies := [2][]byte{bytes.Repeat([]byte("a"), 100_000), bytes.Repeat([]byte("b"), 150_000)}
	must(t, place.Put(t.Context(), name, bodies[0]))
	var group sync.WaitGroup
	for _, body := range bodies {
		group.Go(func() {
			for range 5 {
				if err := place.Put(t.Context(), name, body); err != nil {
					t.Errorf("put: %v", err)
				}
			}
		})
		group.Go(func() {
			for range 20 {
				data, err := place.Get(t.Context(), name, limit)
				if err != nil || !bytes.Equal(data, bodies[0]) && !bytes.Equal(data, bodies[1]) {
					t.Errorf("get: %d bytes, %v", len(data), err)
				}
			}
		})
	}
	group.Wait()
	if got := List(t, place, ""); !slices.Equal(got, []string{name}) {
		t.Errorf("there are %q", got)
	}
	must(t, place.Remove(t.Context(), name))
}

// cancelled asks with a context that has ended.
func cancelled(t *testing.T, place archive.Place) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	const name = "keys/eu-west-1/shard/1-2.parquet"
	_, get := place.Get(ctx, name, limit)
	var list error
	for _, err := range place.List(ctx, "") {
		list = err
	}
	for what, err := range map[string]error{"put": place.Put(ctx, name, []byte("x")), "get": get, "remove": place.Remove(ctx, name), "list": list} {
		if !errors.Is(err, context.Canceled) && (what != "list" || err != nil) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if got := List(t, place, ""); len(got) > 0 {
		t.Errorf("there are %q", got)
	}
}

// segments goes the whole way: write, read, scan, select, sweep.
func segments(t *testing.T, place archive.Place) {
	ctx := t.Context()
	var changes []record.Change
	for i := range 10_000 {
		image := record.NewImage(map[string]record.Attr{"pk": {Type: "S", Text: fmt.Sprint("order ", i%100)}, "n": {Type: "N", Text: fmt.Sprint(i)}})
		changes = append(changes, record.Change{
			Table: "keys", Region: "eu-west-1", Shard: "shard", Seq: fmt.Sprintf("%021d", i+1), Event: "INSERT",
			At: time.Unix(int64(1_763_000_000+i), 0).UTC(), Key: fmt.Sprint("order ", i%100), New: image,
		})
	}
	s, err := archive.Write(ctx, place, changes)
	must(t, err)
	read, err := archive.Read(ctx, place, s)
	if err != nil || !reflect.DeepEqual(read, changes) {
		t.Errorf("read %d changes, %v", len(read), err)
	}
	rows := 0
	must(t, archive.Scan(ctx, place, s, func(r archive.Rows) error {
		rows += r.Len()
		return nil
	}))
	if rows != len(changes) {
		t.Errorf("scanned %d rows", rows)
	}
	wanted := archive.HashOf("order 7")
	selected, err := archive.Select(ctx, place, s, func(h archive.Hash) bool { return h == wanted })
	if err != nil || len(selected) != 100 || selected[1] != changes[107] {
		t.Errorf("selected %d changes, %v", len(selected), err)
	}
	must(t, place.Put(ctx, "keys/eu-west-1/shard/left.parquet", []byte("x")))
	manifest := func(context.Context, []string) ([]string, error) { return []string{s.Name}, nil }
	swept, err := archive.Sweep(ctx, place, manifest, time.Now().Add(time.Hour))
	if err != nil || len(swept.Removed) != 1 || !slices.Equal(List(t, place, ""), []string{s.Name}) {
		t.Errorf("swept %+v, %v", swept, err)
	}
	must(t, place.Remove(ctx, s.Name))
}

// List is the names that a place lists, sorted.
func List(t *testing.T, place archive.Place, prefix string) []string {
	t.Helper()
	names := []string{}
	for file, err := range place.List(t.Context(), prefix) {
		must(t, err)
		names = append(names, file.Name)
	}
	slices.Sort(names)
	return names
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}
