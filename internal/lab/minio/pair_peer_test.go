//go:build peers

package minio_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"parallax/internal/lab/minio"
	"parallax/internal/lab/minio/miniotest"
)

const (
	dublin = miniotest.Dublin
	london = miniotest.London
)

// limit is how long a pair may take to catch up; it takes some seconds.
const limit = time.Minute

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// put writes an object in Dublin and returns the id of its version.
func put(t *testing.T, p *minio.Pair, key, body string) string {
	t.Helper()
	id, err := p.Put(t.Context(), dublin, key, []byte(body))
	check(t, err)
	return id
}

func remove(t *testing.T, p *minio.Pair, key string) {
	t.Helper()
	_, err := p.Delete(t.Context(), dublin, key)
	check(t, err)
}

// holds wants a region's bucket to hold these versions of a key, the newest first: their replication status, or that it is a
// marker.
func holds(t *testing.T, p *minio.Pair, region, key string, want ...string) {
	t.Helper()
	all, err := p.List(t.Context(), region)
	check(t, err)
	var got []string
	for _, l := range all {
		if l.Key != key {
			continue
		}
		text := l.ReplicationStatus
		if l.DeleteMarker {
			text = "marker"
		}
		if l.IsLatest != (len(got) == 0) {
			text += " out of order"
		}
		got = append(got, text)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s holds of %s %q, want %q", region, key, got, want)
	}
}

// TestReplicationPeer: what tests rely on of the pair, seen on the real servers.
func TestReplicationPeer(t *testing.T) {
	p, odd := miniotest.Start(t), "a b+c%/ü.json"
	put(t, p, odd, "one")
	put(t, p, "deleted", "two")
	remove(t, p, "deleted")
	gone := put(t, p, "gone", "three")
	_, err := p.PutMultipart(t.Context(), london, "large", []byte("four"))
	check(t, err)
	check(t, p.WaitAlike(t.Context(), limit))
	holds(t, p, dublin, odd, "COMPLETED")
	holds(t, p, london, odd, "REPLICA")
	holds(t, p, dublin, "large", "REPLICA")
	holds(t, p, london, "large", "COMPLETED")
	holds(t, p, dublin, "deleted", "marker", "COMPLETED")
	holds(t, p, london, "deleted", "marker", "REPLICA")

	check(t, p.Remove(t.Context(), london, "gone", gone))
	time.Sleep(time.Second) // nothing comes of it
	holds(t, p, dublin, "gone", "COMPLETED")
	holds(t, p, london, "gone")
	check(t, p.Resync(t.Context(), dublin))
	check(t, p.WaitAlike(t.Context(), limit))
	holds(t, p, london, "gone", "REPLICA")
}

// TestOutagesPeer: during an outage versions are pending or failed, and afterwards they arrive, markers too.
func TestOutagesPeer(t *testing.T) {
	p := miniotest.Start(t)
	for name, outage := range map[string]func(string) error{
		"stopped": p.Stop, "killed": p.Kill, "hung": p.Hang,
		"cut": func(string) error { p.Cut(); return nil }, "silent": func(string) error { p.Silence(); return nil },
	} {
		check(t, outage(london))
		put(t, p, name, "one")
		put(t, p, name, "two")
		put(t, p, name+" and deleted", "three")
		remove(t, p, name+" and deleted")
		status := "FAILED"
		if name == "hung" || name == "silent" {
			status = "PENDING"
		}
		check(t, p.WaitStatus(t.Context(), dublin, name, limit, status))
		check(t, p.WaitStatus(t.Context(), dublin, name+" and deleted", limit, status))
		p.Mend()
		check(t, p.Resume(t.Context(), london))
		begun := time.Now()
		check(t, p.WaitAlike(t.Context(), limit))
		t.Logf("%s: caught up after %s", name, time.Since(begun).Round(time.Millisecond))
		holds(t, p, london, name, "REPLICA", "REPLICA")
		holds(t, p, london, name+" and deleted", "marker", "REPLICA")
	}
}

// TestInventoryPeer: what is written of a bucket lies where S3 puts it.
func TestInventoryPeer(t *testing.T) {
	p := miniotest.Start(t)
	put(t, p, "one", "one")
	check(t, p.WriteInventories(t.Context(), time.Date(2026, 11, 18, 12, 0, 30, 0, time.UTC)))
	for _, region := range []string{dublin, london} {
		stored, err := p.Stored(t.Context(), region)
		check(t, err)
		base := fmt.Sprintf("inv/receipts-%s/daily/", region)
		for _, file := range []string{"manifest.json", "manifest.checksum"} {
			if !slices.Contains(stored, base+"2026-11-18T12-00Z/"+file) {
				t.Errorf("%s has no %s: %q", region, file, stored)
			}
		}
	}
}
