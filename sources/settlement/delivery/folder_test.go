package delivery_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parallax/sources/settlement/delivery"
)

func TestFolder(t *testing.T) {
	dir := t.TempDir()
	path := put(t, dir, "a.ipm", []byte("abcdef"))
	put(t, dir, "b.csv", nil)
	if err := os.Mkdir(filepath.Join(dir, "c.ipm"), 0o700); err != nil {
		t.Fatal(err)
	}
	p := delivery.Folder(filepath.Join(dir, "*.ipm"))
	files, paths := list(t, p)
	if paths != path+" "+filepath.Join(dir, "c.ipm") || files[0].Size != 6 || !files[0].Regular || files[1].Regular {
		t.Fatalf("listed %+v", files)
	}
	if got, err := readAll(t.Context(), p, files[0], 2); err != nil || string(got) != "cdef" {
		t.Errorf("%q, %v", got, err)
	}
	if err := p.Check(t.Context(), files[0]); err != nil {
		t.Error(err)
	}
	if _, err := p.Open(t.Context(), files[1], 0); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a folder: %v", err)
	}
	if _, err := delivery.Folder("[").List(t.Context()); !errors.As(err, new(*delivery.PatternError)) {
		t.Errorf("%v", err)
	}
}

// A file is told from another one by its size, its time and its identity.
func TestFolderFileChanges(t *testing.T) {
	for name, change := range map[string]func(path string) error{
		"grown":   func(path string) error { return os.WriteFile(path, []byte("abcdefg"), 0o600) },
		"touched": func(path string) error { return os.Chtimes(path, noon, noon.Add(time.Second)) },
		"removed": os.Remove,
		"replaced by a copy of the same time": func(path string) error {
			err := os.WriteFile(path+".new", []byte("ABCDEF"), 0o600)
			return errors.Join(err, os.Chtimes(path+".new", noon, noon), os.Rename(path+".new", path))
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := put(t, t.TempDir(), "a.ipm", []byte("abcdef"))
			if err := os.Chtimes(path, noon, noon); err != nil {
				t.Fatal(err)
			}
			p := delivery.Folder(path)
			files, _ := list(t, p)
			if err := change(path); err != nil {
				t.Fatal(err)
			}
			if err := p.Check(t.Context(), files[0]); !errors.Is(err, delivery.ErrChanged) {
				t.Errorf("looked at: %v", err)
			}
			if _, err := readAll(t.Context(), p, files[0], 0); err == nil {
				t.Error("it was opened")
			}
		})
	}
}

func TestUnfinished(t *testing.T) {
	for _, c := range []struct {
		name, pattern string
		want          bool
	}{
		{"a.ipm", "*", false},
		{"a.ipm.tmp", "*", true},
		{"a.ipm.PART", "/in/*", true},
		{"a.filepart", "a.*", true},
		{".a.ipm.Xy12Z", "*", true},
		{".a.ipm", ".*", false},
		{"a.tmp", "*.tmp", false},
		{"a.part", "/in/a.part", false},
		{"a.party", "*", false},
	} {
		if got := delivery.Unfinished(c.name, c.pattern); got != c.want {
			t.Errorf("%s by %s: %v", c.name, c.pattern, got)
		}
	}
}
