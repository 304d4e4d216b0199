package join

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync"
	"testing"
)

// line is a row as the tests make it: nil fields are NULL.
type line struct {
	key    [2][]byte
	amount int64
	text   []byte
}

// found is a break, written out.
type found struct {
	Key         string
	Kind        Kind
	Null        bool
	Left, Right int64
	Members     []string
}

// sideOf cuts lines into parts and batches at random.
func sideOf(rng *rand.Rand, name string, lines []line, fields int) Side {
	s := Side{Name: name}
	if rng.IntN(2) == 0 {
		s.Rows = int64(len(lines))
	}
	for first := true; first || len(lines) > 0; first = false {
		n := len(lines)
		if rng.IntN(3) > 0 {
			n = rng.IntN(len(lines) + 1)
		}
		part, most := lines[:n], 1+rng.IntN(3000)
		lines = lines[n:]
		s.Parts = append(s.Parts, Part{Name: fmt.Sprint("part ", len(s.Parts)), Scan: func(_ context.Context, emit func(*Batch) error) error {
			for rest := part; len(rest) > 0; {
				k := min(most, len(rest))
				if err := emit(batchOf(rest[:k], fields)); err != nil {
					return err
				}
				rest = rest[k:]
			}
			return nil
		}})
	}
	return s
}

func batchOf(lines []line, fields int) *Batch {
	b := &Batch{Rows: len(lines), Key: make([]Column, fields), Value: make([]Column, 2)}
	text := func(c *Column, v []byte) {
		start := uint32(len(c.Data))
		c.Data = append(c.Data, v...)
		c.Texts, c.Nulls = append(c.Texts, Span{start, uint32(len(c.Data))}), append(c.Nulls, v == nil)
	}
	for _, l := range lines {
		for f := range fields {
			text(&b.Key[f], l.key[f])
		}
		b.Value[0].Ints = append(b.Value[0].Ints, l.amount)
		text(&b.Value[1], l.text)
	}
	return b
}

// collectBreaks reads a result.
func collectBreaks(t *testing.T, r *Result) []found {
	t.Helper()
	var all []found
	for b, err := range r.Breaks(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		f := found{Key: string(b.Key), Kind: b.Kind, Null: b.Null, Left: b.Left, Right: b.Right}
		for m := range b.Members() {
			f.Members = append(f.Members, fmt.Sprintf("%t %d %x", m.Right, m.Row, m.Value))
		}
		all = append(all, f)
	}
	return all
}

// oracle does the same with maps.
func oracle(l, r []line, fields int) ([]found, Tally, []Pair) {
	tally := Tally{LeftRows: int64(len(l)), RightRows: int64(len(r))}
	type group struct {
		rows [2][]int
	}
	groups, sides := map[string]*group{}, [2][]line{l, r}
	value := func(side, row int) []byte {
		return appendValue(nil, batchOf(sides[side][row:row+1], fields).Value, 0)
	}
	member := func(side, row int) string { return fmt.Sprintf("%t %d %x", side == 1, row, value(side, row)) }
	var all []found
	for side, lines := range sides {
		for i := range lines {
			key, null := appendKey(nil, batchOf(lines[i:i+1], fields).Key, 0)
			if null {
				f := found{Key: string(key), Kind: LeftOnly, Null: true, Left: 1, Members: []string{member(side, i)}}
				if side == 0 {
					tally.LeftNulls++
					tally.LeftOnly++
				} else {
					f.Kind, f.Left, f.Right = RightOnly, 0, 1
					tally.RightNulls++
					tally.RightOnly++
				}
				all = append(all, f)
				continue
			}
			g := groups[string(key)]
			if g == nil {
				g = &group{}
				groups[string(key)] = g
			}
			g.rows[side] = append(g.rows[side], i)
		}
	}
	var pairs []Pair
	for key, g := range groups {
		nl, nr := len(g.rows[0]), len(g.rows[1])
		if nl == 1 && nr == 1 && bytes.Equal(value(0, g.rows[0][0]), value(1, g.rows[1][0])) {
			tally.Matched++
			pairs = append(pairs, Pair{int64(g.rows[0][0]), int64(g.rows[1][0])})
			continue
		}
		f := found{Key: key, Kind: kindOf(int64(nl), int64(nr)), Left: int64(nl), Right: int64(nr)}
		tally.count(f.Left, f.Right)
		for side := range g.rows {
			for _, i := range g.rows[side] {
				f.Members = append(f.Members, member(side, i))
			}
		}
		all = append(all, f)
	}
	slices.SortStableFunc(all, func(a, b found) int {
		if a.Null && b.Null && a.Key == b.Key {
			return 0 // in the order of sides and rows already
		}
		return cmp.Compare(a.Key, b.Key)
	})
	slices.SortFunc(pairs, func(a, b Pair) int { return cmp.Compare(a.Left, b.Left) })
	return all, tally, pairs
}

