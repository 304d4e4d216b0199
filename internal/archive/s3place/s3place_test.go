package s3place_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"parallax/internal/archive"
	"parallax/internal/archive/archivetest"
	"parallax/internal/archive/s3place"
	"parallax/internal/lab/buckets"
	"parallax/internal/record"
)

func client(url, region string, retries int) *s3.Client {
	return s3.New(s3.Options{
		Region: region, BaseEndpoint: &url, UsePathStyle: true, RetryMaxAttempts: retries,
		Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
	})
}

const timeout = 20 * time.Second

func TestBucketIsAPlace(t *testing.T) {
	s, url := serve(t)
	s.page = 2
	archivetest.Exercise(t, s3place.New(client(url, "eu-west-2", 1), "archive", "/production/", timeout))
	if s.calls["LIST"] < 5 {
		t.Errorf("%d listings: pages were not followed", s.calls["LIST"])
	}
	for key := range s.objects {
		t.Errorf("left: %s", key)
	}
}

func TestPrefixesDoNotMix(t *testing.T) {
	s, url := serve(t)
	c := client(url, "eu-west-2", 1)
	all, one, two := s3place.New(c, "archive", "", timeout), s3place.New(c, "archive", "a", timeout), s3place.New(c, "archive", "ab", timeout)
	for _, p := range []*s3place.Place{one, two} {
		if err := p.Put(t.Context(), "t/r/s/1.parquet", []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	if n, m := len(archivetest.List(t, one, "")), len(archivetest.List(t, all, "")); n != 1 || m != 2 || len(s.objects) != 2 {
		t.Errorf("%d of %d", n, m)
	}
}

// Each answer of S3 that a person can do something about says what.
func TestProblems(t *testing.T) {
	always := func(status int, code string) func(string, int) fault {
		return func(string, int) fault { return fault{status: status, code: code} }
	}
	for name, c := range map[string]struct {
		region, bucket string
		fault          func(string, int) fault
		says, remedy   string
	}{
		"denied":        {"eu-west-2", "archive", always(403, "AccessDenied"), "AccessDenied: refused", "s3:PutObject and s3:DeleteObject on arn:aws:s3:::archive/p/*"},
		"no bucket":     {"eu-west-2", "archiv", nil, "NoSuchBucket", "check archive.s3"},
		"wrong region":  {"eu-west-1", "archive", nil, "AuthorizationHeaderMalformed", "the bucket is in eu-west-2: set archive.region"},
		"moved":         {"eu-west-2", "archive", always(301, "PermanentRedirect"), "PermanentRedirect", "the bucket is in eu-west-2: set archive.region"},
		"expired":       {"eu-west-2", "archive", always(400, "ExpiredToken"), "ExpiredToken", "renew the AWS credentials"},
		"slow down":     {"eu-west-2", "archive", always(503, "SlowDown"), "SlowDown", "run again later"},
		"out of order":  {"eu-west-2", "archive", always(500, "InternalError"), "InternalError", "run again later"},
		"archived":      {"eu-west-2", "archive", always(403, "InvalidObjectState"), "InvalidObjectState", "lifecycle rules"},
		"no such error": {"eu-west-2", "archive", always(418, "Teapot"), "Teapot", "run again"},
	} {
		t.Run(name, func(t *testing.T) {
			s, url := serve(t)
			if c.fault != nil {
				s.fault = c.fault
			}
			p := s3place.New(client(url, c.region, 1), c.bucket, "p", timeout)
			_, get := p.Get(t.Context(), "x", 100)
			var list error
			for _, err := range p.List(t.Context(), "") {
				list = err
			}
			for verb, err := range map[string]error{"put": p.Put(t.Context(), "x", []byte("x")), "get": get, "remove": p.Remove(t.Context(), "x"), "list": list} {
				if err == nil || !strings.Contains(err.Error(), verb+" s3://"+c.bucket+"/p/") || !strings.Contains(err.Error(), c.says) {
					t.Errorf("%s says %v", verb, err)
				}
				if !strings.Contains(archive.Remedy(err), c.remedy) {
					t.Errorf("%s advises %q", verb, archive.Remedy(err))
				}
				if err != nil && strings.Contains(err.Error(), "RequestID") {
					t.Errorf("%s carries what differs from run to run: %v", verb, err)
				}
			}
		})
	}
}

func TestUnreachable(t *testing.T) {
	p := s3place.New(client("http://127.0.0.1:1", "eu-west-2", 1), "archive", "p", timeout)
	_, err := p.Get(t.Context(), "x", 100)
	if err == nil || !strings.Contains(err.Error(), "get s3://archive/p/x") || !strings.Contains(archive.Remedy(err), "endpoint can be reached") {
		t.Errorf("%v; %s", err, archive.Remedy(err))
	}
}

func TestSlow(t *testing.T) {
	s, url := serve(t)
	s.objects["x"] = object{body: []byte("x")}
	s.fault = func(string, int) fault { return fault{delay: time.Minute} }
	p := s3place.New(client(url, "eu-west-2", 3), "archive", "", 50*time.Millisecond)
	_, err := p.Get(t.Context(), "x", 100)
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "not done within 50ms") || !strings.Contains(archive.Remedy(err), "fast enough") {
		t.Errorf("%v; %s", err, archive.Remedy(err))
	}
	// A caller who stops waiting is told so, and not to look after the endpoint.
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := s3place.New(client(url, "eu-west-2", 3), "archive", "", timeout).Get(ctx, "x", 100); !errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), "not done within") {
		t.Errorf("%v", err)
	}
}

