package buckets

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"parallax/internal/lab/loopback"
)

// Request is what a fault decides about.
type Request struct {
	Region, Action string // the action as the API names it: GetObject, HeadObject, ListObjectsV2, ListObjectVersions, ...
	Bucket, Key    string
	Nth            int // of this action in this region, from 1
}

// Fault is what a request gets instead of its answer. The zero Fault lets it through.
type Fault struct {
	Status  int           // HTTP status
	Code    string        // error code: "AccessDenied", "SlowDown", ...
	Message string        // error message
	Delay   time.Duration // before anything is said; with no Status the normal answer follows
	Cut     int64         // break the connection after so many bytes of the body
}

// Fault sets what decides about each request before it is answered. Nil lets everything through.
func (p *Pair) Fault(decide func(Request) Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = decide
}

// Calls tells how often an action was asked of a region.
func (p *Pair) Calls(region, action string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls[region+" "+action]
}

// Serve opens the endpoint of one region on a free port of 127.0.0.1, with both its buckets in path style; stop closes
// it and its connections.
func (p *Pair) Serve(region string) (url string, stop func(), err error) {
	if _, ok := p.sides[region]; !ok {
		return "", nil, fmt.Errorf("serve s3: no bucket in region %q", region)
	}
	url, stop, err = loopback.Serve(p.Handler(region))
	if err != nil {
		return "", nil, fmt.Errorf("serve s3 in %s: %w", region, err)
	}
	return url, stop, nil
}

// Handler answers S3 requests for one region.
func (p *Pair) Handler(region string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		action := actionOf(r, key)
		p.mu.Lock()
		p.calls[region+" "+action]++
		decide, nth := p.fault, p.calls[region+" "+action]
		w.Header().Set("Date", p.now.Format(http.TimeFormat))
		p.mu.Unlock()
		w.Header().Set("X-Amz-Request-Id", fmt.Sprintf("%s-%d", action, nth))
		if decide != nil {
			fault := decide(Request{Region: region, Action: action, Bucket: bucket, Key: key, Nth: nth})
			if !loopback.Delay(r, fault.Delay) {
				return
			}
			if fault.Status != 0 {
				refuse(w, r, fault.Status, fault.Code, fault.Message)
				return
			}
			if fault.Cut > 0 {
				w = &cutting{ResponseWriter: w, left: fault.Cut}
			}
		}
		p.answer(w, r, p.sides[region], action, bucket, key)
	})
}

func actionOf(r *http.Request, key string) string {
	q := r.URL.Query()
	switch {
	case r.Method == http.MethodHead && key == "":
		return "HeadBucket"
	case r.Method == http.MethodHead:
		return "HeadObject"
	case r.Method != http.MethodGet:
		return "Write"
	case key != "":
		return "GetObject"
	case q.Has("versions"):
		return "ListObjectVersions"
	case q.Has("versioning"):
		return "GetBucketVersioning"
	case q.Has("replication"):
		return "GetBucketReplication"
	case q.Get("list-type") == "2":
		return "ListObjectsV2"
	default:
		return "Unknown"
	}
}

func (p *Pair) answer(w http.ResponseWriter, r *http.Request, s *side, action, bucket, key string) {
	if bucket != s.bucket && bucket != s.inventory {
		refuse(w, r, http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist")
		return
	}
	switch action {
	case "HeadBucket":
		w.Header().Set("X-Amz-Bucket-Region", s.region)
	case "GetObject", "HeadObject":
		p.object(w, r, s, bucket, key)
	case "ListObjectsV2":
		p.listObjects(w, r, s, bucket)
	case "ListObjectVersions":
		p.listVersions(w, r, s, bucket)
	case "GetBucketVersioning":
		status := p.versioning(s.region)
		if bucket == s.inventory {
			status = ""
		}
		send(w, struct {
			XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ VersioningConfiguration"`
			Status  string   `xml:",omitempty"`
		}{Status: status})
	case "GetBucketReplication":
		p.replication(w, r, s, bucket)
	case "Write":
		refuse(w, r, http.StatusForbidden, "AccessDenied", "these credentials may only read")
	default:
		refuse(w, r, http.StatusNotImplemented, "NotImplemented", "not part of this stand-in")
	}
}

// object answers GET and HEAD of one object or one version of it.
func (p *Pair) object(w http.ResponseWriter, r *http.Request, s *side, bucket, key string) {
	p.mu.Lock()
	body, modified, found := []byte(nil), time.Time{}, false
	asked := r.URL.Query().Get("versionId")
	marker := false
	if bucket == s.inventory {
		var f file
		f, found = s.files[key]
		found = found && !f.modified.After(p.now)
		body, modified = f.body, f.modified
		w.Header().Set("ETag", `"`+etagOf(body)+`"`)
	} else if v := p.versionAsked(s, key, asked); v != nil {
		found, marker = !v.marker, v.marker
		body, modified = v.body, v.modified()
		p.headers(v, r, w.Header())
	}
	p.mu.Unlock()
	if marker && asked != "" { // "Working with delete markers": a marker asked for by its id is not allowed to be got
		refuse(w, r, http.StatusMethodNotAllowed, "MethodNotAllowed", "The specified method is not allowed against this resource.")
		return
	}
	if !found {
		refuse(w, r, http.StatusNotFound, "NoSuchKey", "The specified key does not exist.")
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	http.ServeContent(w, r, "", modified, bytes.NewReader(body))
}

func (p *Pair) versionAsked(s *side, key, id string) *version {
	switch id {
	case "":
		return s.latest(key)
	case "null":
		return s.find(key, "")
	default:
		return s.find(key, id)
	}
}

func (p *Pair) headers(v *version, r *http.Request, h http.Header) {
	h.Set("X-Amz-Version-Id", orNull(v.id))
	if v.marker {
		h.Set("X-Amz-Delete-Marker", "true")
		return
	}
	h.Set("ETag", `"`+v.etag+`"`)
	if v.status != "" {
		h.Set("X-Amz-Replication-Status", v.status)
	}
	if class := p.classAt(v, p.now); class != "STANDARD" {
		h.Set("X-Amz-Storage-Class", class)
	}
	p.describe(v, r, h)
}

func orNull(id string) string {
	if id == "" {
		return "null"
	}
	return id
}

func refuse(w http.ResponseWriter, r *http.Request, status int, code, message string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return
	}
	_ = xml.NewEncoder(w).Encode(struct {
		XMLName xml.Name `xml:"Error"`
		Code    string   `xml:"Code"`
		Message string   `xml:"Message"`
	}{Code: code, Message: message}) // the client may have gone
}

func send(w http.ResponseWriter, answer any) {
	body, err := xml.Marshal(answer)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/xml")
	w.Header().Set("Content-Length", strconv.Itoa(len(xml.Header)+len(body)))
	_, _ = w.Write(append([]byte(xml.Header), body...)) // the client may have gone
}

// cutting breaks the connection after so many bytes.
type cutting struct {
	http.ResponseWriter
	left int64
}

func (c *cutting) Write(b []byte) (int, error) {
	n, err := c.ResponseWriter.Write(b[:min(int64(len(b)), c.left)])
	c.left -= int64(n)
	if c.left <= 0 {
		_ = http.NewResponseController(c.ResponseWriter).Flush()
		panic(http.ErrAbortHandler) // the way net/http wants a handler to break a connection
	}
	return n, err //nolint:wrapcheck // an io.Writer
}
