package tabular

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"parallax/internal/join"
)

// source yields a stream in blocks, which are valid until the next one.
type source interface{ next() ([]byte, error) }

// next implements source.
func (a *ahead) next() ([]byte, error) {
	b, ok := <-a.full
	if !ok {
		return nil, io.ErrUnexpectedEOF
	}
	if b.err != nil {
		return b.data, b.err
	}
	return b.data, nil
}

// recycle gives a block back.
func (a *ahead) recycle(b []byte) { a.free <- b[:cap(b)] }

// synchronous reads one block where it is asked for: for the header.
type synchronous struct {
	from io.Reader
	buf  []byte
}

func (s *synchronous) next() ([]byte, error) {
	if s.buf == nil {
		s.buf = make([]byte, sampleSize)
	}
	n, err := io.ReadFull(s.from, s.buf)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	return s.buf[:n], err
}

const byteOrderMark = "\xef\xbb\xbf"

type span struct{ start, end int }

// wantedField is a column that is handed on, and its place among those.
type wantedField struct {
	Field
	column, out int
	texts       []join.Span
	nulls       []bool
	anyNull     bool
	ints        []int64
}

// csvScan parses RFC 4180: fields between commas, or in quotes, where two quotes are one and line ends are content; lines
// end with LF or CRLF. A field that is empty and not in quotes is NULL. Empty lines hold no record. A byte order mark is
// passed over.
type csvScan struct {
	comma  byte
	from   source
	wanted []wantedField
	width  int // fields of a record
	keys   int
	emit   func(*join.Batch) error

	buf      []byte
	pos, end int   // what is not parsed yet
	line     int64 // where it begins
	begun    bool
	ended    error

	fields []span
	quoted []bool
	count  int
	lines  []int64 // of the records at hand
}

var (
	errQuote  = errors.New("a quote stands in a field that does not begin with one")
	errClosed = errors.New("a quoted field is followed by something else than a separator")
	errOpen   = errors.New("a quoted field does not end")
	errLong   = fmt.Errorf("a record is longer than %d bytes", maxRecord)
)

// more reads on. What is not parsed moves to the beginning of the buffer. It reports false at the end.
func (s *csvScan) more() (bool, error) {
	if s.ended != nil {
		return false, s.endError()
	}
	if s.end-s.pos > maxRecord {
		return false, lineError(s.line, errLong)
	}
	b, err := s.from.next()
	rest := s.end - s.pos
	if need := rest + len(b) + padding; need > cap(s.buf) {
		grown := make([]byte, need+need/2)
		copy(grown, s.buf[s.pos:s.end])
		s.buf = grown
	} else {
		s.buf = s.buf[:cap(s.buf)]
		copy(s.buf, s.buf[s.pos:s.end])
	}
	s.pos, s.end = 0, rest+copy(s.buf[rest:], b)
	if a, ok := s.from.(*ahead); ok && err == nil {
		a.recycle(b)
	}
	if s.ended = err; err != nil && !errors.Is(err, io.EOF) {
		return false, s.endError()
	}
	if !s.begun && (s.end >= len(byteOrderMark) || s.ended != nil) {
		s.begun = true
		if bytes.HasPrefix(s.buf[:s.end], []byte(byteOrderMark)) {
			s.pos = len(byteOrderMark)
		}
	}
	if !s.begun {
		return s.more()
	}
	return len(b) > 0, nil
}

func (s *csvScan) endError() error {
	if errors.Is(s.ended, io.EOF) && !errors.Is(s.ended, io.ErrUnexpectedEOF) {
		return nil
	}
	return lineError(s.line, s.ended)
}

// lineEnd finds the end of the line at pos: where it is and where the next one begins. It reports false if the line does not
// end in the buffer.
func (s *csvScan) lineEnd() (end, next int, ok bool) {
	n := bytes.IndexByte(s.buf[s.pos:s.end], '\n')
	if n < 0 {
		return 0, 0, false
	}
	end = s.pos + n
	next = end + 1
	if end > s.pos && s.buf[end-1] == '\r' {
		end--
	}
	return end, next, true
}

// rows parses all records after the header and emits them.
func (s *csvScan) rows() error {
	if _, err := s.record(func([]span) {}); err != nil {
		return err
	}
	for {
		if err := s.lineByLine(); err != nil {
			return err
		}
		// What is left has quotes, is the last line, or is not all in the buffer.
		if s.pos < s.end && bytes.IndexByte(s.buf[s.pos:s.end], '\n') >= 0 {
			before := s.pos
			if err := s.slow(); err != nil {
				return err
			}
			if s.pos != before {
				continue
			}
		}
		if err := s.flush(); err != nil {
			return err
		}
		again, err := s.more()
		if err != nil {
			return err
		}
		if !again {
			break
		}
	}
	for s.pos < s.end {
		before := s.pos
		if err := s.slow(); err != nil {
			return err
		}
		if s.pos == before {
			return lineError(s.line, errOpen)
		}
	}
	return s.flush()
}

