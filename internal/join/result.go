package join

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
)

// The two sides, as they are numbered within.
const (
	left  = 0
	right = 1
)

// Kind is what is wrong with a group.
type Kind uint8

// The kinds of groups. A key with two rows on a side is Duplicated, whatever is on the other.
const (
	LeftOnly Kind = iota + 1
	RightOnly
	Different
	Duplicated
)

// String names the kind.
func (k Kind) String() string {
	switch k {
	case LeftOnly:
		return "left only"
	case RightOnly:
		return "right only"
	case Different:
		return "different"
	case Duplicated:
		return "duplicated"
	default:
		return fmt.Sprintf("kind %d", uint8(k))
	}
}

// kindOf is the kind of a key with so many rows on each side, which are not equal.
func kindOf(left, right int64) Kind {
	switch {
	case left > 1 || right > 1:
		return Duplicated
	case right == 0:
		return LeftOnly
	case left == 0:
		return RightOnly
	default:
		return Different
	}
}

// Tally counts what a match has come to. On the left, LeftRows = Matched + Different + LeftOnly + LeftDuplicates; on the
// right as well.
type Tally struct {
	LeftRows, RightRows             int64
	LeftNulls, RightNulls           int64 // rows with a NULL in the key: they are in LeftOnly and RightOnly
	Matched                         int64 // pairs
	Different                       int64 // pairs
	LeftOnly, RightOnly             int64
	Duplicated                      int64 // keys
	LeftDuplicates, RightDuplicates int64 // rows of the keys that are duplicated

	Merged  bool  // both sides were in order, or nearly, and merged
	Spilled int64 // bytes written to disk
}

// count adds a group that is not an equal pair.
func (t *Tally) count(left, right int64) {
	switch kindOf(left, right) {
	case LeftOnly:
		t.LeftOnly++
	case RightOnly:
		t.RightOnly++
	case Different:
		t.Different++
	case Duplicated:
		t.Duplicated++
		t.LeftDuplicates += left
		t.RightDuplicates += right
	}
}

func (t *Tally) add(o Tally) {
	t.LeftNulls += o.LeftNulls
	t.RightNulls += o.RightNulls
	t.Matched += o.Matched
	t.Different += o.Different
	t.LeftOnly += o.LeftOnly
	t.RightOnly += o.RightOnly
	t.Duplicated += o.Duplicated
	t.LeftDuplicates += o.LeftDuplicates
	t.RightDuplicates += o.RightDuplicates
}

// Break is a key that is not exactly one row on each side with equal values. Its fields are valid until the next group.
type Break struct {
	Key         []byte // packed, see UnpackKey
	Kind        Kind
	Left, Right int64 // how many rows each side has
	Null        bool  // the key has a NULL, and matches nothing, not even a row of its own side: it is a group of one row

	members func(yield func(Member) bool)
}

// Member is a row of a group.
type Member struct {
	Right bool   // of the right side
	Row   int64  // its number in its side
	Value []byte // packed, see UnpackValue; valid until the next member
}

// Members yields the rows of the group: those of the left side first, each side in the order of its rows. It can be ranged
// over once, while the group is valid. An error ends it early and is yielded by Breaks.
func (b *Break) Members() iter.Seq[Member] { return b.members }

// Result is what two sides have come to. It holds memory, and a temporary file if there are very many groups, until it is
// closed.
type Result struct {
	Tally  Tally
	sorted *merged
	first  [2][]int64 // the number of the first row of each part
	shift  [2]uint
}

// Close gives up what the result holds. It may be called again.
func (r *Result) Close() error { return r.sorted.close() }

// Breaks yields them in ascending order of the bytes of their keys; rows with a NULL in a key, by side and row. The
// sequence may be ranged over more than once, but not twice at a time. It ends with the first error.
func (r *Result) Breaks(ctx context.Context) iter.Seq2[*Break, error] {
	return func(yield func(*Break, error) bool) {
		cur, err := r.sorted.begin(ctx)
		if err != nil {
			yield(nil, fmt.Errorf("read the breaks of a match: %w", err))
			return
		}
		for cur.next() {
			g, err := r.group(cur)
			if err == nil && !yield(g, nil) {
				return
			}
			if err == nil {
				for range g.members { //nolint:revive // what was not read is passed over
				}
				err = cur.err
			}
			if err != nil {
				yield(nil, fmt.Errorf("read the breaks of a match: %w", err))
				return
			}
		}
		if cur.err != nil {
			yield(nil, fmt.Errorf("read the breaks of a match: %w", cur.err))
		}
	}
}

var errGroup = errors.New("a group is not what was written")

// group reads the head of a group where the cursor stands.
func (r *Result) group(cur *cursor) (*Break, error) {
	e := cur.entry
	if e.null() {
		m := r.member(e)
		g := &Break{Key: e.key, Kind: LeftOnly, Left: 1, Null: true}
		if m.Right {
			g.Kind, g.Left, g.Right = RightOnly, 0, 1
		}
		done := false
		g.members = func(yield func(Member) bool) {
			if !done {
				done = true
				yield(m)
			}
		}
		return g, nil
	}
	if !e.head() || len(e.value()) != 16 {
		return nil, errGroup
	}
	g := &Break{Key: append([]byte(nil), e.key...)}
	g.Left = int64(binary.LittleEndian.Uint64(e.value()))      //nolint:gosec // as written
	g.Right = int64(binary.LittleEndian.Uint64(e.value()[8:])) //nolint:gosec // as written
	g.Kind = kindOf(g.Left, g.Right)
	rest := g.Left + g.Right
	g.members = func(yield func(Member) bool) {
		for rest > 0 {
			if !cur.next() {
				if cur.err == nil {
					cur.err = errGroup
				}
				rest = 0
				return
			}
			rest--
			if !yield(r.member(cur.entry)) {
				return
			}
		}
	}
	return g, nil
}

func (r *Result) member(e entry) Member {
	side, row := e.place()
	return Member{Right: side == right, Row: rowNumber(r.first[side], r.shift[side], row), Value: e.value()}
}
