package inventory

import (
	"bufio"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
)

const benchRows = 200_000

// BenchmarkReaders measures rows a second of each reader, from a verified file to rows as the join takes them: all ten
// columns of a list with versions, and a list of key, size and ETag (with the bucket and the time, which are always checked).
// The rows of arrow's column readers and those of encoding/csv, which only cuts the rows into fields, stand beside.
func BenchmarkReaders(b *testing.B) {
	for _, c := range []struct {
		name  string
		names []string
	}{{"full", fullNames}, {"narrow", narrowNames}} {
		s := sheetOf(c.names, benchRows)
		pq, zipped := s.parquet(b, benchRows), s.csv(b)
		csv, err := newCSV(joined(c.names))
		if err != nil {
			b.Fatal(err)
		}
		b.Run(c.name+"/parquet", func(b *testing.B) { benchDecoder(b, parquetDecoder{}, pq) })
		b.Run(c.name+"/parquet-arrow", func(b *testing.B) { benchDecoder(b, arrowDecoder{}, pq) })
		b.Run(c.name+"/csv", func(b *testing.B) { benchDecoder(b, csv, zipped) })
		b.Run(c.name+"/csv-encoding", func(b *testing.B) { benchEncodingCSV(b, zipped) })
		b.Run(c.name+"/csv-gunzip", func(b *testing.B) { benchGunzip(b, zipped) })
	}
}

func joined(names []string) string { return strings.Join(names, ", ") }

func benchDecoder(b *testing.B, d decoder, body []byte) {
	b.Helper()
	f := fileOf(b, body)
	for b.Loop() {
		a := newAssembler("b", maxMillis)
		rows := 0
		err := d.decode(b.Context(), f, int64(len(body)), func(c *columns) error {
			r, err := a.assemble(c)
			if err == nil {
				rows += r.Len
			}
			return err
		})
		if err != nil || rows != benchRows {
			b.Fatal(rows, err)
		}
	}
	report(b, len(body))
}

func report(b *testing.B, size int) {
	b.Helper()
	b.ReportMetric(float64(benchRows)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
	b.ReportMetric(float64(size)/benchRows, "B/row")
}

func fileOf(t testing.TB, body []byte) *os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "list")
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func benchEncodingCSV(b *testing.B, body []byte) {
	b.Helper()
	f := fileOf(b, body)
	for b.Loop() {
		zip, err := gzip.NewReader(bufio.NewReader(io.NewSectionReader(f, 0, int64(len(body)))))
		if err != nil {
			b.Fatal(err)
		}
		r := csv.NewReader(zip)
		r.ReuseRecord = true
		rows := 0
		for {
			_, err := r.Read()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
			rows++
		}
		if rows != benchRows {
			b.Fatal(rows)
		}
	}
	report(b, len(body))
}

func benchGunzip(b *testing.B, body []byte) {
	b.Helper()
	f := fileOf(b, body)
	for b.Loop() {
		zip, err := gzip.NewReader(io.NewSectionReader(f, 0, int64(len(body))))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, zip); err != nil {
			b.Fatal(err)
		}
	}
	report(b, len(body))
}
