package orc

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"parallax/internal/join"
)

var benchRows = flag.Int("rows", 200_000, "rows of the inventory in benchmarks")

// inventorySpecs are nine columns of an inventory with versions, as S3 fills them.
var inventorySpecs = []spec{
	{"bucket", codeString, func(*rand.Rand, int) any { return "receipts-eu-west-1" }},
	{"key", codeString, func(_ *rand.Rand, row int) any {
		return fmt.Sprintf("receipts/2026/11/%02d/pay_%09d.json", 1+row%28, row*7919%1_000_000_007)
	}},
	{"version_id", codeString, func(rng *rand.Rand, _ int) any { return randomText(rng, 32, 62) }},
	{"is_latest", codeBoolean, func(rng *rand.Rand, _ int) any { return rng.IntN(20) > 0 }},
	{"is_delete_marker", codeBoolean, func(rng *rand.Rand, _ int) any { return rng.IntN(50) == 0 }},
	{"size", codeLong, func(rng *rand.Rand, _ int) any { return 500 + rng.Int64N(4000) }},
	{"last_modified_date", codeTimestamp, func(rng *rand.Rand, row int) any {
		return time.Unix(1_795_000_000+int64(row/10)+rng.Int64N(5), 0).UTC()
	}},
	{"e_tag", codeString, func(rng *rand.Rand, _ int) any { return randomText(rng, 32, 16) }},
	{"storage_class", codeString, func(rng *rand.Rand, _ int) any { return []string{"STANDARD", "GLACIER_IR"}[rng.IntN(2)] }},
}

// randomText is a text of so many letters out of so many.
func randomText(rng *rand.Rand, size, letters int) string {
	const all = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	b := make([]byte, size)
	for i := range b {
		b[i] = all[rng.IntN(letters)]
	}
	return string(b)
}

// cpu is the time this process has computed, in seconds: on a busy machine the wall clock says little.
func cpu() float64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// BenchmarkScan scans an inventory compressed by zlib, as S3 writes them, in one goroutine.
func BenchmarkScan(b *testing.B) {
	for _, p := range []struct {
		name    string
		packing packing
	}{{"zlib", zlib}, {"snappy", snappied}, {"none", plain}} {
		content, _ := write(b, made{
			rows: *benchRows, stripe: 100_000, packing: p.packing, dicts: []string{"bucket", "storage_class"}, specs: inventorySpecs,
		})
		var all []string
		for _, s := range inventorySpecs {
			all = append(all, s.name)
		}
		for _, columns := range [][]string{all, {"key", "version_id", "size", "e_tag"}} {
			b.Run(fmt.Sprintf("%s/columns=%d", p.name, len(columns)), func(b *testing.B) {
				b.ReportAllocs()
				rows, before := 0, cpu()
				for b.Loop() {
					f, err := OpenReaderAt(bytes.NewReader(content), int64(len(content)), Options{})
					if err == nil {
						err = f.Scan(b.Context(), columns, func(batch *join.Batch) error {
							rows += batch.Rows
							return nil
						})
					}
					if err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(rows)/b.Elapsed().Seconds()/1e6, "Mrows/s")
				b.ReportMetric(float64(rows)/(cpu()-before)/1e6, "Mrows/cpu-s")
			})
		}
	}
}
