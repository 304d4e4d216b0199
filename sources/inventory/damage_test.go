package inventory_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"parallax/internal/lab/buckets"
	"parallax/sources/inventory"
)

// TestDamage makes one thing unreadable at a time: each is a gap that names it, and the other region is not touched.
func TestDamage(t *testing.T) {
	refuse := func(part string, status int, code string) func(*testing.T, *world, *inventory.Source) {
		return func(_ *testing.T, w *world, _ *inventory.Source) {
			w.Fault(func(r buckets.Request) buckets.Fault {
				if strings.Contains(r.Action+" "+r.Key, part) {
					return buckets.Fault{Status: status, Code: code, Message: "no"}
				}
				return buckets.Fault{}
			})
		}
	}
	overwrite := func(name string, change func([]byte) []byte) func(*testing.T, *world, *inventory.Source) {
		return func(_ *testing.T, w *world, src *inventory.Source) {
			region := string(src.Region)
			key := strings.Replace(w.manifestKey(region, next), "manifest.json", name, 1)
			w.Overwrite(region, key, change(w.Content(region, key)))
		}
	}
	manifest := func(change func(m map[string]any)) func(*testing.T, *world, *inventory.Source) {
		return func(t *testing.T, w *world, src *inventory.Source) {
			t.Helper()
			w.rewrite(t, string(src.Region), change)
		}
	}
	data := func(change func([]byte) []byte) func(*testing.T, *world, *inventory.Source) {
		return func(t *testing.T, w *world, src *inventory.Source) {
			t.Helper()
			w.replace(t, string(src.Region), change)
		}
	}
	first := func(m map[string]any) map[string]any { return m["files"].([]any)[0].(map[string]any) }

	for _, c := range []struct {
		name   string
		region string
		spoil  func(*testing.T, *world, *inventory.Source)
		says   string
	}{
		{"listing refused", dublin, refuse("ListObjectsV2", http.StatusForbidden, "AccessDenied"), "AccessDenied"},
		{"no such bucket", dublin, func(_ *testing.T, _ *world, s *inventory.Source) { s.Inventory.Bucket = "elsewhere" }, "NoSuchBucket"},
		{"other configuration", dublin, func(_ *testing.T, _ *world, s *inventory.Source) { s.Inventory.ID = "weekly" }, "there have the ids: receipts-daily"},
		{"checksum refused", dublin, refuse("manifest.checksum", http.StatusForbidden, "AccessDenied"), "manifest.checksum: AccessDenied"},
		{"checksum missing", dublin, overwrite("manifest.checksum", func([]byte) []byte { return nil }), "has no manifest.checksum"},
		{"checksum garbled", dublin, overwrite("manifest.checksum", func([]byte) []byte { return []byte("xyz") }), "is not an MD5"},
		{"checksum wrong", dublin, overwrite("manifest.checksum", func([]byte) []byte { return []byte(strings.Repeat("0", 32)) }), "manifest.checksum says 0000"},
		{"checksum huge", dublin, overwrite("manifest.checksum", func([]byte) []byte { return make([]byte, 4096) }), "larger than the limit of 128"},
		{"manifest missing", dublin, overwrite("manifest.json", func([]byte) []byte { return nil }), "manifest.json: NoSuchKey"},
		{"manifest changed", dublin, overwrite("manifest.json", func(b []byte) []byte { return append(b, ' ') }), "manifest.json has MD5"},
		{"manifest too large", dublin, func(_ *testing.T, _ *world, s *inventory.Source) { s.Settings.MaxManifest = 100 }, "larger than the limit of 100"},
		{"manifest of another bucket", dublin, manifest(func(m map[string]any) { m["sourceBucket"] = "x" }), `is of bucket "x"`},
		{"manifest for another place", dublin, manifest(func(m map[string]any) { m["destinationBucket"] = "arn:aws:s3:::x" }), "names destination"},
		{"manifest without time", dublin, manifest(func(m map[string]any) { delete(m, "creationTimestamp") }), "creationTimestamp"},
		{"manifest older than its folder", dublin, manifest(func(m map[string]any) { m["creationTimestamp"] = "1795000000000" }), "; its scan began at 2026-11-18"},
		{"manifest of the future", dublin, manifest(func(m map[string]any) { m["creationTimestamp"] = "1800000000000" }), "began at 2027-01-15T08:00:00Z, long after the stamp"},
		{"manifest without files", dublin, manifest(func(m map[string]any) { delete(m, "files") }), "no list of files"},
		{"file named twice", dublin, manifest(func(m map[string]any) { m["files"] = []any{first(m), first(m)} }), "named before"},
		{"file from elsewhere", dublin, manifest(func(m map[string]any) { first(m)["key"] = "elsewhere/data/x.csv.gz" }), "names file 1 outside the folder"},
		{"file without checksum", dublin, manifest(func(m map[string]any) { delete(first(m), "MD5checksum") }), "no MD5checksum"},
		{"ORC that is CSV", dublin, manifest(func(m map[string]any) { m["fileFormat"] = "ORC" }), "is damaged: open orc"},
		{"Parquet that is CSV", dublin, manifest(func(m map[string]any) { m["fileFormat"] = "Parquet" }), "is not Parquet"},
		{"unknown format", dublin, manifest(func(m map[string]any) { m["fileFormat"] = "Avro" }), `unknown format "Avro"`},
		{"schema without key", dublin, manifest(func(m map[string]any) { m["fileSchema"] = "Bucket, Size, LastModifiedDate" }), "no column Key"},
		{"schema without latest", dublin, manifest(func(m map[string]any) { m["fileSchema"] = "Bucket, Key, VersionId, Size, LastModifiedDate" }), "but not IsLatest"},
		{"schema of other width", dublin, manifest(func(m map[string]any) { m["fileSchema"] = "Bucket, Key, Size, LastModifiedDate" }), "line 1: 13 fields, fileSchema names 4"},
		{"file refused", london, refuse("/data/", http.StatusForbidden, "AccessDenied"), "parquet: AccessDenied"},
		{"file missing", london, refuse("/data/", http.StatusNotFound, "NoSuchKey"), "NoSuchKey"},
		{"server in trouble", london, refuse("/data/", http.StatusServiceUnavailable, "SlowDown"), "SlowDown"},
		{"file too large", london, func(_ *testing.T, _ *world, s *inventory.Source) { s.Settings.MaxFile = 10 }, "larger than the limit of 10"},
		{"file changed", london, func(t *testing.T, w *world, _ *inventory.Source) {
			t.Helper()
			key := w.dataKey(t, london)
			body := w.Content(london, key)
			body[len(body)/2] ^= 1
			w.Overwrite(london, key, body)
		}, "has MD5"},
		{"file grown", london, func(t *testing.T, w *world, _ *inventory.Source) {
			t.Helper()
			key := w.dataKey(t, london)
			w.Overwrite(london, key, append(w.Content(london, key), 0))
		}, "has another size"},
		{"connection broken", dublin, func(_ *testing.T, w *world, _ *inventory.Source) {
			w.Fault(func(r buckets.Request) buckets.Fault {
				if strings.Contains(r.Key, "/data/") {
					return buckets.Fault{Cut: 10}
				}
				return buckets.Fault{}
			})
		}, "unexpected EOF"},
		{"no temporary folder", dublin, func(t *testing.T, _ *world, s *inventory.Source) {
			t.Helper()
			s.Settings.TempDir = t.TempDir() + "/none"
		}, "could not be kept on disk"},
		{"not gzip", dublin, data(func([]byte) []byte { return []byte("plain") }), "is not gzip"},
		{"gzip cut short", dublin, data(func(b []byte) []byte { return b[:len(b)/2] }), "breaks off or is damaged"},
		{"gzip checksum", dublin, data(func(b []byte) []byte { b[len(b)-5] ^= 1; return b }), "breaks off or is damaged"},
		{"row of another bucket", dublin, data(lines("receipts-eu-west-1", "somewhere-else")), `row 1 is of bucket "somewhere-else"`},
		{"boolean", dublin, data(lines(`"true"`, `"yes"`)), "field IsLatest: neither true nor false"},
		{"time", dublin, data(lines(`2026-11-18T`, `18.11.2026 `)), "field LastModifiedDate"},
		{"key encoding", dublin, data(lines("pay_", "pay%zz")), "field Key"},
		{"quote", dublin, data(lines(`"STANDARD"`, `"STANDARD"x`)), "quoted field"},
		{"not parquet", london, data(func([]byte) []byte { return []byte("plain text, long enough for a footer") }), "not Parquet"},
		{"parquet cut short", london, data(func(b []byte) []byte { return b[:len(b)/2] }), "not Parquet"},
		{"parquet page", london, data(func(b []byte) []byte { clear(b[4:200]); return b }), "parquet "},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.fill(t, 60)
			src := w.source(c.region)
			c.spoil(t, w, &src)
			got := read(t, src, wholeDay())
			oneGap(t, got, c.says)
			if !got.Watermark.IsZero() && !strings.Contains(c.says, "its scan began") {
				t.Errorf("a watermark in spite of the gap: %s", got.Watermark)
			}
		})
	}
}

