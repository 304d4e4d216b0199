package ledgerfile

import (
	"errors"
	"fmt"
	"io"
)

// The bounds of a file, beyond which it is taken for a bomb or for something else than a ledger.
const (
	maxRow   = 10 << 20 // bytes of one row, quoted newlines included
	maxRatio = 200      // bytes of text for each byte of a compressed file ...
	fromSize = 10 << 20 // ... once there are more than so many
)

// counter counts what is read.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// inflated ends reading where the text grows out of all proportion to its file.
type inflated struct {
	counter

	raw *counter
}

func (i *inflated) Read(p []byte) (int, error) {
	if i.n > fromSize && i.n/maxRatio > i.raw.n {
		return 0, fmt.Errorf("content is more than %d times the size of the file", maxRatio)
	}
	return i.counter.Read(p)
}

var errLongRow = errors.New("a row is longer than 10 MB; is a quote left open?")

// rowLimit ends reading when one row grows too long, as a quote that is never closed would let it.
type rowLimit struct {
	r    io.Reader
	read int64
	from int64 // where the row being read begins
}

func (l *rowLimit) Read(p []byte) (int, error) {
	if l.read-l.from > maxRow {
		return 0, errLongRow
	}
	n, err := l.r.Read(p)
	l.read += int64(n)
	return n, err
}
