package orc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"parallax/internal/join"
)

const (
	mutations = 3000
	deadline  = 10 * time.Second
	// spent is what reading a damaged file of some kilobytes may allocate in all: flate and zstd have tables, and footers have
	// messages, but nobody may believe a size.
	spent = 4 << 20
)

// mutate changes some bytes: flips bits, cuts, takes away, inserts, or copies a piece to somewhere else.
func mutate(rng *rand.Rand, content []byte) []byte {
	b := bytes.Clone(content)
	for range 1 + rng.IntN(3) {
		if len(b) == 0 {
			return b
		}
		at := rng.IntN(len(b))
		n := min(1+rng.IntN(16), len(b)-at)
		switch rng.IntN(8) {
		case 0:
			b = b[:at]
		case 1:
			b = slices.Delete(b, at, at+n)
		case 2:
			piece := make([]byte, n)
			for i := range piece {
				piece[i] = byte(rng.Uint32())
			}
			b = slices.Insert(b, at, piece...)
		case 3:
			copy(b[rng.IntN(len(b)):], bytes.Clone(b[at:at+n]))
		case 4:
			b = slices.Insert(b, rng.IntN(len(b)), bytes.Clone(b[at:at+n])...)
		case 5:
			b[at] = []byte{0, 0xff, 0x7f, 0x80}[rng.IntN(4)]
		default:
			b[at] ^= 1 << rng.IntN(8)
		}
	}
	return b
}

// readDamaged scans all that can be scanned. Rows that are handed on must be sound and as many as the file claims, unless
// there is an error.
func readDamaged(content []byte) (rows int64, err error) {
	f, err := OpenReaderAt(bytes.NewReader(content), int64(len(content)), Options{})
	if err != nil {
		return 0, err
	}
	var columns []string
	for _, name := range f.Columns() {
		if typ, err := f.Type(name); err == nil && typ != Other {
			columns = append(columns, name)
		}
	}
	ctx, stop := context.WithTimeout(context.Background(), deadline/2)
	defer stop()
	err = f.Scan(ctx, columns, func(b *join.Batch) error {
		rows += int64(b.Rows)
		for k := range b.Value {
			if err := sound(&b.Value[k], b.Rows); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && rows != f.Rows() {
		return rows, fmt.Errorf("unsound: %d rows of %d", rows, f.Rows())
	}
	return rows, err
}

// sound looks at all values of a column.
func sound(c *join.Column, rows int) error {
	switch {
	case c.Nulls != nil && len(c.Nulls) != rows:
		return fmt.Errorf("unsound: %d nulls in %d rows", len(c.Nulls), rows)
	case c.Texts == nil && len(c.Ints) != rows || c.Texts != nil && len(c.Texts) != rows:
		return fmt.Errorf("unsound: %d texts and %d numbers in %d rows", len(c.Texts), len(c.Ints), rows)
	}
	for _, s := range c.Texts {
		if s.Start > s.End || int64(s.End) > int64(len(c.Data)) {
			return errors.New("unsound: a text that is not there")
		}
	}
	return nil
}

// TestMutations damages small files in many ways, also within the compressed streams and footers: no panic, no hang, no
// great allocation, and an error or all of the rows. It runs alone, for what others allocate would be counted too.
func TestMutations(t *testing.T) {
	const rows = 120
	rng, tools := rand.New(rand.NewPCG(6, 2026)), &packers{}
	files, whole := map[packing]int{}, map[string][]byte{}
	refused, kept, most := 0, 0, uint64(0)
	for n := range mutations {
		m := made{
			seed: uint64(n / 256 % 2), with: tools, rows: rows, stripe: []int{rows, 50}[n%2], packing: []packing{zlib, snappied, zstandard, plain}[n/2%4],
			chunk: []int{defaultChunk, 64}[n/8%2], v1: n/16%4 == 3, dict: n/64%2 == 1, nulls: []int{0, 4}[n/128%2], specs: everySpec,
		}
		var content []byte
		if n%3 == 0 {
			// Within one of the streams or messages, before it is compressed.
			countdown := rng.IntN(60)
			m.damage = func(_ string, content []byte) []byte {
				if countdown--; countdown == -1 {
					return mutate(rng, content)
				}
				return content
			}
			content, _ = write(t, m)
		} else {
			name := fmt.Sprint(m.seed, m.stripe, m.packing, m.chunk, m.v1, m.dict, m.nulls)
			if whole[name] == nil {
				whole[name], _ = write(t, m)
			}
			content = mutate(rng, whole[name])
		}
		files[m.packing]++
		used, got, err := within(t, n, content)
		most = max(most, used)
		switch {
		case err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrUnsupported) && !errors.Is(err, ErrLimit):
			t.Errorf("mutation %d: %v", n, err)
		case err != nil:
			refused++
		case got != rows:
			t.Errorf("mutation %d: %d rows without an error, want %d", n, got, rows)
		default:
			kept++
		}
	}
	t.Logf("%d refused, %d with all rows, %d KiB allocated at most, files by packing %v", refused, kept, most>>10, files)
	if refused < mutations/2 || kept == 0 {
		t.Errorf("%d refused and %d with all rows", refused, kept)
	}
}

// within reads a damaged file, and gives up on it after a while.
func within(t *testing.T, n int, content []byte) (used uint64, rows int64, err error) {
	t.Helper()
	var before, after runtime.MemStats
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if r := recover(); r != nil {
				t.Errorf("mutation %d panics: %v", n, r)
			}
		}()
		runtime.ReadMemStats(&before)
		rows, err = readDamaged(content)
		runtime.ReadMemStats(&after)
	}()
	select {
	case <-done:
	case <-time.After(deadline):
		t.Fatalf("mutation %d is still read after %s", n, deadline)
	}
	used = after.TotalAlloc - before.TotalAlloc
	if used > spent {
		t.Errorf("mutation %d: %d bytes were allocated", n, used)
	}
	return used, rows, err
}

// FuzzFile: whatever the file, no panic, no hang, and rows that are as many as it claims.
func FuzzFile(f *testing.F) {
	for i, p := range []packing{plain, zlib, snappied, zstandard} {
		content, _ := write(f, made{seed: uint64(i), rows: 9, stripe: 5, packing: p, dict: i%2 == 1, v1: i == 3, nulls: 3, specs: everySpec})
		f.Add(content)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		if _, err := readDamaged(content); err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrUnsupported) && !errors.Is(err, ErrLimit) {
			t.Error(err)
		}
	})
}
