package join

import (
	"errors"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"testing"
)

type row struct {
	key string
	n   int
}

func rowKey(r row) string { return r.key }

func collect(t *testing.T, left, right []row, options ...Option) []Group[row, row] {
	t.Helper()
	groups, err := Full(left, right, rowKey, rowKey, options...)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Collect(groups)
}

func TestFullKeepsDuplicatesAndOneSidedKeys(t *testing.T) {
	left := []row{{"b", 1}, {"a", 2}, {"b", 3}, {"", 4}}
	right := []row{{"c", 5}, {"b", 6}, {"", 7}}
	want := []Group[row, row]{
		{Key: "a", Left: []row{{"a", 2}}},
		{Key: "b", Left: []row{{"b", 1}, {"b", 3}}, Right: []row{{"b", 6}}},
		{Key: "c", Right: []row{{"c", 5}}},
	}
	if got := collect(t, left, right); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestFullOfNothing(t *testing.T) {
	if got := collect(t, nil, nil); len(got) != 0 {
		t.Errorf("got %v", got)
	}
	if got := collect(t, []row{{"", 1}}, []row{{"", 2}}); len(got) != 0 {
		t.Errorf("empty keys were joined: %v", got)
	}
}

func TestFullRefusesMoreThanMaxRows(t *testing.T) {
	rows := []row{{"a", 1}, {"b", 2}}
	if _, err := Full(rows, rows, rowKey, rowKey, MaxRows(3)); !errors.Is(err, ErrTooManyRows) {
		t.Errorf("error %v, want ErrTooManyRows", err)
	}
	if got := collect(t, rows, rows, MaxRows(4)); len(got) != 2 {
		t.Errorf("got %d groups, want 2", len(got))
	}
}

func TestFullStopsAndStartsAgain(t *testing.T) {
	rows := []row{{"a", 1}, {"b", 2}, {"c", 3}}
	groups, err := Full(rows, rows, rowKey, rowKey)
	if err != nil {
		t.Fatal(err)
	}
	for g := range groups {
		if g.Key == "a" {
			break
		}
		t.Fatalf("first key is %s", g.Key)
	}
	if got := slices.Collect(groups); len(got) != 3 {
		t.Errorf("second pass gave %d groups, want 3", len(got))
	}
}

// TestFullAgainstMaps holds the merge against the obvious two maps, for random rows.
func TestFullAgainstMaps(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 1))
		left, right := randomRows(rng), randomRows(rng)
		wantL, wantR := byKey(left), byKey(right)
		last := ""
		for _, g := range collect(t, left, right) {
			if g.Key <= last {
				t.Fatalf("seed %d: key %q after %q", seed, g.Key, last)
			}
			last = g.Key
			if !reflect.DeepEqual(g.Left, wantL[g.Key]) || !reflect.DeepEqual(g.Right, wantR[g.Key]) {
				t.Fatalf("seed %d: key %q holds %v and %v, want %v and %v", seed, g.Key, g.Left, g.Right, wantL[g.Key], wantR[g.Key])
			}
			delete(wantL, g.Key)
			delete(wantR, g.Key)
		}
		if len(wantL) > 0 || len(wantR) > 0 {
			t.Fatalf("seed %d: never yielded: %v %v", seed, wantL, wantR)
		}
	}
}

func randomRows(rng *rand.Rand) []row {
	rows := make([]row, rng.IntN(30))
	for i := range rows {
		rows[i].n = i
		if k := rng.IntN(20); k > 0 {
			rows[i].key = strconv.Itoa(k)
		}
	}
	return rows
}

func byKey(rows []row) map[string][]row {
	m := map[string][]row{}
	for _, r := range rows {
		if r.key != "" {
			m[r.key] = append(m[r.key], r)
		}
	}
	return m
}
