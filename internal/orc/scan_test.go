package orc

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parallax/internal/join"
)

// everySpec is a column of every type, and of every shape that numbers come in.
var everySpec = []spec{
	{"text", codeString, func(rng *rand.Rand, row int) any {
		return strings.Repeat("é", rng.IntN(9)) + fmt.Sprint(row)
	}},
	{"few", codeVarchar, func(rng *rand.Rand, _ int) any { return []string{"EUR", "GBP", ""}[rng.IntN(3)] }},
	{"one", codeChar, func(*rand.Rand, int) any { return "STANDARD" }},
	{"tiny", codeByte, func(rng *rand.Rand, row int) any { return int64(int8(rng.IntN(256))) >> (row % 200 / 100 * 7) }},
	{"small", codeShort, func(rng *rand.Rand, _ int) any { return int64(int16(rng.IntN(1 << 16))) }},
	{"int", codeInt, func(rng *rand.Rand, _ int) any { return int64(int32(rng.Uint32())) }},
	{"skipped", codeDouble, func(*rand.Rand, int) any { return 1.5 }},
	{"big", codeLong, func(rng *rand.Rand, _ int) any { return int64(rng.Uint64()) >> rng.IntN(64) }},
	{"sizes", codeLong, func(rng *rand.Rand, _ int) any {
		if rng.IntN(40) == 0 {
			return rng.Int64N(1 << 40)
		}
		return rng.Int64N(1000) - 200
	}},
	{"rising", codeLong, func(rng *rand.Rand, row int) any { return int64(row)*10 + rng.Int64N(9) }},
	{"falling", codeLong, func(_ *rand.Rand, row int) any { return -int64(row) * 3 }},
	{"steps", codeLong, func(_ *rand.Rand, row int) any { return int64(row / 7 % 5) }},
	{"flag", codeBoolean, func(rng *rand.Rand, row int) any { return row%1000 < 300 || rng.IntN(2) == 0 }},
	{"at", codeTimestamp, func(rng *rand.Rand, row int) any { return moment(rng, row) }},
	{"instant", codeInstant, func(rng *rand.Rand, row int) any { return moment(rng, row) }},
}

// moment is a time of any precision. In the afternoon no clock is put forward, and no second is the last before 1970, which
// ORC cannot hold.
func moment(rng *rand.Rand, row int) time.Time {
	at := time.Date(1900+row%200, time.Month(1+row%12), 1+row%27, 12, 0, 0, 0, time.UTC).Add(time.Duration(rng.Int64N(int64(11 * time.Hour))))
	return at.Truncate([]time.Duration{1, time.Microsecond, time.Millisecond, 10 * time.Millisecond, time.Second}[row%5])
}

func readable() []string {
	var names []string
	for _, s := range everySpec {
		if s.code != codeDouble {
			names = append(names, s.name)
		}
	}
	return names
}

// rowsOf scans a file and shows its rows.
func rowsOf(t testing.TB, content []byte, columns []string, o Options) ([][]string, error) {
	t.Helper()
	f, err := OpenReaderAt(bytes.NewReader(content), int64(len(content)), o)
	if err != nil {
		return nil, err
	}
	var rows [][]string
	err = f.Scan(t.Context(), columns, func(b *join.Batch) error {
		for i := range b.Rows {
			row := make([]string, len(b.Value))
			for k := range b.Value {
				row[k] = shown(&b.Value[k], i)
			}
			rows = append(rows, row)
		}
		return nil
	})
	return rows, err
}

func shown(c *join.Column, i int) string {
	switch {
	case c.Nulls != nil && c.Nulls[i]:
		return null
	case c.Texts != nil:
		return string(c.Data[c.Texts[i].Start:c.Texts[i].End])
	default:
		return fmt.Sprint(c.Ints[i])
	}
}

// without drops the column that is skipped.
func without(rows [][]string) [][]string {
	skipped := slices.IndexFunc(everySpec, func(s spec) bool { return s.code == codeDouble })
	out := make([][]string, len(rows))
	for i, r := range rows {
		out[i] = slices.Delete(slices.Clone(r), skipped, skipped+1)
	}
	return out
}

// compare names the first row that is not as it was written.
func compare(t *testing.T, name string, got, want [][]string) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d rows, want %d", name, len(got), len(want))
	}
	for i := range min(len(got), len(want)) {
		if !slices.Equal(got[i], want[i]) {
			t.Fatalf("%s: row %d is %q, want %q", name, i, got[i], want[i])
		}
	}
}

