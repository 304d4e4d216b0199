package inventory

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// live lists every version of the bucket under the key prefix. All of them, for a replica that arrived today keeps the
// creation time of its source. It reports whether the listing was read to its end.
func (r *reading) live(ctx context.Context) bool {
	where := "listing of " + r.Bucket + "/" + r.KeyPrefix
	var began time.Time
	var rows int64
	heads := 0
	in := &s3.ListObjectVersionsInput{Bucket: &r.Bucket, Prefix: aws.String(r.KeyPrefix), EncodingType: types.EncodingTypeUrl}
	for page := 0; ; page++ {
		if page == r.Settings.MaxPages {
			r.fail(ctx, where, fmt.Errorf("more than %d pages; the rest was not read", page))
			return false
		}
		answer, err := r.versionsPage(ctx, in)
		if err != nil {
			r.fail(ctx, where, err)
			return false
		}
		seen := r.AsOf
		if at, ok := awsmiddleware.GetServerTime(answer.ResultMetadata); ok {
			seen = at.UTC()
		}
		if page == 0 {
			began = seen
		}
		objects, err := versionsOf(answer)
		if err != nil {
			r.fail(ctx, where, err)
			return false
		}
		for _, o := range objects {
			rows++
			o.SeenAt, o.Live = seen, true
			if r.young(o) && heads < r.Settings.MaxHeads {
				heads++
				r.status(ctx, &o)
			}
			if !r.keep(o) {
				return false
			}
		}
		if !aws.ToBool(answer.IsTruncated) {
			break
		}
		if !advance(in, answer) {
			r.fail(ctx, where, errors.New("the listing is cut off and names no way to go on"))
			return false
		}
	}
	r.extents = append(r.extents, audit.Extent{Name: where, Records: rows, Totals: map[string]string{"listed": began.Format(time.RFC3339)}})
	r.watermark = began
	return true
}

func (r *reading) versionsPage(ctx context.Context, in *s3.ListObjectVersionsInput) (*s3.ListObjectVersionsOutput, error) {
	bounded, cancel := context.WithTimeout(ctx, r.Settings.Timeout)
	defer cancel()
	answer, err := r.Client.ListObjectVersions(bounded, in)
	if err != nil {
		return nil, fmt.Errorf("list versions: %w", err)
	}
	return answer, nil
}

// advance moves the request to the next page; it reports false if the answer names none or the same one again.
func advance(in *s3.ListObjectVersionsInput, answer *s3.ListObjectVersionsOutput) bool {
	key, err := url.QueryUnescape(aws.ToString(answer.NextKeyMarker))
	version := aws.ToString(answer.NextVersionIdMarker)
	if err != nil || key == "" || (key == aws.ToString(in.KeyMarker) && version == aws.ToString(in.VersionIdMarker)) {
		return false
	}
	in.KeyMarker, in.VersionIdMarker = &key, answer.NextVersionIdMarker
	return true
}

// versionsOf reads one page: versions and delete markers.
func versionsOf(answer *s3.ListObjectVersionsOutput) ([]record.Object, error) {
	out := make([]record.Object, 0, len(answer.Versions)+len(answer.DeleteMarkers))
	for _, v := range answer.Versions {
		key, err := url.QueryUnescape(aws.ToString(v.Key))
		if err != nil {
			return nil, &damageError{"holds a key that is not URL-encoded"}
		}
		etag := strings.Trim(aws.ToString(v.ETag), `"`)
		out = append(out, record.Object{
			Key: key, VersionID: versionID(v.VersionId), IsLatest: aws.ToBool(v.IsLatest), Size: aws.ToInt64(v.Size),
			LastModified: aws.ToTime(v.LastModified).UTC(), ETag: etag, StorageClass: string(v.StorageClass),
			Multipart: strings.Contains(etag, "-"),
		})
	}
	for _, m := range answer.DeleteMarkers {
		key, err := url.QueryUnescape(aws.ToString(m.Key))
		if err != nil {
			return nil, &damageError{"holds a key that is not URL-encoded"}
		}
		out = append(out, record.Object{
			Key: key, VersionID: versionID(m.VersionId), IsLatest: aws.ToBool(m.IsLatest), DeleteMarker: true,
			LastModified: aws.ToTime(m.LastModified).UTC(),
		})
	}
	return out, nil
}

// versionID spells the null version as inventories do.
func versionID(id *string) string {
	if aws.ToString(id) == "null" {
		return ""
	}
	return aws.ToString(id)
}

// young reports whether an object is recent enough that no inventory may hold its replication status yet.
func (r *reading) young(o record.Object) bool {
	return o.IsLatest && !o.DeleteMarker && r.wide.Holds(o.LastModified) && o.SeenAt.Sub(o.LastModified) < 48*time.Hour
}

// status asks for the replication status of one version. No answer leaves it unknown: that the object exists is what
// the listing was asked for.
func (r *reading) status(ctx context.Context, o *record.Object) {
	bounded, cancel := context.WithTimeout(ctx, r.Settings.Timeout)
	defer cancel()
	in := &s3.HeadObjectInput{Bucket: &r.Bucket, Key: &o.Key}
	if o.VersionID != "" {
		in.VersionId = &o.VersionID
	}
	answer, err := r.Client.HeadObject(bounded, in)
	if err != nil {
		r.excluded["replication status not answered live"]++
		return
	}
	o.ReplicationStatus = statusOf(string(answer.ReplicationStatus))
	o.Encryption = encryptionOf(answer)
}

// encryptionOf names the encryption as inventories do.
func encryptionOf(answer *s3.HeadObjectOutput) string {
	switch {
	case aws.ToString(answer.SSECustomerAlgorithm) != "":
		return "SSE-C"
	case strings.Contains(string(answer.ServerSideEncryption), "kms"):
		return "SSE-KMS"
	case answer.ServerSideEncryption != "":
		return "SSE-S3"
	default:
		return ""
	}
}