// lineByLine takes the lines in the buffer as far as they have no quotes.
func (s *csvScan) lineByLine() error {
	for {
		end, next, ok := s.lineEnd()
		if !ok {
			return nil
		}
		line := s.buf[s.pos:end]
		if bytes.IndexByte(line, '"') >= 0 {
			return nil
		}
		if len(line) > 0 {
			if err := s.takeLine(line); err != nil {
				return err
			}
		}
		s.pos = next
		s.line++
	}
}

// takeLine takes the wanted fields of a line without quotes.
func (s *csvScan) takeLine(line []byte) error {
	if len(line) > maxRecord {
		return lineError(s.line, errLong)
	}
	at, field := 0, 0
	for w := range s.wanted {
		f := &s.wanted[w]
		for field < f.column {
			n := bytes.IndexByte(line[at:], s.comma)
			if n < 0 {
				return s.ragged(field + 1)
			}
			at += n + 1
			field++
		}
		end := bytes.IndexByte(line[at:], s.comma)
		if end < 0 {
			end = len(line) - at
		}
		s.take(f, s.pos+at, s.pos+at+end, false)
	}
	if n := field + 1 + bytes.Count(line[at:], []byte{s.comma}); n != s.width {
		return s.ragged(n)
	}
	return s.counted()
}

func (s *csvScan) ragged(n int) error {
	return lineError(s.line, fmt.Errorf("there are %d fields, expected %d", n, s.width))
}

// take notes a field.
func (s *csvScan) take(f *wantedField, start, end int, quoted bool) {
	null := start == end && !quoted
	f.texts = append(f.texts, join.Span{Start: uint32(start), End: uint32(end)}) //nolint:gosec // a buffer is smaller
	f.nulls = append(f.nulls, null)
	f.anyNull = f.anyNull || null
}

// counted ends a record.
func (s *csvScan) counted() error {
	s.lines = append(s.lines, s.line)
	if s.count++; s.count == rowsAtOnce {
		return s.flush()
	}
	return nil
}

// slow takes one record, with quotes. If it is not all in the buffer nothing is taken.
func (s *csvScan) slow() error {
	line := s.line
	ok, err := s.parse()
	if err != nil || !ok {
		return err
	}
	if len(s.fields) == 1 && !s.quoted[0] && s.fields[0].start == s.fields[0].end {
		return nil // an empty line
	}
	if len(s.fields) != s.width {
		s.line = line
		return s.ragged(len(s.fields))
	}
	for w := range s.wanted {
		f := &s.wanted[w]
		s.take(f, s.fields[f.column].start, s.fields[f.column].end, s.quoted[f.column])
	}
	after := s.line
	s.line = line
	err = s.counted()
	s.line = after
	return err
}

// record reads one record whatever it takes, and reports false if there is none.
func (s *csvScan) record(f func([]span)) (bool, error) {
	for {
		before := s.pos
		ok, err := s.parse()
		if err != nil {
			return false, err
		}
		if ok && len(s.fields) == 1 && !s.quoted[0] && s.fields[0].start == s.fields[0].end {
			continue
		}
		if ok {
			f(s.fields)
			return true, nil
		}
		s.pos = before
		again, err := s.more()
		if err != nil {
			return false, err
		}
		if !again && s.ended != nil && s.pos == s.end {
			return false, nil
		}
		if !again && before == s.pos && s.ended != nil {
			if ok, err := s.parse(); err != nil || !ok {
				return false, errors.Join(err, lineError(s.line, errOpen))
			}
			f(s.fields)
			return true, nil
		}
	}
}

// flush emits the records at hand.
func (s *csvScan) flush() error {
	if s.count == 0 {
		return nil
	}
	out := make([]join.Column, len(s.wanted))
	for w := range s.wanted {
		f := &s.wanted[w]
		col := join.Column{Data: s.buf[:s.end], Texts: f.texts}
		if f.anyNull {
			col.Nulls = f.nulls
		}
		if f.Decimal {
			var err error
			if f.ints, err = parseTexts(&col, f.ints, s.count, f.Scale); err != nil {
				line := s.line
				var bad *rowError
				if errors.As(err, &bad) {
					line = s.lines[bad.row]
				}
				return lineError(line, fmt.Errorf("column %s %w", f.Name, err))
			}
			col = join.Column{Ints: f.ints, Nulls: col.Nulls}
		}
		out[f.out] = col
	}
	batch := join.Batch{Rows: s.count, Key: out[:s.keys], Value: out[s.keys:]}
	err := s.emit(&batch)
	for w := range s.wanted {
		f := &s.wanted[w]
		f.texts, f.nulls, f.anyNull = f.texts[:0], f.nulls[:0], false
	}
	s.count, s.lines = 0, s.lines[:0]
	return err
}
