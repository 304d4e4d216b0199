package amex

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"parallax/sources/settlement/decode"
)

// maxLine is how many bytes a record may have; those of the layout have 800.
const maxLine = 1 << 16

// errBroken means that one record is lost because of its quotes; the ones after it can be read.
var errBroken = errors.New("quotes are not closed or stand inside a field")

// lineReader reads records, one to a line. They are not quite RFC 4180: a record may be filled up with blanks behind its
// last quote, and no field holds a line break.
type lineReader struct {
	r         *bufio.Reader
	line      int64
	delimiter byte
	fields    fields // of the last record, used again
}

func newLineReader(r io.Reader) *lineReader {
	return &lineReader{r: bufio.NewReaderSize(r, maxLine)}
}

// next returns the next record and its line number. The record is overwritten by the next call; its texts are not. The
// error is io.EOF behind the last record, and errBroken for one that is lost.
func (l *lineReader) next() (fields, int64, error) {
	for {
		raw, err := l.r.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return nil, l.line + 1, fmt.Errorf("record is longer than %d bytes", maxLine)
		}
		if err != nil && (!errors.Is(err, io.EOF) || len(raw) == 0) {
			return nil, l.line + 1, err
		}
		l.line++
		if l.line == 1 {
			raw = bytes.TrimPrefix(raw, []byte(decode.ByteOrderMark))
			if bytes.HasPrefix(raw, []byte{0xff, 0xfe}) || bytes.HasPrefix(raw, []byte{0xfe, 0xff}) {
				return nil, l.line, errors.New("file is in UTF-16; UTF-8 was expected")
			}
		}
		text := strings.TrimRight(string(raw), " \t\r\n")
		if text == "" {
			continue
		}
		if l.delimiter == 0 {
			l.delimiter = delimiter(text)
		}
		err = l.split(strings.TrimRight(string(raw), "\r\n"))
		return l.fields, l.line, err
	}
}

// delimiter is the first of a line.
func delimiter(text string) byte {
	if i := strings.IndexAny(text, ",|\t"); i >= 0 {
		return text[i]
	}
	return ','
}

func (l *lineReader) split(text string) error {
	l.fields = l.fields[:0]
	for {
		if rest := strings.TrimLeft(text, " "); strings.HasPrefix(rest, `"`) {
			value, after, ok := unquote(rest[1:])
			after = strings.TrimLeft(after, " ")
			l.fields = append(l.fields, value)
			if !ok || after != "" && after[0] != l.delimiter {
				return errBroken
			}
			if after == "" {
				return nil
			}
			text = after[1:]
			continue
		}
		value, after, more := strings.Cut(text, string(l.delimiter))
		l.fields = append(l.fields, value)
		if strings.Contains(value, `"`) {
			return errBroken
		}
		if !more {
			return nil
		}
		text = after
	}
}

// unquote returns what stands in front of the closing quote, and what follows it. Two quotes stand for one.
func unquote(text string) (value, after string, ok bool) {
	var doubled strings.Builder
	for {
		before, rest, found := strings.Cut(text, `"`)
		if !found {
			return "", "", false
		}
		if !strings.HasPrefix(rest, `"`) {
			if doubled.Len() == 0 {
				return before, rest, true
			}
			doubled.WriteString(before)
			return doubled.String(), rest, true
		}
		doubled.WriteString(before + `"`)
		text = rest[1:]
	}
}
