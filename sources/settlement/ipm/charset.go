package ipm

import (
	"parallax/sources/settlement/decode"
)

// charset is an alphabet that a file's text may be written in. All of them cover Latin-1 at most.
type charset struct {
	name string
	char [256]byte // the Unicode code point of each byte
}

var (
	latin1 = &charset{"ASCII", identity()} // with Latin-1 above it
	cp500  = &charset{"EBCDIC cp500", cp500Table}
	cp037  = &charset{"EBCDIC cp037", cp037Table()}
)

func identity() (t [256]byte) {
	for i := range t {
		t[i] = byte(i) //nolint:gosec // 0 to 255
	}
	return t
}

// appendText decodes an element, takes the padding off and appends it to dst as UTF-8. Control characters are refused: they
// belong in no reference, and a database could not store all of them.
func (c *charset) appendText(dst, raw []byte) ([]byte, error) {
	for len(raw) > 0 && c.char[raw[0]] == ' ' {
		raw = raw[1:]
	}
	for len(raw) > 0 && c.char[raw[len(raw)-1]] == ' ' {
		raw = raw[:len(raw)-1]
	}
	for _, b := range raw {
		switch ch := c.char[b]; {
		case ch >= 0x20 && ch < 0x7F:
			dst = append(dst, ch)
		case ch < 0xA0:
			return dst, decode.ErrControlCharacter
		default:
			dst = append(dst, 0xC0|ch>>6, 0x80|ch&0x3F)
		}
	}
	return dst, nil
}

func (c *charset) text(raw []byte) (string, error) {
	out, err := c.appendText(nil, raw)
	if err != nil {
		return "", err
	}
	return string(out), nil
}

// number reads an unsigned decimal number.
func (c *charset) number(raw []byte) (int64, error) {
	if len(raw) == 0 {
		return 0, decode.ErrNotNumeric
	}
	var n int64
	for _, b := range raw {
		d := c.char[b] - '0'
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

// small reads a number of at most nine digits; -1 where it is none. It is number for what every record has many of.
func (c *charset) small(raw []byte) int {
	if len(raw) == 0 || len(raw) > 9 {
		return -1
	}
	n := 0
	for _, b := range raw {
		d := c.char[b] - '0'
		if d > 9 {
			return -1
		}
		n = n*10 + int(d)
	}
	return n
}

const maxInt64 = 1<<63 - 1
