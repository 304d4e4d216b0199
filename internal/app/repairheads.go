package app

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"parallax/internal/record"
	"parallax/sinks/repair"
	"parallax/sources/inventory"
)

// head is a HEAD of a version of an object, or of the current one where none is named. One that is not there, or whose current
// version is a delete marker, is no error.
func (a *App) head(ctx context.Context, at repair.Place, key, version string, checksum bool) (repair.Head, error) {
	answer, err := a.headObject(ctx, at, key, version, checksum)
	if err != nil || answer == nil {
		return repair.Head{}, err
	}
	class := string(answer.StorageClass)
	return repair.Head{
		Found: true, ETag: strings.Trim(aws.ToString(answer.ETag), `"`), Size: aws.ToInt64(answer.ContentLength), Checksum: checksumOf(answer),
		Status: string(answer.ReplicationStatus), Class: class, Archived: archived(answer),
		Version: cmp.Or(aws.ToString(answer.VersionId), "null"), Modified: aws.ToTime(answer.LastModified),
	}, nil
}

// archived reports whether the object's content has to be restored before it can be read.
// Source: Amazon S3 API reference, "HeadObject", x-amz-archive-status, x-amz-restore.
func archived(h *s3.HeadObjectOutput) bool {
	switch h.StorageClass {
	case types.StorageClassGlacier, types.StorageClassDeepArchive:
		return !strings.Contains(aws.ToString(h.Restore), `ongoing-request="false"`)
	}
	return h.ArchiveStatus != ""
}

// headObject asks S3; nil where the object is not there. S3 tells a caller who may not list the bucket that he is forbidden,
// whether the object is there or not.
// Source: Amazon S3 API reference, "HeadObject".
func (a *App) headObject(ctx context.Context, at repair.Place, key, version string, checksum bool) (*s3.HeadObjectOutput, error) {
	ctx, cancel := context.WithTimeout(ctx, a.cfg.AWS.Timeout)
	defer cancel()
	in := &s3.HeadObjectInput{Bucket: &at.Bucket, Key: &key}
	if version != "" {
		in.VersionId = &version
	}
	if checksum {
		in.ChecksumMode = types.ChecksumModeEnabled
	}
	answer, err := a.aws.s3(at.Region).HeadObject(ctx, in)
	var refused *awshttp.ResponseError
	switch {
	case errors.As(err, &refused) && (refused.HTTPStatusCode() == 404 || refused.HTTPStatusCode() == 405):
		return nil, nil //nolint:nilnil // there is none
	case errors.As(err, &refused):
		return nil, errors.New("object of bucket " + at.Bucket + ": S3 answered " + refused.Response.Status)
	case err != nil:
		return nil, errors.New("object of bucket " + at.Bucket + ": S3 did not answer")
	}
	return answer, nil
}

// checksumOf is an object's checksum with its algorithm and type; an object has one at most.
func checksumOf(h *s3.HeadObjectOutput) string {
	for name, sum := range map[string]*string{
		"SHA256": h.ChecksumSHA256, "CRC64NVME": h.ChecksumCRC64NVME, "SHA1": h.ChecksumSHA1, "CRC32C": h.ChecksumCRC32C, "CRC32": h.ChecksumCRC32,
	} {
		if sum != nil {
			return name + " " + string(h.ChecksumType) + " " + *sum
		}
	}
	return ""
}

// bucketSettings reads the replication rules of buckets, each once.
type bucketSettings struct {
	*App
	read map[repair.Place]record.Bucket
}

// links are the rules between the two buckets of an object. The only error is that of ctx.
func (b bucketSettings) links(ctx context.Context, o repair.Object) (repair.Links, error) {
	from, err := b.of(ctx, o.From)
	if err != nil {
		return repair.Links{}, err
	}
	to, err := b.of(ctx, o.To)
	return repair.Links{Out: linkOf(from, o.Key, o.To.Bucket), Back: linkOf(to, o.Key, o.From.Bucket)}, err
}

func (b bucketSettings) of(ctx context.Context, at repair.Place) (record.Bucket, error) {
	if known, ok := b.read[at]; ok {
		return known, nil
	}
	live := inventory.Live{Region: at.Region, Bucket: at.Bucket, Client: b.aws.s3(at.Region), Timeout: b.cfg.AWS.Timeout}
	bucket, err := live.Settings(ctx)
	if err == nil {
		b.read[at] = bucket
	}
	return bucket, err
}

// linkOf is whether a bucket replicates a key to another. A rule for tags may or may not.
func linkOf(from record.Bucket, key, to string) repair.Link {
	rule, covers := from.Covers(key, to)
	switch {
	case !from.RulesKnown || covers && rule.Enabled && rule.Tagged:
		return repair.Unknown
	case covers && rule.Enabled:
		return repair.Linked
	}
	return repair.Unlinked
}
