//go:build peers

package minio

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"parallax/internal/lab/buckets"
)

// WriteInventories writes an inventory of both buckets as they are, stamped with a moment. MinIO has no S3 Inventory.
func (p *Pair) WriteInventories(ctx context.Context, at time.Time) error {
	for _, region := range p.options.Regions {
		if err := p.WriteInventory(ctx, region, at); err != nil {
			return err
		}
	}
	return nil
}

// WriteInventory does the same for one region.
func (p *Pair) WriteInventory(ctx context.Context, region string, at time.Time) error {
	versions, err := p.List(ctx, region)
	if err != nil {
		return err
	}
	format := buckets.CSV
	if region == p.options.Regions[1] {
		format = buckets.Parquet
	}
	destination := p.options.InventoryBuckets[region]
	files, err := buckets.Edition{
		Bucket: p.options.Buckets[region], Destination: destination, Prefix: p.options.Prefix, ConfigID: p.options.ConfigID,
		Format: cmp.Or(p.options.Formats[region], format), At: at, Versions: versions,
	}.Files()
	if err != nil {
		return err
	}
	for _, f := range files {
		_, err := p.clients[region].PutObject(ctx, &s3.PutObjectInput{Bucket: &destination, Key: &f.Key, Body: bytes.NewReader(f.Body)})
		if err != nil {
			return fmt.Errorf("put %s: %w", f.Key, err)
		}
	}
	return nil
}

// Stored lists the keys of a region's inventory bucket, at most a thousand.
func (p *Pair) Stored(ctx context.Context, region string) ([]string, error) {
	page, err := p.clients[region].ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String(p.options.InventoryBuckets[region])})
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", p.options.InventoryBuckets[region], err)
	}
	var keys []string
	for _, o := range page.Contents {
		keys = append(keys, aws.ToString(o.Key))
	}
	return keys, nil
}

// List lists the versions and delete markers of a region's bucket by key, the newest first, with their replication status.
// MinIO clears that of some markers once they have arrived.
func (p *Pair) List(ctx context.Context, region string) ([]buckets.Listed, error) {
	var all []buckets.Listed
	pages := s3.NewListObjectVersionsPaginator(p.clients[region], &s3.ListObjectVersionsInput{
		Bucket: aws.String(p.options.Buckets[region]), EncodingType: types.EncodingTypeUrl,
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", region, err)
		}
		listed, err := listedOf(page)
		if err != nil {
			return nil, err
		}
		all = append(all, listed...)
	}
	slices.SortStableFunc(all, func(a, b buckets.Listed) int {
		if a.Key == b.Key && a.IsLatest != b.IsLatest {
			return map[bool]int{true: -1, false: 1}[a.IsLatest]
		}
		return cmp.Or(strings.Compare(a.Key, b.Key), b.Modified.Compare(a.Modified))
	})
	for i := range all {
		status, err := p.status(ctx, region, all[i])
		if err != nil {
			return nil, err
		}
		all[i].ReplicationStatus = status
	}
	return all, nil
}

func listedOf(page *s3.ListObjectVersionsOutput) ([]buckets.Listed, error) {
	out := make([]buckets.Listed, 0, len(page.Versions)+len(page.DeleteMarkers))
	for _, v := range page.Versions {
		key, err := url.QueryUnescape(aws.ToString(v.Key))
		if err != nil {
			return nil, fmt.Errorf("read listing: %w", err)
		}
		etag := strings.Trim(aws.ToString(v.ETag), `"`)
		out = append(out, buckets.Listed{
			Key: key, VersionID: versionID(v.VersionId), IsLatest: aws.ToBool(v.IsLatest), Size: aws.ToInt64(v.Size),
			Modified: aws.ToTime(v.LastModified), ETag: etag, StorageClass: string(v.StorageClass), Multipart: strings.Contains(etag, "-"),
		})
	}
	for _, m := range page.DeleteMarkers {
		key, err := url.QueryUnescape(aws.ToString(m.Key))
		if err != nil {
			return nil, fmt.Errorf("read listing: %w", err)
		}
		out = append(out, buckets.Listed{
			Key: key, VersionID: versionID(m.VersionId), IsLatest: aws.ToBool(m.IsLatest), DeleteMarker: true, Modified: aws.ToTime(m.LastModified),
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

// status asks for the replication status of a version. A HEAD of a delete marker is refused, as in S3, but MinIO puts its
// status in a header of its own.
func (p *Pair) status(ctx context.Context, region string, l buckets.Listed) (string, error) {
	in := &s3.HeadObjectInput{Bucket: aws.String(p.options.Buckets[region]), Key: &l.Key, VersionId: aws.String(cmp.Or(l.VersionID, "null"))}
	out, err := p.clients[region].HeadObject(ctx, in)
	var refused *awshttp.ResponseError
	switch {
	case err == nil:
		return string(out.ReplicationStatus), nil
	case l.DeleteMarker && errors.As(err, &refused) && refused.HTTPStatusCode() == http.StatusMethodNotAllowed:
		return refused.Response.Header.Get("X-Minio-Replication-Deletemarker-Status"), nil
	default:
		return "", fmt.Errorf("head %s: %w", l.Key, err)
	}
}
