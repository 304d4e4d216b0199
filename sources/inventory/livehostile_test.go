package inventory_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"parallax/internal/record"
	"parallax/sources/inventory"
)

// hostile answers listings as no S3 would.
type hostile struct {
	inventory.Client
	page  func(n int, in *s3.ListObjectVersionsInput) (*s3.ListObjectVersionsOutput, error)
	calls int
}

func (h *hostile) ListObjectVersions(
	_ context.Context, in *s3.ListObjectVersionsInput, _ ...func(*s3.Options),
) (*s3.ListObjectVersionsOutput, error) {
	h.calls++
	return h.page(h.calls, in)
}

// listed is a page that goes on at a marker, unless that is empty.
func listed(next string, keys ...string) *s3.ListObjectVersionsOutput {
	out := &s3.ListObjectVersionsOutput{EncodingType: types.EncodingTypeUrl, IsTruncated: aws.Bool(next != "")}
	if next != "" {
		out.NextKeyMarker, out.NextVersionIdMarker = &next, aws.String("v"+next)
	}
	for _, k := range keys {
		out.Versions = append(out.Versions, types.ObjectVersion{Key: &k, VersionId: aws.String("v" + k), LastModified: &noon})
	}
	return out
}

func TestHostileListingsEnd(t *testing.T) {
	type asked = *s3.ListObjectVersionsInput
	for name, c := range map[string]struct {
		page   func(n int, in asked) *s3.ListObjectVersionsOutput
		reason string
	}{
		"the same page for ever":    {func(int, asked) *s3.ListObjectVersionsOutput { return listed("k", "k") }, "names no way to go on"},
		"cut off without a marker":  {func(int, asked) *s3.ListObjectVersionsOutput { o := listed("k", "k"); o.NextKeyMarker = nil; return o }, "names no way to go on"},
		"foreign keys":              {func(int, asked) *s3.ListObjectVersionsOutput { return listed("", "other") }, "a key that was not asked for"},
		"keys that are not encoded": {func(int, asked) *s3.ListObjectVersionsOutput { return listed("", "k%zz") }, "not URL-encoded"},
		"new versions for ever": {func(n int, _ asked) *s3.ListObjectVersionsOutput {
			o := listed("k", "k")
			o.Versions[0].VersionId, o.NextVersionIdMarker = aws.String(fmt.Sprint(n)), aws.String(fmt.Sprint(n))
			return o
		}, "lists more than"},
		"one version again": {func(n int, _ asked) *s3.ListObjectVersionsOutput {
			o := listed("k", "k")
			o.NextVersionIdMarker = aws.String(fmt.Sprint(n))
			return o
		}, "lists one version twice"},
		"back to the beginning": {func(n int, _ asked) *s3.ListObjectVersionsOutput {
			if n == 2 {
				return listed("a")
			}
			o := listed("k", "k")
			return o
		}, "names no way to go on"},
	} {
		h := &hostile{page: func(n int, in asked) (*s3.ListObjectVersionsOutput, error) { return c.page(n, in), nil }}
		l := &inventory.Live{Region: dublin, Bucket: "b", Client: h, Rate: 10_000}
		_, err := l.Versions(t.Context(), "k")
		t.Log(name)
		says(t, err, c.reason, "protocol")
	}
}

// TestNoEncoding: a server that does not encode its keys is believed to have them as they are.
func TestNoEncoding(t *testing.T) {
	h := &hostile{page: func(int, *s3.ListObjectVersionsInput) (*s3.ListObjectVersionsOutput, error) {
		o := listed("", "a+b%20c")
		o.EncodingType = ""
		return o, nil
	}}
	l := &inventory.Live{Region: dublin, Bucket: "b", Client: h}
	if got := versions(t, l, "a+b%20c"); len(got) != 1 {
		t.Errorf("%+v", got)
	}
}

func TestAnEndlessListing(t *testing.T) {
	h := &hostile{page: func(n int, _ *s3.ListObjectVersionsInput) (*s3.ListObjectVersionsOutput, error) {
		key := fmt.Sprintf("k%09d", n)
		return listed(key, key), nil
	}}
	l := &inventory.Live{Region: dublin, Bucket: "b", Client: h, Rate: 100_000, MaxPages: 200}
	extent, err := l.List(t.Context(), "k", func(record.Object) bool { return true })
	says(t, err, "more than 200 pages", "")
	if h.calls != 200 || extent.Records != 200 {
		t.Errorf("%d calls, %+v", h.calls, extent)
	}
}

// TestPace: so many requests a second, half as many after each SlowDown, and the full number again in time.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := 0
		h := &hostile{page: func(int, *s3.ListObjectVersionsInput) (*s3.ListObjectVersionsOutput, error) {
			if slow > 0 {
				slow--
				return nil, &smithy.GenericAPIError{Code: "SlowDown"}
			}
			return listed(""), nil
		}}
		l := &inventory.Live{Region: dublin, Bucket: "b", Client: h, Rate: 20}
		took := func(n int) time.Duration {
			began := time.Now()
			for range n {
				versions(t, l, "k")
			}
			return time.Since(began)
		}
		took(1)
		if d := took(100); d < 4900*time.Millisecond || d > 5100*time.Millisecond {
			t.Errorf("100 requests at 20 a second took %s", d)
		}
		slow = 3 // at 10, 5 and 2.5 a second
		if d := took(1); d < 700*time.Millisecond || d > 900*time.Millisecond {
			t.Errorf("after three refusals one took %s", d)
		}
		took(20)
		if d := took(100); d > 5100*time.Millisecond {
			t.Errorf("100 requests after recovery took %s", d)
		}
	})
}
