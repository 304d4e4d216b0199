package sift_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"parallax/auditors/lww/sift"
)

// mix is splitmix64: hashes for the benchmark that cost next to nothing.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func fakeHash(a, b uint64) (h sift.Hash) {
	binary.BigEndian.PutUint64(h[:8], mix(a*64+b))
	binary.BigEndian.PutUint64(h[8:], mix(mix(a*64+b)+1))
	return h
}

// share adds one worker's share of n traces over n/5 keys: an insert and an update in each region, and the removal that
// only every other key has, all as replication leaves them. One key in a thousand lacks its last record.
func share(w *sift.Writer, n, worker, workers int) error {
	keys := n / 5
	for round := range 3 {
		for k := worker; k < keys; k += workers {
			if round == 2 && k%2 == 1 {
				continue
			}
			key := uint64(k)
			for region := range 2 {
				if round == 1 && region == 1 && k%1000 == 0 {
					continue
				}
				at := int64(k)*100 + int64(round)*4e8
				t := sift.Trace{
					Key: fakeHash(key, 0), At: at + int64(region)*1000, Order: sift.Rank(uint32(round), uint32(k)),
					Region: uint8(region), Flags: sift.Known, Count: uint32(round + 1),
				}
				if round > 0 {
					t.Old = fakeHash(key, uint64(round))
				}
				if round < 2 {
					t.New, t.Writer, t.Origin = fakeHash(key, uint64(round+1)), uint32(mix(key+uint64(round)))|1, 1
				}
				if err := w.Add(&t); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// peak is the most memory this process has had, in bytes, since reset.
func peak(b *testing.B) float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Fatal(err)
	}
	for line := range bytes.Lines(status) {
		if f := bytes.Fields(line); len(f) == 3 && string(f[0]) == "VmHWM:" {
			kb, _ := strconv.ParseFloat(string(f[1]), 64)
			return kb * 1024
		}
	}
	b.Fatal("no VmHWM")
	return 0
}

// busy is the processor time this process has used.
func busy(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkSieve(b *testing.B) {
	for _, c := range []struct{ millions, megabytes int }{{1, 384}, {10, 2048}, {10, 384}, {10, 96}, {50, 384}, {50, 96}} {
		b.Run(fmt.Sprintf("%dM/%dMB", c.millions, c.megabytes), func(b *testing.B) {
			var counts sift.Counts
			before := busy(b)
			for b.Loop() {
				debug.FreeOSMemory()
				if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
					b.Fatal(err)
				}
				counts = sieveOnce(b, c.millions*1_000_000, int64(c.megabytes)<<20)
			}
			b.ReportMetric(float64(counts.Traces)*float64(b.N)/b.Elapsed().Seconds(), "traces/s")
			// What the cores did, whoever else they worked for: this includes making the traces.
			b.ReportMetric((busy(b)-before).Seconds()*1e9/float64(b.N)/float64(counts.Traces), "cpu-ns/trace")
			b.ReportMetric(peak(b)/(1<<20), "peak-MB")
			b.ReportMetric(float64(counts.Spilled)/(1<<20), "spilled-MB")
			b.ReportMetric(float64(counts.Suspects), "suspects")
		})
	}
}

func sieveOnce(b *testing.B, n int, memory int64) sift.Counts {
	const workers = 2
	rules := rulesFor(2)
	s, err := sift.New(rules, inputFor(rules, nil).Window, sift.Options{Memory: memory, Dir: b.TempDir(), Workers: workers, Lag: func(sift.Lag) {}})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	var group sync.WaitGroup
	for i := range workers {
		group.Go(func() {
			w, err := s.Writer(b.Context())
			if err == nil {
				err = share(w, n, i, workers)
			}
			if err == nil {
				err = w.Close()
			}
			if err != nil {
				b.Error(err)
			}
		})
	}
	group.Wait()
	counts, err := s.Judge(b.Context(), func([]sift.Hash) error { return nil })
	if err != nil {
		b.Fatal(err)
	}
	return counts
}
