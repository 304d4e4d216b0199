// Package rows reads the rows of delimited text (RFC 4180) for the readers of settlement files: bounded, with the line
// each row begins on, and with columns found by their names in a header.
package rows

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"parallax/sources/settlement/decode"
)

// MaxRow is how many bytes a row may have, quoted newlines included.
const MaxRow = 10 << 20

// ErrBroken means that one row is lost because of its quotes; the rows after it can be read.
var ErrBroken = errors.New("quotes are not closed or stand inside a field; the rest of the row is lost")

var errLongRow = fmt.Errorf("row is longer than %d bytes; is a quote left open?", MaxRow)

// Reader reads rows one after the other, in memory bounded by MaxRow.
type Reader struct {
	limit *limit
	csv   *csv.Reader
	line  int64 // on which the row read last begins
}

// NewReader reads rows whose fields are parted by the delimiter. A byte order mark of UTF-8 is skipped.
func NewReader(r io.Reader, delimiter rune) *Reader {
	l := &limit{r: r}
	c := csv.NewReader(l)
	c.Comma, c.FieldsPerRecord, c.ReuseRecord = delimiter, -1, true
	return &Reader{limit: l, csv: c}
}

// Next returns the next row and the line it begins on, 1-based. The row is overwritten by the next call. The error is
// io.EOF behind the last row and ErrBroken for a row that is lost; any other ends the file, and the line is where.
func (r *Reader) Next() ([]string, int64, error) {
	r.limit.rowFrom = r.csv.InputOffset()
	row, err := r.csv.Read()
	if parse := (*csv.ParseError)(nil); errors.As(err, &parse) {
		r.line = int64(parse.StartLine)
		if errors.Is(err, csv.ErrQuote) || errors.Is(err, csv.ErrBareQuote) {
			return nil, r.line, ErrBroken
		}
		return nil, r.line, parse.Err
	}
	if err != nil {
		return nil, r.line + 1, err
	}
	line, _ := r.csv.FieldPos(0)
	r.line = int64(line)
	return row, r.line, nil
}

// limit ends reading when one row grows beyond MaxRow, as a quote that is never closed would let it.
type limit struct {
	r       io.Reader
	begun   bool
	read    int64 // bytes handed out
	rowFrom int64 // where the row being read begins
}

func (l *limit) Read(p []byte) (int, error) {
	if !l.begun {
		l.begun = true
		if err := l.skipMark(); err != nil {
			return 0, err
		}
	}
	if l.read-l.rowFrom > MaxRow {
		return 0, errLongRow
	}
	n, err := l.r.Read(p)
	l.read += int64(n)
	return n, err
}

// skipMark takes a byte order mark away and refuses that of UTF-16.
func (l *limit) skipMark() error {
	start := make([]byte, len(decode.ByteOrderMark))
	n, err := io.ReadFull(l.r, start)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	start = start[:n]
	if bytes.HasPrefix(start, []byte{0xff, 0xfe}) || bytes.HasPrefix(start, []byte{0xfe, 0xff}) {
		return errors.New("file is in UTF-16; UTF-8 was expected")
	}
	if string(start) != decode.ByteOrderMark {
		l.r = io.MultiReader(bytes.NewReader(start), l.r)
	}
	return nil
}

// Header is the names of the columns.
type Header struct{ names []string }

// ErrNoColumn means that a header lacks a column.
var ErrNoColumn = errors.New("column is not in the header")

// NewHeader takes the names from a header row, without the blanks around them.
func NewHeader(row []string) Header {
	names := make([]string, len(row))
	for i, name := range row {
		names[i] = strings.Clone(strings.TrimSpace(name))
	}
	return Header{names}
}

// Len is the number of columns.
func (h Header) Len() int { return len(h.names) }

// Name is the name of a column by its position.
func (h Header) Name(i int) string { return h.names[i] }

// Find returns the position of a column. It is an error if there is none (ErrNoColumn) or more than one of the name.
func (h Header) Find(name string) (int, error) {
	found := -1
	for i, have := range h.names {
		if have != name {
			continue
		}
		if found >= 0 {
			return 0, errors.New("column is in the header twice")
		}
		found = i
	}
	if found < 0 {
		return 0, ErrNoColumn
	}
	return found, nil
}
