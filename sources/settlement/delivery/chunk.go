package delivery

import (
	"context"
	"io"
)

const (
	firstChunk = 256 << 10 // bytes: who only looks at the beginning of a file does not fetch much more
	lastChunk  = 8 << 20
)

// fetch fills a buffer with the bytes of a file from an offset on, or fails: it makes its own further attempts.
type fetch func(ctx context.Context, into []byte, offset int64) error

// chunks reads a file of a known size piece by piece. Each piece is a request of its own, so that one which breaks off is
// asked for again at its offset, and a slow consumer holds no connection busy.
type chunks struct {
	ctx    context.Context
	fetch  fetch
	offset int64
	size   int64
	next   int64  // size of the next piece
	buf    []byte // what has not been read yet
	store  []byte // behind buf
	err    error
}

func newChunks(ctx context.Context, size, offset int64, get fetch) *chunks {
	return &chunks{ctx: ctx, fetch: get, offset: offset, size: size, next: firstChunk}
}

// Read gives what is there of a piece, and fetches the next one when nothing is left.
func (c *chunks) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	if c.err != nil {
		return 0, c.err
	}
	if len(c.buf) == 0 {
		if c.offset >= c.size {
			return 0, io.EOF
		}
		if c.err = c.more(); c.err != nil {
			return 0, c.err
		}
	}
	n := copy(p, c.buf)
	c.buf = c.buf[n:]
	return n, nil
}

func (c *chunks) more() error {
	n := min(c.next, c.size-c.offset)
	c.next = min(4*c.next, lastChunk)
	if int64(cap(c.store)) < n {
		c.store = make([]byte, n)
	}
	piece := c.store[:n]
	if err := c.fetch(c.ctx, piece, c.offset); err != nil {
		return err
	}
	c.buf, c.offset = piece, c.offset+n
	return nil
}

// Close ends reading.
func (c *chunks) Close() error {
	c.err, c.buf, c.store = io.ErrClosedPipe, nil, nil
	return nil
}
