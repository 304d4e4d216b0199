//go:build peers

package inventory_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/internal/lab/minio"
	"parallax/internal/lab/minio/miniotest"
	"parallax/internal/record"
	"parallax/sources/inventory"
)

// liveOf asks one server of a pair.
func liveOf(p *minio.Pair, region string) *inventory.Live {
	return &inventory.Live{Region: audit.Region(region), Bucket: "receipts-" + region, Client: p.Client(region), Rate: 500}
}

// TestLivePeer: what Live says of two real servers that replicate to one another, with versions, markers, a multipart upload,
// keys that begin with one another and keys that need encoding.
func TestLivePeer(t *testing.T) {
	p := miniotest.Start(t)
	put := func(write func(ctx context.Context, region, key string, body []byte) (string, error), key, body string) string {
		t.Helper()
		id, err := write(t.Context(), dublin, key, []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	const key = "receipts/2026/a+b %20é.json"
	first, second := put(p.Put, key, "first"), put(p.Put, key, "second one")
	for i := range 12 {
		put(p.Put, fmt.Sprint(key, i), "begins alike")
	}
	parts := put(p.PutMultipart, "receipts/parts", "in parts")
	put(p.Put, "receipts/gone", "x")
	if _, err := p.Delete(t.Context(), dublin, "receipts/gone"); err != nil {
		t.Fatal(err)
	}
	if err := p.WaitAlike(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	for _, region := range []string{dublin, london} {
		l := liveOf(p, region)
		checkSettings(t, l, map[string]string{dublin: london, london: dublin}[region])
		checkVersions(t, l, key, first, second)
		checkHeads(t, l, map[string]string{dublin: "COMPLETED", london: "REPLICA"}[region], key, parts, first, second)
		n := 0
		extent, err := l.List(t.Context(), "receipts/2026/", func(record.Object) bool { n++; return true })
		if err != nil || n != 14 || extent.Records != 14 {
			t.Errorf("%s: %d objects, %+v, %v", region, n, extent, err)
		}
	}
	l := liveOf(p, dublin)
	l.Bucket = "no-such-bucket"
	_, err := l.Versions(t.Context(), key)
	says(t, err, "NoSuchBucket", "receipts[].regions")
	l = liveOf(p, dublin)
	l.Bucket = "inventory-" + dublin
	if b, err := l.Settings(t.Context()); err != nil || !b.RulesKnown || len(b.Rules) != 0 || !b.VersioningKnown || b.Versioning != "" || len(b.Notes) != 0 {
		t.Errorf("%+v, %v", b, err)
	}
}

func checkSettings(t *testing.T, l *inventory.Live, to string) {
	t.Helper()
	b, err := l.Settings(t.Context())
	if err != nil || b.Versioning != "Enabled" || !b.RulesKnown || len(b.Notes) != 0 {
		t.Fatalf("%+v, %v", b, err)
	}
	if r, covered := b.Covers("receipts/1", "receipts-"+to); !covered || !r.Enabled || !r.DeleteMarkers || r.Tagged {
		t.Errorf("%+v", b.Rules)
	}
}

func checkVersions(t *testing.T, l *inventory.Live, key, first, second string) {
	t.Helper()
	if got := versions(t, l, key); len(got) != 2 || got[0].VersionID != second || !got[0].IsLatest || got[1].VersionID != first ||
		got[1].IsLatest || got[0].Size != 10 || got[0].StorageClass != "STANDARD" || time.Since(got[0].SeenAt).Abs() > time.Minute {
		t.Errorf("%s: %+v", l.Region, got)
	}
	got := versions(t, l, "receipts/gone")
	if len(got) != 2 || got[0].DeleteMarker == got[1].DeleteMarker {
		t.Errorf("%s: %+v", l.Region, got)
	}
	for _, o := range got {
		if head(t, l, o.Key, o.VersionID).DeleteMarker != o.DeleteMarker {
			t.Errorf("%s: HEAD and LIST do not agree on %+v", l.Region, o)
		}
	}
}

func checkHeads(t *testing.T, l *inventory.Live, status, key, parts string, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if o := head(t, l, key, id); o.ReplicationStatus != status || o.StorageClass != "STANDARD" || o.Multipart {
			t.Errorf("%s: %+v", l.Region, o)
		}
	}
	if o := head(t, l, "receipts/parts", parts); !o.Multipart || o.Size <= 8 { // the first part is filled up
		t.Errorf("%s: %+v", l.Region, o)
	}
	if o, found, err := l.Head(t.Context(), "receipts/none", ids[0]); found || err != nil {
		t.Errorf("%s: found %+v, %v", l.Region, o, err)
	}
}
