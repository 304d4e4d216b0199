package join

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// slot is one key of a partition: where the first row of each side is, and the bits of the hash that did not choose the
// slot. A reference is the number of a block, counted from 1, and a place in it.
type slot struct {
	left, right uint32
	tag         uint32
	state       uint32
}

// The states of a slot that is not one row each side with equal values.
const (
	stateDifferent = 1 << iota
	stateMany
)

// extra is a row of a key after the first one of its side.
type extra struct {
	slot, ref uint32
	side      uint8
}

// table matches the rows of one partition. It is used again for the next one.
type table struct {
	hash   *hasher
	carry  int // bytes at the end of a value that are not compared
	slots  []slot
	used   int
	blocks [][]byte // the first is not used, so that no reference is 0
	ends   []int
	extras []extra
}

const (
	refBits  = 16
	maxRefs  = 1 << 16
	slotSize = 16
	// rowCost is what a row costs beside its bytes: slots of a table that may have to grow, and an extra.
	rowCost = 3*slotSize + 12
)

// reset makes the table ready for about so many keys.
func (t *table) reset(keys int64) {
	want := 16
	for int64(want)*5/8 < keys {
		want *= 2
	}
	if cap(t.slots) >= want {
		t.slots = t.slots[:want]
		clear(t.slots)
	} else {
		t.slots = make([]slot, want)
	}
	t.used, t.extras = 0, t.extras[:0]
	t.blocks, t.ends = append(t.blocks[:0], nil), append(t.ends[:0], 0)
}

// take gives the table blocks of one side and enters their rows.
func (t *table) take(side uint8, blocks [][]byte) {
	for _, b := range blocks {
		i := len(t.blocks)
		t.blocks, t.ends = append(t.blocks, b[:cap(b)]), append(t.ends, len(b))
		t.enter(side, i)
	}
}

// enter enters the rows of one block.
func (t *table) enter(side uint8, block int) {
	b, end := t.blocks[block], t.ends[block]
	for off := 0; off < end; {
		if t.used*4 >= len(t.slots)*3 {
			t.grow()
		}
		ref := uint32(block)<<refBits | uint32(off) //nolint:gosec // checked by who loads the blocks
		head := binary.LittleEndian.Uint64(b[off:])
		k := int(head >> 8 & 255)
		if k <= shortKey {
			w0, w1, w2 := words(b[off+rowHead:], k)
			t.enterShort(side, ref, head, w0, w1, w2)
			off += rowHead + k + int(head&255)
			continue
		}
		row, size := getRow(b[off:])
		t.enterLong(side, ref, row.key)
		off += size
	}
}

func (t *table) enterShort(side uint8, ref uint32, head, w0, w1, w2 uint64) {
	h := t.hash.short(w0, w1, w2)
	mask, tag := uint64(len(t.slots)-1), uint32(h>>24) //nolint:gosec // some bits are meant
	for i := h & mask; ; i = (i + 1) & mask {
		s := &t.slots[i]
		first := s.left
		if first == 0 {
			if first = s.right; first == 0 {
				t.open(s, side, ref, tag)
				return
			}
		}
		if s.tag != tag {
			continue
		}
		other := t.blocks[first>>refBits][first&(maxRefs-1):]
		k := int(head >> 8 & 255)
		if int(other[1]) == longMark { // a short key beside a long value
			row, _ := getRow(other)
			if len(row.key) != k {
				continue
			}
			other = other[longHead-rowHead:]
		} else if int(other[1]) != k {
			continue
		}
		if o0, o1, o2 := words(other[rowHead:], k); o0 == w0 && o1 == w1 && o2 == w2 {
			t.meet(s, uint32(i), side, ref) //nolint:gosec // a table is smaller
			return
		}
	}
}

func (t *table) enterLong(side uint8, ref uint32, key []byte) {
	h := t.hash.long(key)
	mask, tag := uint64(len(t.slots)-1), uint32(h>>24) //nolint:gosec // some bits are meant
	for i := h & mask; ; i = (i + 1) & mask {
		s := &t.slots[i]
		first := s.left
		if first == 0 {
			if first = s.right; first == 0 {
				t.open(s, side, ref, tag)
				return
			}
		}
		if s.tag == tag && bytes.Equal(t.row(first).key, key) {
			t.meet(s, uint32(i), side, ref) //nolint:gosec // a table is smaller
			return
		}
	}
}

