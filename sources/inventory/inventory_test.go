package inventory_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parallax/internal/audit"
	"parallax/internal/lab/buckets"
	"parallax/internal/record"
)

func byKey(a, b record.Object) int {
	return strings.Compare(a.Key+"\x00"+a.VersionID, b.Key+"\x00"+b.VersionID)
}

// strange fills a pair with every shape of row.
func strange(w *world) {
	w.Put(dublin, noon, "receipts/2026/11/18/a b+c%20é.json", []byte("odd key"))
	w.Put(dublin, noon, receiptKey(1), []byte("first"))
	w.Put(dublin, noon.Add(time.Minute), receiptKey(1), []byte("second version"))
	w.Delete(london, noon.Add(time.Hour), receiptKey(1))
	w.PutUnversioned(dublin, noon, receiptKey(2), []byte("null version"))
	w.PutMultipart(london, noon, receiptKey(3), []byte("in parts"), 2)
	w.Stick(dublin, receiptKey(4))
	w.Put(dublin, noon, receiptKey(4), []byte("stuck"))
	w.Fail(dublin, receiptKey(5))
	w.Put(dublin, noon, receiptKey(5), []byte("failed"))
	w.Drift(london, receiptKey(6), "GLACIER")
	w.Put(dublin, noon, receiptKey(6), []byte("cold"))
}

func TestAllFormatsGiveEqualRecords(t *testing.T) {
	var got [3][]record.Object
	for i, format := range []string{buckets.CSV, buckets.Parquet, buckets.ORC} {
		w := newWorld(t, func(o *buckets.Options) { o.Formats = map[string]string{dublin: format, london: format} })
		strange(w)
		w.scan(t, next)
		for _, region := range []string{dublin, london} {
			b := read(t, w.source(region), wholeDay())
			if len(b.Gaps) > 0 {
				t.Fatalf("%s: %+v", format, b.Gaps)
			}
			got[i] = append(got[i], b.Records...)
		}
		slices.SortFunc(got[i], byKey)
	}
	if diff := cmp.Diff(got[0], got[1]); diff != "" {
		t.Errorf("CSV and Parquet differ:\n%s", diff)
	}
	if diff := cmp.Diff(got[0], got[2]); diff != "" {
		t.Errorf("CSV and ORC differ:\n%s", diff)
	}
	checkShapes(t, got[0])
}

// checkShapes holds the records against what was written.
func checkShapes(t *testing.T, objects []record.Object) {
	t.Helper()
	find := func(region audit.Region, key string, fits func(record.Object) bool) {
		t.Helper()
		for _, o := range objects {
			if o.Region == region && o.Key == key && fits(o) {
				if o.Bucket != "receipts-"+string(region) || !o.SeenAt.Equal(next) || o.Live || o.LastModified.Location() != time.UTC {
					t.Errorf("frame of %+v", o)
				}
				return
			}
		}
		t.Errorf("no fitting %s in %s", key, region)
	}
	find(dublin, "receipts/2026/11/18/a b+c%20é.json", func(o record.Object) bool {
		return o.Size == 7 && o.ReplicationStatus == "COMPLETED" && o.LastModified.Equal(noon) && o.IsLatest && o.StorageClass == "STANDARD" && len(o.ETag) == 32
	})
	find(london, "receipts/2026/11/18/a b+c%20é.json", func(o record.Object) bool { return o.ReplicationStatus == "REPLICA" })
	find(dublin, receiptKey(1), func(o record.Object) bool { return o.DeleteMarker && o.IsLatest && o.Size == 0 && o.ETag == "" })
	find(dublin, receiptKey(1), func(o record.Object) bool { return !o.IsLatest && o.Size == 14 && o.VersionID != "" })
	find(dublin, receiptKey(2), func(o record.Object) bool { return o.VersionID == "" && o.ReplicationStatus == "" && o.IsLatest })
	find(london, receiptKey(3), func(o record.Object) bool { return strings.HasSuffix(o.ETag, "-2") })
	find(dublin, receiptKey(4), func(o record.Object) bool { return o.ReplicationStatus == "PENDING" })
	find(dublin, receiptKey(5), func(o record.Object) bool { return o.ReplicationStatus == "FAILED" })
	find(london, receiptKey(6), func(o record.Object) bool { return o.StorageClass == "GLACIER" && o.Size == 4 })
	if n := len(objects); n != 15 {
		t.Errorf("%d records, want 15", n)
	}
}

func TestManyFilesAndBatches(t *testing.T) {
	w := newWorld(t, func(o *buckets.Options) { o.FileRows = 2500 })
	w.fill(t, 9000)
	for _, region := range []string{dublin, london} {
		got := read(t, w.source(region), wholeDay())
		if len(got.Records) != 9000 || len(got.Gaps) != 0 || !got.Watermark.Equal(next) {
			t.Errorf("%s: %d records, gaps %v, watermark %s", region, len(got.Records), got.Gaps, got.Watermark)
		}
		if len(got.Extents) != 5 { // the manifest and four files
			t.Errorf("%s: %d extents", region, len(got.Extents))
		}
		for _, e := range got.Extents {
			if !strings.HasPrefix(e.Checksum, "md5:") || !strings.HasPrefix(e.Name, "inventory-"+region+"/inv/") {
				t.Errorf("extent %+v", e)
			}
		}
	}
}

