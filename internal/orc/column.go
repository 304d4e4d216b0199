package orc

import (
	"fmt"
	"slices"
	"time"

	"parallax/internal/join"
)

// column decodes one column of one stripe after the other, some rows at a time.
type column struct {
	field
	named string // as it was asked for

	streams  map[streamKind]*stream // as far as the type has them
	nullable bool
	present  bools
	encoding encoding

	numbers ints   // DATA
	sizes   ints   // LENGTH
	nanos   ints   // SECONDARY
	truths  bools  // DATA of a Truth
	bytes   octets // DATA of a tinyint
	zone    *time.Location
	epoch   int64

	words     []join.Span // of the dictionary
	wordBytes []byte
	scratch   []byte

	texts  []join.Span
	values []int64
	more   []int64
	flags  []bool
	nulls  []bool
}

func newColumn(f *File, m *memory, u *unpacker, named string) (*column, error) {
	about, err := f.find(named)
	if err != nil {
		return nil, err
	}
	if about.typ == Other {
		return nil, unsupported("column %s is of the type %d, which is not read", named, about.code)
	}
	c := &column{field: about, named: named, streams: map[streamKind]*stream{}}
	for _, kind := range []streamKind{present, data, lengths, dictionary, secondary} {
		c.streams[kind] = newStream(f, m, u)
	}
	c.present.stream, c.truths.stream, c.bytes.stream = c.streams[present], c.streams[data], c.streams[data]
	c.numbers.stream, c.sizes.stream, c.nanos.stream = c.streams[data], c.streams[lengths], c.streams[secondary]
	return c, nil
}

// open prepares the column of a stripe.
func (c *column) open(d *directory) (err error) {
	if c.encoding, err = d.encoding(c.id); err != nil {
		return err
	}
	_, c.nullable = d.streams[streamKey{c.id, present}]
	for kind, s := range c.streams {
		p := d.place(c.id, kind)
		s.open(p.at, p.size)
	}
	v2 := c.encoding.kind&encodedV2 != 0
	c.present.open()
	c.truths.open()
	c.bytes.open()
	c.numbers.open(v2, c.typ != Text)
	c.sizes.open(v2, false)
	c.nanos.open(v2, false)
	switch {
	case c.typ == Text && c.encoding.kind&encodedDict != 0:
		return c.readDictionary()
	case c.encoding.kind&encodedDict != 0:
		return unsupported("has a dictionary")
	case c.typ == Time:
		c.zone = nil
		if c.code == codeTimestamp {
			c.zone, err = location(d.zone)
		}
		c.epoch = epoch(c.zone)
	}
	return err
}

// in says which stream an error is about.
func in(kind streamKind, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("stream %s %w", kind, err)
}

// read decodes the next n rows, of rowsAtOnce at most.
func (c *column) read(n int, out *join.Column) error {
	*out = join.Column{}
	have := n
	if c.nullable {
		c.nulls = slices.Grow(c.nulls[:0], n)[:n]
		var err error
		if have, err = c.present.read(c.nulls); err != nil {
			return in(present, err)
		}
		if have < n {
			for i, there := range c.nulls {
				c.nulls[i] = !there
			}
			out.Nulls = c.nulls
		}
	}
	if c.typ == Text {
		return c.readTexts(n, have, out)
	}
	c.values = slices.Grow(c.values[:0], n)[:n]
	if err := c.readNumbers(c.values[:have]); err != nil {
		return err
	}
	spread(c.values, have, out.Nulls)
	out.Ints = c.values
	return nil
}

// spread moves the first values, of which there is none for a null, to the places of their rows.
func spread[T any](values []T, have int, nulls []bool) {
	if nulls == nil {
		return
	}
	var zero T
	for i := range slices.Backward(values) {
		if nulls[i] {
			values[i] = zero
			continue
		}
		have--
		values[i] = values[have]
	}
}

// ended is an error if there is more in a stream than was read.
func (c *column) ended(kind streamKind, done func() (bool, error)) error {
	end, err := done()
	if err == nil && !end {
		err = errLeft
	}
	return in(kind, err)
}

// close sees to it that the stripe has no more values of the column than were read.
func (c *column) close() error {
	if c.nullable {
		if err := c.ended(present, c.present.done); err != nil {
			return err
		}
	}
	var err error
	switch {
	case c.typ == Truth:
		err = c.ended(data, c.truths.done)
	case c.code == codeByte:
		err = c.ended(data, c.bytes.done)
	case c.typ == Text && c.encoding.kind&encodedDict == 0:
		if err = c.ended(lengths, c.sizes.done); err == nil {
			err = c.ended(data, c.streams[data].ended)
		}
	default:
		err = c.ended(data, c.numbers.done)
	}
	if err == nil && c.typ == Time {
		err = c.ended(secondary, c.nanos.done)
	}
	return err
}
