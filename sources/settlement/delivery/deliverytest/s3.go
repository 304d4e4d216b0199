// Package deliverytest serves files to tests as buckets and SFTP servers do, with faults.
package deliverytest

import (
	"bytes"
	"crypto/md5" //nolint:gosec // what S3 has for an ETag
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Fault is what a request gets instead of its answer.
type Fault struct {
	Status int
	Code   string
	Delay  time.Duration
	Cut    int  // break the connection after so many bytes of the body
	Deaf   bool // to conditions, as some servers are that only resemble S3
}

// Bucket is the bucket "inbox". Its methods may be called from any goroutine.
type Bucket struct {
	URL string

	mu      sync.Mutex
	objects map[string]object
	page    int
	calls   map[string]int
	fault   func(action string, nth int) Fault
	ranges  []string
}

type object struct {
	body []byte
	at   time.Time
}

// NewBucket serves an empty bucket until the test ends.
func NewBucket(t *testing.T) *Bucket {
	t.Helper()
	b := &Bucket{objects: map[string]object{}, page: 1000, calls: map[string]int{}}
	web := httptest.NewServer(b)
	t.Cleanup(web.Close)
	b.URL = web.URL
	return b
}

// Client is a client of the bucket's region.
func (b *Bucket) Client() *s3.Client {
	return s3.New(s3.Options{
		Region: "eu-west-2", BaseEndpoint: &b.URL, UsePathStyle: true, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
	})
}

// Put stores an object.
func (b *Bucket) Put(key string, body []byte, at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.objects[key] = object{body, at}
}

// Page sets how many objects a page of a listing holds.
func (b *Bucket) Page(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.page = n
}

// Fault sets what decides about each request: the nth of its action, LIST or GET, from 1. The bucket may be changed by it.
func (b *Bucket) Fault(decide func(action string, nth int) Fault) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fault, b.calls, b.ranges = decide, map[string]int{}, nil
}

// Ranges are the ranges of bytes that were asked for.
func (b *Bucket) Ranges() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.ranges)
}

// ServeHTTP answers as S3 does. Anything that would write is refused.
func (b *Bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	action := r.Method
	if key == "" {
		action = "LIST"
	}
	b.mu.Lock()
	b.calls[action]++
	decide, nth := b.fault, b.calls[action]
	if action == http.MethodGet {
		b.ranges = append(b.ranges, r.Header.Get("Range"))
	}
	b.mu.Unlock()
	var f Fault
	if decide != nil {
		f = decide(action, nth)
	}
	if f.Delay > 0 {
		select {
		case <-time.After(f.Delay):
		case <-r.Context().Done():
		}
	}
	switch {
	case f.Status != 0:
		w.Header().Set("X-Amz-Bucket-Region", "eu-west-1")
		refuse(w, f.Status, f.Code)
	case bucket != "inbox":
		refuse(w, http.StatusNotFound, "NoSuchBucket")
	case action == "LIST":
		b.list(w, r)
	case action == http.MethodGet:
		b.get(w, r, key, f)
	default:
		refuse(w, http.StatusForbidden, "AccessDenied")
	}
}

func (b *Bucket) get(w http.ResponseWriter, r *http.Request, key string, f Fault) {
	b.mu.Lock()
	o, there := b.objects[key]
	b.mu.Unlock()
	if !there {
		refuse(w, http.StatusNotFound, "NoSuchKey")
		return
	}
	if r.Header.Get("If-Match") == "" {
		refuse(w, http.StatusBadRequest, "InvalidRequest") // it could be of anything
		return
	}
	if f.Deaf {
		r.Header.Del("If-Match")
	}
	w.Header().Set("ETag", etag(o.body))
	w.Header().Set("Content-Type", "application/octet-stream")
	if f.Cut > 0 {
		w = &cutting{w, f.Cut}
	}
	http.ServeContent(w, r, "", o.at, bytes.NewReader(o.body)) // it knows ranges and If-Match
}

func etag(body []byte) string {
	sum := md5.Sum(body) //nolint:gosec // see above
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

// cutting breaks the connection.
type cutting struct {
	http.ResponseWriter

	left int
}

func (c *cutting) Write(p []byte) (int, error) {
	if len(p) < c.left {
		c.left -= len(p)
		return c.ResponseWriter.Write(p)
	}
	_, _ = c.ResponseWriter.Write(p[:c.left])
	_ = http.NewResponseController(c.ResponseWriter).Flush()
	panic(http.ErrAbortHandler)
}

func (b *Bucket) list(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	type content struct {
		Key          string `xml:"Key"`
		Size         int    `xml:"Size"`
		LastModified string `xml:"LastModified"`
		ETag         string `xml:"ETag"`
	}
	answer := struct {
		XMLName               xml.Name  `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListBucketResult"`
		IsTruncated           bool      `xml:"IsTruncated"`
		EncodingType          string    `xml:"EncodingType"`
		NextContinuationToken string    `xml:"NextContinuationToken,omitempty"`
		Contents              []content `xml:"Contents"`
	}{EncodingType: "url"}
	after := r.URL.Query().Get("continuation-token")
	for _, key := range slices.Sorted(maps.Keys(b.objects)) {
		if !strings.HasPrefix(key, r.URL.Query().Get("prefix")) || key <= after {
			continue
		}
		if n := len(answer.Contents); n == b.page {
			answer.IsTruncated = true
			answer.NextContinuationToken, _ = url.QueryUnescape(answer.Contents[n-1].Key)
			break
		}
		o := b.objects[key]
		answer.Contents = append(answer.Contents, content{url.QueryEscape(key), len(o.body), o.at.UTC().Format(time.RFC3339Nano), etag(o.body)})
	}
	w.Header().Set("Content-Type", "application/xml")
	_ = xml.NewEncoder(w).Encode(answer)
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code><Message>refused</Message></Error>", code)
}
