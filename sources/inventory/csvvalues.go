package inventory

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"time"

	"parallax/internal/join"
)

// flush reads the values of the rows that were split, and hands them on. Its errors name the line and the column and never a
// value.
func (s *splitter) flush() error {
	if s.out.rows == 0 {
		return nil
	}
	for f := range fieldCount {
		if !s.out.has[f] {
			continue
		}
		s.out.of[f].Data, s.out.of[f].Texts = s.buf, s.texts[f]
		if err := s.values(f, &s.out.of[f]); err != nil {
			return err
		}
	}
	if err := s.each(&s.out); err != nil {
		return err
	}
	for f := range s.texts {
		s.texts[f] = s.texts[f][:0]
	}
	s.out.rows, s.begun = 0, s.line
	return nil
}

// values makes of a column's texts what its values are.
func (s *splitter) values(f field, col *join.Column) error {
	if f == fieldKey {
		return s.decodeKeys(col)
	}
	if f.isText() {
		return nil
	}
	parse := parseSize
	switch f {
	case fieldModified:
		parse = s.clock.parse
	case fieldLatest, fieldMarker, fieldMultipart:
		parse = parseTruth
	}
	col.Ints, col.Nulls = resized(col.Ints, len(col.Texts)), resized(col.Nulls, len(col.Texts))
	for i, at := range col.Texts {
		if col.Nulls[i] = at.Start == at.End; col.Nulls[i] {
			col.Ints[i] = 0
			continue
		}
		v, err := parse(s.buf[at.Start:at.End])
		if err != nil {
			return s.wrong(i, f, err)
		}
		col.Ints[i] = v
	}
	col.Texts = nil
	return nil
}

func (s *splitter) wrong(i int, f field, err error) error {
	return &damageError{fmt.Sprintf("line %d: field %s: %v", s.begun+int64(i), fieldNames[f], err)}
}

var errKey = errors.New("is not URL-encoded")

// decodeKeys undoes the URL encoding where the keys stand: a plus is a space, %xx a byte.
func (s *splitter) decodeKeys(col *join.Column) error {
	for i, at := range col.Texts {
		key := s.buf[at.Start:at.End]
		if bytes.IndexByte(key, '%') < 0 && bytes.IndexByte(key, '+') < 0 {
			continue
		}
		n, ok := unescape(key)
		if !ok {
			return s.wrong(i, fieldKey, errKey)
		}
		col.Texts[i].End = at.Start + uint32(n) //nolint:gosec // not longer than it was
	}
	return nil
}

func unescape(b []byte) (n int, ok bool) {
	for i := 0; i < len(b); i++ {
		c := b[i]
		switch c {
		case '+':
			c = ' '
		case '%':
			if i+2 >= len(b) {
				return 0, false
			}
			high, low := unhex(b[i+1]), unhex(b[i+2])
			if high > 15 || low > 15 {
				return 0, false
			}
			c = high<<4 | low
			i += 2
		}
		b[n] = c
		n++
	}
	return n, true
}

func unhex(c byte) byte {
	switch {
	case c-'0' <= 9:
		return c - '0'
	case c-'a' <= 5:
		return c - 'a' + 10
	case c-'A' <= 5:
		return c - 'A' + 10
	default:
		return math.MaxUint8
	}
}

var (
	errTruth  = errors.New("neither true nor false")
	errNumber = errors.New("not a number of bytes")
	errTime   = errors.New("is not a time of RFC 3339")
)

func parseTruth(b []byte) (int64, error) {
	switch string(b) {
	case "true":
		return 1, nil
	case "false":
		return 0, nil
	default:
		return 0, errTruth
	}
}

func parseSize(b []byte) (int64, error) {
	var v int64
	for _, c := range b {
		d := int64(c - '0')
		if d > 9 || v > (math.MaxInt64-d)/10 {
			return 0, errNumber
		}
		v = v*10 + d
	}
	return v, nil
}

// clock reads moments. Most rows have the day of the row before.
type clock struct {
	day   [10]byte
	start int64 // of that day, in milliseconds since 1970
}

// parse reads a moment as S3 writes it, 2006-01-02T15:04:05.000Z, and any other of RFC 3339.
func (c *clock) parse(b []byte) (int64, error) {
	if len(b) != len("2006-01-02T15:04:05.000Z") || b[10] != 'T' || b[13] != ':' || b[16] != ':' || b[19] != '.' || b[23] != 'Z' {
		return parseTime(b)
	}
	if [10]byte(b) != c.day {
		at, err := time.Parse(time.DateOnly, string(b[:10]))
		if err != nil {
			return 0, errTime
		}
		c.day, c.start = [10]byte(b), at.UnixMilli()
	}
	h, ok1 := digits(b[11:13])
	m, ok2 := digits(b[14:16])
	s, ok3 := digits(b[17:19])
	ms, ok4 := digits(b[20:23])
	if !ok1 || !ok2 || !ok3 || !ok4 || h > 23 || m > 59 || s > 59 {
		return 0, errTime
	}
	return c.start + ((h*60+m)*60+s)*1000 + ms, nil
}

func parseTime(b []byte) (int64, error) {
	at, err := time.Parse(time.RFC3339, string(b))
	if err != nil || bytes.IndexByte(b, ',') >= 0 { // which the library takes for a point
		return 0, errTime
	}
	return at.UnixMilli(), nil
}

func digits(b []byte) (v int64, ok bool) {
	for _, c := range b {
		if c-'0' > 9 {
			return 0, false
		}
		v = v*10 + int64(c-'0')
	}
	return v, true
}
