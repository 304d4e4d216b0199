package ddbstream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"parallax/internal/awscall"
	"parallax/internal/ddbjson"
)

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

func (a *answers) read(response *smithyhttp.Response) error {
	if err := awscall.Body(response, &a.body); err != nil {
		return err //nolint:wrapcheck // it says what is wrong with the body
	}
	page, err := a.scanner.Records(a.body.Bytes(), a.keys)
	if err != nil {
		return fmt.Errorf("body of %d bytes: %w", a.body.Len(), err)
	}
	a.page, a.scanned = page, true
	return nil
}

func limited(iterator *string, limit int32) *dynamodbstreams.GetRecordsInput {
	return &dynamodbstreams.GetRecordsInput{ShardIterator: iterator, Limit: aws.Int32(limit)}
}
