package inventory_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/internal/lab/buckets"
	"parallax/internal/record"
	"parallax/sources/inventory"
)

// live asks a region's bucket, quickly.
func (w *world) live(region string) *inventory.Live {
	return &inventory.Live{
		Region: audit.Region(region), Bucket: "receipts-" + region, Client: w.clients[region], Rate: 5000, Timeout: 10 * time.Second,
	}
}

func versions(t *testing.T, l *inventory.Live, key string) []record.Object {
	t.Helper()
	got, err := l.Versions(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestVersionsOfExactlyOneKey(t *testing.T) {
	w := newWorld(t, func(o *buckets.Options) { o.PageSize = 7 })
	const key = "receipts/a+b é.json"
	for i := range 30 {
		w.Put(dublin, noon.Add(time.Duration(i)*time.Second), key, []byte{byte(i)})
	}
	w.Delete(london, noon.Add(time.Minute), key)
	w.PutUnversioned(dublin, noon.Add(-time.Hour), key, []byte("null"))
	for i := range 3000 { // keys that begin with it
		w.Put(dublin, noon, fmt.Sprint(key, i), nil)
	}
	w.Advance(next)
	l := w.live(dublin)
	got := versions(t, l, key)
	if len(got) != 32 || !l.Clock().Equal(next) {
		t.Fatalf("%d versions at %s", len(got), l.Clock())
	}
	latest, nulls := 0, 0
	for _, o := range got {
		if o.Key != key || o.Region != dublin || o.Bucket != "receipts-eu-west-1" || !o.Live || !o.SeenAt.Equal(next) {
			t.Errorf("%+v", o)
		}
		if o.IsLatest {
			latest++
			if !o.DeleteMarker || o.Size != 0 || o.ETag != "" {
				t.Errorf("latest: %+v", o)
			}
		}
		if o.VersionID == "" {
			nulls++
		}
	}
	if latest != 1 || nulls != 1 {
		t.Errorf("%d latest, %d null versions", latest, nulls)
	}
	if n := w.Calls(dublin, "ListObjectVersions"); n > 6 {
		t.Errorf("%d requests for 32 versions in pages of 7", n)
	}
	if got := versions(t, l, "receipts/a+b"); got == nil || len(got) != 0 {
		t.Errorf("a key that is only a beginning has %d versions", len(got))
	}
	if n := w.Calls(dublin, "ListObjectVersions"); n > 7 {
		t.Errorf("went on past the key: %d requests", n)
	}
}

func TestHead(t *testing.T) {
	for _, algorithm := range []string{buckets.CRC64NVME, buckets.SHA256} {
		w := newWorld(t, func(o *buckets.Options) { o.Checksum = algorithm })
		w.Put(dublin, noon, receiptKey(1), []byte("plain"))
		w.PutEncrypted(dublin, noon, receiptKey(2), []byte("secret"))
		w.Drift(london, receiptKey(1), "GLACIER_IR")
		w.PutUnversioned(dublin, noon, receiptKey(3), []byte("null"))
		w.Delete(dublin, noon.Add(time.Minute), receiptKey(3))
		w.Advance(next)
		here, there := w.live(dublin), w.live(london)
		for i, encryption := range []string{"SSE-S3", "SSE-KMS"} {
			id := versions(t, here, receiptKey(i+1))[0].VersionID
			a, b := head(t, here, receiptKey(i+1), id), head(t, there, receiptKey(i+1), id)
			if a.Encryption != encryption || a.ReplicationStatus != "COMPLETED" || b.ReplicationStatus != "REPLICA" || a.Size != b.Size {
				t.Errorf("%+v and %+v", a, b)
			}
			if !strings.HasPrefix(a.Checksum, algorithm+" FULL_OBJECT ") || a.Checksum != b.Checksum || a.ChecksumAlgorithm != algorithm {
				t.Errorf("checksums %q and %q", a.Checksum, b.Checksum)
			}
			if (a.ETag == b.ETag) != (encryption == "SSE-S3") {
				t.Errorf("%s: ETags %q and %q", encryption, a.ETag, b.ETag)
			}
			if want := []string{"GLACIER_IR", "STANDARD"}[i]; b.StorageClass != want || a.StorageClass != "STANDARD" {
				t.Errorf("classes %q and %q", a.StorageClass, b.StorageClass)
			}
		}
		if o := head(t, here, receiptKey(3), ""); o.Size != 4 || o.VersionID != "" {
			t.Errorf("null version: %+v", o)
		}
		for _, o := range versions(t, here, receiptKey(3)) {
			if o.DeleteMarker && !head(t, here, receiptKey(3), o.VersionID).DeleteMarker {
				t.Error("a delete marker is not one to a HEAD")
			}
		}
		if o, found, err := here.Head(t.Context(), receiptKey(1), "nosuchversion"); found || err != nil {
			t.Errorf("found %+v, %v", o, err)
		}
	}
}

func head(t *testing.T, l *inventory.Live, key, version string) record.Object {
	t.Helper()
	o, found, err := l.Head(t.Context(), key, version)
	if err != nil || !found || o.Key != key || o.VersionID != version || !o.Live || o.SeenAt.IsZero() || o.LastModified.IsZero() {
		t.Fatalf("HEAD of %s %s: %+v, %v, %v", key, version, o, found, err)
	}
	return o
}

// TestHeadWithoutTheChecksum: who may not decrypt is told the rest.
func TestHeadWithoutTheChecksum(t *testing.T) {
	w := newWorld(t)
	w.PutEncrypted(dublin, noon, receiptKey(1), []byte("secret"))
	w.Advance(next)
	id := versions(t, w.live(dublin), receiptKey(1))[0].VersionID
	w.Fault(func(r buckets.Request) buckets.Fault {
		if r.Action == "HeadObject" && r.Nth == 1 {
			return buckets.Fault{Status: http.StatusForbidden}
		}
		return buckets.Fault{}
	})
	if o := head(t, w.live(dublin), receiptKey(1), id); o.Checksum != "" || o.Encryption != "SSE-KMS" {
		t.Errorf("%+v", o)
	}
}

// TestNotThere: a bucket that is not there is no proof that an object is not.
func TestNotThere(t *testing.T) {
	w := newWorld(t)
	l := w.live(dublin)
	l.Bucket = "elsewhere"
	if _, found, err := l.Head(t.Context(), "k", "v"); found || err == nil {
		t.Errorf("found %v, %v", found, err)
	}
	_, err := l.Versions(t.Context(), "k")
	says(t, err, "NoSuchBucket", "receipts[].regions")
}

func TestListAPrefix(t *testing.T) {
	w := newWorld(t, func(o *buckets.Options) { o.PageSize = 7 })
	w.fill(t, 40)
	w.Put(dublin, noon, "other/1", nil)
	l := w.live(dublin)
	var keys []string
	extent, err := l.List(t.Context(), "receipts/2026/11/18/", func(o record.Object) bool {
		keys = append(keys, o.Key)
		return true
	})
	if err != nil || len(keys) != 40 || extent.Records != 40 || extent.Totals["listed"] != "2026-11-19T00:00:00Z" ||
		extent.Name != "listing of receipts-eu-west-1/receipts/2026/11/18/" {
		t.Errorf("%d keys, %+v, %v", len(keys), extent, err)
	}
	n := 0
	if extent, err = l.List(t.Context(), "", func(record.Object) bool { n++; return n < 5 }); err != nil || n != 5 || extent.Records != 5 {
		t.Errorf("stopped after %d, %+v, %v", n, extent, err)
	}
	l.MaxPages = 3
	_, err = l.List(t.Context(), "", func(record.Object) bool { return true })
	says(t, err, "has more than 3 pages; the rest was not read", "shorter windows")
}

// says checks what a person is told of an error.
func says(t *testing.T, err error, reason, remedy string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	gotReason, gotRemedy := inventory.Explain(err, "thing", time.Second)
	if !strings.HasPrefix(gotReason, "thing") || !strings.Contains(gotReason, reason) || !strings.Contains(gotRemedy, remedy) {
		t.Errorf("%v is told as %q, %q", err, gotReason, gotRemedy)
	}
}

func TestRefusalsNameTheirAction(t *testing.T) {
	w := newWorld(t)
	w.Fault(func(buckets.Request) buckets.Fault {
		return buckets.Fault{Status: http.StatusForbidden, Code: "AccessDenied", Message: "no"}
	})
	l := w.live(dublin)
	_, err := l.Versions(t.Context(), "k")
	says(t, err, "AccessDenied", "allow s3:ListBucketVersions on")
	_, _, err = l.Head(t.Context(), "k", "v")
	says(t, err, "AccessDenied", "allow s3:GetObjectVersion, s3:ListBucket and, for objects encrypted with KMS, kms:Decrypt on")

	// What does not answer is not asked for ever.
	for range 100 {
		_, err = l.Versions(t.Context(), "k")
		says(t, err, "AccessDenied", "s3:ListBucketVersions")
	}
	if n := w.Calls(dublin, "ListObjectVersions"); n != 5 {
		t.Errorf("%d requests", n)
	}
	l.Client = client(dublin, "http://127.0.0.1:1")
	_, _, err = l.Head(t.Context(), "k", "v")
	says(t, err, "connection refused", "endpoint")
}

func TestLiveSlowsDown(t *testing.T) {
	w := newWorld(t)
	w.fill(t, 4)
	w.Fault(func(r buckets.Request) buckets.Fault {
		if r.Action == "ListObjectVersions" && r.Nth <= 3 {
			return buckets.Fault{Status: http.StatusServiceUnavailable, Code: "SlowDown", Message: "Please reduce your request rate."}
		}
		return buckets.Fault{}
	})
	if got := versions(t, w.live(dublin), receiptKey(1)); len(got) != 1 {
		t.Errorf("%+v", got)
	}
	w.Fault(func(buckets.Request) buckets.Fault {
		return buckets.Fault{Status: http.StatusServiceUnavailable, Code: "SlowDown"}
	})
	_, err := w.live(dublin).Versions(t.Context(), receiptKey(1))
	says(t, err, "SlowDown, also at a slower pace", "live.rate")
}

func TestLiveInTime(t *testing.T) {
	w := newWorld(t)
	w.Fault(func(buckets.Request) buckets.Fault { return buckets.Fault{Delay: 300 * time.Millisecond} })
	l := w.live(dublin)
	l.Timeout = 50 * time.Millisecond
	_, err := l.Versions(t.Context(), "k")
	says(t, err, "no answer within the time allowed", "aws.timeout")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	l = w.live(dublin)
	if _, err = l.Versions(ctx, "k"); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if b, err := l.Settings(ctx); !errors.Is(err, context.DeadlineExceeded) || len(b.Notes) > 0 {
		t.Error(b, err)
	}
}

// TestHeadsOfSingleObjectsRefused: what S3 refuses of one object says nothing of the next.
func TestHeadsOfSingleObjectsRefused(t *testing.T) {
	w := newWorld(t)
	w.fill(t, 2)
	l := w.live(dublin)
	id := versions(t, l, receiptKey(1))[0].VersionID
	for _, status := range []int{http.StatusBadRequest, http.StatusForbidden} {
		w.Fault(func(buckets.Request) buckets.Fault { return buckets.Fault{Status: status} })
		for range 10 {
			if _, found, err := l.Head(t.Context(), receiptKey(1), id); found || err == nil {
				t.Fatalf("%d: found %v, %v", status, found, err)
			}
		}
		w.Fault(nil)
		head(t, l, receiptKey(1), id)
	}
}
