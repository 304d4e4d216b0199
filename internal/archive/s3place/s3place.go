// Package s3place keeps the change archive in an S3 bucket: each segment is one object, its name the key under a prefix.
package s3place

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"parallax/internal/archive"
)

// Client is what of S3's API is used. *s3.Client is one; region, endpoint, path style, retries and credentials are its own.
type Client interface {
	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
	DeleteObject(context.Context, *s3.DeleteObjectInput, ...func(*s3.Options)) (*s3.DeleteObjectOutput, error)
	ListObjectsV2(context.Context, *s3.ListObjectsV2Input, ...func(*s3.Options)) (*s3.ListObjectsV2Output, error)
}

// Place is a part of a bucket.
type Place struct {
	client  Client
	bucket  string
	prefix  string // of every key; empty, or with a slash at its end
	timeout time.Duration
}

var _ archive.Place = (*Place)(nil)

// bodyTries is how often an object is asked for whose body breaks off. The client's own retries end where the body begins.
const bodyTries = 3

// New is the place below a prefix of a bucket. Each call, with all its retries and its body, is given up after timeout.
func New(client Client, bucket, prefix string, timeout time.Duration) *Place {
	if prefix = strings.Trim(prefix, "/"); prefix != "" {
		prefix += "/"
	}
	return &Place{client: client, bucket: bucket, prefix: prefix, timeout: timeout}
}

// Put stores an object, over one of that key if there is one, so that it counts as new. S3 compares its SHA-256 with the
// one sent along before it stores anything; an object is there as a whole or not at all.
func (p *Place) Put(ctx context.Context, name string, data []byte) error {
	sum := sha256.Sum256(data)
	checksum := base64.StdEncoding.EncodeToString(sum[:])
	err := p.within(ctx, func(ctx context.Context) error {
		out, err := p.client.PutObject(ctx, &s3.PutObjectInput{
			Bucket: &p.bucket, Key: aws.String(p.prefix + name), Body: bytes.NewReader(data), ContentLength: aws.Int64(int64(len(data))),
			ContentType:       aws.String("application/vnd.apache.parquet"),
			ChecksumAlgorithm: types.ChecksumAlgorithmSha256, ChecksumSHA256: &checksum,
		})
		if err == nil && out.ChecksumSHA256 != nil && *out.ChecksumSHA256 != checksum {
			return fmt.Errorf("stored with sha256 %s, sent %s", *out.ChecksumSHA256, checksum)
		}
		return err
	})
	return p.explain(ctx, err, "put", name)
}

// Get returns a whole object. A body that breaks off is asked for again.
func (p *Place) Get(ctx context.Context, name string, limit int64) (data []byte, err error) {
	err = p.within(ctx, func(ctx context.Context) error {
		for try := 1; ; try++ {
			var whole bool
			data, whole, err = p.get(ctx, name, limit)
			if err == nil || whole || try == bodyTries || ctx.Err() != nil {
				return err
			}
		}
	})
	if err != nil {
		return nil, p.explain(ctx, err, "get", name)
	}
	return data, nil
}

// get asks for an object once. asked is true if the error is S3's answer, or the caller's limit, and not a broken body.
func (p *Place) get(ctx context.Context, name string, limit int64) (data []byte, asked bool, err error) {
	out, err := p.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &p.bucket, Key: aws.String(p.prefix + name)}, unchecked)
	if err != nil {
		return nil, true, err
	}
	defer out.Body.Close() //nolint:errcheck // it was read to its end, or is given up
	size := aws.ToInt64(out.ContentLength)
	if size < 0 || size > limit {
		return nil, true, fmt.Errorf("%w: %d bytes", archive.ErrTooLarge, size)
	}
	data = make([]byte, size)
	if _, err := io.ReadFull(out.Body, data); err != nil {
		return nil, false, fmt.Errorf("body: %w", err)
	}
	return data, false, nil
}

// unchecked leaves out the client's own comparison with a checksum of the object: the archive compares with the store's.
func unchecked(o *s3.Options) {
	o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
	o.DisableLogOutputChecksumValidationSkipped = true
}

// Remove removes an object; in a bucket with versions it hides it.
func (p *Place) Remove(ctx context.Context, name string) error {
	err := p.within(ctx, func(ctx context.Context) error {
		_, err := p.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &p.bucket, Key: aws.String(p.prefix + name)})
		return err
	})
	return p.explain(ctx, err, "remove", name)
}

// List yields the objects whose name begins with a prefix, in the order of their keys, a page of up to 1,000 at a time.
func (p *Place) List(ctx context.Context, prefix string) iter.Seq2[archive.File, error] {
	return func(yield func(archive.File, error) bool) {
		in := &s3.ListObjectsV2Input{Bucket: &p.bucket, Prefix: aws.String(p.prefix + prefix)}
		for {
			var out *s3.ListObjectsV2Output
			err := p.within(ctx, func(ctx context.Context) (err error) {
				out, err = p.client.ListObjectsV2(ctx, in)
				return err
			})
			if err != nil {
				yield(archive.File{}, p.explain(ctx, err, "list", prefix))
				return
			}
			for _, object := range out.Contents {
				name := strings.TrimPrefix(aws.ToString(object.Key), p.prefix)
				if !yield(archive.File{Name: name, Size: aws.ToInt64(object.Size), Modified: aws.ToTime(object.LastModified)}, nil) {
					return
				}
			}
			next := aws.ToString(out.NextContinuationToken)
			if !aws.ToBool(out.IsTruncated) {
				return
			}
			if next == "" || next == aws.ToString(in.ContinuationToken) {
				yield(archive.File{}, p.explain(ctx, errors.New("the listing says that there is more, and not where"), "list", prefix))
				return
			}
			in.ContinuationToken = &next
		}
	}
}

// within gives a call its time.
func (p *Place) within(ctx context.Context, do func(context.Context) error) error {
	if p.timeout <= 0 {
		return do(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	return do(ctx)
}
