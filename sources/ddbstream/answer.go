package ddbstream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"parallax/internal/ddbjson"
)

// longestAnswer bounds the body of an answer to GetRecords, in bytes: a page is at most 1 MB of items, or one larger one.
const longestAnswer = 16 << 20

var errUnscanned = errors.New("the client does not run what it is given to read answers with")

// answerError is an answer whose body cannot be taken for what the service said: cut off, altered, or from somebody else. The
// client may ask again.
type answerError struct{ err error }

func (b *answerError) Error() string { return "read answer: " + b.err.Error() }
func (b *answerError) Unwrap() error { return b.err }

// RetryableError tells the client's retryer so; it knows errors that may pass by this method.
func (b *answerError) RetryableError() bool { return true }

// answers decodes the bodies of the answers of one shard. The client signs, sends and retries, and it reads error answers;
// a body of records goes to our own scanner, as the client's decoder takes an empty body for the end of a shard, does not
// check the body's checksum and costs many times as much.
type answers struct {
	keys    []string
	scanner ddbjson.Scanner
	body    bytes.Buffer
	page    ddbjson.Page
	scanned bool
}

// get asks for one page.
func (a *answers) get(ctx context.Context, streams Streams, in *dynamodbstreams.GetRecordsInput) (middleware.Metadata, error) {
	a.page, a.scanned = ddbjson.Page{}, false
	out, err := streams.GetRecords(ctx, in, a.install)
	if err != nil {
		return middleware.Metadata{}, err //nolint:wrapcheck // the caller explains it
	}
	if !a.scanned {
		return middleware.Metadata{}, errUnscanned
	}
	return out.ResultMetadata, nil
}

func (a *answers) install(o *dynamodbstreams.Options) {
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		// Uncompressed, so that the body is what the checksum was made of.
		if err := smithyhttp.AddHeaderValue("Accept-Encoding", "identity")(stack); err != nil {
			return fmt.Errorf("set header: %w", err)
		}
		return stack.Deserialize.Add(a, middleware.After)
	})
}

// ID names the step among those of the client.
func (a *answers) ID() string { return "ParallaxScanRecords" }

// HandleDeserialize scans the body of a good answer and leaves the client's decoder, which comes next, an empty object.
func (a *answers) HandleDeserialize(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
	out, metadata, err := next.HandleDeserialize(ctx, in)
	response, ok := out.RawResponse.(*smithyhttp.Response)
	if err != nil || !ok || response.StatusCode < 200 || response.StatusCode > 299 {
		return out, metadata, err //nolint:wrapcheck // passed on as it came
	}
	if err := a.read(response); err != nil {
		return out, metadata, &answerError{err}
	}
	response.Body = io.NopCloser(strings.NewReader("{}"))
	return out, metadata, nil
}

func (a *answers) read(response *smithyhttp.Response) (err error) {
	body := response.Body
	defer func() {
		if closed := body.Close(); err == nil && closed != nil {
			err = fmt.Errorf("close body: %w", closed)
		}
	}()
	if response.ContentLength > longestAnswer {
		return fmt.Errorf("body: %d bytes, longer than %d", response.ContentLength, longestAnswer)
	}
	a.body.Reset()
	if n, err := a.body.ReadFrom(io.LimitReader(body, longestAnswer+1)); err != nil {
		return fmt.Errorf("body: cut off after %d bytes: %w", n, err)
	} else if n > longestAnswer {
		return fmt.Errorf("body: longer than %d", longestAnswer)
	}
	if err := a.checksum(response); err != nil {
		return err
	}
	page, err := a.scanner.Records(a.body.Bytes(), a.keys)
	if err != nil {
		return fmt.Errorf("body of %d bytes: %w", a.body.Len(), err)
	}
	a.page, a.scanned = page, true
	return nil
}

// checksum holds the body against the checksum that the service sends with each answer. One that a stand-in did not send
// cannot be missed, and one over a body that the transport has uncompressed says nothing.
// Source: DynamoDB Developer Guide, "DynamoDB low-level API", response headers.
func (a *answers) checksum(response *smithyhttp.Response) error {
	stated := response.Header.Get("X-Amz-Crc32")
	if stated == "" || response.Uncompressed {
		return nil
	}
	want, err := strconv.ParseUint(stated, 10, 32)
	if err != nil {
		return errors.New("checksum: not a number")
	}
	if got := crc32.ChecksumIEEE(a.body.Bytes()); uint64(got) != want {
		return fmt.Errorf("checksum: %d is stated, the body has %d", want, got)
	}
	return nil
}

func limited(iterator *string, limit int32) *dynamodbstreams.GetRecordsInput {
	return &dynamodbstreams.GetRecordsInput{ShardIterator: iterator, Limit: aws.Int32(limit)}
}
