package awscall

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strconv"

	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// LongestBody bounds the body of an answer of DynamoDB, in bytes: a page is at most 1 MB of items as the service counts
// them, or one larger item, and JSON spells a byte in six characters at worst.
const LongestBody = 16 << 20

// What can be wrong with a body that was read.
var (
	ErrLong     = errors.New("longer than " + strconv.Itoa(LongestBody))
	ErrChecksum = errors.New("checksum")
)

// CutError is of a body that ends before its end.
type CutError struct {
	Read int64 // bytes that came
	Err  error
}

func (e *CutError) Error() string {
	return fmt.Sprintf("body: cut off after %d bytes: %s", e.Read, e.Err)
}
func (e *CutError) Unwrap() error { return e.Err }

// Body reads the whole body of an answer of DynamoDB into a buffer, closes it, and holds it against the checksum that the
// service sends with each answer, which the client compares but then does not act on. One that a stand-in did not send
// cannot be missed, and one over a body that the transport has uncompressed says nothing. The error is a
// *CutError, or ErrLong or ErrChecksum with more about it.
// Source: DynamoDB Developer Guide, "DynamoDB low-level API", response headers.
func Body(response *smithyhttp.Response, into *bytes.Buffer) error {
	defer response.Body.Close() //nolint:errcheck // all of it is here, or the error is; a missing checksum is one to the client
	if response.ContentLength > LongestBody {
		return fmt.Errorf("body: %d bytes, %w", response.ContentLength, ErrLong)
	}
	into.Reset()
	n, err := into.ReadFrom(io.LimitReader(response.Body, LongestBody+1))
	switch {
	case n > LongestBody:
		return fmt.Errorf("body: %w", ErrLong)
	case err != nil:
		return &CutError{Read: n, Err: err}
	}
	return checksum(response, into.Bytes())
}

func checksum(response *smithyhttp.Response, body []byte) error {
	stated := response.Header.Get("X-Amz-Crc32")
	if stated == "" || response.Uncompressed || response.Header.Get("Content-Encoding") != "" {
		return nil
	}
	want, err := strconv.ParseUint(stated, 10, 32)
	if err != nil {
		return fmt.Errorf("%w: not a number", ErrChecksum)
	}
	if got := crc32.ChecksumIEEE(body); uint64(got) != want {
		return fmt.Errorf("%w: %d is stated, the body has %d", ErrChecksum, want, got)
	}
	return nil
}
