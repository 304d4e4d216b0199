package reconcile

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/internal/calendar"
	"parallax/internal/money"
	"parallax/internal/record"
)

// BenchmarkMatch ties out n payments with n lines of which one in a thousand is wrong: by reference, by rrn only, with all
// rules on, and where every row carries the same key.
func BenchmarkMatch(b *testing.B) {
	for _, n := range []int{100_000, 1_000_000} {
		for name, shape := range map[string]func(*Rules, *Input){
			"reference": func(*Rules, *Input) {},
			"rrn": func(_ *Rules, in *Input) {
				for i := range in.Entries {
					in.Entries[i].NetworkReference = ""
				}
			},
			"rules": func(r *Rules, _ *Input) {
				r.WrongPeriod, r.FX, r.Calendar = true, FX{Check: true, Minor: 1}, calendar.Network("mastercard")
				r.Fees = []FeeRule{{Name: "all", BasisPoints: "140", Fixed: map[string]int64{"EUR": 10}}}
			},
			"unsettled": func(_ *Rules, in *Input) { in.Lines = in.Lines[:len(in.Lines)/10] },
			"onekey": func(_ *Rules, in *Input) {
				for i := range in.Entries {
					in.Entries[i].NetworkReference = "same"
				}
				for i := range in.Lines {
					in.Lines[i].Reference = "same"
				}
			},
		} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				rules, in := testRules(), largeInput(n)
				rules.MaxRows = 3 * n
				shape(&rules, &in)
				b.ReportAllocs()
				for b.Loop() {
					if _, err := (Auditor{rules}).Match(in); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "payments/s")
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				b.ReportMetric(float64(m.Sys)/(1<<20), "MB-held")
			})
		}
	}
}

func largeInput(n int) Input {
	rng := rand.New(rand.NewPCG(uint64(n), 3))
	day := time.Date(2026, 11, 18, 0, 0, 0, 0, time.UTC)
	in := Input{Window: audit.Window{From: day, To: day.AddDate(0, 0, 1)}, AsOf: day.AddDate(0, 0, 4), FilesThrough: "2026-11-20"}
	in.Entries, in.Lines = make([]record.Entry, n), make([]record.SettlementLine, n)
	for i := range n {
		amount := money.Amount{Minor: 100 + rng.Int64N(100_000), Currency: "EUR"}
		at := day.Add(time.Duration(rng.Int64N(86_400_000)) * time.Millisecond)
		ref := fmt.Sprintf("MCC%09d1118", i)
		rrn, auth := fmt.Sprintf("%012d", i), fmt.Sprintf("A%05d", i%100_000)
		in.Entries[i] = record.Entry{
			ID: fmt.Sprint(i), PaymentID: fmt.Sprintf("pay_%09d", i), Amount: amount, Status: "captured",
			Network: "mastercard", NetworkReference: ref, RRN: rrn, AuthCode: auth, CreatedAt: at,
		}
		l := record.SettlementLine{
			Feed: "mastercard", File: "f18", Record: int64(i + 2), Type: record.Presentment, Reference: ref, RRN: rrn, AuthCode: auth,
			Amount: amount, Settlement: amount, Fee: money.Amount{Minor: amount.Minor*14/1000 + 10, Currency: "EUR"}, TransactionAt: at, BusinessDate: "2026-11-18",
		}
		if i%1000 == 7 {
			l.Amount.Minor++
		}
		in.Lines[i] = l
	}
	rng.Shuffle(n, func(i, j int) { in.Lines[i], in.Lines[j] = in.Lines[j], in.Lines[i] })
	return in
}