// randomLines makes up a side. Keys come from few enough to meet.
func randomLines(rng *rand.Rand, n, keys, shape int) []line {
	lines := make([]line, n)
	for i := range lines {
		lines[i] = line{key: [2][]byte{keyOf(rng, keys, shape), keyOf(rng, 2, shape)}, amount: int64(rng.IntN(3)) - 1, text: []byte("EUR")}
		switch rng.IntN(40) {
		case 0:
			lines[i].text = nil
		case 1:
			lines[i].text = bytes.Repeat([]byte("x"), rng.IntN(400))
		case 2:
			lines[i].amount = int64(rng.Uint64())
		}
	}
	return lines
}

// ordered sorts a side, or nearly, or the other way round, or leaves it as it is.
func ordered(rng *rand.Rand, lines []line, fields int) []line {
	way := rng.IntN(8)
	if way < 3 {
		return lines
	}
	type keyed struct {
		line
		packed []byte
	}
	all := make([]keyed, len(lines))
	for i := range lines {
		all[i].line = lines[i]
		all[i].packed, _ = appendKey(nil, batchOf(lines[i:i+1], fields).Key, 0)
	}
	slices.SortStableFunc(all, func(a, b keyed) int { return bytes.Compare(a.packed, b.packed) })
	if way == 7 {
		slices.Reverse(all)
	}
	for n := len(all); way == 6 && n > 0; n -= 1 + rng.IntN(20) {
		i := rng.IntN(len(all))
		k := min(len(all)-1, i+rng.IntN(100))
		all[i], all[k] = all[k], all[i]
	}
	out := make([]line, len(all))
	for i := range all {
		out[i] = all[i].line
	}
	return out
}

func keyOf(rng *rand.Rand, keys, shape int) []byte {
	if rng.IntN(50) == 0 {
		return nil
	}
	k := rng.IntN(keys)
	if shape%3 == 1 {
		k = int(float64(k) * rng.Float64() * rng.Float64()) // skew
	}
	switch r := k * 7919 % 23; {
	case r == 0 && shape%2 == 0:
		return append(bytes.Repeat([]byte("long "), k%100), fmt.Sprint(k)...)
	case r == 1:
		return fmt.Appendf(nil, "%d\x00%d", k%3, k)
	case r == 2:
		return fmt.Appendf(nil, "käse %d \u4ed8\u6b3e", k)
	case k == 3:
		return []byte{}
	case r == 4:
		return append(fmt.Append(nil, k), make([]byte, k%4)...)
	default:
		return fmt.Appendf(nil, "pay_%020d", k)[:4+k%21]
	}
}

// TestMatchAgainstMaps: thousands of random cases, each by a random way and compared with two maps.
func TestMatchAgainstMaps(t *testing.T) {
	t.Parallel()
	for seed := range uint64(1000) {
		checkSeed(t, seed, 0)
	}
	for seed := range uint64(6) {
		checkSeed(t, 1<<20+seed, 40_000)
	}
}

func checkSeed(t *testing.T, seed uint64, size int) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 4))
	size = max(size, []int{0, 1, 3, 30, 300, 3000}[rng.IntN(6)])
	keys, shape, fields := 1+rng.IntN(2*size+1), rng.IntN(6), 1+rng.IntN(2)
	l, r := randomLines(rng, rng.IntN(size+1), keys, shape), randomLines(rng, rng.IntN(size+1), keys, shape)
	if rng.IntN(3) == 0 {
		r = append(slices.Clone(l), r[:len(r)/10]...)
		rng.Shuffle(len(r), func(i, j int) { r[i], r[j] = r[j], r[i] })
	}
	l, r = ordered(rng, l, fields), ordered(rng, r, fields)
	want, tally, wantPairs := oracle(l, r, fields)
	cfg := Config{Workers: 1 + rng.IntN(8), Dir: t.TempDir(), Memory: []int64{0, MinMemory, 1 << 20}[rng.IntN(3)]}
	var pairs []Pair
	var mu sync.Mutex
	if rng.IntN(2) == 0 {
		cfg.Pairs = func(p []Pair) error { mu.Lock(); defer mu.Unlock(); pairs = append(pairs, p...); return nil }
	}
	run, err := newRun(sideOf(rng, "left", l, fields), sideOf(rng, "right", r, fields), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if rng.IntN(3) == 0 {
		run.hash.mask = 7 << 61 >> rng.IntN(62) // all keys fall together
	}
	var result *Result
	switch rng.IntN(3) {
	case 0:
		result, err = run.partitioned(t.Context())
	default:
		result, err = run.match(t.Context())
	}
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	defer result.Close()
	for range 2 {
		if got := collectBreaks(t, result); !reflect.DeepEqual(got, want) {
			t.Fatalf("seed %d: got %d breaks, want %d\n%v\n%v", seed, len(got), len(want), got[:min(5, len(got))], want[:min(5, len(want))])
		}
	}
	tally.Merged, tally.Spilled = result.Tally.Merged, result.Tally.Spilled
	if result.Tally != tally {
		t.Fatalf("seed %d: tally %+v, want %+v", seed, result.Tally, tally)
	}
	if cfg.Pairs != nil {
		slices.SortFunc(pairs, func(a, b Pair) int { return cmp.Compare(a.Left, b.Left) })
		if !slices.Equal(pairs, wantPairs) {
			t.Fatalf("seed %d: got %d pairs, want %d", seed, len(pairs), len(wantPairs))
		}
	}
}
