package join

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// plainBreaks are breaks without the numbers of their rows, and without what is doubled on both sides alike.
func plainBreaks(all []found) []string {
	var out []string
	for _, f := range all {
		var sides [2][]string
		for _, m := range f.Members {
			fields := strings.Fields(m)
			side := 0
			if fields[0] == "true" {
				side = 1
			}
			sides[side] = append(sides[side], fields[2])
		}
		slices.Sort(sides[0])
		slices.Sort(sides[1])
		if !f.Null && slices.Equal(sides[0], sides[1]) {
			continue
		}
		out = append(out, fmt.Sprintf("%q %s %v %v %v", f.Key, f.Kind, f.Null, sides[0], sides[1]))
	}
	slices.Sort(out) // rows with a NULL are in the order of their rows
	return out
}

// TestScreen: a match of screened sides names the same breaks as one of the sides themselves.
func TestScreen(t *testing.T) {
	t.Parallel()
	for seed := range uint64(30) {
		rng := rand.New(rand.NewPCG(seed, 5))
		n, fields, shape := rng.IntN(20_000), 1+rng.IntN(2), rng.IntN(3)
		keys := 1 + rng.IntN(2*n+1)
		l := randomLines(rng, n, keys, shape)
		r := slices.Clone(l)
		rng.Shuffle(len(r), func(i, k int) { r[i], r[k] = r[k], r[i] })
		r = append(r[min(len(r), rng.IntN(4)):], randomLines(rng, rng.IntN(20), keys, shape)...)
		left, right := sideOf(rng, "left", l, fields), sideOf(rng, "right", r, fields)
		screened, err := Screen(t.Context(), left, right, Config{Workers: 1 + rng.IntN(3)})
		if err != nil {
			t.Fatal(err)
		}
		want, _, _ := oracle(l, r, fields)
		result, err := Match(t.Context(), screened.Rest(left), screened.Rest(right), Config{Memory: MinMemory, Dir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		got := collectBreaks(t, result)
		if err := result.Close(); err != nil {
			t.Fatal(err)
		}
		if a, b := plainBreaks(got), plainBreaks(want); !slices.Equal(a, b) {
			t.Fatalf("seed %d: %d breaks, want %d", seed, len(a), len(b))
		}
		if screened.Rows != [2]int64{int64(len(l)), int64(len(r))} {
			t.Fatalf("seed %d: %v rows of %d and %d", seed, screened.Rows, len(l), len(r))
		}
		if l, r := int64(len(l))-result.Tally.LeftRows, int64(len(r))-result.Tally.RightRows; l != r {
			t.Fatalf("seed %d: %d rows are left out on one side, %d on the other", seed, l, r)
		}
	}
}

// TestScreenLeavesLittle: of sides that are nearly the same few rows more than those that differ are left, and what is carried
// changes nothing.
func TestScreenLeavesLittle(t *testing.T) {
	t.Parallel()
	const n = 120_000
	left, right := carrying("left", n, scattered, false), carrying("right", n, scattered, false)
	if rest := screenedRows(t, left, right, Config{Carry: true}); rest != 0 {
		t.Errorf("%d rows are left of sides that are the same", rest)
	}
	left, right = numbered("left", 3, n, scattered, zero), numbered("right", 3, n, scattered, func(i int) int64 {
		if i%3000 == 0 {
			return 1
		}
		return 0
	})
	if rest := screenedRows(t, left, right, Config{}); rest < n/3000 || rest > n/3000*3*rowsPerGroup {
		t.Errorf("%d rows are left", rest)
	}
}

// screenedRows is how many rows of the left side are left.
func screenedRows(t *testing.T, left, right Side, cfg Config) int64 {
	t.Helper()
	screened, err := Screen(t.Context(), left, right, cfg)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Unordered = true
	result, err := Match(t.Context(), screened.Rest(left), screened.Rest(right), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer result.Close()
	return result.Tally.LeftRows
}

// TestScreenFails: what a part cannot give is an error, in either reading.
func TestScreenFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("the disk is gone")
	good, bad := numbered("a", 2, 1000, scattered, zero), numbered("b", 2, 1000, scattered, func(int) int64 { return 1 })
	times := 0
	scan := bad.Parts[1].Scan
	bad.Parts[1].Scan = func(ctx context.Context, emit func(*Batch) error) error {
		if times++; times == 2 {
			return broken
		}
		return scan(ctx, emit)
	}
	screened, err := Screen(t.Context(), good, bad, Config{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Match(t.Context(), screened.Rest(good), screened.Rest(bad), Config{Unordered: true}); !errors.Is(err, broken) {
		t.Error(err)
	}
	times = 1
	if _, err := Screen(t.Context(), good, bad, Config{}); !errors.Is(err, broken) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Screen(ctx, good, good, Config{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
