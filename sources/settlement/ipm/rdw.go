package ipm

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"parallax/sources/settlement/decode"
)

// A file of records is a sequence of 4-byte big-endian lengths, each with so many bytes after it; a length of zero ends
// it. It may be cut into blocks of 1014 bytes: 1012 of data and two of padding.
// Source: the record descriptor word format, as public readers of clearing files use it.
const (
	blockSize = 1014
	blockData = 1012
	blockPad  = 0x40 // a space in EBCDIC
	maxRecord = 32 << 10
	minRecord = 4 + 16 // message type and bitmap
)

// deblocker takes the blocks off.
type deblocker struct {
	r     io.Reader
	block [blockSize]byte
	rest  []byte
	n     int64
}

func (d *deblocker) Read(p []byte) (int, error) {
	if len(d.rest) == 0 {
		if err := d.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, d.rest)
	d.rest = d.rest[n:]
	return n, nil
}

func (d *deblocker) fill() error {
	n, err := io.ReadFull(d.r, d.block[:])
	d.n++
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("block %d of 1014 bytes is truncated at %d", d.n, n)
	case err != nil:
		return err
	case d.block[blockData] != blockPad || d.block[blockData+1] != blockPad:
		return fmt.Errorf("block %d of 1014 bytes does not end with its padding", d.n)
	}
	d.rest = d.block[:blockData]
	return nil
}

// recordReader yields one record after the other, in a buffer that the next call overwrites.
type recordReader struct {
	r      *bufio.Reader
	buf    []byte
	number int64 // of the record returned last, 1-based
	offset int64 // bytes of records read so far
}

func newRecordReader(r io.Reader, blocked bool) *recordReader {
	if blocked {
		r = &deblocker{r: r}
	}
	return &recordReader{r: bufio.NewReaderSize(r, 64<<10), buf: make([]byte, 0, 4096)}
}

// next returns the next record, or io.EOF after the last.
func (r *recordReader) next() ([]byte, error) {
	var head [4]byte
	n, err := io.ReadFull(r.r, head[:])
	switch {
	case errors.Is(err, io.EOF):
		return nil, io.EOF
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, fmt.Errorf("length is truncated after %d of 4 bytes", n)
	case err != nil:
		return nil, err
	}
	size := binary.BigEndian.Uint32(head[:])
	if size == 0 {
		return nil, r.padding()
	}
	r.number++
	if size < minRecord || size > maxRecord {
		return nil, fmt.Errorf("length %d is not between %d and %d bytes", size, minRecord, maxRecord)
	}
	if cap(r.buf) < int(size) {
		r.buf = make([]byte, size)
	}
	r.buf = r.buf[:size]
	if n, err := io.ReadFull(r.r, r.buf); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, fmt.Errorf("is truncated: %d of %d bytes are there", n, size)
		}
		return nil, err
	}
	r.offset += 4 + int64(size)
	return r.buf, nil
}

// padding reads what follows the end mark: less than a block of spaces or zeros. Anything else is data nobody asked for.
func (r *recordReader) padding() error {
	for n := 0; ; n++ {
		switch b, err := r.r.ReadByte(); {
		case err != nil:
			return err // io.EOF where all is well
		case b != blockPad && b != 0, n == blockSize:
			return errors.New("there is data after the end mark")
		}
	}
}

// detectBlocking tells whether a file is cut into blocks, by trying to walk along its records both ways. The size alone
// says nothing, and a file of one block reads either way. Where neither way works, it returns the way that came
// further; reading that way gives the error.
func detectBlocking(c decode.Content) (bool, error) {
	var reach [2]int64
	for i, blocked := range []bool{false, true} {
		done, offset, err := walk(c, blocked)
		if err != nil {
			return false, err
		}
		if done {
			return blocked, nil
		}
		reach[i] = offset
	}
	return reach[1] > reach[0], nil
}

// walk follows the lengths of the records; done means to the end, offset how far it came.
func walk(c decode.Content, blocked bool) (done bool, offset int64, err error) {
	r, err := c()
	if err != nil {
		return false, 0, err
	}
	defer r.Close() //nolint:errcheck // read only
	records := newRecordReader(r, blocked)
	var bad error
	for bad == nil {
		_, bad = records.next()
	}
	return errors.Is(bad, io.EOF) && records.number > 0, records.offset, nil
}
