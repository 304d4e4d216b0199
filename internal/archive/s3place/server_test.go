package s3place_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// fault is what a request gets instead of its answer.
type fault struct {
	status  int
	code    string
	delay   time.Duration
	cut     int  // break the connection after so many bytes of the body
	damaged bool // what is sent arrives with a bit flipped
}

// server is one bucket, "archive" in eu-west-2, that takes writes: the lab's take none.
type server struct {
	mu      sync.Mutex
	objects map[string]object
	page    int                                // objects to a page of a listing
	fault   func(action string, nth int) fault // nth of this action, from 1
	calls   map[string]int
}

type object struct {
	body []byte
	at   time.Time
}

func serve(t *testing.T) (*server, string) {
	s := &server{objects: map[string]object{}, page: 1000, calls: map[string]int{}, fault: func(string, int) fault { return fault{} }}
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	return s, web.URL
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	action := r.Method
	if key == "" {
		action = "LIST"
	}
	s.calls[action]++
	f := s.fault(action, s.calls[action])
	if f.delay > 0 {
		s.mu.Unlock()
		select {
		case <-time.After(f.delay):
		case <-r.Context().Done():
		}
		s.mu.Lock()
	}
	switch {
	case f.status != 0:
		w.Header().Set("X-Amz-Bucket-Region", "eu-west-2")
		refuse(w, f.status, f.code)
	case !strings.Contains(r.Header.Get("Authorization"), "/eu-west-2/s3/"):
		w.Header().Set("X-Amz-Bucket-Region", "eu-west-2")
		refuse(w, http.StatusBadRequest, "AuthorizationHeaderMalformed")
	case bucket != "archive":
		refuse(w, http.StatusNotFound, "NoSuchBucket")
	default:
		s.answer(w, r, action, key, f)
	}
}

func (s *server) answer(w http.ResponseWriter, r *http.Request, action, key string, f fault) {
	switch action {
	case "LIST":
		s.list(w, r)
	case http.MethodPut:
		body, err := io.ReadAll(r.Body)
		if f.damaged {
			body[0] ^= 1
		}
		sum := sha256.Sum256(body)
		checksum := base64.StdEncoding.EncodeToString(sum[:])
		if err != nil || r.Header.Get("X-Amz-Checksum-Sha256") != checksum || r.ContentLength != int64(len(body)) {
			refuse(w, http.StatusBadRequest, "BadDigest")
			return
		}
		s.objects[key] = object{body: body, at: time.Now()}
		w.Header().Set("X-Amz-Checksum-Sha256", checksum)
	case http.MethodGet:
		o, there := s.objects[key]
		if !there {
			refuse(w, http.StatusNotFound, "NoSuchKey")
			return
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(o.body)))
		if f.cut > 0 {
			_, _ = w.Write(o.body[:f.cut])
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}
		_, _ = w.Write(o.body)
	case http.MethodDelete:
		delete(s.objects, key)
		w.WriteHeader(http.StatusNoContent)
	default:
		refuse(w, http.StatusNotImplemented, "NotImplemented")
	}
}

func (s *server) list(w http.ResponseWriter, r *http.Request) {
	type content struct {
		Key          string
		Size         int
		LastModified string
	}
	answer := struct {
		XMLName               xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListBucketResult"`
		IsTruncated           bool
		NextContinuationToken string `xml:",omitempty"`
		Contents              []content
	}{}
	for _, key := range slices.Sorted(maps.Keys(s.objects)) {
		if !strings.HasPrefix(key, r.URL.Query().Get("prefix")) || key <= r.URL.Query().Get("continuation-token") {
			continue
		}
		if len(answer.Contents) == s.page {
			answer.IsTruncated, answer.NextContinuationToken = true, answer.Contents[s.page-1].Key
			break
		}
		o := s.objects[key]
		answer.Contents = append(answer.Contents, content{key, len(o.body), o.at.UTC().Format(time.RFC3339Nano)})
	}
	w.Header().Set("Content-Type", "application/xml")
	_ = xml.NewEncoder(w).Encode(answer)
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.Header().Set("X-Amz-Request-Id", strconv.FormatInt(time.Now().UnixNano(), 36))
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code><Message>refused</Message></Error>", code)
}
