package sift

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// temporary opens a new file that goes away with its last handle. Only this user may read it.
func temporary(dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, "parallax-rows-*")
	if err != nil {
		return nil, fmt.Errorf("open a temporary file: %w", err)
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(fmt.Errorf("unlink a temporary file: %w", err), f.Close())
	}
	return f, nil
}

// Log keeps rows in one temporary file without a name, so that a source that can be read only once can be read again. Fill it
// with Add, then read it with Stream as often as needed. It belongs to one goroutine while it is filled.
type Log[T any] struct {
	codec Codec[T]
	file  *os.File
	w     *bufio.Writer
	rows  int64
	bytes int64
	row   []byte
}

// NewLog opens an empty log in dir; "" is the system's folder for temporary files.
func NewLog[T any](dir string, codec Codec[T]) (*Log[T], error) {
	f, err := temporary(dir)
	if err != nil {
		return nil, err
	}
	return &Log[T]{codec: codec, file: f, w: bufio.NewWriterSize(f, 256<<10)}, nil
}

// Add keeps a row.
func (l *Log[T]) Add(row T) error {
	l.row = l.codec.Append(l.row[:0], &row)
	var head [binary.MaxVarintLen64]byte
	n := binary.PutUvarint(head[:], uint64(len(l.row)))
	if _, err := l.w.Write(head[:n]); err != nil {
		return fmt.Errorf("keep row %d: %w", l.rows, err)
	}
	if _, err := l.w.Write(l.row); err != nil {
		return fmt.Errorf("keep row %d: %w", l.rows, err)
	}
	l.rows++
	l.bytes += int64(n + len(l.row))
	return nil
}

// Rows is how many there are.
func (l *Log[T]) Rows() int64 { return l.rows }

// Stream yields the rows in the order they were added.
func (l *Log[T]) Stream(ctx context.Context, yield func(T) error) error {
	if err := l.w.Flush(); err != nil {
		return fmt.Errorf("keep rows: %w", err)
	}
	r := bufio.NewReaderSize(io.NewSectionReader(l.file, 0, l.bytes), 256<<10)
	var buf []byte
	for i := range l.rows {
		if err := ctx.Err(); i%1024 == 0 && err != nil {
			return err
		}
		size, err := binary.ReadUvarint(r)
		if err != nil || size > uint64(l.bytes) { //nolint:gosec // not negative
			return fmt.Errorf("read kept row %d: %w", i, cmpErr(err))
		}
		if uint64(cap(buf)) < size {
			buf = make([]byte, size)
		}
		buf = buf[:size]
		if _, err := io.ReadFull(r, buf); err != nil {
			return fmt.Errorf("read kept row %d: %w", i, err)
		}
		row, err := l.codec.Read(buf)
		if err != nil {
			return fmt.Errorf("read kept row %d: %w", i, err)
		}
		if err := yield(row); err != nil {
			return err
		}
	}
	return nil
}

func cmpErr(err error) error {
	if err != nil {
		return err
	}
	return errBytes
}

// Close gives the file up.
func (l *Log[T]) Close() error {
	if err := l.file.Close(); err != nil {
		return fmt.Errorf("close a temporary file: %w", err)
	}
	return nil
}

// shelves keep lines by the block of the ledger that their payments are in, in one temporary file.
type shelves struct {
	file  *os.File
	end   int64
	buf   [][]byte
	spans [][]span
	row   []byte
}

type span struct {
	at   int64
	size int
}

// shelfBuffer is how many bytes of a shelf are written at once.
const shelfBuffer = 32 << 10

func newShelves(dir string, n int) (*shelves, error) {
	f, err := temporary(dir)
	if err != nil {
		return nil, err
	}
	return &shelves{file: f, buf: make([][]byte, n), spans: make([][]span, n)}, nil
}

// put adds a row of bytes, under a number, to a shelf.
func (s *shelves) put(shelf int, number uint32, row []byte) error {
	b := s.buf[shelf]
	b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(number)), uint64(len(row)))
	s.buf[shelf] = append(b, row...)
	if len(s.buf[shelf]) < shelfBuffer {
		return nil
	}
	return s.flush(shelf)
}

func (s *shelves) flush(shelf int) error {
	b := s.buf[shelf]
	if _, err := s.file.WriteAt(b, s.end); err != nil {
		return fmt.Errorf("put %d bytes into a temporary file: %w", len(b), err)
	}
	s.spans[shelf] = append(s.spans[shelf], span{s.end, len(b)})
	s.end += int64(len(b))
	s.buf[shelf] = b[:0]
	return nil
}

// take gives out all rows of a shelf, and empties it.
func (s *shelves) take(shelf int, each func(number uint32, row []byte) error) error {
	for _, sp := range s.spans[shelf] {
		if cap(s.row) < sp.size {
			s.row = make([]byte, sp.size)
		}
		b := s.row[:sp.size]
		if _, err := s.file.ReadAt(b, sp.at); err != nil {
			return fmt.Errorf("read %d bytes of a temporary file: %w", sp.size, err)
		}
		if err := unshelve(b, each); err != nil {
			return err
		}
	}
	err := unshelve(s.buf[shelf], each)
	s.buf[shelf], s.spans[shelf] = nil, nil
	return err
}

func unshelve(b []byte, each func(uint32, []byte) error) error {
	for len(b) > 0 {
		number, n := binary.Uvarint(b)
		if n <= 0 {
			return errBytes
		}
		size, m := binary.Uvarint(b[n:])
		if m <= 0 || size > uint64(len(b)-n-m) { //nolint:gosec // not negative
			return errBytes
		}
		b = b[n+m:]
		if err := each(uint32(number), b[:size]); err != nil { //nolint:gosec // as it was put
			return err
		}
		b = b[size:]
	}
	return nil
}
