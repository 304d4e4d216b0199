//go:build peers

package inventory_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"parallax/internal/lab/minio"
	"parallax/internal/lab/minio/miniotest"
	"parallax/internal/record"
)

func minioPut(t *testing.T, p *minio.Pair, key, body string) string {
	t.Helper()
	id, err := p.Put(t.Context(), miniotest.Dublin, key, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// TestLivePeerListsEveryVersion: MinIO leads from page to page by markers that are no keys.
func TestLivePeerListsEveryVersion(t *testing.T) {
	p := miniotest.Start(t)
	const key = "receipts/a+b é%.json"
	var want []string
	for i := range 25 {
		want = append(want, minioPut(t, p, key, fmt.Sprint(i)))
	}
	slices.Reverse(want)
	minioPut(t, p, key+"2", "another") // so that the first page of a thousand ends amid the versions of a key
	minioPut(t, p, key+"3", "another")
	for i := range 1100 {
		minioPut(t, p, fmt.Sprintf("receipts/many-%04d", i%550), "one of two")
	}
	live := liveOf(p, miniotest.Dublin)
	got, err := live.Versions(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, o := range got {
		ids = append(ids, o.VersionID)
	}
	if !slices.Equal(ids, want) || !got[0].IsLatest || got[1].IsLatest {
		t.Errorf("%d versions %q, want %q", len(ids), ids, want)
	}
	listed := map[string]bool{}
	extent, err := live.List(t.Context(), "receipts/", func(o record.Object) bool {
		listed[o.Key+" "+o.VersionID] = true
		return true
	})
	if err != nil || extent.Records != 1127 || len(listed) != 1127 {
		t.Errorf("listed %d, %d different: %v", extent.Records, len(listed), err)
	}
}

// TestLivePeerHead: a replica is asked for itself, and has its source's checksum.
func TestLivePeerHead(t *testing.T) {
	p := miniotest.Start(t)
	id := minioPut(t, p, "receipts/one.json", "one")
	if err := p.WaitAlike(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	var heads []record.Object
	for _, region := range []string{miniotest.Dublin, miniotest.London} {
		o, found, err := liveOf(p, region).Head(t.Context(), "receipts/one.json", id)
		if err != nil || !found {
			t.Fatalf("head in %s: %t, %v", region, found, err)
		}
		heads = append(heads, o)
	}
	here, there := heads[0], heads[1]
	if here.ReplicationStatus != "COMPLETED" || there.ReplicationStatus != "REPLICA" {
		t.Errorf("replication status %q and %q", here.ReplicationStatus, there.ReplicationStatus)
	}
	if here.Checksum == "" || here.Checksum != there.Checksum || here.ETag != there.ETag || here.Size != there.Size {
		t.Errorf("%+v\n%+v", here, there)
	}
	if err := p.Remove(t.Context(), miniotest.London, "receipts/one.json", id); err != nil {
		t.Fatal(err)
	}
	if o, found, err := liveOf(p, miniotest.London).Head(t.Context(), "receipts/one.json", id); found || err != nil {
		t.Errorf("a version that is gone: %+v, %t, %v", o, found, err)
	}
}
