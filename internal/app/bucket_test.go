package app

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"parallax/internal/lab/loopback"
)

// bucket is an S3 bucket, "archive", that takes writes: the lab's take none.
type bucket struct {
	mu      sync.Mutex
	objects map[string][]byte
	refuse  func(method string) (status int, code string) // status 0 lets a request through
}

// openBucket serves an empty bucket and returns its endpoint.
func openBucket(t *testing.T) (*bucket, string) {
	t.Helper()
	b := &bucket{objects: map[string][]byte{}}
	url, stop, err := loopback.Serve(b)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return b, url
}

// refusing sets what is refused; nil refuses nothing.
func (b *bucket) refusing(f func(method string) (int, string)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refuse = f
}

func (b *bucket) keys() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Sorted(maps.Keys(b.objects))
}

func (b *bucket) remove(key string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.objects, key)
}

func (b *bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	name, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	status, code := 0, ""
	if b.refuse != nil {
		status, code = b.refuse(r.Method)
	}
	switch {
	case status != 0:
		refuseS3(w, status, code)
	case name != "archive":
		refuseS3(w, http.StatusNotFound, "NoSuchBucket")
	case key == "":
		b.list(w, r.URL.Query().Get("prefix"))
	case r.Method == http.MethodPut:
		b.put(w, r, key)
	case r.Method == http.MethodDelete:
		delete(b.objects, key)
		w.WriteHeader(http.StatusNoContent)
	case b.objects[key] == nil:
		refuseS3(w, http.StatusNotFound, "NoSuchKey")
	default:
		w.Header().Set("Content-Length", strconv.Itoa(len(b.objects[key])))
		_, _ = w.Write(b.objects[key]) // a client that has gone is no concern of the server
	}
}

func (b *bucket) put(w http.ResponseWriter, r *http.Request, key string) {
	body, err := io.ReadAll(r.Body)
	sum := sha256.Sum256(body)
	checksum := base64.StdEncoding.EncodeToString(sum[:])
	if err != nil || r.Header.Get("X-Amz-Checksum-Sha256") != checksum {
		refuseS3(w, http.StatusBadRequest, "BadDigest")
		return
	}
	b.objects[key] = body
	w.Header().Set("X-Amz-Checksum-Sha256", checksum)
}

func (b *bucket) list(w http.ResponseWriter, prefix string) {
	type content struct {
		Key          string
		Size         int
		LastModified string
	}
	answer := struct {
		XMLName  xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListBucketResult"`
		Contents []content
	}{}
	for _, key := range slices.Sorted(maps.Keys(b.objects)) {
		if strings.HasPrefix(key, prefix) {
			answer.Contents = append(answer.Contents, content{key, len(b.objects[key]), time.Now().UTC().Format(time.RFC3339Nano)})
		}
	}
	w.Header().Set("Content-Type", "application/xml")
	_ = xml.NewEncoder(w).Encode(answer) // as above
}

func refuseS3(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code><Message>refused</Message></Error>", code)
}
