package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"parallax/internal/bench/sets"
)

func TestContendersMustAgree(t *testing.T) {
	found := func(n int64, sum string) []joined {
		return []joined{{Breaks: n, Checksum: sum}, {Breaks: n, Checksum: sum}}
	}
	one := joined{Breaks: 3, Checksum: "17"}
	for _, test := range []struct {
		name string
		all  []contender
		want string
	}{
		{"all the same", []contender{{name: "ours", runs: found(3, "17")}, {name: "theirs", runs: found(3, "17")}}, ""},
		{"who counts is not asked", []contender{{name: "ours", runs: found(3, "17")}, {name: "bare", counts: true, runs: found(9, "")}}, ""},
		{"nor who ran out of memory", []contender{{name: "ours", runs: found(3, "17")}, {name: "small", runs: []joined{{NoMemory: true}}}}, ""},
		{"another sum", []contender{{name: "ours", runs: found(3, "17")}, {name: "theirs", runs: found(3, "18")}}, "theirs finds 3 breaks (18), ours 3 (17)"},
		{"another number", []contender{{name: "ours", runs: found(3, "17")}, {name: "theirs", runs: found(4, "17")}}, "theirs finds 4"},
		{"in one run", []contender{{name: "ours", runs: []joined{one, {Breaks: 2, Checksum: "11"}}}}, "ours finds 2"},
		{"without a sum", []contender{{name: "ours", runs: found(3, "17")}, {name: "theirs", runs: found(3, "")}}, "no checksum"},
		{"nobody", []contender{{name: "bare", counts: true, runs: found(3, "")}}, "nobody"},
	} {
		err := agree(test.all)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
	}
}

// TestJoinChild joins a small set in both formats: the same breaks, and as many as are listed.
func TestJoinChild(t *testing.T) {
	var sums []string
	for _, format := range []sets.Format{sets.Parquet, sets.CSV} {
		left, right, err := sets.Set{Task: sets.Ties, Format: format, Rows: 20_000, Seed: 2}.Files(t.Context(), t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		args := append([]string{"-temp", t.TempDir()}, columns[sets.Ties]...)
		var out, listed bytes.Buffer
		if err := joinChild(t.Context(), append(args, left, right), &out); err != nil {
			t.Fatal(err)
		}
		var got joined
		if err := json.Unmarshal(out.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		sums = append(sums, got.Checksum)
		if err := joinChild(t.Context(), append(args, "-list", left, right), &listed); err != nil {
			t.Fatal(err)
		}
		keyless := int64(bytes.Count(listed.Bytes(), []byte(`{"key":[null]`)))
		if lines := int64(bytes.Count(listed.Bytes(), []byte("\n"))); lines-keyless+min(keyless, 1) != got.Breaks || got.Breaks < 40 {
			t.Errorf("%s: %d breaks, %d lines of which %d have no key", format, got.Breaks, lines, keyless)
		}
	}
	if sums[0] != sums[1] {
		t.Errorf("Parquet sums up to %s, CSV to %s", sums[0], sums[1])
	}
}

// TestFilesAreRead writes a short file of every format and reads it back by every way.
func TestFilesAreRead(t *testing.T) {
	for _, f := range fileFormats {
		f.lines = 50
		name := t.TempDir() + "/" + f.name
		if err := writeFormat(f, name); err != nil {
			t.Errorf("%s: %v", f.name, err)
			continue
		}
		if n, err := readOurs(f, name); err != nil || n < 50 {
			t.Errorf("%s: %d lines, %v", f.name, n, err)
		}
		if f.peer != nil {
			if n, err := f.peer(name); err != nil || n < 50 {
				t.Errorf("%s: the peer reads %d records, %v", f.name, n, err)
			}
		}
	}
}

func TestArguments(t *testing.T) {
	for _, args := range []string{"-rows 0", "-rows 1,x", "-measure dance", "-formats xls", "-tasks all", "-runs 0", "more"} {
		if _, err := parse(strings.Fields(args)); err == nil {
			t.Errorf("%s is taken", args)
		}
	}
	s, err := parse(strings.Fields("-measure join -rows 1,50 -formats parquet"))
	if err != nil || len(s.rows) != 2 || s.rows[1] != 50 || s.memory != 512 {
		t.Errorf("%+v, %v", s, err)
	}
}
