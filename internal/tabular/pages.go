package tabular

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
)

const (
	maxPage   = 256 << 20 // bytes of a page, as it claims
	maxHeader = 4 << 20
	window    = 128 << 10 // read at least at a time
	padding   = 32        // readable beyond the end of a page
)

// codec is how the pages of a column chunk are compressed.
type codec int

// The codecs that are read.
const (
	plain codec = iota
	snappyCodec
	gzipCodec
	zstdCodec
)

// pages reads the pages of one column chunk after the other. Its buffers are used again for the next chunk.
type pages struct {
	from io.ReaderAt
	at   int64 // of the next page in the file
	end  int64 // of the chunk
	as   codec
	most int64 // bytes of a page

	raw      []byte // what was read of the file
	rawStart int64  // where it stands
	page     []byte
	zstd     *zstd.Decoder
	gzip     *gzip.Reader
}

func (p *pages) reset(from io.ReaderAt, at, end int64, as codec) {
	p.from, p.at, p.end, p.as = from, at, end, as
	p.raw, p.rawStart = p.raw[:0], 0
}

// read returns n bytes of the chunk from where it stands, without moving on; fewer at its end.
func (p *pages) read(n int) ([]byte, error) {
	n = int(min(int64(n), p.end-p.at))
	if off := p.at - p.rawStart; off >= 0 && off+int64(n) <= int64(len(p.raw)) {
		return p.raw[off : off+int64(n)], nil
	}
	size := int(min(int64(max(n, window)), p.end-p.at))
	p.raw = grown(p.raw, size)
	if _, err := p.from.ReadAt(p.raw, p.at); err != nil {
		p.raw = p.raw[:0]
		return nil, fmt.Errorf("%d bytes at %d: %w", size, p.at, err)
	}
	p.rawStart = p.at
	return p.raw[:n], nil
}

// grown returns a slice of n bytes, readable somewhat beyond, whose content is lost.
func grown(b []byte, n int) []byte {
	if cap(b) < n+padding {
		b = make([]byte, n+n/8+padding)
	}
	return b[:n]
}

// next reads a page. Its body is valid until the next page. At the end of the chunk it is io.EOF.
func (p *pages) next() (h header, body []byte, err error) {
	for size := 1 << 10; ; size *= 4 {
		if p.at >= p.end {
			return h, nil, io.EOF
		}
		b, err := p.read(size)
		if err != nil {
			return h, nil, err
		}
		var n int
		h, n, err = parseHeader(b)
		if err == nil {
			p.at += int64(n)
			break
		}
		if !errors.Is(err, errShort) || len(b) < size || size > maxHeader {
			return h, nil, err
		}
	}
	switch {
	case h.compressed < 0 || h.uncompressed < 0 || h.values < 0 || h.compressed > p.end-p.at:
		return h, nil, errHeader
	case max(h.compressed, h.uncompressed) > p.most:
		return h, nil, fmt.Errorf("a page claims %d bytes", max(h.compressed, h.uncompressed))
	}
	b, err := p.read(int(h.compressed))
	if err != nil {
		return h, nil, err
	}
	p.at += h.compressed
	if h.summed && crc32.ChecksumIEEE(b) != h.crc {
		return h, nil, errSum
	}
	body, err = p.unpack(&h, b)
	return h, body, err
}

// errSum is of a page whose writer added a CRC, which not all do.
// Source: Apache Parquet, "Checksumming": CRC-32 as in gzip, over the body as it is stored.
var errSum = errors.New("has a page that is not what its CRC says")

var errSize = errors.New("a page is not as large as it claims")

// unpack decompresses the body of a page. The levels of version 2 are not compressed.
func (p *pages) unpack(h *header, b []byte) ([]byte, error) {
	if h.kind != pageData && h.kind != pageDictionary && h.kind != pageData2 {
		return nil, nil
	}
	levels := 0
	if h.kind == pageData2 {
		if h.defBytes < 0 || h.repBytes < 0 || h.defBytes > int64(len(b)) || h.repBytes > int64(len(b))-h.defBytes {
			return nil, errHeader
		}
		levels = int(h.defBytes + h.repBytes)
	}
	if p.as == plain || h.stored {
		if int64(len(b)) != h.uncompressed {
			return nil, errSize
		}
		return b, nil
	}
	if int64(levels) > h.uncompressed {
		return nil, errHeader
	}
	p.page = grown(p.page, int(h.uncompressed))
	copy(p.page, b[:levels])
	if err := p.decompress(p.page[levels:], b[levels:]); err != nil {
		return nil, err
	}
	return p.page, nil
}

// decompress fills dst to the byte.
func (p *pages) decompress(dst, src []byte) error {
	if len(dst) == 0 {
		return nil
	}
	switch p.as {
	case snappyCodec:
		if n, err := snappy.DecodedLen(src); err != nil || n != len(dst) {
			return errSize
		}
		if _, err := snappy.Decode(dst, src); err != nil {
			return fmt.Errorf("decompress: %w", err)
		}
		return nil
	case zstdCodec:
		return p.unzstd(dst, src)
	case gzipCodec:
		return p.gunzip(dst, src)
	default:
		return errors.New("unknown codec")
	}
}

func (p *pages) unzstd(dst, src []byte) (err error) {
	if p.zstd == nil {
		p.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxPage), zstd.WithDecodeAllCapLimit(true))
		if err != nil {
			return fmt.Errorf("decompress: %w", err)
		}
	}
	got, err := p.zstd.DecodeAll(src, dst[:0:len(dst)])
	if err != nil {
		return fmt.Errorf("decompress: %w", err)
	}
	if len(got) != len(dst) {
		return errSize
	}
	return nil
}

func (p *pages) gunzip(dst, src []byte) (err error) {
	if p.gzip == nil {
		p.gzip, err = gzip.NewReader(bytes.NewReader(src))
	} else {
		err = p.gzip.Reset(bytes.NewReader(src))
	}
	if err == nil {
		_, err = io.ReadFull(p.gzip, dst)
	}
	if err != nil {
		return fmt.Errorf("decompress: %w", err)
	}
	var one [1]byte
	if n, err := p.gzip.Read(one[:]); n != 0 || !errors.Is(err, io.EOF) {
		return errSize
	}
	return nil
}
