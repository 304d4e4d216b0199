package delivery_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"parallax/sources/settlement/delivery"
	"parallax/sources/settlement/delivery/deliverytest"
)

var _ delivery.S3Client = (*s3.Client)(nil)

var noon = time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC)

func bucket(t *testing.T, b *deliverytest.Bucket, address string) *delivery.S3 {
	t.Helper()
	p, err := delivery.NewS3(b.Client(), address, delivery.S3Limits{Timeout: 30 * time.Second, Retries: 2, Backoff: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// list lists a place and returns the paths.
func list(t *testing.T, p delivery.Place) ([]delivery.File, string) {
	t.Helper()
	l, err := p.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, f := range l.Files {
		paths = append(paths, f.Path)
	}
	return l.Files, strings.Join(paths, " ")
}

func readAll(ctx context.Context, p delivery.Place, f delivery.File, offset int64) ([]byte, error) {
	r, err := p.Open(ctx, f, offset)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

func pattern(n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = byte(i*7 + i>>8)
	}
	return out
}

func TestS3ListsWhatMatches(t *testing.T) {
	b := deliverytest.NewBucket(t)
	for _, key := range []string{"in/a 1+2.ipm", "in/b.ipm", "in/c.csv", "in/deep/d.ipm", "in/", "in/e.ipm/", "other/f.ipm", "in/ü.ipm"} {
		b.Put(key, []byte(key), noon)
	}
	b.Page(2)
	p := bucket(t, b, "s3://inbox/in/*.ipm")
	files, paths := list(t, p)
	if paths != "in/a 1+2.ipm in/b.ipm in/ü.ipm" || p.Pattern() != "*.ipm" {
		t.Errorf("listed %q by %s", paths, p.Pattern())
	}
	if f := files[1]; f.Name != "b.ipm" || f.Size != 8 || !f.Modified.Equal(noon) || f.Version == "" || !f.Regular {
		t.Errorf("%+v", f)
	}
	for _, f := range files {
		if got, err := readAll(t.Context(), p, f, 3); err != nil || string(got) != f.Path[3:] {
			t.Errorf("%s: %q, %v", f.Path, got, err)
		}
	}
	if l, err := p.List(t.Context()); err != nil || time.Since(l.At).Abs() > time.Minute {
		t.Errorf("listed at %s, %v", l.At, err)
	}
}

func TestS3Addresses(t *testing.T) {
	for address, want := range map[string]string{
		"s3://b/k*":  "b k*",
		"s3://b":     "is not of the form",
		"s3://b/p/":  "is not of the form",
		"s3:///p":    "is not of the form",
		"/folder/*":  "is not of the form",
		"s3://b/[":   "syntax error in pattern",
		"s3://b/p/x": "b p/x",
	} {
		bucket, key, err := delivery.ParseS3(address)
		if got := fmt.Sprint(bucket, " ", key, err); !strings.Contains(got, want) {
			t.Errorf("%s: %s", address, got)
		}
	}
}

// A body that breaks off is asked for again at the offset where its piece began, and not from the beginning.
func TestS3GoesOnWhereItBrokeOff(t *testing.T) {
	b := deliverytest.NewBucket(t)
	body := pattern(3 << 20)
	b.Put("in/a.ipm", body, noon)
	p := bucket(t, b, "s3://inbox/in/*")
	files, _ := list(t, p)
	b.Fault(func(action string, nth int) deliverytest.Fault {
		switch nth {
		case 2:
			return deliverytest.Fault{Cut: 300_000}
		case 4:
			return deliverytest.Fault{Status: 503, Code: "SlowDown"}
		}
		return deliverytest.Fault{}
	})
	if got, err := readAll(t.Context(), p, files[0], 0); err != nil || !bytes.Equal(got, body) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	want := "bytes=0-262143 bytes=262144-1310719 bytes=262144-1310719 bytes=1310720-3145727 bytes=1310720-3145727"
	if got := strings.Join(b.Ranges(), " "); got != want {
		t.Errorf("asked for %s, want %s", got, want)
	}
	b.Fault(func(string, int) deliverytest.Fault { return deliverytest.Fault{Cut: 1000} })
	if _, err := readAll(t.Context(), p, files[0], 0); err == nil || !strings.Contains(err.Error(), "get s3://inbox/in/a.ipm: unexpected EOF") {
		t.Errorf("always cut: %v", err)
	}
}

// Not one piece of another content is taken for that of the listing.
func TestS3ObjectReplaced(t *testing.T) {
	b := deliverytest.NewBucket(t)
	b.Put("in/a.ipm", pattern(1<<20), noon)
	p := bucket(t, b, "s3://inbox/in/*")
	files, _ := list(t, p)
	b.Fault(func(_ string, nth int) deliverytest.Fault {
		if nth == 2 {
			b.Put("in/a.ipm", bytes.Repeat([]byte{1}, 1<<20), noon) // of the same size and time
		}
		return deliverytest.Fault{}
	})
	got, err := readAll(t.Context(), p, files[0], 0)
	if !errors.Is(err, delivery.ErrChanged) || bytes.Contains(got, []byte{1, 1, 1}) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	b.Fault(func(string, int) deliverytest.Fault { return deliverytest.Fault{Deaf: true} })
	if got, err := readAll(t.Context(), p, files[0], 0); !errors.Is(err, delivery.ErrChanged) || len(got) > 0 {
		t.Errorf("from a server without conditions: %d bytes, %v", len(got), err)
	}
	b.Put("in/a.ipm", nil, noon)
	if _, err := readAll(t.Context(), p, files[0], 0); !errors.Is(err, delivery.ErrChanged) {
		t.Errorf("emptied: %v", err)
	}
}

// Each answer of S3 that a person can do something about says what.
func TestS3Problems(t *testing.T) {
	always := func(status int, code string) func(string, int) deliverytest.Fault {
		return func(string, int) deliverytest.Fault { return deliverytest.Fault{Status: status, Code: code} }
	}
	for name, c := range map[string]struct {
		address      string
		fault        func(string, int) deliverytest.Fault
		says, remedy string
	}{
		"denied":    {"s3://inbox/in/*", always(403, "AccessDenied"), "AccessDenied", "s3:GetObject on arn:aws:s3:::inbox/in/*"},
		"no bucket": {"s3://outbox/in/*", nil, "NoSuchBucket", "check the bucket's name"},
		"moved":     {"s3://inbox/in/*", always(301, "PermanentRedirect"), "PermanentRedirect", "the bucket is in eu-west-1: set the feed's region"},
		"expired":   {"s3://inbox/in/*", always(400, "ExpiredToken"), "ExpiredToken", "renew the AWS credentials"},
		"slow down": {"s3://inbox/in/*", always(503, "SlowDown"), "SlowDown", "run again later"},
		"archived":  {"s3://inbox/in/*", always(403, "InvalidObjectState"), "InvalidObjectState", "restore the object"},
	} {
		t.Run(name, func(t *testing.T) {
			b := deliverytest.NewBucket(t)
			b.Fault(c.fault)
			p := bucket(t, b, c.address)
			_, list := p.List(t.Context())
			_, get := readAll(t.Context(), p, delivery.File{Path: "in/x", Size: 10, Version: "x"}, 0)
			for verb, err := range map[string]error{"list": list, "get": get} {
				var problem *delivery.Problem
				if !errors.As(err, &problem) || !strings.HasPrefix(err.Error(), verb+" s3://") || !strings.Contains(err.Error(), c.says) {
					t.Errorf("%s says %v", verb, err)
					continue
				}
				if !strings.Contains(problem.Remedy(), c.remedy) || strings.Contains(err.Error(), "RequestID") {
					t.Errorf("%s: %v; %s", verb, err, problem.Remedy())
				}
			}
		})
	}
}

func TestS3Silent(t *testing.T) {
	b := deliverytest.NewBucket(t)
	b.Fault(func(string, int) deliverytest.Fault { return deliverytest.Fault{Delay: time.Minute} })
	p, err := delivery.NewS3(b.Client(), "s3://inbox/in/*", delivery.S3Limits{Timeout: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.List(t.Context()); err == nil || !strings.Contains(err.Error(), "no answer within 50ms") {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := bucket(t, b, "s3://inbox/in/*").List(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the caller stopped waiting: %v", err)
	}
	unreachable := "http://127.0.0.1:1"
	b.URL = unreachable
	if _, err := bucket(t, b, "s3://inbox/in/*").List(t.Context()); err == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("%v", err)
	}
}