// lines replaces text in a CSV file.
func lines(from, to string) func([]byte) []byte {
	return func(body []byte) []byte {
		zip, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil
		}
		plain, err := io.ReadAll(zip)
		if err != nil || !bytes.Contains(plain, []byte(from)) {
			return nil
		}
		var out bytes.Buffer
		w := gzip.NewWriter(&out)
		_, _ = w.Write(bytes.ReplaceAll(plain, []byte(from), []byte(to)))
		_ = w.Close()
		return out.Bytes()
	}
}

// TestEveryByteOfParquet flips bytes all over a sealed file: no outcome but records or a gap is allowed.
func TestEveryByteOfParquet(t *testing.T) {
	w := newWorld(t)
	w.fill(t, 30)
	key := w.dataKey(t, london)
	good := w.Content(london, key)
	gaps := 0
	for i := 0; i < len(good); i += 7 {
		w.replace(t, london, func([]byte) []byte {
			bad := bytes.Clone(good)
			bad[i] ^= 0x41
			return bad
		})
		src := w.source(london)
		src.Settings.FileTimeout = 5 * time.Second
		got := read(t, src, wholeDay())
		if len(got.Gaps) > 0 {
			gaps++
		} else if len(got.Records) > 30 {
			t.Fatalf("byte %d: %d records", i, len(got.Records))
		}
	}
	if gaps == 0 {
		t.Error("no flipped byte was noticed")
	}
}

