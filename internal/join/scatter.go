package join

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/bits"
	"sync/atomic"

	"parallax/internal/spill"
)

const (
	step        = 1024            // rows that are packed at a time: what belongs to them stays in the first cache
	valueStride = 32              // bytes of a packed value in the fast way
	maxStart    = valueStride - 9 // where a field may start in it, so that a number still fits
)

// scatter puts the rows of batches into partitions. It belongs to one worker.
type scatter struct {
	hash    hasher
	shift   uint // of a hash, to its partition
	writers [2]*spill.BlockWriter
	carry   bool
	nulls   func(side int, row uint64, key, value []byte) error

	values  []byte // packed values of the rows at hand
	starts  [step]uint32
	lengths [step]uint32
	key     []byte
}

// add takes the rows of a batch, whose first has the given number.
func (s *scatter) add(side int, first uint64, b *Batch) error {
	if err := checkBatch(b, s.carry); err != nil {
		return err
	}
	for lo := 0; lo < b.Rows; lo += step {
		hi := min(lo+step, b.Rows)
		s.packValues(b, lo, hi)
		var err error
		if len(b.Key) == 1 && b.Key[0].Texts != nil {
			err = s.addTexts(side, first, b, lo, hi)
		} else {
			err = s.addAny(side, first, b, lo, hi)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// checkBatch refuses a batch whose columns have too few rows.
func checkBatch(b *Batch, carry bool) error {
	if len(b.Key) == 0 {
		return fmt.Errorf("batch of %d rows has no key column", b.Rows)
	}
	if carry && len(b.Carry) < b.Rows {
		return fmt.Errorf("batch of %d rows carries %d numbers", b.Rows, len(b.Carry))
	}
	for _, columns := range [2][]Column{b.Key, b.Value} {
		for i := range columns {
			c := &columns[i]
			rows := len(c.Ints)
			if c.Texts != nil {
				rows = len(c.Texts)
			}
			if rows < b.Rows || c.Nulls != nil && len(c.Nulls) < b.Rows {
				return fmt.Errorf("batch of %d rows has a column of %d values", b.Rows, rows)
			}
		}
	}
	return nil
}

// addTexts is for keys of one text column, most of them short.
func (s *scatter) addTexts(side int, first uint64, b *Batch, lo, hi int) error {
	w, col := s.writers[side], &b.Key[0]
	data := col.Data
	for i := lo; i < hi; i++ {
		at, n := int(col.Texts[i].Start), int(col.Texts[i].End-col.Texts[i].Start)
		v := int(s.lengths[i-lo])
		if n > shortKey || at+shortKey > len(data) || v > 16 || col.Nulls != nil && col.Nulls[i] {
			if err := s.addOne(side, first, b, i, i-lo); err != nil {
				return err
			}
			continue
		}
		w0, w1, w2 := words(data[at:], n)
		if m := &masks[n]; zeroByte(w0|^m[0]) || zeroByte(w1|^m[1]) || zeroByte(w2|^m[2]) {
			if err := s.addOne(side, first, b, i, i-lo); err != nil {
				return err
			}
			continue
		}
		room := w.Room(int(s.hash.short(w0, w1, w2)>>s.shift), rowHead+n+v) //nolint:gosec // a partition
		if room == nil {
			return w.Err() //nolint:wrapcheck // it says what and where
		}
		_ = room[rowHead+shortKey]
		binary.LittleEndian.PutUint64(room, (first+uint64(i))<<16|uint64(n)<<8|uint64(v)) //nolint:gosec // small
		binary.LittleEndian.PutUint64(room[rowHead:], w0)
		binary.LittleEndian.PutUint64(room[rowHead+8:], w1)
		binary.LittleEndian.PutUint64(room[rowHead+16:], w2)
		to, from := room[rowHead+n:], s.values[s.starts[i-lo]:]
		binary.LittleEndian.PutUint64(to, binary.LittleEndian.Uint64(from))
		binary.LittleEndian.PutUint64(to[8:], binary.LittleEndian.Uint64(from[8:]))
	}
	return nil
}

func (s *scatter) addAny(side int, first uint64, b *Batch, lo, hi int) error {
	for i := lo; i < hi; i++ {
		if err := s.addOne(side, first, b, i, i-lo); err != nil {
			return err
		}
	}
	return nil
}

// addOne adds row i of a batch, whose packed value has the number v.
func (s *scatter) addOne(side int, first uint64, b *Batch, i, v int) error {
	var null bool
	s.key, null = appendKey(s.key[:0], b.Key, i)
	value, row := s.values[s.starts[v]:s.starts[v]+s.lengths[v]], first+uint64(i) //nolint:gosec // not negative
	if null {
		return s.nulls(side, row, s.key, value)
	}
	return addRow(s.writers[side], int(s.hash.long(s.key)>>s.shift), row, s.key, value) //nolint:gosec // a partition
}

// packValues packs the values of some rows, column by column while they are short.
func (s *scatter) packValues(b *Batch, lo, hi int) {
	if cap(s.values) < (step+1)*valueStride {
		s.values = make([]byte, (step+1)*valueStride)
	}
	s.values = s.values[:cap(s.values)]
	n := hi - lo
	for i := range n {
		s.starts[i], s.lengths[i] = uint32(i*valueStride), 0 //nolint:gosec // small
	}
	for c := range b.Value {
		if !s.packColumn(&b.Value[c], lo, n) {
			s.packLong(b, lo, n)
			return
		}
	}
	if s.carry && !s.packCarry(b.Carry[lo:hi]) {
		s.packLong(b, lo, n)
	}
}

// packCarry appends the carried numbers, and reports false if there is no room for one.
func (s *scatter) packCarry(carry []int64) bool {
	for i, v := range carry {
		at := int(s.lengths[i])
		if at > maxStart {
			return false
		}
		to := s.values[i*valueStride+at:][:carrySize]
		to[0] = carrySize - 1
		binary.LittleEndian.PutUint64(to[1:], zigzag(v))
		s.lengths[i] += carrySize
	}
	return true
}

// packColumn appends one column to the packed values of n rows, and reports false if one gets too long.
func (s *scatter) packColumn(col *Column, lo, n int) bool {
	if col.Texts != nil {
		return s.packTexts(col, lo, n)
	}
	ints, lengths := col.Ints[lo:lo+n], s.lengths[:n]
	for i, v := range ints {
		at := int(lengths[i])
		if at > maxStart {
			return false
		}
		to := s.values[i*valueStride+at:][:9]
		if col.Nulls != nil && col.Nulls[lo+i] {
			to[0] = valueNull
			lengths[i]++
			continue
		}
		z := zigzag(v)
		size := (bits.Len64(z) + 7) / 8
		to[0] = byte(size) //nolint:gosec // 0 to 8
		binary.LittleEndian.PutUint64(to[1:], z)
		lengths[i] += uint32(size) + 1 //nolint:gosec // small
	}
	return true
}

func (s *scatter) packTexts(col *Column, lo, n int) bool {
	texts, lengths, data := col.Texts[lo:lo+n], s.lengths[:n], col.Data
	for i, t := range texts {
		at, size, from := int(lengths[i]), int(t.End-t.Start), int(t.Start)
		if at > maxStart || size >= valueStride-at {
			if col.Nulls == nil || !col.Nulls[lo+i] || at > maxStart {
				return false
			}
		}
		to := s.values[i*valueStride+at:][:valueStride]
		switch {
		case col.Nulls != nil && col.Nulls[lo+i]:
			to[0] = valueNull
			lengths[i]++
			continue
		case size <= 8 && from+8 <= len(data):
			binary.LittleEndian.PutUint64(to[1:], binary.LittleEndian.Uint64(data[from:]))
		default:
			copy(to[1:], data[from:t.End])
		}
		to[0] = byte(valueText + size) //nolint:gosec // checked above
		lengths[i] += uint32(size) + 1 //nolint:gosec // small
	}
	return true
}

func (s *scatter) packLong(b *Batch, lo, n int) {
	s.values = s.values[:0]
	for i := range n {
		s.starts[i] = uint32(len(s.values)) //nolint:gosec // a batch is smaller
		s.values = appendValue(s.values, b.Value, lo+i)
		if s.carry {
			s.values = appendCarry(s.values, b.Carry[lo+i])
		}
		s.lengths[i] = uint32(len(s.values)) - s.starts[i] //nolint:gosec // a batch is smaller
	}
	s.values = append(s.values, make([]byte, valueStride)...)
}

// job is one part to be scanned.
type job struct {
	side, part int
}

// jobs are the parts of both sides.
func (r *run) jobs() []job {
	var jobs []job
	for side := range r.sides {
		for part := range r.sides[side].Parts {
			jobs = append(jobs, job{side, part})
		}
	}
	return jobs
}

// scan lets one worker take parts of both sides until there are no more.
func (r *run) scan(ctx context.Context, jobs []job, next *atomic.Int64, each func(j job, first uint64, b *Batch) error) error {
	for {
		i := int(next.Add(1)) - 1
		if i >= len(jobs) {
			return nil
		}
		j := jobs[i]
		err := r.scanPart(ctx, j, func(first uint64, b *Batch) error { return each(j, first, b) })
		if err != nil {
			return err
		}
	}
}

// scanPart scans a part and counts its rows.
func (r *run) scanPart(ctx context.Context, j job, f func(first uint64, b *Batch) error) error {
	side := r.sides[j.side]
	part, base, limit := side.Parts[j.part], uint64(j.part)<<r.shift[j.side], uint64(1)<<r.shift[j.side] //nolint:gosec // not negative
	rows := uint64(0)
	var refused error // of a batch, which Scan has to return, but must not be lost if it does not
	err := part.Scan(ctx, func(b *Batch) error {
		switch {
		case refused != nil:
			return refused
		case ctx.Err() != nil:
			refused = context.Cause(ctx)
		case b.Rows <= 0:
			return nil
		case rows+uint64(b.Rows) > limit:
			refused = fmt.Errorf("more than %d rows in one part", limit)
		default:
			refused = f(base|rows, b)
		}
		if refused == nil {
			rows += uint64(b.Rows) //nolint:gosec // not negative
			r.progress(j.side, int64(b.Rows))
		}
		return refused
	})
	if err == nil {
		err = refused
	}
	if err != nil {
		return fmt.Errorf("read %s %s: %w", side.Name, part.Name, err)
	}
	r.counts[j.side][j.part] = int64(rows) //nolint:gosec // below the limit
	return nil
}
