package inventory

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go/middleware"

	"parallax/internal/audit"
	"parallax/internal/record"
)

const (
	firstKeys   = 10  // versions asked for first where one key is meant, which mostly has one
	nextKeys    = 500 // and then, where it has more
	maxVersions = 100 // pages of one key's versions: 50,000 of one receipt are a mistake
)

// page is one answer of a listing.
type page struct {
	objects []record.Object
	at      time.Time // when it was answered
	more    bool      // there are further pages
}

// listing goes through the versions under a prefix page by page. S3 answers in the order of the keys' bytes.
type listing struct {
	live   *Live
	prefix string
	in     *s3.ListObjectVersionsInput
	last   string // the greatest key so far: no later page has one before it
}

func (l *Live) listing(prefix string) *listing {
	return &listing{live: l, prefix: prefix, in: &s3.ListObjectVersionsInput{
		Bucket: &l.Bucket, Prefix: aws.String(prefix), EncodingType: types.EncodingTypeUrl,
	}}
}

// next asks for a page. An answer that does not lead on, or is of other keys than those asked for, is an error: no listing is
// without end.
func (g *listing) next(ctx context.Context) (page, error) {
	var out *s3.ListObjectVersionsOutput
	at, err := g.live.ask(ctx, actionList, func(ctx context.Context) (m middleware.Metadata, err error) {
		if out, err = g.live.Client.ListObjectVersions(ctx, g.in); err == nil {
			m = out.ResultMetadata
		}
		return m, err
	})
	if err != nil {
		return page{}, err
	}
	p := page{at: at, more: aws.ToBool(out.IsTruncated)}
	if p.objects, err = versionsOf(out); err != nil {
		return page{}, strange(err)
	}
	before := g.last
	for i := range p.objects {
		o := &p.objects[i]
		if !strings.HasPrefix(o.Key, g.prefix) || o.Key < before {
			return page{}, strange(&damageError{"answers with a key that was not asked for"})
		}
		g.last = max(g.last, o.Key)
		o.Region, o.Bucket, o.SeenAt, o.Live = g.live.Region, g.live.Bucket, at, true
	}
	if p.more && !g.advance(out) {
		return page{}, strange(&damageError{"is cut off and names no way to go on"})
	}
	return p, nil
}

func strange(err error) error { return &askedError{action: actionList, cause: err} }

// Versions are all versions and delete markers of exactly this key, live; none is no error, and not nil. Keys that only begin with it come
// after it in a listing and are not read.
// Source: Amazon S3 API reference, ListObjectVersions.
func (l *Live) Versions(ctx context.Context, key string) ([]record.Object, error) {
	g := l.listing(key)
	g.in.MaxKeys = aws.Int32(firstKeys)
	all := []record.Object{}
	seen := map[string]bool{}
	for range maxVersions {
		p, err := g.next(ctx)
		if err != nil {
			return nil, err
		}
		for _, o := range p.objects {
			switch {
			case o.Key != key:
				p.more = false
			case seen[o.VersionID]:
				return nil, strange(&damageError{"lists one version twice"})
			default:
				seen[o.VersionID] = true
				all = append(all, o)
			}
		}
		if !p.more {
			return all, nil
		}
		g.in.MaxKeys = aws.Int32(nextKeys)
	}
	return nil, strange(&damageError{fmt.Sprintf("lists more than %d versions of one key", (maxVersions-1)*nextKeys)})
}

// List hands over all versions and delete markers under a prefix, in the order of their keys, until each returns false. The
// extent is of what was handed over, and says when the listing began. Where more than MaxPages are there it is an error.
func (l *Live) List(ctx context.Context, prefix string, each func(record.Object) bool) (audit.Extent, error) {
	g := l.listing(prefix)
	out := audit.Extent{Name: "listing of " + l.Bucket + "/" + prefix}
	for range cmp.Or(l.MaxPages, 5000) {
		p, err := g.next(ctx)
		if err != nil {
			return out, err
		}
		if out.Totals == nil {
			out.Totals = map[string]string{"listed": p.at.Format(time.RFC3339)}
		}
		for _, o := range p.objects {
			out.Records++
			if !each(o) {
				return out, nil
			}
		}
		if !p.more {
			return out, nil
		}
	}
	return out, &askedError{action: actionList, cause: &endlessError{cmp.Or(l.MaxPages, 5000)}}
}

// advance moves the request to the next page; it reports false if the answer names none, the same one again or an earlier one.
// The marker need not be a key that was listed: S3 describes it as the first key not returned, and MinIO puts words of its own
// behind the last one.
// Source: Amazon S3 API reference, ListObjectVersions.
func (g *listing) advance(out *s3.ListObjectVersionsOutput) bool {
	key, err := plain(out, out.NextKeyMarker)
	if err != nil || key == "" || key < g.last {
		return false
	}
	version := aws.ToString(out.NextVersionIdMarker)
	if key == aws.ToString(g.in.KeyMarker) && (version == "" || version == aws.ToString(g.in.VersionIdMarker)) {
		return false
	}
	g.in.KeyMarker, g.in.VersionIdMarker = &key, out.NextVersionIdMarker
	return true
}

// versionsOf reads one page: versions, then delete markers.
func versionsOf(out *s3.ListObjectVersionsOutput) ([]record.Object, error) {
	all := make([]record.Object, 0, len(out.Versions)+len(out.DeleteMarkers))
	for _, v := range out.Versions {
		key, err := plain(out, v.Key)
		if err != nil {
			return nil, err
		}
		etag := strings.Trim(aws.ToString(v.ETag), `"`)
		o := record.Object{
			Key: key, VersionID: versionID(v.VersionId), IsLatest: aws.ToBool(v.IsLatest), Size: aws.ToInt64(v.Size),
			LastModified: aws.ToTime(v.LastModified).UTC(), ETag: etag, StorageClass: string(v.StorageClass),
			Multipart: strings.Contains(etag, "-"),
		}
		if len(v.ChecksumAlgorithm) > 0 {
			o.ChecksumAlgorithm = string(v.ChecksumAlgorithm[0])
		}
		all = append(all, o)
	}
	for _, m := range out.DeleteMarkers {
		key, err := plain(out, m.Key)
		if err != nil {
			return nil, err
		}
		all = append(all, record.Object{
			Key: key, VersionID: versionID(m.VersionId), IsLatest: aws.ToBool(m.IsLatest), DeleteMarker: true,
			LastModified: aws.ToTime(m.LastModified).UTC(),
		})
	}
	return all, nil
}

// plain is a key of a listing as the application wrote it; not every server encodes where it is asked to.
func plain(out *s3.ListObjectVersionsOutput, key *string) (string, error) {
	if out.EncodingType != types.EncodingTypeUrl {
		return aws.ToString(key), nil
	}
	text, err := url.QueryUnescape(aws.ToString(key))
	if err != nil {
		return "", &damageError{"holds a key that is not URL-encoded"}
	}
	return text, nil
}

// versionID spells the null version as inventories do.
func versionID(id *string) string {
	if aws.ToString(id) == "null" {
		return ""
	}
	return aws.ToString(id)
}
