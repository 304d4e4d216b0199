package sets

import (
	"slices"
	"time"
)

// kind is what the values of a column are.
type kind int

const (
	text kind = iota
	number
	moment // microseconds since 1970, UTC
	millis // milliseconds since 1970, UTC
	flag
)

// column is the values of one column of a table, some rows of it at a time. A null has a place in every slice it is in.
type column struct {
	name  string
	kind  kind
	plain bool // written without a dictionary: its values hardly repeat
	must  bool // no row is without it

	null  []bool
	bytes []byte // of all texts
	ends  []int  // where each text ends in bytes
	ints  []int64
	flags []bool
}

func (c *column) addText(v []byte) {
	c.bytes = append(c.bytes, v...)
	c.ends = append(c.ends, len(c.bytes))
	c.null = append(c.null, false)
}

func (c *column) addNumber(v int64) {
	c.ints = append(c.ints, v)
	c.null = append(c.null, false)
}

func (c *column) addFlag(v bool) {
	c.flags = append(c.flags, v)
	c.null = append(c.null, false)
}

// skip adds a null to a column of numbers or flags.
func (c *column) skip() { c.null = append(c.null, true) }

// addNull adds a null to a column of texts.
func (c *column) addNull() {
	c.ends = append(c.ends, len(c.bytes))
	c.null = append(c.null, true)
}

// text is the text of a row.
func (c *column) text(row int) []byte {
	from := 0
	if row > 0 {
		from = c.ends[row-1]
	}
	return c.bytes[from:c.ends[row]]
}

func (c *column) clear() {
	c.null, c.bytes, c.ends, c.ints, c.flags = c.null[:0], c.bytes[:0], c.ends[:0], c.ints[:0], c.flags[:0]
}

// appendField writes a value as CSV has it, without quotes: nothing for a null.
func (c *column) appendField(to []byte, row int) []byte {
	if c.null[row] {
		return to
	}
	switch c.kind {
	case number:
		return appendInt(to, c.ints[row])
	case moment:
		return time.UnixMicro(c.ints[row]).UTC().AppendFormat(to, "2006-01-02T15:04:05.000000Z")
	default:
		return append(to, c.text(row)...)
	}
}

// table is some rows of a file.
type table []*column

func (t table) rows() int { return len(t[0].null) }

func (t table) clear() {
	for _, c := range t {
		c.clear()
	}
}

// writer takes the rows of a file, some at a time, and keeps none of them.
type writer interface {
	write(t table) error
	close() error
}

func appendInt(to []byte, v int64) []byte {
	if v < 0 {
		to, v = append(to, '-'), -v
	}
	at := len(to)
	for {
		to = append(to, byte('0'+v%10))
		if v /= 10; v == 0 {
			break
		}
	}
	slices.Reverse(to[at:])
	return to
}