func TestOnlyTheWindowAndItsMargin(t *testing.T) {
	w := newWorld(t)
	for i := range 24 {
		w.Put(dublin, day.Add(time.Duration(i)*time.Hour), receiptKey(i), []byte("x"))
	}
	w.scan(t, next)
	got := read(t, w.source(dublin), audit.Window{From: day.Add(5 * time.Hour), To: day.Add(8 * time.Hour)})
	if len(got.Records) != 5 { // 4 to 8 o'clock, the margin being an hour and its end not included
		t.Errorf("%d records", len(got.Records))
	}
	if want := []audit.Exclusion{{Reason: "outside the window", Records: 19}}; !cmp.Equal(got.Excluded, want) {
		t.Errorf("excluded %+v", got.Excluded)
	}
}

func TestNewestCompleteEdition(t *testing.T) {
	w := newWorld(t, func(o *buckets.Options) { o.PageSize = 3 })
	w.Put(dublin, noon, receiptKey(1), []byte("x"))
	for i := range 10 {
		w.scan(t, day.Add(time.Duration(15+i)*time.Hour)) // the last at 24 h
	}
	w.scan(t, next.Add(24*time.Hour)) // younger than AsOf
	src := w.source(dublin)
	got := read(t, src, wholeDay())
	if len(got.Gaps) != 0 || len(got.Records) != 1 || !got.Watermark.Equal(next) {
		t.Errorf("%+v", got)
	}
	if n := w.Calls(dublin, "ListObjectsV2"); n < 4 {
		t.Errorf("%d pages, the listing was not paged", n)
	}

	w.Overwrite(dublin, strings.Replace(w.manifestKey(dublin, next), ".json", ".checksum", 1), nil)
	oneGap(t, read(t, src, wholeDay()), "not delivered yet; newest is of 2026-11-18T23:00:00Z; that of 2026-11-19T00:00:00Z has no manifest.checksum")
	// The edition of 23:00 is enough for a window that ends by then.
	got = read(t, src, audit.Window{From: day, To: day.Add(23 * time.Hour)})
	if len(got.Gaps) != 0 || len(got.Records) != 1 {
		t.Errorf("%+v", got)
	}
}

func TestNotDelivered(t *testing.T) {
	w := newWorld(t)
	oneGap(t, read(t, w.source(dublin), wholeDay()), "no inventory of receipts-eu-west-1 lies in bucket")

	w.Put(dublin, noon, receiptKey(1), []byte("x"))
	w.scan(t, noon.Add(time.Hour))
	got := read(t, w.source(dublin), wholeDay())
	oneGap(t, got, "not delivered yet; newest is of 2026-11-18T13:00:00Z")
	if want := (audit.Window{From: noon.Add(time.Hour), To: next}); got.Gaps[0].Window != want || len(got.Records) != 1 {
		t.Errorf("gap over %s, %d records", got.Gaps[0].Window, len(got.Records))
	}
}

func TestEmptyBucketIsRead(t *testing.T) {
	w := newWorld(t)
	w.scan(t, next)
	for _, region := range []string{dublin, london} {
		if got := read(t, w.source(region), wholeDay()); len(got.Gaps) != 0 || len(got.Records) != 0 || !got.Watermark.Equal(next) {
			t.Errorf("%s: %+v", region, got)
		}
	}
}

func TestConsumerStops(t *testing.T) {
	w := newWorld(t)
	w.fill(t, 9000)
	for _, region := range []string{dublin, london} {
		n := 0
		for range w.source(region).Read(t.Context(), wholeDay(), audit.Cursor{}) {
			n++
			break
		}
		if n != 1 {
			t.Errorf("%s: %d batches", region, n)
		}
	}
}

func TestCancelled(t *testing.T) {
	w := newWorld(t)
	w.fill(t, 10)
	ctx, cancel := context.WithCancel(t.Context())
	w.Fault(func(r buckets.Request) buckets.Fault {
		if strings.Contains(r.Key, "/data/") {
			cancel()
		}
		return buckets.Fault{}
	})
	var last error
	for batch, err := range w.source(london).Read(ctx, wholeDay(), audit.Cursor{}) {
		if len(batch.Gaps) > 0 {
			t.Errorf("a cancelled run has gaps: %+v", batch.Gaps)
		}
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("error %v", last)
	}
}

func TestLimitOnObjects(t *testing.T) {
	w := newWorld(t)
	w.fill(t, 50)
	src := w.source(dublin)
	src.Settings.MaxObjects = 20
	got := read(t, src, wholeDay())
	oneGap(t, got, "more than 20 objects")
	if len(got.Records) != 20 || !got.Watermark.IsZero() {
		t.Errorf("%d records, watermark %s", len(got.Records), got.Watermark)
	}
}
