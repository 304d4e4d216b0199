package inventory_test

import (
	"net/http"
	"testing"
	"time"

	"parallax/internal/lab/buckets"
	"parallax/internal/record"
)

func TestLiveFillsWhatTheInventoryLacks(t *testing.T) {
	w := newWorld(t, func(o *buckets.Options) { o.PageSize = 7 })
	w.fill(t, 20)
	late := next.Add(time.Hour)
	w.Stick(dublin, receiptKey(101))
	w.Put(dublin, late, receiptKey(101), []byte("pending"))
	w.Put(dublin, late, receiptKey(102), []byte("to be deleted"))
	w.Delete(dublin, late.Add(time.Minute), receiptKey(102))
	w.PutUnversioned(dublin, late, "receipts/2026/11/18/odd key+.json", []byte("null"))
	w.Advance(next.Add(8 * time.Hour))

	src := w.source(dublin)
	src.Live, src.KeyPrefix = true, "receipts/"
	window := wholeDay()
	window.To = next.Add(2 * time.Hour) // the inventory is of midnight
	got := read(t, src, window)
	if len(got.Gaps) != 0 || !got.Watermark.Equal(next.Add(8*time.Hour)) {
		t.Fatalf("gaps %+v, watermark %s", got.Gaps, got.Watermark)
	}
	live := map[string][]record.Object{}
	for _, o := range got.Records {
		if o.Live {
			live[o.Key] = append(live[o.Key], o)
		}
	}
	if len(live) != 23 {
		t.Errorf("%d keys live, want 23", len(live))
	}
	if o := live[receiptKey(101)]; len(o) != 1 || o[0].ReplicationStatus != "PENDING" || !o[0].SeenAt.Equal(next.Add(8*time.Hour)) {
		t.Errorf("stuck: %+v", o)
	}
	if o := live[receiptKey(102)]; len(o) != 2 || !o[0].DeleteMarker && !o[1].DeleteMarker || o[0].IsLatest == o[1].IsLatest {
		t.Errorf("deleted: %+v", o)
	}
	if o := live["receipts/2026/11/18/odd key+.json"]; len(o) != 1 || o[0].VersionID != "" || o[0].Size != 4 {
		t.Errorf("null version: %+v", o)
	}
}

func TestLiveWithoutAnyInventory(t *testing.T) {
	w := newWorld(t)
	w.Put(dublin, noon, receiptKey(1), []byte("x"))
	w.Advance(next)
	src := w.source(dublin)
	src.Live = true
	got := read(t, src, wholeDay())
	if len(got.Gaps) != 0 || len(got.Records) != 1 || !got.Records[0].Live {
		t.Errorf("%+v", got)
	}
}

func TestLiveRefused(t *testing.T) {
	w := newWorld(t)
	w.fill(t, 5)
	w.Fault(func(r buckets.Request) buckets.Fault {
		if r.Action == "ListObjectVersions" {
			return buckets.Fault{Status: http.StatusForbidden, Code: "AccessDenied", Message: "no"}
		}
		return buckets.Fault{}
	})
	src := w.source(dublin)
	src.Live = true
	got := read(t, src, wholeDay())
	oneGap(t, got, "listing of receipts-eu-west-1/: AccessDenied")
	if len(got.Records) != 5 {
		t.Errorf("%d records: the inventory was not read", len(got.Records))
	}
}

func TestLiveListingTooLong(t *testing.T) {
	w := newWorld(t, func(o *buckets.Options) { o.PageSize = 2 })
	w.fill(t, 20)
	src := w.source(dublin)
	src.Live, src.Settings.MaxPages = true, 4
	oneGap(t, read(t, src, wholeDay()), "more than 4 pages")
}
