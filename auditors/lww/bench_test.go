package lww_test

import (
	"testing"

	"parallax/auditors/lww"
	sim "parallax/internal/simulate"
)

// BenchmarkAudit prints what a record costs: an operation is one audit of all of them.
func BenchmarkAudit(b *testing.B) {
	quiet := sim.Reference()[0]
	quiet.Name, quiet.Writes, quiet.Pause = "quiet", 4, 20*quiet.Delay
	for _, p := range []sim.Profile{quiet, sim.Reference()[0], sim.Reference()[3]} {
		b.Run(p.Name, func(b *testing.B) {
			auditor, in := simulated(p, 3, 5000)
			in.Lag = func(lww.Lag) {}
			b.ReportAllocs()
			found := 0
			for b.Loop() {
				found = len(auditor.Audit(in).Findings)
			}
			records := float64(len(in.Changes))
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/records, "ns/record")
			b.ReportMetric(float64(found)/records, "findings/record")
		})
	}
}
