package orc

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
)

// packing is how a file is compressed, as its postscript numbers it. Source: ORC v1, "Postscript".
type packing int

// The packings that are read.
const (
	plain     packing = 0
	zlib      packing = 1
	snappied  packing = 2
	zstandard packing = 5
)

func (p packing) known() bool { return p == plain || p == zlib || p == snappied || p == zstandard }

// unpacker decompresses chunks. The streams of a scan share one.
type unpacker struct {
	as    packing
	from  *bytes.Reader
	flate io.ReadCloser
	zstd  *zstd.Decoder
}

func newUnpacker(as packing) *unpacker { return &unpacker{as: as, from: bytes.NewReader(nil)} }

// unpack appends what a chunk decompresses to, which must be no more than so many bytes.
func (u *unpacker) unpack(m *memory, to, chunk []byte, most int) ([]byte, error) {
	switch u.as {
	case zlib:
		return u.inflate(m, to, chunk, most)
	case snappied:
		return unsnappy(m, to, chunk, most)
	case zstandard:
		return u.unzstd(m, to, chunk, most)
	default:
		return to, errChunk
	}
}

// inflate reads a stream of deflate without a header, which is what ORC calls zlib.
func (u *unpacker) inflate(m *memory, to, chunk []byte, most int) ([]byte, error) {
	u.from.Reset(chunk)
	if u.flate == nil {
		u.flate = flate.NewReader(u.from)
	} else if err := u.flate.(flate.Resetter).Reset(u.from, nil); err != nil { //nolint:forcetypeassert // as it is documented
		return to, fmt.Errorf("reset: %w", err)
	}
	start := len(to)
	for {
		// One byte more than there may be, so that there being more is noticed.
		room := most + 1 - (len(to) - start)
		if room == 0 {
			return to, errChunk
		}
		if cap(to) == len(to) {
			var err error
			if to, err = m.grow(to, min(room, max(4*len(chunk), len(to)-start))); err != nil {
				return to, err
			}
		}
		n, err := u.flate.Read(to[len(to):min(cap(to), len(to)+room)])
		to = to[:len(to)+n]
		if errors.Is(err, io.EOF) {
			if len(to)-start > most || u.from.Len() > 0 {
				return to, errChunk
			}
			return to, nil
		}
		if err != nil {
			return to, errChunk
		}
	}
}

// snappyRatio is what snappy compresses by at the very best: 64 bytes in 3.
const snappyRatio = 22

func unsnappy(m *memory, to, chunk []byte, most int) ([]byte, error) {
	size, err := snappy.DecodedLen(chunk)
	if err != nil || size > most || size > snappyRatio*len(chunk)+64 {
		return to, errChunk
	}
	if to, err = m.grow(to, size); err != nil {
		return to, err
	}
	got, err := snappy.Decode(to[len(to):len(to)+size], chunk)
	if err != nil || len(got) != size {
		return to, errChunk
	}
	return to[:len(to)+size], nil
}

// zstdRatio is what zstd compresses by at the very best: a block of 128 KiB in 4 bytes.
const zstdRatio = 32 << 10

func (u *unpacker) unzstd(m *memory, to, chunk []byte, most int) (_ []byte, err error) {
	if u.zstd == nil {
		u.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxMemory(maxChunk), zstd.WithDecodeAllCapLimit(true))
		if err != nil {
			return to, fmt.Errorf("decompress: %w", err)
		}
	}
	// The room is made larger until it is enough, for the size that a frame claims is not trusted.
	most = min(most, len(chunk)*zstdRatio)
	for room := min(most, 8*len(chunk)); ; room = min(most, 4*room) {
		if to, err = m.grow(to, room); err != nil {
			return to, err
		}
		got, err := u.zstd.DecodeAll(chunk, to[:len(to):min(cap(to), len(to)+most)])
		switch {
		case err == nil:
			return got, nil
		case !errors.Is(err, zstd.ErrDecoderSizeExceeded) || room == most:
			return to, errChunk
		}
	}
}
