package ipm

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// A file of records is a sequence of 4-byte big-endian lengths, each with so many bytes after it; a length of zero ends
// it, and may be missing. It may be cut into blocks of 1014 bytes: 1012 of data and two of padding.
// Source: cardutil's documentation of variable records and of 1014 blocking.
const (
	blockSize  = 1014
	blockData  = 1012
	blockPad   = 0x40 // a space in EBCDIC
	maxRecord  = 32 << 10
	minRecord  = 4 + 16 // message type and bitmap
	bufferSize = 64 << 10
)

// deblocker takes the blocks off, many at a time.
type deblocker struct {
	r    io.Reader
	raw  [64 * blockSize]byte
	rest []byte // data not yet handed on; points into raw
	err  error  // what comes after rest
	n    int64  // blocks read
}

func (d *deblocker) Read(p []byte) (int, error) {
	for len(d.rest) == 0 {
		if d.err != nil {
			return 0, d.err
		}
		d.fill()
	}
	n := copy(p, d.rest)
	d.rest = d.rest[n:]
	return n, nil
}

// fill reads blocks and moves their data together.
func (d *deblocker) fill() {
	n := 0
	for n < len(d.raw) && d.err == nil {
		var read int
		read, d.err = d.r.Read(d.raw[n:])
		n += read
	}
	data, at := 0, 0
	for ; n-at >= blockSize; at += blockSize {
		d.n++
		if d.raw[at+blockData] != blockPad || d.raw[at+blockData+1] != blockPad {
			d.err = fmt.Errorf("block %d of 1014 bytes does not end with its padding", d.n)
			break
		}
		data += copy(d.raw[data:], d.raw[at:at+blockData])
	}
	d.rest = d.raw[:data]
	if left := n - at; left > 0 && left < blockSize && errors.Is(d.err, io.EOF) {
		d.err = fmt.Errorf("block %d of 1014 bytes is truncated at %d", d.n+1, left)
	}
}

// recordReader yields one record after the other, in a buffer that the next call overwrites.
type recordReader struct {
	r       *bufio.Reader
	blocked bool
	taken   int   // bytes of the buffer that the record returned last takes up
	number  int64 // of that record, 1-based
	offset  int64 // bytes of records read so far
	ended   bool  // the end mark was there, or padding in its place
}

func newRecordReader(r io.Reader, blocked bool) *recordReader {
	if blocked {
		r = &deblocker{r: r}
	}
	return &recordReader{r: bufio.NewReaderSize(r, bufferSize), blocked: blocked}
}

// next returns the next record, or io.EOF after the last.
func (r *recordReader) next() ([]byte, error) {
	if _, err := r.r.Discard(r.taken); err != nil {
		return nil, err
	}
	r.taken = 0
	head, err := r.r.Peek(4)
	switch {
	case len(head) == 0 && errors.Is(err, io.EOF):
		return nil, io.EOF
	case errors.Is(err, io.EOF) && r.blocked && bytes.Equal(head, blanks[:len(head)]):
		r.ended = true
		return nil, io.EOF
	case errors.Is(err, io.EOF):
		return nil, fmt.Errorf("length is truncated after %d of 4 bytes", len(head))
	case err != nil:
		return nil, err
	}
	size := binary.BigEndian.Uint32(head)
	if size == 0 || r.blocked && bytes.Equal(head, blanks) {
		return nil, r.padding()
	}
	r.number++
	if size < minRecord || size > maxRecord {
		return nil, fmt.Errorf("length %d is not between %d and %d bytes", size, minRecord, maxRecord)
	}
	taken := 4 + int(size)
	rec, err := r.r.Peek(taken)
	switch {
	case errors.Is(err, io.EOF):
		return nil, fmt.Errorf("is truncated: %d of %d bytes are there", len(rec)-4, size)
	case err != nil:
		return nil, err
	}
	r.taken = taken
	r.offset += int64(taken)
	return rec[4:taken:taken], nil
}

// blanks is where a file ends that is cut into blocks and has no end mark: nothing but padding is left of its last block.
var blanks = []byte{blockPad, blockPad, blockPad, blockPad}

// padding reads the end mark and what follows it: less than a block of spaces or zeros. Anything else is data nobody
// asked for.
func (r *recordReader) padding() error {
	if _, err := r.r.Discard(4); err != nil {
		return err
	}
	for n := 0; ; n++ {
		switch b, err := r.r.ReadByte(); {
		case err != nil:
			r.ended = errors.Is(err, io.EOF)
			return err // io.EOF where all is well
		case b != blockPad && b != 0, n == blockSize:
			return errors.New("there is data after the end mark")
		}
	}
}