// TestRoundTrips writes every type by every encoding, in chunks small and large, with and without nulls.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	seed := uint64(0)
	for _, p := range []packing{plain, zlib, snappied, zstandard} {
		for _, v1 := range []bool{false, true} {
			for _, dict := range []bool{false, true} {
				for _, nulls := range []int{0, 1, 2, 50} {
					seed++
					m := made{
						seed: seed, rows: 5000, stripe: []int{5000, 4096, 3000, 1000}[seed%4], packing: p, chunk: []int{100, 4000, 64 << 10}[seed%3],
						v1: v1, dict: dict, nulls: nulls, specs: everySpec, zone: []string{"UTC", "Europe/Dublin", "America/Los_Angeles"}[seed/4%3],
					}
					name := fmt.Sprintf("packing %d, v1 %t, dictionary %t, nulls %d, chunk %d, %s", p, v1, dict, nulls, m.chunk, m.zone)
					content, want := write(t, m)
					got, err := rowsOf(t, content, readable(), Options{})
					if err != nil {
						t.Fatalf("%s: %v", name, err)
					}
					compare(t, name, got, without(want))
				}
			}
		}
	}
}

func TestExtremes(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 700_000)
	content, want := write(t, made{rows: 12, packing: zlib, nulls: 5, specs: []spec{
		{"n", codeLong, func(_ *rand.Rand, row int) any {
			return []int64{math.MinInt64, math.MaxInt64, 0, -1}[row%4]
		}},
		{"s", codeString, func(_ *rand.Rand, row int) any { return long[:row*50_000] }},
		{"z", codeString, func(*rand.Rand, int) any { return "" }},
	}})
	got, err := rowsOf(t, content, []string{"z", "S", "n"}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range want {
		want[i] = []string{r[2], r[1], r[0]}
	}
	compare(t, "extremes", got, want)

	content, _ = write(t, made{packing: zlib, specs: everySpec})
	if got, err := rowsOf(t, content, readable(), Options{}); err != nil || len(got) != 0 {
		t.Errorf("an empty file: %d rows, %v", len(got), err)
	}
}

func TestFile(t *testing.T) {
	t.Parallel()
	content, _ := write(t, made{rows: 100, stripe: 40, specs: everySpec, nulls: 3})
	path := filepath.Join(t.TempDir(), "a.orc")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if f.Rows() != 100 || f.Stripes() != 3 || len(f.Columns()) != len(everySpec) || f.Columns()[0] != "text" {
		t.Error(f.Rows(), f.Stripes(), f.Columns())
	}
	for name, want := range map[string]Type{"text": Text, "ONE": Text, "tiny": Whole, "flag": Truth, "at": Time, "instant": Time, "skipped": Other} {
		if got, err := f.Type(name); got != want || err != nil {
			t.Errorf("%s is a %s, want %s: %v", name, got, want, err)
		}
	}
	rows := 0
	count := func(b *join.Batch) error { rows += b.Rows; return nil }
	if err := f.ScanStripe(t.Context(), 2, []string{"big"}, count); err != nil || rows != 20 {
		t.Errorf("the last stripe has %d rows: %v", rows, err)
	}
	if err := f.ScanStripe(t.Context(), 3, []string{"big"}, count); err == nil {
		t.Error("scanned a stripe that is not there")
	}
	enough := errors.New("enough")
	if err := f.Scan(t.Context(), []string{"big"}, func(*join.Batch) error { return enough }); !errors.Is(err, enough) {
		t.Error(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if err := f.Scan(t.Context(), []string{"big"}, count); !errors.Is(err, os.ErrClosed) || errors.Is(err, ErrDamaged) {
		t.Errorf("a closed file: %v", err)
	}
	if _, err := Open(path+"x", Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// TestAtOnce scans one file in several goroutines, whole and by stripes.
func TestAtOnce(t *testing.T) {
	t.Parallel()
	content, want := write(t, made{rows: 3000, stripe: 1000, packing: zlib, dict: true, nulls: 9, specs: everySpec})
	f, err := OpenReaderAt(bytes.NewReader(content), int64(len(content)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	keys := make([][]string, 4) // of the whole file, and of each stripe
	var all sync.WaitGroup
	for i := range keys {
		all.Go(func() {
			keep := func(b *join.Batch) error {
				for n := range b.Rows {
					keys[i] = append(keys[i], shown(&b.Value[0], n))
				}
				return nil
			}
			err := f.Scan(t.Context(), []string{"text"}, keep)
			if i > 0 {
				keys[i] = nil
				err = errors.Join(err, f.ScanStripe(t.Context(), i-1, []string{"text"}, keep))
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for i, row := range want {
		if row[0] != keys[0][i] || row[0] != keys[1+i/1000][i%1000] {
			t.Fatalf("row %d is %q, %q, want %q", i, keys[0][i], keys[1+i/1000][i%1000], row[0])
		}
	}
}
