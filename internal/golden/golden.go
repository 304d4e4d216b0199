// Package golden runs an auditor over txtar files: the records of both regions go in, the findings come out and are
// compared with the file's section "want". Run the tests with -update to write what came out.
package golden

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"parallax/internal/audit"
)

var update = flag.Bool("update", false, "write what came out into the golden files")

const want = "want"

// Run calls audit for every file testdata/*.txtar, with its sections by name.
func Run(t *testing.T, audit func(t *testing.T, sections map[string][]byte) audit.Judgement) {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no testdata/*.txtar: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) { compare(t, file, audit) })
	}
}

func compare(t *testing.T, file string, run func(*testing.T, map[string][]byte) audit.Judgement) {
	t.Helper()
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string][]byte{}
	for _, f := range archive.Files {
		sections[f.Name] = f.Data
	}
	got := show(t, run(t, sections))
	if *update {
		write(t, file, archive, got)
		return
	}
	if diff := cmp.Diff(string(sections[want]), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

func write(t *testing.T, file string, archive *txtar.Archive, got []byte) {
	t.Helper()
	kept := archive.Files[:0]
	for _, f := range archive.Files {
		if f.Name != want {
			kept = append(kept, f)
		}
	}
	kept = append(kept, txtar.File{Name: want, Data: got})
	archive.Files = kept
	if err := os.WriteFile(file, txtar.Format(archive), 0o600); err != nil {
		t.Fatal(err)
	}
}

// show is the judgement as text: findings without what only programs need, then counts.
func show(t *testing.T, j audit.Judgement) []byte {
	t.Helper()
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	for _, f := range j.Findings {
		f.Fingerprint = ""
		if err := enc.Encode(f); err != nil {
			t.Fatal(err)
		}
	}
	for _, rest := range []any{j.Excluded, j.Failovers, j.Samples} {
		if body, err := json.Marshal(rest); err == nil && string(body) != "null" {
			if err := enc.Encode(rest); err != nil {
				t.Fatal(err)
			}
		}
	}
	return out.Bytes()
}

// Lines decodes a section of one JSON document per line.
func Lines[T any](t *testing.T, section []byte) []T {
	t.Helper()
	if section == nil {
		return nil
	}
	out := []T{}
	for dec := json.NewDecoder(bytes.NewReader(section)); dec.More(); {
		var v T
		if err := dec.Decode(&v); err != nil {
			t.Fatalf("decode a line: %v", err)
		}
		out = append(out, v)
	}
	return out
}

// Clock is a clock time of the day on which the golden files play, 18 November 2026 in UTC: "14:06:59.5".
func Clock(t *testing.T, clock string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02 15:04:05.999", "2026-11-18 "+clock)
	if err != nil {
		t.Fatal(err)
	}
	return at
}
