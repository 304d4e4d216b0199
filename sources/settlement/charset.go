package settlement

import (
	"errors"
	"strings"
)

// charset is the alphabet a file's text is written in.
type charset int

const (
	latin1 charset = iota // ASCII, with Latin-1 above it
	ebcdic                // code page 500
)

func (c charset) String() string {
	if c == ebcdic {
		return "EBCDIC cp500"
	}
	return "ASCII"
}

func (c charset) char(b byte) byte {
	if c == ebcdic {
		return cp500[b]
	}
	return b
}

var errControlCharacter = errors.New("holds a control character")

// text decodes an element and takes the padding off. Control characters are refused: they belong in no reference, and
// a database could not store all of them.
func (c charset) text(raw []byte) (string, error) {
	var out strings.Builder
	out.Grow(len(raw))
	for _, b := range raw {
		ch := c.char(b)
		if ch < 0x20 || ch >= 0x7F && ch < 0xA0 {
			return "", errControlCharacter
		}
		out.WriteRune(rune(ch))
	}
	return strings.Trim(out.String(), " "), nil
}

var (
	errNotNumeric = errors.New("is not numeric")
	errTooLarge   = errors.New("overflows 64 bits")
)

// number reads an unsigned decimal number.
func (c charset) number(raw []byte) (int64, error) {
	if len(raw) == 0 {
		return 0, errNotNumeric
	}
	var n int64
	for _, b := range raw {
		d := c.char(b) - '0'
		if d > 9 {
			return 0, errNotNumeric
		}
		if n > (maxInt64-int64(d))/10 {
			return 0, errTooLarge
		}
		n = n*10 + int64(d)
	}
	return n, nil
}

const maxInt64 = 1<<63 - 1

// add sums two amounts of a control total.
func add(a, b int64) (int64, error) {
	if b > 0 && a > maxInt64-b || b < 0 && a < -maxInt64-1-b {
		return 0, errTooLarge
	}
	return a + b, nil
}
