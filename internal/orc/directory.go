package orc

import (
	"fmt"
	"math"
	"time"
	_ "time/tzdata" // a container may come without time zones
)

// streamKind is what a stream of a column holds. Source: ORC v1, "Stripe Footer".
type streamKind uint64

// The streams that are read.
const (
	present    streamKind = 0
	data       streamKind = 1
	lengths    streamKind = 2
	dictionary streamKind = 3
	secondary  streamKind = 5
)

// String is the name that the specification gives it.
func (k streamKind) String() string {
	switch k {
	case present:
		return "PRESENT"
	case data:
		return "DATA"
	case lengths:
		return "LENGTH"
	case dictionary:
		return "DICTIONARY_DATA"
	case secondary:
		return "SECONDARY"
	default:
		return fmt.Sprintf("stream %d", uint64(k))
	}
}

// place is where a stream stands in the file.
type place struct{ at, size int64 }

// encoding is how a column is encoded. Source: ORC v1, "Stripe Footer", ColumnEncoding.
type encoding struct {
	kind  uint64 // 0 direct, 1 dictionary; 2 more with version 2 of the runs of numbers
	words int64  // of the dictionary
}

// The encodings that are read.
const (
	encodedV2    = 2
	encodedDict  = 1
	encodingLast = 3
)

// directory is what the footer of a stripe says.
type directory struct {
	streams   map[streamKey]place
	encodings []encoding
	zone      string
}

type streamKey struct {
	column uint64
	kind   streamKind
}

// streamsPerColumn is more than the kinds of streams there are.
const streamsPerColumn = 16

// parseDirectory reads the footer of a stripe of so many columns, those that are not read among them.
func parseDirectory(message []byte, s stripe, columns int) (directory, error) {
	d := directory{streams: map[streamKey]place{}}
	at, end := s.offset, s.offset+s.index+s.data
	err := fields(message, func(p part) error {
		switch p.tag {
		case 1<<3 | length:
			key, size, err := parseStream(p.bytes)
			if err != nil {
				return err
			}
			if size > end-at {
				return damaged("places a stream beyond the stripe")
			}
			if _, twice := d.streams[key]; twice {
				return damaged("names a stream twice")
			}
			if len(d.streams) == streamsPerColumn*columns {
				return damaged("has more streams than %d columns can have", columns)
			}
			d.streams[key] = place{at, size}
			at += size
		case 2<<3 | length:
			if len(d.encodings) == columns {
				return damaged("has more encodings than the %d columns", columns)
			}
			e, err := parseEncoding(p.bytes)
			d.encodings = append(d.encodings, e)
			return err
		case 3<<3 | length:
			d.zone = string(p.bytes)
		case 4<<3 | length:
			return unsupported("says that columns are encrypted")
		}
		return nil
	})
	return d, err
}

func parseStream(message []byte) (key streamKey, bytes int64, err error) {
	err = fields(message, func(p part) error {
		switch p.tag {
		case 1<<3 | varint:
			key.kind = streamKind(p.number)
		case 2<<3 | varint:
			key.column = p.number
		case 3<<3 | varint:
			bytes = size(p.number)
		}
		return nil
	})
	return key, bytes, err
}

func parseEncoding(message []byte) (e encoding, err error) {
	err = fields(message, func(p part) error {
		switch p.tag {
		case 1<<3 | varint:
			e.kind = p.number
		case 2<<3 | varint:
			e.words = size(p.number)
		}
		return nil
	})
	return e, err
}

// encoding is that of a column.
func (d *directory) encoding(column uint64) (encoding, error) {
	if column >= uint64(len(d.encodings)) {
		return encoding{}, damaged("has no encoding")
	}
	e := d.encodings[column]
	if e.kind > encodingLast {
		return e, unsupported("has the encoding %d", e.kind)
	}
	return e, nil
}

// place is where a stream of a column stands. One that is not there is empty.
func (d *directory) place(column uint64, kind streamKind) place {
	return d.streams[streamKey{column, kind}]
}

// location is the time zone that a stripe names; nil for UTC.
func location(name string) (*time.Location, error) {
	switch name {
	case "UTC", "GMT", "Etc/UTC":
		return nil, nil
	case "":
		return nil, unsupported("does not say in which time zone it was written")
	case "Local":
		return nil, unsupported("names a time zone that is not known")
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, unsupported("names a time zone that is not known")
	}
	return zone, nil
}

// maxSeconds keeps milliseconds within 64 bits.
const maxSeconds = math.MaxInt64/1000 - 1<<33
