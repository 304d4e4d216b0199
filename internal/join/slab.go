package join

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
)

// slab is some rows in a piece of memory, see row.go, and where each of them starts.
type slab struct {
	data   []byte
	starts []uint32
	again  []bool // the row has the key of the one before it
	sorted bool
	last   span // the key of the last row that was finished
}

// span is a piece of a slab.
type span struct{ start, end int }

func (s *slab) reset() {
	s.data, s.starts, s.again, s.sorted = s.data[:0], s.starts[:0], s.again[:0], true
}

func (s *slab) row(i int) stored {
	row, _ := getRow(s.data[s.starts[i]:])
	return row
}

func (s *slab) key(i int) []byte { return s.row(i).key }

// begin begins a row: its key is to be appended to data next.
func (s *slab) begin() int {
	at := len(s.data)
	s.data = binary.LittleEndian.AppendUint64(s.data, 0)
	return at
}

// finish ends a row that begins at the given place, and whose key was appended.
func (s *slab) finish(at int, row uint64, value []byte) {
	k := len(s.data) - at - rowHead
	key := span{at + rowHead, at + rowHead + k}
	if k < longMark && len(value) < longMark {
		binary.LittleEndian.PutUint64(s.data[at:], row<<16|uint64(k)<<8|uint64(len(value))) //nolint:gosec // below longMark
	} else {
		s.data = append(s.data, make([]byte, longHead-rowHead)...)
		copy(s.data[at+longHead:], s.data[key.start:key.end])
		key = span{at + longHead, at + longHead + k}
		binary.LittleEndian.PutUint64(s.data[at:], row<<16|longMark<<8|longMark)
		binary.LittleEndian.PutUint32(s.data[at+rowHead:], uint32(k))            //nolint:gosec // below maxBytes
		binary.LittleEndian.PutUint32(s.data[at+rowHead+4:], uint32(len(value))) //nolint:gosec // below maxBytes
	}
	s.data = append(s.data, value...)
	order := -1
	if len(s.starts) > 0 && s.sorted {
		order = bytes.Compare(s.data[s.last.start:s.last.end], s.data[key.start:key.end])
		s.sorted = order <= 0
	}
	s.starts, s.again, s.last = append(s.starts, uint32(at)), append(s.again, order == 0), key //nolint:gosec // a slab is smaller
}

// take copies a row of another slab to the end of this one, whose keys are in order.
func (s *slab) take(o *slab, i int) {
	from := o.data[o.starts[i]:]
	_, size := getRow(from)
	s.starts = append(s.starts, uint32(len(s.data))) //nolint:gosec // a slab is smaller
	s.data = append(s.data, from[:size]...)
	n := len(s.starts) - 1
	s.again = append(s.again, n > 0 && bytes.Equal(s.key(n-1), s.key(n)))
}

// sort brings the rows in the order of their keys.
func (s *slab) sort() {
	slices.SortStableFunc(s.starts, func(a, b uint32) int {
		x, _ := getRow(s.data[a:])
		y, _ := getRow(s.data[b:])
		return bytes.Compare(x.key, y.key)
	})
	for i := range s.starts {
		s.again[i] = i > 0 && bytes.Equal(s.key(i-1), s.key(i))
	}
	s.sorted = true
}

// errDisorder ends a merge: the rows are not in order, nor nearly.
var errDisorder = errors.New("rows are not in order")

// window brings rows in order that are nearly so: it holds a slab back, and merges it with the next one if that begins
// before its end. What it emits is in order, or else the error is errDisorder: a key that comes later than the window
// reaches is never passed over.
type window struct {
	held *slab
	last []byte // the last key that was emitted
	any  bool
	emit func(*slab) error
	get  func() (*slab, error)
	put  func(*slab)
}

// push takes a slab.
func (w *window) push(next *slab) error {
	if !next.sorted {
		next.sort()
	}
	if w.held == nil {
		w.held = next
		return nil
	}
	n := len(w.held.starts)
	if bytes.Compare(w.held.key(n-1), next.key(0)) <= 0 {
		full := w.held
		w.held = next
		return w.out(full)
	}
	early, err := w.get()
	if err != nil {
		return err
	}
	late, err := w.get()
	if err != nil {
		return err
	}
	w.merge(w.held, next, early, late)
	w.put(w.held)
	w.put(next)
	w.held = late
	return w.out(early)
}

// merge puts the rows of two slabs in order into two others, half of them each.
func (w *window) merge(a, b, early, late *slab) {
	i, k, into := 0, 0, early
	half := (len(a.data) + len(b.data)) / 2
	for i < len(a.starts) || k < len(b.starts) {
		if len(early.data) >= half {
			into = late
		}
		if k == len(b.starts) || i < len(a.starts) && bytes.Compare(a.key(i), b.key(k)) <= 0 {
			into.take(a, i)
			i++
		} else {
			into.take(b, k)
			k++
		}
	}
	if len(late.starts) == 0 { // nothing to hold back: hold all
		*early, *late = *late, *early
	}
}

// out emits a slab in order.
func (w *window) out(s *slab) error {
	n := len(s.starts)
	if n == 0 {
		w.put(s)
		return nil
	}
	if w.any {
		order := bytes.Compare(w.last, s.key(0))
		if order > 0 {
			return errDisorder
		}
		s.again[0] = order == 0
	}
	w.any, w.last = true, append(w.last[:0], s.key(n-1)...)
	return w.emit(s)
}

// flush emits what is held back.
func (w *window) flush() error {
	if w.held == nil {
		return nil
	}
	s := w.held
	w.held = nil
	return w.out(s)
}
