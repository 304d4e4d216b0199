package orc

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
)

const (
	magic     = "ORC"
	tailBytes = 16 << 10 // read at once from the end of a file
	// maxChunk is the most that a compressed chunk may decompress to: its header has 23 bits for a length.
	maxChunk = 1 << 23
	// defaultChunk is the size of chunks if the file does not say. Source: ORC v1, "Compression".
	defaultChunk = 256 << 10
	maxTypes     = 1 << 12
	// maxTail is what reading the tail may take: that of a file of a gigabyte has some ten kilobytes.
	maxTail = 32 << 20
	// element is about what a stripe, a type, a number or a name of the footer takes beyond its bytes, with the room that a
	// list has to spare. The message may have one in a byte or two.
	element = 64
)

// tail is what the end of a file says. Source: ORC v1, "File Tail".
type tail struct {
	packing packing
	chunk   int // the most bytes that a chunk decompresses to
	rows    int64
	body    int64 // where the stripes end
	types   int   // columns, with those that are not read
	stripes []stripe
	fields  []field
}

// stripe is where a stripe stands, and how many rows it has.
type stripe struct {
	offset, index, data, footer int64
	rows                        int64
}

func (f *File) readTail() error {
	if f.size < int64(len(magic))+1 {
		return damaged("is no ORC file: it has %d bytes", f.size)
	}
	var head [len(magic)]byte
	if err := readAt(f.from, head[:], 0); err != nil {
		return err
	}
	if string(head[:]) != magic {
		return damaged("is no ORC file: it does not begin with %s", magic)
	}
	m := newMemory(min(maxTail, cmp.Or(max(f.limit, 0), maxTail)))
	end, err := m.grow(nil, int(min(f.size, tailBytes)))
	if err != nil {
		return err
	}
	end = end[:min(f.size, tailBytes)]
	if err := readAt(f.from, end, f.size-int64(len(end))); err != nil {
		return err
	}
	size := int(end[len(end)-1])
	if size >= len(end) {
		return damaged("postscript is cut short")
	}
	end = end[:len(end)-1]
	footer, metadata, err := f.postscript(end[len(end)-size:])
	if err != nil {
		return fmt.Errorf("postscript %w", err)
	}
	left := f.size - 1 - int64(size) - int64(len(magic))
	if footer > left || metadata > left-footer {
		return damaged("footer claims %d bytes and metadata %d, of %d", footer, metadata, left)
	}
	at := f.size - 1 - int64(size) - footer
	f.tail.body = at - metadata
	message, err := f.section(m, at, footer)
	if err == nil {
		err = f.footer(m, message)
	}
	if err != nil {
		return fmt.Errorf("footer %w", err)
	}
	return nil
}

// section reads and decompresses a message of the file.
func (f *File) section(m *memory, at, size int64) ([]byte, error) {
	s := newStream(f, m, newUnpacker(f.tail.packing))
	s.open(at, size)
	return s.rest(nil)
}

// postscript reads the only message that is never compressed.
func (f *File) postscript(message []byte) (footer, metadata int64, err error) {
	var mark string
	kind, chunk := uint64(0), uint64(defaultChunk)
	var version []uint64
	err = fields(message, func(p part) error {
		switch p.tag {
		case 1<<3 | varint:
			footer = size(p.number)
		case 2<<3 | varint:
			kind = p.number
		case 3<<3 | varint:
			chunk = p.number
		case 4<<3 | varint, 4<<3 | length:
			var err error
			version, err = p.numbers(version)
			return err
		case 5<<3 | varint:
			metadata = size(p.number)
		case 8000<<3 | length:
			mark = string(p.bytes)
		}
		return nil
	})
	switch {
	case err != nil:
		return 0, 0, err
	case mark != magic:
		return 0, 0, damaged("is not that of an ORC file")
	case len(version) > 0 && version[0] > 0:
		return 0, 0, unsupported("names version %d of the format", version[0])
	}
	f.tail.packing = packing(min(kind, math.MaxInt32)) //nolint:gosec // bounded
	if !f.tail.packing.known() {
		return 0, 0, unsupported("names the compression %d", kind)
	}
	if f.tail.packing != plain && (chunk == 0 || chunk > maxChunk) {
		return 0, 0, unsupported("claims chunks of %d bytes", chunk)
	}
	f.tail.chunk = int(min(chunk, maxChunk)) //nolint:gosec // bounded
	return footer, metadata, nil
}

// size is a number of bytes or rows as a file claims it, which may be absurd but not negative, nor overflow a sum of some.
func size(n uint64) int64 { return int64(min(n, math.MaxInt64/8)) } //nolint:gosec // bounded

func (f *File) footer(m *memory, message []byte) error {
	var types []kind
	encrypted := false
	err := fields(message, func(p part) error {
		switch p.tag {
		case 3<<3 | length:
			return f.addStripe(m, p.bytes)
		case 4<<3 | length:
			if len(types) == maxTypes {
				return unsupported("has more than %d types", maxTypes)
			}
			t, err := parseType(m, p.bytes)
			types = append(types, t)
			return err
		case 6<<3 | varint:
			f.tail.rows = size(p.number)
		case 10<<3 | length:
			encrypted = true
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case encrypted:
		return unsupported("says that columns are encrypted")
	}
	f.tail.types = len(types)
	if f.tail.fields, err = columnsOf(types); err != nil {
		return err
	}
	return f.checkStripes()
}

// addStripe takes a stripe over, unless there are more of them than the file has bytes for.
func (f *File) addStripe(m *memory, message []byte) error {
	if int64(len(f.tail.stripes)) >= f.tail.body {
		return damaged("claims more stripes than there are bytes for")
	}
	if err := m.take(element); err != nil {
		return err
	}
	s, err := parseStripe(message)
	f.tail.stripes = append(f.tail.stripes, s)
	return err
}

func parseStripe(message []byte) (stripe, error) {
	var s stripe
	err := fields(message, func(p part) error {
		switch p.tag {
		case 1<<3 | varint:
			s.offset = size(p.number)
		case 2<<3 | varint:
			s.index = size(p.number)
		case 3<<3 | varint:
			s.data = size(p.number)
		case 4<<3 | varint:
			s.footer = size(p.number)
		case 5<<3 | varint:
			s.rows = size(p.number)
		}
		return nil
	})
	return s, err
}

// checkStripes sees to it that the stripes stand one after the other within the file, and have the rows that it claims.
func (f *File) checkStripes() error {
	at, rows := int64(len(magic)), int64(0)
	for i, s := range f.tail.stripes {
		if s.offset < at || s.offset > f.tail.body || s.index+s.data+s.footer > f.tail.body-s.offset {
			return damaged("places stripe %d where it cannot be", i)
		}
		at = s.offset + s.index + s.data + s.footer
		if s.rows > f.tail.rows-rows {
			return damaged("claims %d rows, and its stripes have more", f.tail.rows)
		}
		rows += s.rows
	}
	if rows != f.tail.rows {
		return damaged("claims %d rows, and its stripes have %d", f.tail.rows, rows)
	}
	return nil
}

// readAt fills b from a place in a file. A file that is shorter than it was is damaged.
func readAt(from io.ReaderAt, b []byte, at int64) error {
	n, err := from.ReadAt(b, at)
	switch {
	case n == len(b):
		return nil
	case err == nil, errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return damaged("ends at %d, before the %d bytes at %d are read", at+int64(n), len(b), at)
	default:
		return fmt.Errorf("read %d bytes at %d: %w", len(b), at, err)
	}
}
