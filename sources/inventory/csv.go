package inventory

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/klauspost/compress/gzip"

	"parallax/internal/join"
)

const (
	// maxLine is more than the longest row can be: a key of 1,024 bytes, each encoded in three, and some dozen short fields.
	maxLine = 64 << 10
	// csvBlock is how many bytes of rows are split at a time; fewer of a file that has not so many.
	csvBlock = 1 << 20
	// maxRatio is how much larger than the compressed file its rows may be, beyond freeBytes: each row has a key and a version
	// of its own, which do not compress that well.
	maxRatio  = 200
	freeBytes = 24 << 20
)

// csvDecoder reads gzip-compressed rows: LF, no header, fields quoted, keys URL-encoded.
// Source: Amazon S3 User Guide, "Amazon S3 Inventory list"; facts of real lists.
type csvDecoder struct {
	at    places
	width int     // fields of a row
	order []field // the wanted ones as they stand in a row; -1 one that is passed over
}

// newCSV reads the fileSchema of a CSV manifest: column names, separated by commas.
func newCSV(schema string) (*csvDecoder, error) {
	names := strings.Split(schema, ",")
	at, err := placesOf(names)
	if err != nil {
		return nil, err
	}
	d := &csvDecoder{at: at, width: len(names), order: make([]field, len(names))}
	for i := range d.order {
		d.order[i] = -1
	}
	for f, i := range at {
		if i >= 0 {
			d.order[i] = field(f)
		}
	}
	return d, nil
}

func (d *csvDecoder) decode(ctx context.Context, f *os.File, size int64, each func(*columns) error) error {
	return d.scan(ctx, io.NewSectionReader(f, 0, size), freeBytes+maxRatio*size, each)
}

// scan reads at most so many bytes of rows.
func (d *csvDecoder) scan(ctx context.Context, from io.Reader, most int64, each func(*columns) error) error {
	zip, err := gzip.NewReader(&stoppable{ctx, from})
	if err != nil {
		return &damageError{"is not gzip: " + err.Error()}
	}
	s := newSplitter(d, int(min(csvBlock, max(2*maxLine, most/maxRatio))), each)
	end := 0 // of what stands in the buffer
	for {
		n, err := readFull(zip, s.buf[end:])
		if most -= int64(n); most < 0 {
			return &damageError{"decompresses to much more than its size"}
		}
		if ctx.Err() != nil {
			return fmt.Errorf("decode: %w", context.Cause(ctx))
		}
		last := errors.Is(err, io.EOF)
		if err != nil && !last {
			return &damageError{fmt.Sprintf("line %d: breaks off or is damaged: %v", s.line, err)}
		}
		rest, err := s.split(end+n, last)
		if err != nil {
			return err
		}
		if last {
			return nil
		}
		if rest > maxLine {
			return &damageError{fmt.Sprintf("line %d: is longer than %d bytes", s.line, maxLine)}
		}
		copy(s.buf, s.buf[end+n-rest:end+n])
		end = rest
	}
}

// stoppable is a reader that fails once ctx is over: blocks of gzip that hold nothing are read without end before a byte comes
// out of them.
type stoppable struct {
	ctx  context.Context //nolint:containedctx // the reader's interface has no place for one
	from io.Reader
}

// Read implements io.Reader.
func (s *stoppable) Read(p []byte) (int, error) {
	if s.ctx.Err() != nil {
		return 0, context.Cause(s.ctx) //nolint:wrapcheck // an io.Reader
	}
	return s.from.Read(p) //nolint:wrapcheck // an io.Reader
}

// readFull fills p, unless the stream ends or breaks; only a proper end is io.EOF.
func readFull(from io.Reader, p []byte) (int, error) {
	for n := 0; ; {
		m, err := from.Read(p[n:])
		if n += m; err != nil || n == len(p) {
			return n, err //nolint:wrapcheck // the caller tells the end from damage
		}
	}
}

// splitter cuts the rows in a buffer into columns.
type splitter struct {
	*csvDecoder

	buf    []byte
	line   int64 // of the row at hand, from 1
	begun  int64 // the line of the first row in out
	out    columns
	texts  [fieldCount][]join.Span
	clock  clock
	each   func(*columns) error
	pieces []join.Span
}

func newSplitter(d *csvDecoder, block int, each func(*columns) error) *splitter {
	s := &splitter{csvDecoder: d, buf: make([]byte, block), line: 1, begun: 1, each: each, pieces: make([]join.Span, d.width)}
	for f := range fieldCount {
		s.out.has[f] = d.at.has(f)
	}
	return s
}

// split takes the rows of the first end bytes, and returns how many bytes at their end belong to a row that is not all there.
func (s *splitter) split(end int, last bool) (rest int, err error) {
	at := 0
	for at < end {
		line := bytes.IndexByte(s.buf[at:end], '\n')
		switch {
		case line >= 0:
			line += at
		case last:
			line = end
		default:
			return end - at, s.flush()
		}
		stop := line
		if stop > at && s.buf[stop-1] == '\r' { // no field ends with one: keys are URL-encoded
			stop--
		}
		if err := s.row(at, stop); err != nil {
			return 0, &damageError{fmt.Sprintf("line %d: %v", s.line, err)}
		}
		s.line++
		at = line + 1
		if s.out.rows++; s.out.rows == rowsPerBatch {
			if err := s.flush(); err != nil {
				return 0, err
			}
		}
	}
	return 0, s.flush()
}

var errQuote = errors.New("a quoted field does not end where it should")

// row cuts a line into its fields. They are quoted or plain; a quote inside a quoted field is doubled (RFC 4180).
func (s *splitter) row(at, end int) error {
	if end-at > maxLine {
		return fmt.Errorf("is longer than %d bytes", maxLine)
	}
	for n := 0; ; n++ {
		start, stop, next, err := s.field(at, end)
		if err != nil {
			return err
		}
		if n < s.width {
			if f := s.order[n]; f >= 0 {
				s.texts[f] = append(s.texts[f], join.Span{Start: uint32(start), End: uint32(stop)}) //nolint:gosec // within the buffer
			}
		}
		if next == end {
			if n+1 != s.width {
				return fmt.Errorf("%d fields, fileSchema names %d", n+1, s.width)
			}
			return nil
		}
		if s.buf[next] != ',' {
			return errQuote
		}
		at = next + 1
	}
}

// field finds where the field at a place starts and stops, and what follows it.
func (s *splitter) field(at, end int) (start, stop, next int, err error) {
	if at == end || s.buf[at] != '"' {
		n := bytes.IndexByte(s.buf[at:end], ',')
		if n < 0 {
			return at, end, end, nil
		}
		return at, at + n, at + n, nil
	}
	start = at + 1
	n := bytes.IndexByte(s.buf[start:end], '"')
	if n < 0 {
		return 0, 0, 0, errQuote
	}
	stop = start + n
	if stop+1 < end && s.buf[stop+1] == '"' {
		return s.doubled(start, stop, end)
	}
	return start, stop, stop + 1, nil
}

// doubled makes two quotes one, where they stand. The first ones are at a place.
func (s *splitter) doubled(start, at, end int) (from, stop, next int, err error) {
	to := at
	for i := at; i < end; i++ {
		if s.buf[i] == '"' {
			if i+1 >= end || s.buf[i+1] != '"' {
				return start, to, i + 1, nil
			}
			i++
		}
		s.buf[to] = s.buf[i]
		to++
	}
	return 0, 0, 0, errQuote
}
