//go:build peers

package orc

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"parallax/internal/join"
)

// pyarrow runs the peer and returns the rows it prints. `make test-peers` installs it.
func pyarrow(t *testing.T, args ...string) [][]string {
	t.Helper()
	python, err := filepath.Abs("../../.tools/python/bin/python")
	if err == nil {
		_, err = os.Stat(python)
	}
	if err != nil {
		t.Fatalf("pyarrow, a reader and writer to compare with, is installed by `make test-peers`: %v", err)
	}
	cmd := exec.CommandContext(t.Context(), python, append([]string{filepath.Join("testdata", "pyarrow_peer.py")}, args...)...)
	var out, problem bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problem
	if err := cmd.Run(); err != nil {
		t.Fatalf("pyarrow %s: %v\n%s", strings.Join(args, " "), err, problem.String())
	}
	var rows [][]string
	lines := bufio.NewScanner(&out)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var values []*string
		if err := json.Unmarshal(lines.Bytes(), &values); err != nil {
			t.Fatal(err)
		}
		row := make([]string, len(values))
		for i, v := range values {
			row[i] = null
			if v != nil {
				row[i] = *v
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// TestWhatArrowWritesPeer reads files of many rows that Apache Arrow's C++ writer made: both versions, all codecs, with and
// without dictionaries, several stripes, and columns of types that are skipped.
func TestWhatArrowWritesPeer(t *testing.T) {
	const rows = 100_000
	folder := t.TempDir()
	want := pyarrow(t, "write", folder, strconv.Itoa(rows))
	files, err := filepath.Glob(filepath.Join(folder, "*.orc"))
	if err != nil || len(files) != 16 || len(want) != rows {
		t.Fatalf("%d files, %d rows: %v", len(files), len(want), err)
	}
	stripes, encodings := 0, map[uint64]int{}
	for _, path := range files {
		stripes = max(stripes, compareFile(t, path, want, encodings))
	}
	t.Logf("%d stripes at most, columns by encoding %v", stripes, encodings)
	if stripes < 3 || len(encodings) < 3 {
		t.Errorf("%d stripes at most, columns by encoding %v", stripes, encodings)
	}
}

// compareFile holds all rows of a file against those that were written.
func compareFile(t *testing.T, path string, want [][]string, encodings map[uint64]int) (stripes int) {
	t.Helper()
	f, err := Open(path, Options{})
	if err != nil {
		t.Fatalf("%s: %v", filepath.Base(path), err)
	}
	defer f.Close()
	columns := slices.DeleteFunc(f.Columns(), func(name string) bool {
		typ, err := f.Type(name)
		return typ == Other || err != nil
	})
	s, err := f.scanner(columns)
	if err == nil {
		err = s.open(0)
	}
	if err != nil {
		t.Fatalf("%s: %v", filepath.Base(path), err)
	}
	for _, c := range s.columns {
		encodings[c.encoding.kind]++
	}
	row := 0
	err = f.Scan(t.Context(), columns, func(b *join.Batch) error {
		for i := range b.Rows {
			for k := range b.Value {
				if got := shown(&b.Value[k], i); got != want[row][k] {
					return fmt.Errorf("row %d column %s is %q, want %q", row, columns[k], got, want[row][k])
				}
			}
			row++
		}
		return nil
	})
	if err != nil || row != len(want) || f.Rows() != int64(row) || len(columns) != len(want[0]) {
		t.Errorf("%s: %d rows of %d, %d columns: %v", filepath.Base(path), row, f.Rows(), len(columns), err)
	}
	return f.Stripes()
}

// TestArrowReadsOursPeer: the files that the tests of this package write are what Apache Arrow's C++ reader takes them for.
func TestArrowReadsOursPeer(t *testing.T) {
	for i, p := range []packing{plain, zlib, snappied, zstandard} {
		for _, v1 := range []bool{false, true} {
			content, want := write(t, made{
				seed: uint64(i), rows: 5000, stripe: 2000, packing: p, chunk: 4000, v1: v1, dict: i%2 == 0, nulls: 4,
				specs: slices.DeleteFunc(slices.Clone(everySpec), func(s spec) bool { return s.code == codeDouble }),
			})
			path := filepath.Join(t.TempDir(), "ours.orc")
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			compare(t, fmt.Sprintf("packing %d, v1 %t", p, v1), pyarrow(t, "read", path), want)
		}
	}
}
