package archive

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// payments are changes as a payments API makes them: an insert, an update or two and a removal by time to live, images of
// about 300 bytes of which the identifiers cannot be compressed.
func payments(n int) []record.Change {
	r := rand.New(rand.NewPCG(7, 7))
	image := func(key string, status string, version int) record.Image {
		return record.NewImage(map[string]record.Attr{
			"pk": {Type: "S", Text: key}, "status": {Type: "S", Text: status}, "version": {Type: "N", Text: fmt.Sprint(version)},
			"payment_id": {Type: "S", Text: fmt.Sprintf("pay_%016x", r.Uint64())}, "write_id": {Type: "S", Text: fmt.Sprintf("%016x%016x", r.Uint64(), r.Uint64())},
			"amount": {Type: "N", Text: fmt.Sprint(r.IntN(100000))}, "currency": {Type: "S", Text: "EUR"}, "origin": {Type: "S", Text: "eu-west-1"},
			"written_at": {Type: "S", Text: noon.Add(time.Duration(r.Int64N(1e12))).Format(time.RFC3339Nano)}, "ttl": {Type: "N", Text: fmt.Sprint(1763500000 + r.IntN(1e6))},
		})
	}
	out := make([]record.Change, n)
	images := map[string]record.Image{}
	for i := range out {
		key := fmt.Sprintf("order-%08x", r.IntN(n/4+1))
		c := record.Change{
			Table: "idempotency-keys", Region: "eu-west-1", Shard: "shardId-0001", Seq: fmt.Sprintf("%025d", 4e17+i*31), Event: "MODIFY",
			At: noon.Add(time.Duration(i/200) * time.Second), Key: key, Old: images[key], New: image(key, "captured", i),
		}
		switch {
		case c.Old.Absent():
			c.Event = "INSERT"
		case r.IntN(10) == 0:
			c.Event, c.New, c.ByTTL = "REMOVE", "", true
		}
		images[key] = c.New
		out[i] = c
	}
	return out
}

const benchRecords = 20_000

func perRecord(b *testing.B, n int) {
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrecords/s")
}

func archived(b *testing.B) (Folder, audit.Segment) {
	b.Helper()
	dir := Folder(b.TempDir())
	s, err := Write(b.Context(), dir, payments(benchRecords))
	if err != nil {
		b.Fatal(err)
	}
	return dir, s
}

// BenchmarkEncode is writing without the disk.
func BenchmarkEncode(b *testing.B) {
	changes := payments(benchRecords)
	size := 0
	for b.Loop() {
		data, err := encode(changes)
		if err != nil {
			b.Fatal(err)
		}
		size = len(data)
	}
	perRecord(b, len(changes))
	b.ReportMetric(float64(size)/float64(len(changes)), "bytes/record")
}

func BenchmarkWrite(b *testing.B) {
	changes, dir := payments(benchRecords), Folder(b.TempDir())
	for b.Loop() {
		if _, err := Write(b.Context(), dir, changes); err != nil {
			b.Fatal(err)
		}
	}
	perRecord(b, len(changes))
}

func BenchmarkScan(b *testing.B) {
	dir, s := archived(b)
	for b.Loop() {
		n := 0
		err := Scan(b.Context(), dir, s, func(rows Rows) error {
			n += rows.Len()
			return nil
		})
		if err != nil || n != benchRecords {
			b.Fatal(n, err)
		}
	}
	perRecord(b, benchRecords)
}

// BenchmarkSelect asks for one key in a thousand, and for a key that is not there.
func BenchmarkSelect(b *testing.B) {
	dir, s := archived(b)
	for name, want := range map[string]func(Hash) bool{
		"few":  func(h Hash) bool { return int(h[0])<<8|int(h[1]) < 65 },
		"none": func(Hash) bool { return false },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := Select(b.Context(), dir, s, want); err != nil {
					b.Fatal(err)
				}
			}
			perRecord(b, benchRecords)
		})
	}
}

func BenchmarkRead(b *testing.B) {
	dir, s := archived(b)
	for b.Loop() {
		if _, err := Read(b.Context(), dir, s); err != nil {
			b.Fatal(err)
		}
	}
	perRecord(b, benchRecords)
}