// open takes a free slot for a new key.
func (t *table) open(s *slot, side uint8, ref, tag uint32) {
	t.used++
	s.tag = tag
	if side == left {
		s.left = ref
	} else {
		s.right = ref
	}
}

// meet enters a row whose key is there already.
func (t *table) meet(s *slot, i uint32, side uint8, ref uint32) {
	if side == right && s.right == 0 {
		s.right = ref
		if !t.equal(s.left, ref) {
			s.state |= stateDifferent
		}
		return
	}
	s.state |= stateMany
	t.extras = append(t.extras, extra{i, ref, side})
}

// equal compares the values of two rows with one key.
func (t *table) equal(a, b uint32) bool {
	x, y := t.blocks[a>>refBits][a&(maxRefs-1):], t.blocks[b>>refBits][b&(maxRefs-1):]
	v, k := int(x[0]), int(x[1])
	if v != int(y[0]) {
		return false
	}
	if v == longMark || v-t.carry > 16 {
		return equalBut(t.row(a).value, t.row(b).value, t.carry)
	}
	v -= t.carry
	x, y = x[rowHead+k:], y[rowHead+k:]
	m := &masks[v]
	d := (binary.LittleEndian.Uint64(x) ^ binary.LittleEndian.Uint64(y)) & m[0]
	return d|(binary.LittleEndian.Uint64(x[8:])^binary.LittleEndian.Uint64(y[8:]))&m[1] == 0
}

func (t *table) row(ref uint32) stored {
	row, _ := getRow(t.blocks[ref>>refBits][ref&(maxRefs-1):])
	return row
}

// grow doubles the table.
func (t *table) grow() {
	old := t.slots
	t.slots = make([]slot, 2*len(old))
	moved := make([]uint32, len(old))
	mask := uint64(len(t.slots) - 1) //nolint:gosec // not negative
	for at, s := range old {
		first := max(s.left, s.right)
		if first == 0 {
			continue
		}
		i := t.hash.long(t.row(first).key) & mask
		for t.slots[i].left|t.slots[i].right != 0 {
			i = (i + 1) & mask
		}
		t.slots[i], moved[at] = s, uint32(i) //nolint:gosec // a table is smaller
	}
	for i := range t.extras {
		t.extras[i].slot = moved[t.extras[i].slot]
	}
}

// outcome gets what a partition has come to.
type outcome interface {
	pair(left, right uint64)
	group(left, right int64, rows []stored) error // the rows of the left side first
}

// report tells the outcome of every key, and returns the number of equal pairs.
func (t *table) report(pairs bool, to outcome) (int64, error) {
	slices.SortStableFunc(t.extras, func(a, b extra) int { return int(a.slot) - int(b.slot) })
	rest, matched, rows := t.extras, int64(0), []stored{}
	for i := range t.slots {
		s := &t.slots[i]
		if s.left != 0 && s.right != 0 && s.state == 0 {
			matched++
			if pairs {
				to.pair(t.row(s.left).row, t.row(s.right).row)
			}
			continue
		}
		if s.left|s.right == 0 {
			continue
		}
		n := 0
		for n < len(rest) && int(rest[n].slot) == i {
			n++
		}
		var lefts int64
		rows, lefts = t.members(rows[:0], s, rest[:n])
		rest = rest[n:]
		if err := to.group(lefts, int64(len(rows))-lefts, rows); err != nil {
			return matched, err
		}
	}
	return matched, nil
}

// members collects the rows of a slot, and tells how many are of the left side.
func (t *table) members(rows []stored, s *slot, more []extra) ([]stored, int64) {
	add := func(side uint8, first uint32) {
		if first != 0 {
			rows = append(rows, t.row(first))
		}
		for _, x := range more {
			if x.side == side {
				rows = append(rows, t.row(x.ref))
			}
		}
	}
	add(left, s.left)
	lefts := int64(len(rows))
	add(right, s.right)
	return rows, lefts
}
