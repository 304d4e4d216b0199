package inventory

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
)

const allColumns = "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag, StorageClass, ReplicationStatus"

// FuzzCSV holds the decoder to two promises: it never panics, and every row it yields is a whole one.
func FuzzCSV(f *testing.F) {
	f.Add(allColumns, `"b","a%20b+c","v1","true","false","12","2026-11-18T14:00:00.000Z","aa","STANDARD","PENDING"`)
	f.Add(allColumns, `"b","k","","true","true","","2026-11-18T14:00:00.000Z","","",""`)
	f.Add("Bucket, Key, Size, LastModifiedDate", "b,k,1,2026-11-18T14:00:00Z\n\"b\",\"k\"\"\",\"0\",\"2026-11-18T14:00:00Z\"")
	f.Add("Bucket, Key, Size, LastModifiedDate", `"`)
	f.Add("", "")
	f.Fuzz(func(t *testing.T, schema, text string) {
		d, err := newCSV(schema)
		if err != nil {
			return
		}
		lines := strings.Count(text, "\n") + 1
		rows := 0
		a := newAssembler("b", maxMillis)
		err = d.scan(t.Context(), zipped(t, text), freeBytes, func(c *columns) error {
			r, err := a.assemble(c)
			if err != nil {
				return err
			}
			for i := range r.Len {
				rows++
				if o := r.Object(i); o.Key == "" || o.Size < 0 || o.LastModified.Location() != time.UTC || o.ReplicationStatus == "COMPLETE" {
					t.Errorf("half a row: %+v", o)
				}
			}
			return nil
		})
		if rows > lines {
			t.Errorf("%d rows of %d lines", rows, lines)
		}
		var damaged *damageError
		if err != nil && !errors.As(err, &damaged) {
			t.Errorf("an error that names no damage: %v", err)
		}
	})
}

// FuzzManifest: never a panic, and nothing accepted that leaves a file unverified.
func FuzzManifest(f *testing.F) {
	f.Add([]byte(`{"sourceBucket":"b","destinationBucket":"arn:aws:s3:::d","version":"2016-11-30","creationTimestamp":"1795046400000",` +
		`"fileFormat":"CSV","fileSchema":"Bucket, Key","files":[{"key":"k","size":1,"MD5checksum":"0123456789abcdef0123456789ABCDEF"}]}`))
	f.Add([]byte(`{"sourceBucket":"b","destinationBucket":"d","creationTimestamp":"1","files":[]}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := decodeManifest(body, "b", "d")
		if err != nil {
			return
		}
		if m.SourceBucket != "b" || m.created.Unix() < 0 || m.Files == nil {
			t.Errorf("accepted %+v", m)
		}
		for _, file := range m.Files {
			if file.Key == "" || file.Size < 0 || !isMD5(file.MD5) {
				t.Errorf("accepted file %+v", file)
			}
		}
	})
}

func zipped(t *testing.T, text string) *bytes.Buffer {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &out
}

// TestErrorsNeverShowRows: what a row holds stays out of errors, which end up in reports.
func TestErrorsNeverShowRows(t *testing.T) {
	d, err := newCSV(allColumns)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		`"b","secret%zz","v","true","false","1","2026-11-18T14:00:00Z","","",""`,
		`"b","secret","v","secret","false","1","2026-11-18T14:00:00Z","","",""`,
		`"b","secret","v","true","false","secret","2026-11-18T14:00:00Z","","",""`,
		`"b","secret","v","true","false","1","secret","","",""`,
		`"b","secret"x`,
		`"secret"`,
	} {
		err := d.scan(t.Context(), zipped(t, line), freeBytes, func(c *columns) error {
			_, err := newAssembler("b", maxMillis).assemble(c)
			return err
		})
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("error %v", err)
		}
	}
}

// FuzzParquet: any bytes are damage, or rows that are whole.
func FuzzParquet(f *testing.F) {
	f.Add(sheetOf(fullNames, 3).parquet(f, 2))
	f.Add(sheetOf(narrowNames, 1).parquet(f, 1))
	f.Add([]byte("PAR1\x00\x00\x00\x00PAR1"))
	f.Fuzz(func(t *testing.T, body []byte) {
		a := newAssembler("b", maxMillis)
		g := guard{emit: func(r *Rows) error {
			for i := range r.Len {
				if o := r.Object(i); o.Key == "" || o.Size < 0 {
					t.Errorf("half a row: %+v", o)
				}
			}
			return nil
		}}
		_ = g.run(func() error { // an error is fine, a crash is not
			return parquetDecoder{}.decode(t.Context(), fileOf(t, body), int64(len(body)), func(c *columns) error {
				r, err := a.assemble(c)
				if err != nil {
					return err
				}
				return g.hand(r)
			})
		})
	})
}
