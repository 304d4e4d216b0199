package join

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"slices"
)

// DefaultMaxRows bounds both sides together where the caller gives no bound: about 0.5 GB of settlement lines.
const DefaultMaxRows = 2_000_000

// ErrTooManyRows means that the two sides together exceed MaxRows.
var ErrTooManyRows = errors.New("too many rows to join in memory")

// Group is one key with the rows of both sides that carry it, each side in the order it was given.
// At least one side is not empty.
type Group[L, R any] struct {
	Key   string
	Left  []L
	Right []R
}

// Option changes a setting of a join.
type Option func(*settings)

type settings struct{ maxRows int }

// MaxRows bounds the number of rows of both sides together; zero or less means DefaultMaxRows.
func MaxRows(n int) Option {
	return func(s *settings) {
		if n > 0 {
			s.maxRows = n
		}
	}
}

// Full is for sides that are in memory as they are: a sort-merge join of all rows, bounded by MaxRows. Match is for all others.
//
// It returns the groups of left and right in ascending byte order of their keys. A row whose key is empty has nothing
// to be joined by and appears in no group: callers that must account for such rows count them themselves.
// The sequence may be ranged over more than once; the rows are not copied until their group is yielded.
// More rows than MaxRows are ErrTooManyRows.
func Full[L, R any](left []L, right []R, keyL func(L) string, keyR func(R) string, options ...Option) (iter.Seq[Group[L, R]], error) {
	s := settings{maxRows: DefaultMaxRows}
	for _, set := range options {
		set(&s)
	}
	if len(left) > s.maxRows || len(right) > s.maxRows-len(left) {
		return nil, fmt.Errorf("join %d rows with %d: %w: at most %d together", len(left), len(right), ErrTooManyRows, s.maxRows)
	}
	l, r := order(left, keyL), order(right, keyR)
	return func(yield func(Group[L, R]) bool) {
		l, r := l, r
		for len(l) > 0 || len(r) > 0 {
			g := Group[L, R]{Key: lowest(l, r)}
			g.Left, l = take(l, g.Key, left)
			g.Right, r = take(r, g.Key, right)
			if !yield(g) {
				return
			}
		}
	}, nil
}

// place is a row's key and where the row stands in its side.
type place struct {
	key string
	row int
}

// order sorts the places of the rows that have a key; rows of one key keep the order they were given in.
func order[T any](rows []T, key func(T) string) []place {
	places := make([]place, 0, len(rows))
	for i := range rows {
		if k := key(rows[i]); k != "" {
			places = append(places, place{k, i})
		}
	}
	slices.SortFunc(places, func(a, b place) int {
		return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.row, b.row))
	})
	return places
}

func lowest(l, r []place) string {
	switch {
	case len(l) == 0:
		return r[0].key
	case len(r) == 0:
		return l[0].key
	default:
		return min(l[0].key, r[0].key)
	}
}

// take collects the rows at the head of places that carry key, and returns the places after them.
func take[T any](places []place, key string, rows []T) ([]T, []place) {
	n := 0
	for n < len(places) && places[n].key == key {
		n++
	}
	if n == 0 {
		return nil, places
	}
	out := make([]T, n)
	for i := range n {
		out[i] = rows[places[i].row]
	}
	return out, places[n:]
}
