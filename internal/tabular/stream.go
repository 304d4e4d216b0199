package tabular

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// DefaultMaxRatio is how much larger than a compressed file its content may be, if nothing else is said: text of much
// repetition comes to some hundreds.
const DefaultMaxRatio = 1000

const (
	blockBytes  = 256 << 10
	blocksAhead = 4
	freeBytes   = 64 << 20 // content that no ratio is asked of
	zstdWindow  = 128 << 20
)

// packing is how a text file is compressed.
type packing int

// The packings that are read.
const (
	unpacked packing = iota
	gzipped
	zstandard
)

// packingOf tells it by the first bytes of the file.
func packingOf(magic []byte) packing {
	switch {
	case len(magic) >= 2 && magic[0] == 0x1f && magic[1] == 0x8b:
		return gzipped
	case len(magic) == 4 && magic[0] == 0x28 && magic[1] == 0xb5 && magic[2] == 0x2f && magic[3] == 0xfd:
		return zstandard
	default:
		return unpacked
	}
}

// reader decompresses from the beginning of a file.
func (p packing) reader(from io.Reader) (io.ReadCloser, error) {
	switch p {
	case gzipped:
		z, err := gzip.NewReader(from)
		if err != nil {
			return nil, fmt.Errorf("decompress: %w", err)
		}
		return z, nil
	case zstandard:
		z, err := zstd.NewReader(from, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(zstdWindow))
		if err != nil {
			return nil, fmt.Errorf("decompress: %w", err)
		}
		return z.IOReadCloser(), nil
	default:
		return io.NopCloser(from), nil
	}
}

// bounded refuses content that is out of proportion to the file it comes from.
type bounded struct {
	from io.Reader
	left int64
}

var errRatio = errors.New("decompresses to much more than its size")

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.from.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, errRatio
	}
	return n, err //nolint:wrapcheck // a reader handed through
}

// ahead reads a stream in a goroutine of its own, some blocks ahead.
type ahead struct {
	full chan block
	free chan []byte
	stop context.CancelFunc
}

// block is a piece of the stream. With the last one comes the error that ended it, io.EOF if nothing went wrong.
type block struct {
	data []byte
	err  error
}

func readAhead(ctx context.Context, from io.Reader) *ahead {
	ctx, stop := context.WithCancel(ctx)
	a := &ahead{full: make(chan block, blocksAhead), free: make(chan []byte, blocksAhead+1), stop: stop}
	for range blocksAhead {
		a.free <- make([]byte, blockBytes)
	}
	go func() {
		defer close(a.full)
		for {
			select {
			case <-ctx.Done():
				return
			case b := <-a.free:
				n, err := io.ReadFull(from, b)
				if errors.Is(err, io.ErrUnexpectedEOF) && n > 0 && n < len(b) {
					err = a.ended(from, err)
				}
				select {
				case <-ctx.Done():
					return
				case a.full <- block{b[:n], err}:
				}
				if err != nil {
					return
				}
			}
		}
	}()
	return a
}

// ended tells an end in the middle of a block from a stream that was cut short, whose error is the same.
func (a *ahead) ended(from io.Reader, err error) error {
	var one [1]byte
	if n, again := from.Read(one[:]); n == 0 && errors.Is(again, io.EOF) {
		return io.EOF
	}
	return err
}

// close ends the goroutine and waits for it.
func (a *ahead) close() {
	a.stop()
	for range a.full { //nolint:revive // until it is closed
	}
}
