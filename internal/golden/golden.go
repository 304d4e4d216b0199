// Package golden runs an auditor over txtar files: the records of both regions go in, the findings come out and are
// compared with the section of the file that says what is wanted. Run the tests with -update to write what came out.
package golden

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"parallax/internal/audit"
)

var update = flag.Bool("update", false, "write what came out into the golden files")

// Run calls audit for every file testdata/*.txtar, with its sections by name, and holds the judgement against the
// section "want".
func Run(t *testing.T, audit func(t *testing.T, sections map[string][]byte) audit.Judgement) {
	t.Helper()
	Texts(t, "want", func(t *testing.T, files []txtar.File) string {
		sections := map[string][]byte{}
		for _, f := range files {
			sections[f.Name] = f.Data
		}
		return show(t, audit(t, sections))
	})
}

// Texts calls audit for every file testdata/*.txtar, with its sections but the wanted one in their order, and holds the
// text against that one. It returns how many files there are.
func Texts(t *testing.T, wanted string, audit func(t *testing.T, sections []txtar.File) string) int {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no testdata/*.txtar: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			want := ""
			if i := slices.IndexFunc(archive.Files, func(f txtar.File) bool { return f.Name == wanted }); i >= 0 {
				want = string(archive.Files[i].Data)
				archive.Files = slices.Delete(archive.Files, i, i+1)
			} else if !*update {
				t.Fatalf("%s has no section %q", path, wanted)
			}
			got := audit(t, archive.Files)
			if *update {
				write(t, path, archive, txtar.File{Name: wanted, Data: []byte(got)})
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", path, diff)
			}
		})
	}
	return len(paths)
}

func write(t *testing.T, path string, archive *txtar.Archive, last txtar.File) {
	t.Helper()
	archive.Files = append(archive.Files, last)
	if err := os.WriteFile(path, txtar.Format(archive), 0o600); err != nil {
		t.Fatal(err)
	}
}

// show is the judgement as text: findings without what only programs need, then counts.
func show(t *testing.T, j audit.Judgement) string {
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
	for _, c := range j.Chains {
		if err := enc.Encode(short(c)); err != nil {
			t.Fatal(err)
		}
	}
	return out.String()
}

// short is a chain on few lines: one for each link.
func short(c audit.Chain) any {
	links := make([]string, 0, len(c.Links))
	for _, l := range c.Links {
		said := slices.DeleteFunc([]string{l.Layer + " " + string(l.State), string(l.Region), l.Ref, l.Note}, func(s string) bool { return s == "" })
		links = append(links, strings.Join(said, ", "))
	}
	return struct {
		Chain, Key, At, Amount, Broken string
		Region                         audit.Region
		Links                          []string
	}{c.PaymentID, c.Key, c.At.Format("15:04:05.999"), fmt.Sprintf("%s %d", c.Amount.Currency, c.Amount.Minor), c.Broken, c.Region, links}
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
