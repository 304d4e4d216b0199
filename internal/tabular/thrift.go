package tabular

import (
	"encoding/binary"
	"errors"
)

// header is what a page of a column chunk says about itself.
// Source: Apache Parquet, parquet.thrift, PageHeader, in Thrift's compact protocol.
type header struct {
	kind                     int64
	compressed, uncompressed int64
	values, encoding         int64
	defEncoding              int64
	defBytes, repBytes       int64 // version 2
	stored                   bool  // version 2: the values are not compressed
	crc                      uint32
	summed                   bool // crc is there
}

// The kinds of pages.
const (
	pageData       = 0
	pageDictionary = 2
	pageData2      = 3
)

// The types of Thrift's compact protocol.
const (
	thriftTrue   = 1
	thriftFalse  = 2
	thriftByte   = 3
	thriftI16    = 4
	thriftI32    = 5
	thriftI64    = 6
	thriftDouble = 7
	thriftBinary = 8
	thriftList   = 9
	thriftSet    = 10
	thriftMap    = 11
	thriftStruct = 12
	maxNesting   = 8
)

var (
	errShort  = errors.New("a page header ends before its time")
	errHeader = errors.New("a page header is damaged")
	errMany   = errors.New("there are more structs than are read")
)

// thrift reads the compact protocol. After an error everything it returns is zero.
type thrift struct {
	data    []byte
	at      int
	structs int64
	most    int64 // structs; any number where zero
	err     error
}

// parseHeader reads a page header and returns its size. errShort asks for more bytes.
func parseHeader(data []byte) (h header, size int, err error) {
	t := &thrift{data: data}
	t.fields(0, func(id int16, kind byte) bool {
		switch {
		case id == 1 && kind == thriftI32:
			h.kind = t.number()
		case id == 2 && kind == thriftI32:
			h.uncompressed = t.number()
		case id == 3 && kind == thriftI32:
			h.compressed = t.number()
		case id == 4 && kind == thriftI32:
			h.crc, h.summed = uint32(t.number()), true //nolint:gosec // the bits are meant
		case id == 5 && kind == thriftStruct:
			t.numbers(map[int16]*int64{1: &h.values, 2: &h.encoding, 3: &h.defEncoding}, nil)
		case id == 7 && kind == thriftStruct:
			t.numbers(map[int16]*int64{1: &h.values, 2: &h.encoding}, nil)
		case id == 8 && kind == thriftStruct:
			h.defEncoding = encodingRLE
			t.numbers(map[int16]*int64{1: &h.values, 4: &h.encoding, 5: &h.defBytes, 6: &h.repBytes}, func(id int16, kind byte) bool {
				if id == 7 {
					h.stored = kind == thriftFalse
				}
				return id == 7
			})
		default:
			return false
		}
		return true
	})
	return h, t.at, t.err
}

// numbers reads a struct of which some fields are wanted; more gets those that are not numbers.
func (t *thrift) numbers(wanted map[int16]*int64, more func(id int16, kind byte) bool) {
	t.fields(1, func(id int16, kind byte) bool {
		if into := wanted[id]; into != nil && kind == thriftI32 {
			*into = t.number()
			return true
		}
		return more != nil && more(id, kind)
	})
}

// fields calls f for each field of a struct; f reports whether it has read it.
func (t *thrift) fields(depth int, f func(id int16, kind byte) bool) {
	if t.structs++; t.most > 0 && t.structs > t.most && t.err == nil {
		t.err = errMany
	}
	id := int16(0)
	for t.err == nil {
		b := t.byte()
		if b == 0 {
			return
		}
		if delta := b >> 4; delta != 0 {
			id += int16(delta)
		} else {
			id = int16(t.number()) //nolint:gosec // a wrong one is a field that is not known
		}
		if kind := b & 15; !f(id, kind) {
			t.skip(kind, depth)
		}
	}
}

func (t *thrift) byte() byte {
	if t.err == nil && t.at >= len(t.data) {
		t.err = errShort
	}
	if t.err != nil {
		return 0
	}
	t.at++
	return t.data[t.at-1]
}

func (t *thrift) size() uint64 {
	if t.err != nil {
		return 0
	}
	v, n := binary.Uvarint(t.data[t.at:])
	switch {
	case n == 0:
		t.err = errShort
	case n < 0 || v > 1<<40:
		t.err = errHeader
	}
	if t.err != nil {
		return 0
	}
	t.at += n
	return v
}

func (t *thrift) number() int64 {
	v := t.size()
	return int64(v>>1) ^ -int64(v&1) //nolint:gosec // zigzag
}

func (t *thrift) pass(n uint64) {
	if t.err == nil && n > uint64(len(t.data)-t.at) { //nolint:gosec // not negative
		t.err = errShort
	}
	if t.err == nil {
		t.at += int(n) //nolint:gosec // checked above
	}
}

// skip passes over a value of a type.
func (t *thrift) skip(kind byte, depth int) {
	if depth > maxNesting {
		t.err = errHeader
		return
	}
	switch kind {
	case thriftTrue, thriftFalse:
	case thriftByte:
		t.pass(1)
	case thriftI16, thriftI32, thriftI64:
		t.skipNumber()
	case thriftDouble:
		t.pass(8)
	case thriftBinary:
		t.pass(t.size())
	case thriftList, thriftSet:
		t.skipList(depth)
	case thriftStruct:
		t.fields(depth+1, func(int16, byte) bool { return false })
	default: // neither page headers nor footers have a map
		t.err = errHeader
	}
}

func (t *thrift) skipNumber() {
	for t.byte()&0x80 != 0 {
	}
}

func (t *thrift) skipList(depth int) {
	b := t.byte()
	n := uint64(b >> 4)
	if n == 15 {
		n = t.size()
	}
	for i := uint64(0); i < n && t.err == nil; i++ {
		if kind := b & 15; kind == thriftTrue || kind == thriftFalse {
			t.pass(1)
		} else {
			t.skip(kind, depth+1)
		}
	}
}
