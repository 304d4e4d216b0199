package ipm

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"parallax/sources/settlement/ipm/ipmtest"
)

// clearing is a file of n records of about 400 bytes, as acquirers send and receive them.
func clearing(n int, ebcdic, blocked bool) []byte {
	f := ipmtest.File{EBCDIC: ebcdic}
	f.Header()
	settlement := fmt.Sprintf("%-11s%-28s3%-10s %s03%s01", "00000001234", "0000000000000000", "US00000001", "261118", "261119")
	for i := range n {
		m := ipmtest.Presentment(i)
		m[5], m[50], m[9] = m[4], "978", "61000000"
		m[22], m[25], m[42], m[41] = "51010151114C", "1401", "MERCHANT0000001", "TERM0001"
		m[43] = `EXAMPLE SHOP\1 EXAMPLE STREET\DUBLIN\D01` + strings.Repeat(" ", 9) + "IRL"
		m[32], m[33], m[93], m[94], m[100] = "12345", "12345", "00000054321", "00000012345", "00000054321"
		m[48] = ipmtest.PDS(23, "CT6") + ipmtest.PDS(146, fee("00", "29", 5, "978")[:21]+"978000000000005") + ipmtest.PDS(148, "9782") +
			ipmtest.PDS(158, "MCC2010001"+"75"+"261118"+"03") + ipmtest.PDS(159, settlement) + ipmtest.PDS(165, "M")
		f.Add("1240", m)
	}
	f.Trailer()
	if blocked {
		return ipmtest.Block(f.Bytes())
	}
	return f.Bytes()
}

// processorTime is what the process has used so far: on a machine that is shared, time on the clock says little.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// BenchmarkDecode reads 50,002 records on one core.
func BenchmarkDecode(b *testing.B) {
	const n = 50_000
	for _, tc := range []struct {
		name            string
		ebcdic, blocked bool
	}{{"ascii", false, false}, {"ebcdic-blocked", true, true}} {
		data := clearing(n, tc.ebcdic, tc.blocked)
		b.Run(tc.name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			before := processorTime(b)
			for b.Loop() {
				s, err := Decode(content(data), "m.ipm", "mastercard", nothing)
				if err != nil || s.Lines != n {
					b.Fatalf("%d lines, %v", s.Lines, err)
				}
			}
			b.ReportMetric(float64(b.N)*(n+2)/b.Elapsed().Seconds(), "records/s")
			b.ReportMetric(float64(b.N)*(n+2)/(processorTime(b)-before).Seconds(), "records/cpu-s")
			b.ReportMetric(float64(len(data))/(n+2), "bytes/record")
		})
	}
}