// A body that breaks off is asked for again; one that always does is an error.
func TestCutBody(t *testing.T) {
	s, url := serve(t)
	body := bytes.Repeat([]byte("segment "), 10_000)
	s.objects["x"] = object{body: body}
	p := s3place.New(client(url, "eu-west-2", 1), "archive", "", timeout)
	s.fault = func(_ string, nth int) fault { return fault{cut: map[int]int{1: 1, 2: 70_000}[nth]} }
	if data, err := p.Get(t.Context(), "x", 1<<20); err != nil || !bytes.Equal(data, body) || s.calls[http.MethodGet] != 3 {
		t.Errorf("%d bytes after %d calls, %v", len(data), s.calls[http.MethodGet], err)
	}
	s.fault = func(string, int) fault { return fault{cut: 70_000} }
	if _, err := p.Get(t.Context(), "x", 1<<20); err == nil || !strings.Contains(err.Error(), "get s3://archive/x: unexpected EOF") {
		t.Errorf("error %v", err)
	}
}

// What arrives damaged is refused by its checksum and not stored; what fails in passing is tried again.
func TestPutIsCheckedAndRetried(t *testing.T) {
	s, url := serve(t)
	s.fault = func(string, int) fault { return fault{damaged: true} }
	p := s3place.New(client(url, "eu-west-2", 3), "archive", "", timeout)
	if err := p.Put(t.Context(), "x", []byte("x")); err == nil || !strings.Contains(archive.Remedy(err), "run again") || len(s.objects) > 0 {
		t.Errorf("error %v, %d objects", err, len(s.objects))
	}
	s.calls[http.MethodPut] = 0
	s.fault = func(_ string, nth int) fault {
		if nth == 1 {
			return fault{status: http.StatusInternalServerError, code: "InternalError"}
		}
		return fault{}
	}
	if err := p.Put(t.Context(), "x", []byte("x")); err != nil || s.calls[http.MethodPut] != 2 {
		t.Errorf("%d calls, %v", s.calls[http.MethodPut], err)
	}
}

// The lab's buckets may only be read; what lies in one is a segment like any other.
func TestLabBucket(t *testing.T) {
	noon := time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC)
	pair := buckets.New(buckets.Options{
		Regions: [2]string{"eu-west-1", "eu-west-2"}, Buckets: map[string]string{"eu-west-1": "dublin", "eu-west-2": "london"},
		InventoryBuckets: map[string]string{"eu-west-1": "i1", "eu-west-2": "i2"}, Prefix: "inv", ConfigID: "daily", Seed: 7, Start: noon,
		MinDelay: time.Second, MaxDelay: 2 * time.Second,
	})
	folder := archive.Folder(t.TempDir())
	segment, err := archive.Write(t.Context(), folder, []record.Change{{
		Table: "keys", Region: "eu-west-1", Shard: "s", Seq: "100", Event: "INSERT", At: noon, Key: "k", New: `{"pk":{"S":"k"}}`,
	}})
	if err != nil {
		t.Fatal(err)
	}
	body, err := folder.Get(t.Context(), segment.Name, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	pair.Put("eu-west-1", noon, "archive/"+segment.Name, body)
	url, stop, err := pair.Serve("eu-west-1")
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	p := s3place.New(client(url, "eu-west-1", 1), "dublin", "archive", timeout)
	if changes, err := archive.Read(t.Context(), p, segment); err != nil || len(changes) != 1 || changes[0].Key != "k" {
		t.Errorf("read %v, %v", changes, err)
	}
	if names := archivetest.List(t, p, ""); len(names) != 1 || names[0] != segment.Name {
		t.Errorf("listed %q", names)
	}
	_, err = archive.Write(t.Context(), p, []record.Change{{Table: "keys", Region: "eu-west-1", Shard: "s", Seq: "101", At: noon}})
	if err == nil || !strings.Contains(err.Error(), "AccessDenied") || !strings.Contains(err.Error(), "allow s3:ListBucket") || !strings.Contains(err.Error(), "101-101.parquet") {
		t.Errorf("written: %v", err)
	}
	segment.Name = "keys/eu-west-1/s/7-8.parquet"
	if _, err := archive.Read(t.Context(), p, segment); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(archive.Remedy(err), "lifecycle") {
		t.Errorf("missing: %v", err)
	}
}

var _ s3place.Client = (*s3.Client)(nil)
