package join

import (
	"context"
	"strconv"
	"strings"
	"testing"
)

// carrying is a side of n rows in which each carries its own number, and every hundredth has the value 1 on the right.
func carrying(name string, n int, key func(int) string, right bool) Side {
	add := int64(0)
	if right {
		add = 1 << 40
	}
	s := numbered(name, 3, n, key, func(i int) int64 {
		if right && i%100 == 7 {
			return 1
		}
		return 0
	})
	for p := range s.Parts {
		scan, from := s.Parts[p].Scan, n*p/3
		s.Parts[p].Scan = func(ctx context.Context, emit func(*Batch) error) error {
			next := from
			return scan(ctx, func(b *Batch) error {
				b.Carry = b.Carry[:0]
				for range b.Rows {
					b.Carry = append(b.Carry, -int64(next)-add)
					next++
				}
				return emit(b)
			})
		}
	}
	return s
}

// TestCarry: numbers that are carried change no outcome, whatever way is taken, and come back with the rows.
func TestCarry(t *testing.T) {
	t.Parallel()
	const n = 60_000
	for name, c := range map[string]struct {
		key func(int) string
		cfg Config
	}{
		"merged":   {inOrder, Config{}},
		"in parts": {scattered, Config{}},
		"spilled":  {scattered, Config{Memory: MinMemory, Workers: 1}},
		"sorted":   {func(i int) string { return strconv.Itoa(i % 300) }, Config{Memory: MinMemory, Workers: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.cfg.Carry, c.cfg.Dir = true, t.TempDir()
			result, err := Match(t.Context(), carrying("left", n, c.key, false), carrying("right", n, c.key, true), c.cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer result.Close()
			breaks := int64(0)
			for b, err := range result.Breaks(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				breaks++
				for m := range b.Members() {
					fields, err := UnpackValue(m.Value)
					want := -m.Row
					if m.Right {
						want -= 1 << 40
					}
					if err != nil || len(fields) != 2 || fields[1].Int != want {
						t.Fatalf("row %d of key %s: %v, %v", m.Row, b.Key, fields, err)
					}
				}
			}
			if name == "sorted" {
				if result.Tally.Duplicated != 300 || breaks != 300 {
					t.Error(result.Tally)
				}
			} else if result.Tally.Different != n/100 || result.Tally.Matched != n-n/100 || breaks != n/100 {
				t.Error(result.Tally, breaks)
			}
		})
	}
}

// TestCarryMissing: a batch that carries too little is refused.
func TestCarryMissing(t *testing.T) {
	t.Parallel()
	side := numbered("left", 1, 10, inOrder, zero)
	if _, err := Match(t.Context(), side, side, Config{Carry: true}); err == nil {
		t.Error("nothing was carried, and nothing said")
	} else if want := "carries 0 numbers"; !strings.Contains(err.Error(), want) {
		t.Error(err, want)
	}
}
