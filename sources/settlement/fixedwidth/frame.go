package fixedwidth

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"golang.org/x/text/encoding/charmap"
)

// encodings give each byte its character, as Latin-1; nil: the bytes are read as they are.
var encodings = map[string]*[256]byte{
	"": nil, "ascii": nil, "latin-1": nil, "cp037": ebcdic(nil), "cp500": ebcdic(cp500),
}

// cp500 is where EBCDIC code page 500 differs from 037. Source: IBM CDRA, code pages 00037 and 00500.
var cp500 = map[byte]byte{0x4A: '[', 0x4F: '!', 0x5A: ']', 0x5F: '^', 0xB0: 0xA2, 0xBA: 0xAC, 0xBB: '|'}

func ebcdic(differs map[byte]byte) *[256]byte {
	var table [256]byte
	for i := range table {
		table[i] = byte(charmap.CodePage037.DecodeByte(byte(i))) //nolint:gosec // the code page covers exactly Latin-1
		if c, ok := differs[byte(i)]; ok {                       //nolint:gosec // i is below 256
			table[i] = c
		}
	}
	return &table
}

// frames cuts a file into records, each in a buffer that the next call overwrites.
type frames struct {
	r      *bufio.Reader
	length int // 0: lines
	table  *[256]byte
	buf    []byte
	number int64 // of the record or line returned last
	cut    bool  // the line returned last has no end: the file may be truncated there
}

var errUTF16 = errors.New("is UTF-16, which no layout describes")

func newFrames(r io.Reader, l Layout) *frames {
	return &frames{r: bufio.NewReaderSize(r, 64<<10), length: l.Length, table: encodings[l.Encoding], buf: make([]byte, l.Length)}
}

// next returns the next record that is not blank, in Latin-1, or io.EOF.
func (f *frames) next() ([]byte, error) {
	if f.number == 0 && f.table == nil {
		head, _ := f.r.Peek(3) // a shorter file fails below
		switch {
		case bytes.HasPrefix(head, []byte("\xfe\xff")), bytes.HasPrefix(head, []byte("\xff\xfe")):
			return nil, errUTF16
		case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
			_, _ = f.r.Discard(3) // was peeked at
		}
	}
	if f.length == 0 {
		return f.line()
	}
	return f.record()
}

// record reads one record of fixed length, and the line end behind it.
func (f *frames) record() ([]byte, error) {
	n, err := io.ReadFull(f.r, f.buf)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		f.translate(f.buf[:n])
		if blank(f.buf[:n]) {
			return nil, io.EOF
		}
		f.number++
		return nil, fmt.Errorf("is truncated: %d of %d bytes are there", n, f.length)
	case err != nil:
		return nil, err
	}
	f.number++
	f.translate(f.buf)
	if f.table != nil {
		return f.buf, nil
	}
	if bytes.IndexByte(f.buf, '\n') >= 0 {
		return nil, fmt.Errorf("has a line end inside its %d bytes: it is shorter than the layout says", f.length)
	}
	if head, _ := f.r.Peek(2); len(head) > 0 { // the last record need not end a line
		switch {
		case head[0] == '\n':
			_, _ = f.r.Discard(1) // was peeked at
		case len(head) > 1 && head[0] == '\r' && head[1] == '\n':
			_, _ = f.r.Discard(2) // was peeked at
		}
	}
	return f.buf, nil
}

// line reads one line that is not blank.
func (f *frames) line() ([]byte, error) {
	for {
		f.buf = f.buf[:0]
		var err error
		for {
			var part []byte
			part, err = f.r.ReadSlice(f.newline())
			if len(f.buf)+len(part) > maxRecord+2 {
				f.number++
				return nil, fmt.Errorf("is longer than %d bytes", maxRecord)
			}
			f.buf = append(f.buf, part...)
			if !errors.Is(err, bufio.ErrBufferFull) {
				break
			}
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if len(f.buf) == 0 {
			return nil, io.EOF
		}
		f.number++
		f.cut = err != nil
		line := f.buf
		if !f.cut {
			line = line[:len(line)-1]
		}
		f.translate(line)
		line = bytes.TrimSuffix(line, []byte("\r"))
		if !blank(line) {
			return line, nil
		}
	}
}

// newline is what ends a line: in EBCDIC, NEL.
func (f *frames) newline() byte {
	if f.table != nil {
		return 0x15
	}
	return '\n'
}

func (f *frames) translate(b []byte) {
	if f.table == nil {
		return
	}
	for i, c := range b {
		b[i] = f.table[c]
	}
}

// blank reports whether nothing is written: blanks, line ends and the marks that fill a file up.
func blank(b []byte) bool {
	for _, c := range b {
		if c != ' ' && c != 0 && c != '\r' && c != '\n' && c != 0x1A && c != 0x85 {
			return false
		}
	}
	return true
}
