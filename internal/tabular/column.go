package tabular

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"parallax/internal/join"
)

// The encodings of Parquet that are read. Source: Apache Parquet, parquet.thrift, Encoding.
const (
	encodingPlain     = 0
	encodingPlainDict = 2
	encodingRLE       = 3
	encodingDict      = 8
)

// physical is the type that the values of a column are stored as.
type physical int

// The physical types that are read.
const (
	physBool physical = iota
	physInt32
	physInt64
	physBytes
	physFixed
)

// shape is what the values of a column are.
type shape struct {
	physical physical
	width    int // bytes of a physFixed
	nullable bool
	numeric  bool                // the values are numbers, though stored as bytes: big endian
	finish   func([]int64) error // makes numbers what is wanted, such as another scale
	parse    bool                // the values are texts, but numbers of a scale are wanted
	scale    int
}

// isText reports whether the values are stored as texts.
func (s *shape) isText() bool {
	return (s.physical == physBytes || s.physical == physFixed) && !s.numeric
}

// column decodes one column of one row group after the other, some rows at a time.
type column struct {
	shape

	pages  pages
	left   int64 // values that the chunk has yet
	inPage int   // of them in the page at hand

	levels  hybrid
	dict    bool // the page at hand has dictionary numbers
	runs    bool // the page at hand has truth values in runs
	numbers hybrid
	body    []byte // of the page at hand
	at      int    // where its next value stands
	bit     int    // of a physBool

	dictData  []byte
	dictTexts []join.Span
	dictInts  []int64

	index []uint32
	texts []join.Span
	ints  []int64
	nulls []bool
}

var (
	errPage     = errors.New("a page ends before its time")
	errEncoding = errors.New("has an encoding that is not read")
	errDict     = errors.New("refers to a dictionary entry that is not there")
)

// open prepares a column chunk of so many values.
func (c *column) open(from io.ReaderAt, at, end int64, as codec, values int64) {
	c.pages.reset(from, at, end, as)
	c.left, c.inPage = values, 0
	c.dictTexts, c.dictInts = c.dictTexts[:0], c.dictInts[:0]
}

// available is how many values of the page at hand are there; it reads the next page if there are none. 0 is the end.
func (c *column) available() (int, error) {
	for c.inPage == 0 && c.left > 0 {
		h, body, err := c.pages.next()
		if errors.Is(err, io.EOF) {
			return 0, errPage
		}
		if err != nil {
			return 0, err
		}
		switch h.kind {
		case pageDictionary:
			err = c.dictionary(&h, body)
		case pageData, pageData2:
			err = c.begin(&h, body)
		}
		if err != nil {
			return 0, err
		}
	}
	return c.inPage, nil
}

// begin prepares a data page.
func (c *column) begin(h *header, body []byte) error {
	if h.values > c.left || h.values > math.MaxInt32 {
		return fmt.Errorf("a page claims %d values of %d", h.values, c.left)
	}
	if h.kind == pageData2 {
		body = body[h.repBytes:]
		c.levels.reset(body[:h.defBytes], 1)
		body = body[h.defBytes:]
	} else if c.nullable {
		if h.defEncoding != encodingRLE {
			return errors.New("has levels in an encoding that is not read")
		}
		if len(body) < 4 {
			return errPage
		}
		size := int(binary.LittleEndian.Uint32(body))
		if size > len(body)-4 {
			return errPage
		}
		c.levels.reset(body[4:4+size], 1)
		body = body[4+size:]
	}
	c.inPage, c.body, c.at, c.bit = int(h.values), body, 0, 0
	return c.encoded(h.encoding)
}

// encoded prepares the values of a data page.
func (c *column) encoded(encoding int64) error {
	c.dict = encoding == encodingDict || encoding == encodingPlainDict
	c.runs = false
	switch {
	case c.dict:
		width := uint(0)
		if len(c.body) > 0 {
			width = uint(c.body[0])
			c.body = c.body[1:]
		}
		if width > 32 {
			return errPage
		}
		c.numbers.reset(c.body, width)
		return nil
	case encoding == encodingPlain:
		return nil
	case encoding == encodingRLE && c.physical == physBool:
		return c.packedBools()
	default:
		return errEncoding
	}
}

