//go:build peers

package minio

import (
	"bytes"
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// minPart is the least size of a part that is not the last (Amazon S3 User Guide, "Multipart upload limits").
const minPart = 5 << 20

// Put writes an object in a region and returns the id of its version.
func (p *Pair) Put(ctx context.Context, region, key string, body []byte) (string, error) {
	out, err := p.clients[region].PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(p.options.Buckets[region]), Key: &key, Body: bytes.NewReader(body)})
	if err != nil {
		return "", fmt.Errorf("put %s: %w", key, err)
	}
	return aws.ToString(out.VersionId), nil
}

// PutMultipart writes an object of two parts, 5 MiB of zeros and the body, so that its ETag is no MD5.
func (p *Pair) PutMultipart(ctx context.Context, region, key string, body []byte) (string, error) {
	client, bucket := p.clients[region], aws.String(p.options.Buckets[region])
	upload, err := client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: bucket, Key: &key})
	if err != nil {
		return "", fmt.Errorf("begin upload of %s: %w", key, err)
	}
	var parts []types.CompletedPart
	for i, part := range [][]byte{make([]byte, minPart), body} {
		number := aws.Int32(int32(i) + 1)
		out, err := client.UploadPart(ctx, &s3.UploadPartInput{
			Bucket: bucket, Key: &key, UploadId: upload.UploadId, PartNumber: number, Body: bytes.NewReader(part),
		})
		if err != nil {
			return "", fmt.Errorf("upload part of %s: %w", key, err)
		}
		parts = append(parts, types.CompletedPart{PartNumber: number, ETag: out.ETag, ChecksumCRC32: out.ChecksumCRC32})
	}
	out, err := client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: bucket, Key: &key, UploadId: upload.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
	})
	if err != nil {
		return "", fmt.Errorf("complete upload of %s: %w", key, err)
	}
	return aws.ToString(out.VersionId), nil
}

// Delete puts a delete marker on a key in a region and returns the marker's id.
func (p *Pair) Delete(ctx context.Context, region, key string) (string, error) {
	out, err := p.clients[region].DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: aws.String(p.options.Buckets[region]), Key: &key})
	if err != nil {
		return "", fmt.Errorf("delete %s: %w", key, err)
	}
	return aws.ToString(out.VersionId), nil
}

// Remove takes one version, or one delete marker, out of a region for good, behind the back of the replication: the request
// says that it comes from there, so that it is not passed on.
func (p *Pair) Remove(ctx context.Context, region, key, id string) error {
	_, err := p.clients[region].DeleteObject(ctx,
		&s3.DeleteObjectInput{Bucket: aws.String(p.options.Buckets[region]), Key: &key, VersionId: &id},
		s3.WithAPIOptions(smithyhttp.AddHeaderValue("X-Minio-Source-Replication-Request", "true")))
	if err != nil {
		return fmt.Errorf("remove a version of %s: %w", key, err)
	}
	return nil
}
