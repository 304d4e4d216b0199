package buckets

import (
	"encoding/xml"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const timeLayout = "2006-01-02T15:04:05.000Z"

type listedObject struct {
	Key          string
	LastModified string
	ETag         string
	Size         int64
	StorageClass string
}

type commonPrefix struct{ Prefix string }

type objectList struct {
	XMLName               xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListBucketResult"`
	Name                  string
	Prefix                string
	KeyCount              int
	MaxKeys               int
	IsTruncated           bool
	EncodingType          string `xml:",omitempty"`
	NextContinuationToken string `xml:",omitempty"`
	Contents              []listedObject
	CommonPrefixes        []commonPrefix
}

// listObjects answers ListObjectsV2 with prefix, delimiter, start-after, continuation and encoding-type=url.
func (p *Pair) listObjects(w http.ResponseWriter, r *http.Request, s *side, bucket string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	q := r.URL.Query()
	prefix, delimiter := q.Get("prefix"), q.Get("delimiter")
	after := max(q.Get("start-after"), strings.TrimPrefix(q.Get("continuation-token"), "after:"))
	limit := p.pageSize(q)
	out := objectList{Name: bucket, Prefix: prefix, MaxKeys: limit, EncodingType: q.Get("encoding-type")}
	group, last := "", ""
	for _, key := range s.keys(bucket, p.now) {
		if !strings.HasPrefix(key, prefix) || key <= after || (strings.HasSuffix(after, delimiter) && delimiter != "" && strings.HasPrefix(key, after)) {
			continue
		}
		folder := folderOf(key, prefix, delimiter)
		if folder != "" && folder == group {
			continue
		}
		if out.KeyCount == limit {
			out.IsTruncated, out.NextContinuationToken = true, "after:"+last
			break
		}
		if folder != "" {
			group, last = folder, folder
			out.CommonPrefixes = append(out.CommonPrefixes, commonPrefix{encoded(folder, out.EncodingType)})
			out.KeyCount++
			continue
		}
		if object, live := p.listed(s, bucket, key); live {
			object.Key = encoded(key, out.EncodingType)
			out.Contents = append(out.Contents, object)
			out.KeyCount++
			last = key
		}
	}
	send(w, out)
}

func folderOf(key, prefix, delimiter string) string {
	if delimiter == "" {
		return ""
	}
	head, _, found := strings.Cut(key[len(prefix):], delimiter)
	if !found {
		return ""
	}
	return prefix + head + delimiter
}

func (s *side) keys(bucket string, now time.Time) []string {
	if bucket == s.inventory {
		return s.delivered(now)
	}
	return slices.Sorted(maps.Keys(s.versions))
}

func (p *Pair) listed(s *side, bucket, key string) (listedObject, bool) {
	if bucket == s.inventory {
		f := s.files[key]
		return listedObject{
			LastModified: f.modified.UTC().Format(timeLayout), ETag: `"` + etagOf(f.body) + `"`,
			Size: int64(len(f.body)), StorageClass: "STANDARD",
		}, true
	}
	v := s.latest(key)
	return listedObject{
		LastModified: v.modified().Format(timeLayout), ETag: `"` + v.etag + `"`, Size: v.size, StorageClass: p.classAt(v, p.now),
	}, !v.marker
}

func (p *Pair) pageSize(q url.Values) int {
	if n, err := strconv.Atoi(q.Get("max-keys")); err == nil && n > 0 {
		return min(n, p.options.PageSize)
	}
	return p.options.PageSize
}

func encoded(key, encoding string) string {
	if encoding == "url" {
		return strings.ReplaceAll(url.QueryEscape(key), "%2F", "/")
	}
	return key
}

type listedVersion struct {
	XMLName      xml.Name // Version or DeleteMarker
	Key          string
	VersionId    string //nolint:staticcheck // S3's own spelling
	IsLatest     bool
	LastModified string
	ETag         string `xml:",omitempty"`
	Size         *int64 `xml:",omitempty"`
	StorageClass string `xml:",omitempty"`

	ChecksumAlgorithm string `xml:",omitempty"`
	ChecksumType      string `xml:",omitempty"`
}

type versionList struct {
	XMLName             xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListVersionsResult"`
	Name                string
	Prefix              string
	KeyMarker           string
	MaxKeys             int
	IsTruncated         bool
	EncodingType        string `xml:",omitempty"`
	NextKeyMarker       string `xml:",omitempty"`
	NextVersionIdMarker string `xml:",omitempty"` //nolint:staticcheck // S3's own spelling
	Versions            []listedVersion
}

// listVersions answers ListObjectVersions, newest version of each key first.
func (p *Pair) listVersions(w http.ResponseWriter, r *http.Request, s *side, bucket string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	q := r.URL.Query()
	out := versionList{
		Name: bucket, Prefix: q.Get("prefix"), KeyMarker: q.Get("key-marker"), MaxKeys: p.pageSize(q), EncodingType: q.Get("encoding-type"),
	}
	if bucket == s.inventory {
		refuse(w, r, http.StatusNotImplemented, "NotImplemented", "the inventory bucket has no versions")
		return
	}
	marker := q.Get("version-id-marker")
	lastKey, lastID := "", ""
	for _, key := range s.keys(bucket, p.now) {
		if !strings.HasPrefix(key, out.Prefix) || key < out.KeyMarker || (key == out.KeyMarker && marker == "") {
			continue
		}
		list := s.versions[key]
		skipping := key == out.KeyMarker
		for i, v := range slices.Backward(list) {
			if skipping {
				skipping = orNull(v.id) != marker
				continue
			}
			if len(out.Versions) == out.MaxKeys {
				out.IsTruncated, out.NextKeyMarker, out.NextVersionIdMarker = true, encoded(lastKey, out.EncodingType), lastID
				send(w, out)
				return
			}
			out.Versions = append(out.Versions, p.listedVersion(v, encoded(key, out.EncodingType), i == len(list)-1))
			lastKey, lastID = key, orNull(v.id)
		}
	}
	send(w, out)
}

func (p *Pair) listedVersion(v *version, key string, latest bool) listedVersion {
	out := listedVersion{Key: key, VersionId: orNull(v.id), IsLatest: latest, LastModified: v.modified().Format(timeLayout)}
	out.XMLName.Local = "Version"
	if v.marker {
		out.XMLName.Local = "DeleteMarker"
		return out
	}
	out.ETag, out.Size, out.StorageClass = `"`+v.etag+`"`, &v.size, p.classAt(v, p.now)
	out.ChecksumAlgorithm, out.ChecksumType = p.algorithm(), "FULL_OBJECT"
	return out
}