// TestShortColumnOfParquet lets a page claim two values fewer: the rows at its end must not come out half empty.
func TestShortColumnOfParquet(t *testing.T) {
	w := newWorld(t)
	w.fill(t, 30)
	good := w.Content(london, w.dataKey(t, london))
	short := 0
	for i, b := range good {
		if b != 2*30 { // 30 as a Thrift varint
			continue
		}
		w.replace(t, london, func([]byte) []byte {
			bad := bytes.Clone(good)
			bad[i] = 2 * 28
			return bad
		})
		got := read(t, w.source(london), wholeDay())
		for _, o := range got.Records {
			if len(got.Gaps) == 0 && (o.ReplicationStatus == "" || o.StorageClass == "" || o.ETag == "") {
				t.Fatalf("byte %d: half a row without a gap: %+v", i, o)
			}
		}
		if len(got.Gaps) > 0 && strings.Contains(got.Gaps[0].Reason, "ends before its time") {
			short++
		}
	}
	if short == 0 {
		t.Error("no short column was met")
	}
}

func TestUnreachable(t *testing.T) {
	w := newWorld(t)
	src := w.source(dublin)
	src.Client = client(dublin, "http://127.0.0.1:1")
	oneGap(t, read(t, src, wholeDay()), "refused")
}

func TestHanging(t *testing.T) {
	w := newWorld(t)
	w.fill(t, 10)
	src := w.source(dublin)
	src.Settings.Timeout = 50 * time.Millisecond
	w.Fault(func(buckets.Request) buckets.Fault { return buckets.Fault{Delay: 300 * time.Millisecond} })
	oneGap(t, read(t, src, wholeDay()), "no answer within the time allowed")
}

func TestOneBrokenConnectionIsMended(t *testing.T) {
	w := newWorld(t)
	w.fill(t, 60)
	broken := false
	w.Fault(func(r buckets.Request) buckets.Fault {
		if strings.Contains(r.Key, "/data/") && !broken {
			broken = true
			return buckets.Fault{Cut: 10}
		}
		return buckets.Fault{}
	})
	if got := read(t, w.source(dublin), wholeDay()); len(got.Gaps) != 0 || len(got.Records) != 60 || !broken {
		t.Errorf("%d records, %+v", len(got.Records), got.Gaps)
	}
}
