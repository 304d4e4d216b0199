package sift

import (
	"encoding/binary"
	"errors"
	"fmt"
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
