package gunzip

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

const (
	window   = 32 << 10  // how far back a copy may reach
	outSize  = 256 << 10 // window and what is decoded beyond it
	outSlack = 320       // more than a copy and the word beyond it, or the literals of a round, take
	inSize   = 64 << 10
	inSlack  = 16   // what a round may read
	inPad    = 2048 // zeros behind the end of the file: more than the header of a block takes
)

var (
	// ErrHeader is of a stream that does not begin as gzip.
	ErrHeader = errors.New("the header is not that of gzip")
	// ErrDamaged is of a stream that no compressor writes.
	ErrDamaged = errors.New("the compressed data are damaged")
	// ErrChecksum is of a stream that decompresses to something else than what it was made of.
	ErrChecksum = errors.New("the CRC or the size at the end is another one")
)

// Reader decompresses a gzip file of one or more members. It is used by one goroutine.
type Reader struct {
	from io.Reader
	in   []byte
	pos  int    // of the next byte of in
	end  int    // of in, with padding
	real int    // of in, without
	last bool   // from has ended
	bb   uint64 // bits that come next, the first one lowest
	nb   uint   // how many of them count

	out     []byte
	w, r    int // decoded, and handed on, in out
	oldest  int // where the member begins in out: no copy reaches further back
	sum     uint32
	size    uint32
	block   int // what kind of block is being read
	stored  int // bytes of a stored block to come
	final   bool
	started bool
	err     error

	lit  [1 << litBits]uint32
	dist [1 << distBits]uint32
	// sub are the tables of longer codes.
	litSub, distSub []uint32
	lengths         [maxLit + maxDist]uint8
	counts, next    [16]int
}

// The kinds of blocks.
const (
	blockNone = iota
	blockStored
	blockCodes
)

// NewReader reads the header of the first member.
func NewReader(from io.Reader) (*Reader, error) {
	r := &Reader{from: from, in: make([]byte, inSize+inPad), out: make([]byte, outSize+outSlack)}
	if err := r.header(); err != nil {
		return nil, err
	}
	return r, nil
}

// Read decompresses some bytes. At the end of the last member, whose CRC and size are right, it is io.EOF.
func (r *Reader) Read(p []byte) (int, error) {
	for r.r == r.w {
		if r.err != nil {
			return 0, r.err
		}
		if r.w > outSize-window {
			r.slide()
		}
		before := r.w
		if r.err = r.decode(); r.pos-int(r.nb>>3) > r.real {
			r.err, r.w = io.ErrUnexpectedEOF, before
		}
		r.sum = crc32.Update(r.sum, crc32.IEEETable, r.out[before:r.w])
		r.size += uint32(r.w - before) //nolint:gosec // modulo 1 << 32 is meant
		if r.err == nil && r.final && r.block == blockNone {
			r.err = r.trailer()
		}
	}
	n := copy(p, r.out[r.r:r.w])
	r.r += n
	return n, nil
}

// slide makes room: the window moves to the beginning.
func (r *Reader) slide() {
	by := r.w - window
	copy(r.out, r.out[by:r.w])
	r.w, r.r, r.oldest = window, window, max(0, r.oldest-by)
}

// fill reads on until so many bytes are there. Behind the end of the file there are zeros.
func (r *Reader) fill(want int) error {
	if r.end-r.pos >= want {
		return nil
	}
	if r.last {
		return io.ErrUnexpectedEOF
	}
	r.end = copy(r.in, r.in[r.pos:r.end])
	r.pos = 0
	for r.end < inSize {
		n, err := r.from.Read(r.in[r.end:inSize])
		r.end += n
		if errors.Is(err, io.EOF) {
			r.last = true
			break
		}
		if err != nil {
			return fmt.Errorf("read: %w", err)
		}
		if n > 0 && r.end >= want {
			break
		}
	}
	if r.real = r.end; r.last {
		clear(r.in[r.end : r.end+inPad])
		r.end += inPad
	}
	return nil
}

// need makes n bits ready, at most 48, of bytes that are there.
func (r *Reader) need(n uint) {
	if r.nb < n {
		r.bb |= binary.LittleEndian.Uint64(r.in[r.pos:]) << (r.nb & 63)
		r.pos += int((63 - r.nb) >> 3) //nolint:gosec // at most 7
		r.nb |= 56
	}
}

// bits takes n bits, at most 16.
func (r *Reader) bits(n uint) int {
	r.need(n)
	v := int(r.bb & (1<<n - 1)) //nolint:gosec // at most 16 bits
	r.bb >>= n
	r.nb -= n
	return v
}

// align gives back what was taken beyond the byte at hand.
func (r *Reader) align() {
	r.pos -= int(r.nb >> 3) //nolint:gosec // at most 7
	r.bb, r.nb = 0, 0
}

// header reads the header of a member. At the end of the file it is io.EOF, but for the first.
func (r *Reader) header() error {
	if err := r.fill(inPad); err != nil {
		return err
	}
	b := r.in[r.pos:]
	switch {
	case r.started && r.last && r.pos == r.real:
		return io.EOF
	case b[0] != 0x1f || b[1] != 0x8b || b[2] != 8 || b[3]&0xe0 != 0:
		return ErrHeader
	}
	flags := b[3]
	r.pos += 10
	if flags&4 != 0 {
		size := int(binary.LittleEndian.Uint16(r.in[r.pos:]))
		r.pos += 2
		if err := r.skip(size); err != nil {
			return err
		}
	}
	for _, text := range []byte{8, 16} {
		for flags&text != 0 {
			if err := r.fill(1); err != nil {
				return err
			}
			r.pos++
			if r.in[r.pos-1] == 0 {
				break
			}
		}
	}
	if flags&2 != 0 {
		if err := r.skip(2); err != nil {
			return err
		}
	}
	if r.pos > r.real {
		return io.ErrUnexpectedEOF
	}
	r.started, r.final, r.sum, r.size, r.oldest, r.block = true, false, 0, 0, r.w, blockNone
	return nil
}

// skip passes over bytes.
func (r *Reader) skip(n int) error {
	for n > 0 {
		if err := r.fill(1); err != nil {
			return err
		}
		m := min(n, r.end-r.pos)
		r.pos += m
		n -= m
	}
	return nil
}

// trailer compares what came out with what the member says, and goes on with the next member.
func (r *Reader) trailer() error {
	r.align()
	if err := r.fill(8); err != nil {
		return err
	}
	if r.pos+8 > r.real {
		return io.ErrUnexpectedEOF
	}
	if binary.LittleEndian.Uint32(r.in[r.pos:]) != r.sum || binary.LittleEndian.Uint32(r.in[r.pos+4:]) != r.size {
		return ErrChecksum
	}
	r.pos += 8
	return r.header()
}
