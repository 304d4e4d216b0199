package sets

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"os"
	"slices"
	"testing"

	"github.com/apache/arrow/go/v17/parquet/file"
)

func TestOrderIsAPermutation(t *testing.T) {
	for _, n := range []uint64{1, 2, 3, 1000, 4097} {
		o := newOrder(n, 7)
		seen := make([]bool, n)
		inPlace := 0
		for i := range n {
			at := o.at(i)
			if seen[at] {
				t.Fatalf("of %d: %d comes twice", n, at)
			}
			if seen[at] = true; at == i {
				inPlace++
			}
		}
		if n >= 1000 && inPlace > 20 {
			t.Errorf("of %d, %d are where they were", n, inPlace)
		}
	}
}

// rowsOf reads a file of a set back with other people's readers.
func rowsOf(t *testing.T, name string) [][]string {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	gz, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(gz).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows[1:]
}

func files(t *testing.T, s Set) (left, right string) {
	t.Helper()
	left, right, err := s.Files(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return left, right
}

// TestTiesHaveKnownDifferences counts what a comparison will find, with a map.
func TestTiesHaveKnownDifferences(t *testing.T) {
	const rows = 200_000
	left, right := files(t, Set{Task: Ties, Format: CSV, Rows: rows, Seed: 3})
	type key struct{ left, right []string }
	keys := map[string]*key{}
	var keyless [2]int
	for side, name := range []string{left, right} {
		for _, row := range rowsOf(t, name) {
			if row[2] == "" {
				keyless[side]++
				continue
			}
			k := keys[row[2]]
			if k == nil {
				k = &key{}
				keys[row[2]] = k
			}
			into := []*[]string{&k.left, &k.right}[side]
			*into = append(*into, row[5]+row[6])
		}
	}
	got := map[string]int{}
	for text, k := range keys {
		switch {
		case len(k.left) > 1:
			got["doubled on the left"]++
		case len(k.right) > 1:
			got["doubled on the right"]++
		case len(k.left) == 0:
			got["missing on the left"]++
		case len(k.right) == 0:
			got["missing on the right"]++
		case k.left[0] != k.right[0]:
			got["different"]++
		}
		if len(text) > 24 {
			got["long"]++
		}
	}
	if len(keys) != rows {
		t.Errorf("%d keys, not %d", len(keys), rows)
	}
	for name, perMillion := range map[string]int{
		"doubled on the left": 500, "doubled on the right": 500, "missing on the left": 1000, "missing on the right": 1000, "different": 1000, "long": 100,
	} {
		if want := perMillion * rows / 1_000_000; got[name] < want/2 || got[name] > want*2 {
			t.Errorf("%d keys are %s, about %d should be", got[name], name, want)
		}
	}
	if keyless[0] == 0 || keyless[1] == 0 {
		t.Errorf("%v rows have no key", keyless)
	}
}

func TestInventoriesAreSorted(t *testing.T) {
	left, right := files(t, Set{Task: Inventories, Format: CSV, Rows: 20_000, Seed: 3})
	for _, name := range []string{left, right} {
		rows, versions := rowsOf(t, name), 0
		for i := 1; i < len(rows); i++ {
			if slices.Compare(rows[i-1][1:3], rows[i][1:3]) >= 0 {
				t.Fatalf("row %d: %q after %q", i, rows[i][1:3], rows[i-1][1:3])
			}
			if rows[i][1] == rows[i-1][1] {
				versions++
			}
		}
		if versions < 200 || versions > 500 {
			t.Errorf("%d keys have two versions, about 312 should", versions)
		}
	}
}

func TestSameSeedSameFile(t *testing.T) {
	for _, format := range []Format{Parquet, CSV} {
		var first []byte
		for range 2 {
			left, _ := files(t, Set{Task: Ties, Format: format, Rows: 5000, Seed: 9})
			data, err := os.ReadFile(left)
			if err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = data
			}
			if !bytes.Equal(data, first) {
				t.Errorf("%s: the same seed made another file", format)
			}
		}
		other, _ := files(t, Set{Task: Ties, Format: format, Rows: 5000, Seed: 10})
		if data, err := os.ReadFile(other); err != nil || bytes.Equal(data, first) {
			t.Errorf("%s: another seed made the same file (%v)", format, err)
		}
	}
}

func TestParquetHasTheRows(t *testing.T) {
	s := Set{Task: Ties, Rows: 3000, Seed: 5}
	s.Format = CSV
	text, _ := files(t, s)
	s.Format = Parquet
	name, _ := files(t, s)
	f, err := file.OpenParquetFile(name, false)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if want := int64(len(rowsOf(t, text))); f.NumRows() != want {
		t.Errorf("%d rows, the CSV has %d", f.NumRows(), want)
	}
}

func TestFilesAreMadeOnce(t *testing.T) {
	dir := t.TempDir()
	s := Set{Task: Ties, Format: CSV, Rows: 10, Seed: 1}
	left, _, err := s.Files(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(left, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Files(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(left); err != nil || string(data) != "mine" {
		t.Errorf("the file was made again: %q, %v", data, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("%d files are left, %v", len(entries), err)
	}
}
