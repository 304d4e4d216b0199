package ddbtable

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"parallax/internal/awscall"
	"parallax/internal/ddbjson"
)

// bodyError is an answer that was given and can't be used: damaged on its way, or not from the service at all.
type bodyError struct{ err error }

func (e bodyError) Error() string { return e.err.Error() }
func (e bodyError) Unwrap() error { return e.err }

// page is what one answer holds.
type page struct {
	items   []Item // those that can be used
	faults  []ddbjson.Fault
	next    key
	bytes   int
	counted bool // it says how many items it holds, as every answer to a scan does
}

// taking is a call's option by which the answer's items go to the page, in canonical form and without the SDK's own
// decoding. The SDK sees the answer without them.
func (p *page) taking(keys []string) func(*dynamodb.Options) {
	take := middleware.DeserializeMiddlewareFunc("ItemsOfBody", func(
		ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
	) (middleware.DeserializeOutput, middleware.Metadata, error) {
		out, metadata, err := next.HandleDeserialize(ctx, in)
		if err != nil {
			return out, metadata, err
		}
		resp, ok := out.RawResponse.(*smithyhttp.Response)
		if !ok || resp.StatusCode != http.StatusOK {
			return out, metadata, nil // an error is the SDK's to read
		}
		rest, err := p.take(resp, keys)
		resp.Body = io.NopCloser(bytes.NewReader(rest))
		return out, metadata, err
	})
	return func(o *dynamodb.Options) {
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
			return stack.Deserialize.Insert(take, "OperationDeserializer", middleware.After)
		})
	}
}

// take reads a body into the page and returns what is left of it for the SDK.
func (p *page) take(resp *smithyhttp.Response, keys []string) ([]byte, error) {
	body, err := intact(resp)
	if err != nil {
		return nil, err
	}
	answer, err := ddbjson.Items(body, keys)
	if err != nil {
		return nil, bodyError{err}
	}
	*p = page{bytes: len(body), faults: answer.Faults, items: make([]Item, 0, len(answer.Items))}
	p.counted = bytes.Contains(answer.Rest, []byte(`"Count":`))
	for _, it := range answer.Items {
		if it.Image != "" {
			p.items = append(p.items, Item{Key: it.Key, Image: it.Image})
		}
	}
	return answer.Rest, nil
}

// spoiltError is of an item that came, and that this version can't decode.
type spoiltError struct{ fault ddbjson.Fault }

func (e spoiltError) Error() string { return e.fault.Error() }

// intact reads a whole body that is as it was sent.
func intact(resp *smithyhttp.Response) ([]byte, error) {
	var body bytes.Buffer
	var cut *awscall.CutError
	switch err := awscall.Body(resp, &body); {
	case err == nil:
		return body.Bytes(), nil
	case errors.Is(err, awscall.ErrLong):
		return nil, bodyError{fmt.Errorf("it is longer than %d bytes", awscall.LongestBody)}
	case errors.Is(err, awscall.ErrChecksum):
		return nil, bodyError{errors.New("its checksum does not fit")}
	case errors.As(err, &cut):
		return nil, bodyError{fmt.Errorf("it ends early: %w", cut.Err)}
	default:
		return nil, bodyError{err}
	}
}
