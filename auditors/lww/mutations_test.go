package lww_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMutationsFit holds the list of hand-made defects against the sources: each text must stand exactly once in its file and
// the case that kills it must exist. Whether it still kills it is what testdata/mutants.go tells.
func TestMutationsFit(t *testing.T) {
	text, err := os.ReadFile("testdata/mutations.txt")
	if err != nil {
		t.Fatal(err)
	}
	defects := 0
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "#") {
			continue
		}
		defects++
		parts := strings.Split(line, " | ")
		if len(parts) != 3 {
			t.Errorf("%q has %d parts", line, len(parts))
			continue
		}
		source, err := os.ReadFile(parts[0])
		if err != nil {
			t.Error(err)
		}
		old, _, ok := strings.Cut(parts[1], " => ")
		if n := strings.Count(string(source), old); n != 1 || !ok {
			t.Errorf("%s: %q stands %d times", parts[0], old, n)
		}
		if !exists(t, parts[2]) {
			t.Errorf("%s: there is no case %q", parts[0], parts[2])
		}
	}
	if defects < 30 {
		t.Errorf("%d defects", defects)
	}
}

// exists reports whether a test names a case, or a row of the reference table.
func exists(t *testing.T, test string) bool {
	t.Helper()
	if row, ok := strings.CutPrefix(test, "TestReference/"); ok {
		text, err := os.ReadFile(reference)
		return err == nil && strings.Contains(string(text), "| "+strings.ReplaceAll(row, "_", " ")+" |")
	}
	name, ok := strings.CutPrefix(test, "TestCases/")
	_, err := os.Stat(filepath.Join("testdata", name+".txtar"))
	return ok && err == nil
}
