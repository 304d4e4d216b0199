package delivery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go/middleware"

	"parallax/internal/awscall"
)

// S3Client is what of S3's API is used: both only read. *s3.Client is one; region, endpoint, path style, retries and
// credentials are its own.
type S3Client interface {
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
	ListObjectsV2(context.Context, *s3.ListObjectsV2Input, ...func(*s3.Options)) (*s3.ListObjectsV2Output, error)
}

// S3 is the objects of a bucket whose keys match a pattern. An object is read by its ETag, so that all of its pieces are
// of the content that was listed, or none is read.
type S3 struct {
	client  S3Client
	bucket  string
	pattern string // of keys, see path.Match: a star does not cross a slash
	limits  awscall.Limits
}

var _ Place = (*S3)(nil)

// maxPages bounds a listing: a thousand objects each.
const maxPages = 10_000

// S3Limits bound the requests for one file, or for one listing.
type S3Limits struct {
	Timeout time.Duration // of one request with the client's own retries; 0 means a minute
	Retries int           // attempts of one request beyond the first, and beyond the client's own
	Backoff time.Duration // before the first of them, doubling; 0 means 200 ms
}

// NewS3 is the objects that an address such as s3://bucket/prefix/*.ipm names.
func NewS3(client S3Client, address string, limits S3Limits) (*S3, error) {
	bucket, pattern, err := ParseS3(address)
	if err != nil {
		return nil, err
	}
	backoff := cmp.Or(limits.Backoff, 200*time.Millisecond)
	return &S3{client: client, bucket: bucket, pattern: pattern, limits: awscall.Limits{
		Retries: limits.Retries, Backoff: backoff, Slowest: 20 * backoff, Timeout: cmp.Or(limits.Timeout, time.Minute),
		Budget: 24 * time.Hour, Over: errors.New("not done within a day"),
	}}, nil
}

// ParseS3 takes an address such as s3://bucket/prefix/*.ipm apart.
func ParseS3(address string) (bucket, pattern string, err error) {
	rest, found := strings.CutPrefix(address, "s3://")
	bucket, pattern, _ = strings.Cut(rest, "/")
	if _, err := path.Match(pattern, ""); err != nil {
		return "", "", &PatternError{Pattern: address, Err: err}
	}
	if !found || bucket == "" || pattern == "" || strings.HasSuffix(pattern, "/") {
		return "", "", &PatternError{Pattern: address, Err: errors.New("is not of the form s3://bucket/prefix/*.ipm")}
	}
	return bucket, pattern, nil
}

// Pattern is that of the base names.
func (p *S3) Pattern() string { return path.Base(p.pattern) }

// List lists the objects that match, a thousand a request. Keys that end with a slash stand for folders and match nothing.
func (p *S3) List(ctx context.Context) (Listing, error) {
	out := Listing{At: time.Now().UTC()}
	calls := awscall.Begin(p.limits, func(at time.Time) { out.At = at })
	in := &s3.ListObjectsV2Input{Bucket: &p.bucket, Prefix: aws.String(literalPart(p.pattern)), EncodingType: types.EncodingTypeUrl}
	for range maxPages {
		var page *s3.ListObjectsV2Output
		err := calls.Do(ctx, func(ctx context.Context) (m middleware.Metadata, err error) {
			if page, err = p.client.ListObjectsV2(ctx, in); err != nil {
				return m, err
			}
			return page.ResultMetadata, nil
		})
		if err == nil {
			err = p.add(&out, page)
		}
		if err != nil {
			return Listing{}, p.explain(ctx, err, "list", literalPart(p.pattern))
		}
		if !aws.ToBool(page.IsTruncated) {
			slices.SortFunc(out.Files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
			return out, nil
		}
		next := aws.ToString(page.NextContinuationToken)
		if next == "" || next == aws.ToString(in.ContinuationToken) {
			return Listing{}, p.explain(ctx, errors.New("the listing says that there is more, and not where"), "list", *in.Prefix)
		}
		in.ContinuationToken = &next
	}
	return Listing{}, p.explain(ctx, fmt.Errorf("the listing has more than %d pages", maxPages), "list", *in.Prefix)
}

// add takes over what matches of a page.
func (p *S3) add(out *Listing, page *s3.ListObjectsV2Output) error {
	for _, object := range page.Contents {
		key, err := url.QueryUnescape(aws.ToString(object.Key))
		if err != nil {
			return errors.New("the listing holds a key that is not URL-encoded")
		}
		if matched, err := path.Match(p.pattern, key); err != nil || !matched {
			continue
		}
		out.Files = append(out.Files, File{
			Name: path.Base(key), Path: key, Size: aws.ToInt64(object.Size), Modified: aws.ToTime(object.LastModified).UTC(),
			Version: aws.ToString(object.ETag), Regular: true,
		})
	}
	return nil
}

// literalPart is what every match of a pattern begins with.
func literalPart(pattern string) string {
	if i := strings.IndexAny(pattern, `*?[\`); i >= 0 {
		return pattern[:i]
	}
	return pattern
}

// Open reads an object in pieces, each on the condition that it still has the ETag of the listing.
func (p *S3) Open(ctx context.Context, f File, offset int64) (io.ReadCloser, error) {
	calls := awscall.Begin(p.limits, func(time.Time) {})
	return newChunks(ctx, f.Size, offset, func(ctx context.Context, into []byte, offset int64) error {
		err := calls.Do(ctx, func(ctx context.Context) (middleware.Metadata, error) { return p.piece(ctx, f, into, offset) })
		return p.explain(ctx, err, "get", f.Path)
	}), nil
}

func (p *S3) piece(ctx context.Context, f File, into []byte, offset int64) (m middleware.Metadata, err error) {
	in := &s3.GetObjectInput{
		Bucket: &p.bucket, Key: &f.Path,
		Range: aws.String(fmt.Sprintf("bytes=%d-%d", offset, offset+int64(len(into))-1)),
	}
	if f.Version != "" {
		in.IfMatch = &f.Version
	}
	out, err := p.client.GetObject(ctx, in, unchecked)
	if err != nil {
		return m, err
	}
	defer out.Body.Close() //nolint:errcheck // it was read to its end, or is given up
	if etag := aws.ToString(out.ETag); etag != f.Version {
		return m, ErrChanged
	}
	if n := aws.ToInt64(out.ContentLength); n != int64(len(into)) {
		return m, fmt.Errorf("%d bytes were asked for, %d came: %w", len(into), n, io.ErrUnexpectedEOF)
	}
	if _, err := io.ReadFull(out.Body, into); err != nil {
		return m, fmt.Errorf("body: %w", err)
	}
	return out.ResultMetadata, nil
}

// unchecked leaves out the client's own comparison with a checksum of the object, which is of the whole of it.
func unchecked(o *s3.Options) {
	o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
	o.DisableLogOutputChecksumValidationSkipped = true
}

// Check has nothing to do: no piece of another content was read.
func (p *S3) Check(context.Context, File) error { return nil }

// Close does nothing.
func (p *S3) Close() error { return nil }
