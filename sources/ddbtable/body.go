package ddbtable

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"parallax/internal/ddbjson"
)

// mostBytes is far above what an answer can hold: a page is at most 1 MB of items, as the service counts them, and JSON
// spells a byte in six characters at worst.
const mostBytes = 16 << 20

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

// intact reads a whole body and holds it against its checksum, which the SDK compares but then does not act on.
func intact(resp *smithyhttp.Response) ([]byte, error) {
	defer resp.Body.Close() //nolint:errcheck // all of it is here, or the error is
	body, err := io.ReadAll(io.LimitReader(resp.Body, mostBytes+1))
	if err != nil {
		return nil, bodyError{fmt.Errorf("it ends early: %w", err)}
	}
	if len(body) > mostBytes {
		return nil, bodyError{fmt.Errorf("it is longer than %d bytes", mostBytes)}
	}
	if stated := resp.Header.Get("X-Amz-Crc32"); stated != "" && resp.Header.Get("Content-Encoding") == "" {
		if sum := strconv.FormatUint(uint64(crc32.ChecksumIEEE(body)), 10); sum != stated {
			return nil, bodyError{errors.New("its checksum does not fit")}
		}
	}
	return body, nil
}
