package ipm

import (
	"strings"

	"parallax/sources/settlement/decode"
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

// text decodes an element and takes the padding off. Control characters are refused: they belong in no reference, and
// a database could not store all of them.
func (c charset) text(raw []byte) (string, error) {
	var out strings.Builder
	out.Grow(len(raw))
	for _, b := range raw {
		ch := c.char(b)
		if ch < 0x20 || ch >= 0x7F && ch < 0xA0 {
			return "", decode.ErrControlCharacter
		}
		out.WriteRune(rune(ch))
	}
	return strings.Trim(out.String(), " "), nil
}

// number reads an unsigned decimal number.
func (c charset) number(raw []byte) (int64, error) {
	if len(raw) == 0 {
		return 0, decode.ErrNotNumeric
	}
	var n int64
	for _, b := range raw {
		d := c.char(b) - '0'
		if d > 9 {
			return 0, decode.ErrNotNumeric
		}
		if n > (maxInt64-int64(d))/10 {
			return 0, decode.ErrTooLarge
		}
		n = n*10 + int64(d)
	}
	return n, nil
}

const maxInt64 = 1<<63 - 1
