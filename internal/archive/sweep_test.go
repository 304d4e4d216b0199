package archive

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// touch stores a file that was last written a number of hours after noon.
func touch(t *testing.T, dir Folder, name string, hours int) {
	t.Helper()
	if err := dir.Put(t.Context(), name, []byte("x")); err != nil {
		t.Fatal(err)
	}
	at := noon.Add(time.Duration(hours) * time.Hour)
	if err := os.Chtimes(dir.file(name), at, at); err != nil {
		t.Fatal(err)
	}
}

func listed(t *testing.T, place Place) []string {
	t.Helper()
	var names []string
	for f, err := range place.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, f.Name)
	}
	slices.Sort(names)
	return names
}

// naming is a manifest of these names.
func naming(all ...string) Manifest {
	return func(_ context.Context, names []string) ([]string, error) {
		return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return !slices.Contains(all, n) }), nil
	}
}

func TestSweep(t *testing.T) {
	dir := Folder(t.TempDir())
	const table = "keys/eu-west-1/shard/"
	touch(t, dir, table+"1-2.parquet", 0)          // named
	touch(t, dir, table+"1-3.parquet", 0)          // left by a killed capture
	touch(t, dir, table+temporary+"77", 0)         // left half written
	touch(t, dir, table+"4-5.parquet", 20)         // not committed yet
	touch(t, dir, "keys/eu-west-2/s/1.parquet", 0) // the manifest names nothing there
	touch(t, dir, "keys/eu-west-2/s/2.parquet", 0) //
	touch(t, dir, "new/eu-west-2/s/.segment-1", 0) // half a file, of a table that nothing was written of yet
	touch(t, dir, "README.md", 0)                  // somebody's
	touch(t, dir, "a/b/c/backup.tar", 0)           // somebody's
	touch(t, dir, "a/b/c/d/deep.parquet", 0)       // somebody's
	outside := t.TempDir() + "/x.parquet"
	if err := os.WriteFile(outside, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, dir.file(table+"9-9.parquet")); err != nil {
		t.Fatal(err)
	}
	swept, err := Sweep(t.Context(), dir, naming(table+"1-2.parquet"), noon.Add(10*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	var removed []string
	for _, f := range swept.Removed {
		removed = append(removed, f.Name)
	}
	if want := []string{table + temporary + "77", table + "1-3.parquet", "new/eu-west-2/s/.segment-1"}; !slices.Equal(removed, want) {
		t.Errorf("removed %q, want %q", removed, want)
	}
	if len(swept.Left) != 1 || swept.Left[0].Prefix != "keys/eu-west-2/" || swept.Left[0].Files != 2 || swept.Left[0].Bytes != 2 {
		t.Errorf("left %+v", swept.Left)
	}
	want := []string{"README.md", "a/b/c/backup.tar", "a/b/c/d/deep.parquet", table + "1-2.parquet", table + "4-5.parquet", "keys/eu-west-2/s/1.parquet", "keys/eu-west-2/s/2.parquet"}
	if got := listed(t, dir); !slices.Equal(got, want) {
		t.Errorf("there are %q, want %q", got, want)
	}
	if _, err := os.Stat(outside); err != nil {
		t.Errorf("what a link leads to: %v", err)
	}
}

// A capture that resumes writes and commits the name again while the sweep is under way.
func TestSweepAsksAgain(t *testing.T) {
	const known, name = "keys/eu-west-1/shard/1-2.parquet", "keys/eu-west-1/shard/3-4.parquet"
	for what, late := range map[string]func(*testing.T, Folder) Manifest{
		"committed": func(*testing.T, Folder) Manifest { return naming(known, name) },
		"written":   func(t *testing.T, dir Folder) Manifest { touch(t, dir, name, 20); return naming(known) },
	} {
		t.Run(what, func(t *testing.T) {
			dir := Folder(t.TempDir())
			touch(t, dir, known, 0)
			touch(t, dir, name, 0)
			manifest := naming(known)
			asked := func(ctx context.Context, names []string) ([]string, error) {
				answer, err := manifest(ctx, names)
				manifest = late(t, dir)
				return answer, err
			}
			swept, err := Sweep(t.Context(), dir, asked, noon.Add(10*time.Hour))
			if err != nil || len(swept.Removed) > 0 || len(listed(t, dir)) != 2 {
				t.Errorf("removed %v, %v", swept.Removed, err)
			}
		})
	}
}

func TestSweepWithoutAManifestRemovesNothing(t *testing.T) {
	dir := Folder(t.TempDir())
	touch(t, dir, "keys/eu-west-1/shard/1-2.parquet", 0)
	lost := errors.New("connection lost")
	if _, err := Sweep(t.Context(), dir, func(context.Context, []string) ([]string, error) { return nil, lost }, noon.Add(time.Hour)); !errors.Is(err, lost) {
		t.Errorf("error %v", err)
	}
	if len(listed(t, dir)) != 1 {
		t.Error("a file is gone")
	}
	swept, err := Sweep(t.Context(), Folder(t.TempDir()+"/none"), naming(), noon)
	if err != nil || len(swept.Removed) > 0 {
		t.Errorf("no archive yet: %+v, %v", swept, err)
	}
}

func TestRemoveForgotten(t *testing.T) {
	dir := Folder(t.TempDir())
	const a, b, c = "keys/eu-west-1/shard/1-2.parquet", "keys/eu-west-1/shard/3-4.parquet", "keys/eu-west-2/shard/3-4.parquet"
	for _, name := range []string{a, b, c} {
		touch(t, dir, name, 0)
	}
	removed, err := Remove(t.Context(), dir, naming(b), []string{a, b, c, "keys/eu-west-1/shard/gone.parquet"})
	if err != nil || !slices.Equal(removed, []string{a, c, "keys/eu-west-1/shard/gone.parquet"}) {
		t.Errorf("removed %q, %v", removed, err)
	}
	if got := listed(t, dir); !slices.Equal(got, []string{b}) {
		t.Errorf("left %q", got)
	}
	if _, err := os.Stat(dir.file("keys/eu-west-2")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an empty folder is left: %v", err)
	}
	for _, name := range []string{"../etc/passwd", "README.md", "/etc/a/b/c.parquet"} {
		if _, err := Remove(t.Context(), dir, naming(), []string{name}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