// dictionary reads a dictionary page.
func (c *column) dictionary(h *header, body []byte) error {
	if len(c.dictTexts)+len(c.dictInts) > 0 {
		return errors.New("has two dictionaries")
	}
	if h.encoding != encodingPlain && h.encoding != encodingPlainDict {
		return errEncoding
	}
	if h.values > int64(len(body)) {
		return errPage
	}
	n := int(h.values)
	c.dictData = append(c.dictData[:0], body...)
	c.dictData = append(c.dictData, make([]byte, padding)...)[:len(body)]
	c.body, c.at = c.dictData, 0
	if c.isText() {
		c.dictTexts = sized(c.dictTexts, n)
		return c.plainTexts(c.dictTexts)
	}
	c.dictInts = sized(c.dictInts, n)
	if err := c.plainInts(c.dictInts); err != nil {
		return err
	}
	return c.convert(c.dictInts)
}

// sized returns a slice of n values, whose content is lost.
func sized[T any](s []T, n int) []T {
	if cap(s) < n {
		s = make([]T, n+n/8)
	}
	return s[:n]
}

// read decodes the next n values, no more than are available, into out.
func (c *column) read(n int, out *join.Column) error {
	*out = join.Column{}
	have := n
	if c.nullable {
		var err error
		if have, err = c.readLevels(n); err != nil {
			return err
		}
		if have < n {
			out.Nulls = c.nulls
		}
	}
	c.inPage -= n
	c.left -= int64(n)
	if c.isText() {
		c.texts = sized(c.texts, n)
		if err := c.readTexts(c.texts[:have]); err != nil {
			return err
		}
		spread(c.texts, have, out.Nulls)
		out.Texts, out.Data = c.texts, c.body
		if c.dict {
			out.Data = c.dictData
		}
		return c.parsed(out, n)
	}
	c.ints = sized(c.ints, n)
	if err := c.readInts(c.ints[:have]); err != nil {
		return err
	}
	spread(c.ints, have, out.Nulls)
	out.Ints = c.ints
	return nil
}

// parsed makes texts numbers if those are wanted.
func (c *column) parsed(out *join.Column, rows int) (err error) {
	if c.parse {
		c.ints, err = parseTexts(out, c.ints, rows, c.scale)
		*out = join.Column{Ints: c.ints, Nulls: out.Nulls}
	}
	return err
}

// readLevels finds out which of the next n values are there, and how many.
func (c *column) readLevels(n int) (int, error) {
	same, value, err := c.levels.same(n)
	if err != nil {
		return 0, err
	}
	if same == n && value == 1 {
		return n, nil
	}
	c.index, c.nulls = sized(c.index, n), sized(c.nulls, n)
	for i := range c.index[:same] {
		c.index[i] = value
	}
	if err := c.levels.read(c.index[same:]); err != nil {
		return 0, err
	}
	have := 0
	for i, level := range c.index {
		if level > 1 {
			return 0, errPage
		}
		c.nulls[i] = level == 0
		have += int(level)
	}
	return have, nil
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

func (c *column) readTexts(out []join.Span) error {
	if !c.dict {
		return c.plainTexts(out)
	}
	index, err := c.readNumbers(len(out), len(c.dictTexts))
	if err != nil {
		return err
	}
	for i, n := range index {
		out[i] = c.dictTexts[n]
	}
	return nil
}

// readNumbers reads n dictionary numbers.
func (c *column) readNumbers(n, entries int) ([]uint32, error) {
	c.index = sized(c.index, n)
	if err := c.numbers.read(c.index); err != nil {
		return nil, err
	}
	most := uint32(0)
	for _, v := range c.index {
		most = max(most, v)
	}
	if n > 0 && int64(most) >= int64(entries) {
		return nil, errDict
	}
	return c.index, nil
}

// plainTexts finds the texts of the body one after the other.
func (c *column) plainTexts(out []join.Span) error {
	body, at := c.body, c.at
	if c.physical == physFixed {
		if c.width*len(out) > len(body)-at {
			return errPage
		}
		for i := range out {
			out[i] = join.Span{Start: uint32(at), End: uint32(at + c.width)} //nolint:gosec // at most maxPage
			at += c.width
		}
		c.at = at
		return nil
	}
	for i := range out {
		if len(body)-at < 4 {
			return errPage
		}
		size := int(binary.LittleEndian.Uint32(body[at:]))
		at += 4
		if size > len(body)-at {
			return errPage
		}
		out[i] = join.Span{Start: uint32(at), End: uint32(at + size)} //nolint:gosec // at most maxPage
		at += size
	}
	c.at = at
	return nil
}
