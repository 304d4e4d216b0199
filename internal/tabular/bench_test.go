package tabular

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/klauspost/compress/gzip"

	"parallax/internal/join"
)

var (
	benchRows = flag.Int("rows", 200_000, "rows of a side in benchmarks")
	benchDir  = flag.String("keep", "", "folder to keep the files of benchmarks in")
	benchMB   = flag.Int64("memory", 256, "MiB of memory for the match in benchmarks")
)

// benchFiles makes the two files of the benchmark, or takes those that were kept.
func benchFiles(b *testing.B, ext string, create func(path string) (add func(payment), done func())) [2]string {
	b.Helper()
	dir := *benchDir
	if dir == "" {
		dir = b.TempDir()
	}
	var paths [2]string
	var add [2]func(payment)
	var done [2]func()
	for side := range paths {
		paths[side] = filepath.Join(dir, fmt.Sprintf("%d-%d%s", *benchRows, side, ext))
		if _, err := os.Stat(paths[side]); err == nil {
			continue
		}
		add[side], done[side] = create(paths[side])
	}
	if add[0] == nil {
		return paths
	}
	taskR(*benchRows, func(side int, p payment) { add[side](p) })
	for side := range paths {
		done[side]()
	}
	return paths
}

// cpu is the time this process has computed, in seconds, and the most memory it ever had, in MiB.
func cpu() (seconds, peak float64) {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9, float64(u.Maxrss) / 1024
}

func benchMatch(b *testing.B, paths [2]string, amount Field) {
	b.Helper()
	var tally join.Tally
	before, _ := cpu()
	for b.Loop() {
		var sides [2]join.Side
		for i, path := range paths {
			t, err := Open(path, Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer t.Close()
			if sides[i], err = t.Side(fmt.Sprint("side ", i), Fields("id"), []Field{amount, {Name: "currency"}}); err != nil {
				b.Fatal(err)
			}
		}
		result, err := join.Match(b.Context(), sides[0], sides[1], join.Config{Memory: *benchMB << 20})
		if err != nil {
			b.Fatal(err)
		}
		tally = result.Tally
		for _, err := range result.Breaks(b.Context()) {
			if err != nil {
				b.Fatal(err)
			}
		}
		result.Close()
	}
	after, peak := cpu()
	b.ReportMetric((after-before)/float64(b.N), "cpu-s/op")
	b.ReportMetric(peak, "peak-MiB")
	b.ReportMetric(float64(tally.Spilled)/1e6, "spilled-MB")
	if tally.Matched == 0 {
		b.Fatalf("%+v", tally)
	}
	b.Logf("%+v", tally)
}

// BenchmarkParquet matches two Parquet files in random order.
func BenchmarkParquet(b *testing.B) {
	paths := benchFiles(b, ".parquet", func(path string) (func(payment), func()) {
		w := newParquetWriter(b, path, layoutOf{codec: compress.Codecs.Snappy, group: 250_000, page: 1 << 20})
		return w.add, w.close
	})
	benchMatch(b, paths, Field{Name: "amount"})
}

func line(p payment) string {
	return strings.Join([]string{p.id, fmt.Sprintf("%d.%02d", p.amount/100, p.amount%100), p.currency, "a note nobody reads: " + p.id}, ",") + "\n"
}

// BenchmarkCSV matches two CSV files compressed by gzip, in random order.
func BenchmarkCSV(b *testing.B) {
	paths := benchFiles(b, ".csv.gz", func(path string) (func(payment), func()) {
		f, err := os.Create(path)
		if err != nil {
			b.Fatal(err)
		}
		z := gzip.NewWriter(f)
		if _, err := z.Write([]byte("id,amount,currency,note\n")); err != nil {
			b.Fatal(err)
		}
		add := func(p payment) {
			if _, err := z.Write([]byte(line(p))); err != nil {
				b.Fatal(err)
			}
		}
		return add, func() {
			if err := errors.Join(z.Close(), f.Close()); err != nil {
				b.Fatal(err)
			}
		}
	})
	benchMatch(b, paths, Decimal("amount", 2))
}
