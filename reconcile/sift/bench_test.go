package sift

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/internal/money"
	"parallax/internal/record"
	"parallax/reconcile"
)

// synthetic is a ledger and its files of n rows each, made as they are read: one row in a thousand has no counterpart, one
// in a thousand another amount, one in two thousand is there twice. The lines come in another order than the rows.
type synthetic struct{ n int }

func (s synthetic) amount(i int) money.Amount {
	return money.Amount{Minor: int64(100 + i*7919%1_000_000), Currency: []string{"EUR", "GBP", "JPY"}[i%3]}
}

func (s synthetic) at(i int) time.Time {
	return time.Unix(1_795_046_400+int64(i%43_200), 0).UTC() // 19 November 2026, in the first half of the day
}

// digits is prefix and i, without the costs of fmt.
func digits(prefix string, i, width int) string {
	b := make([]byte, 0, 32)
	b = append(b, prefix...)
	text := strconv.Itoa(i)
	for range max(width-len(text), 0) {
		b = append(b, '0')
	}
	return string(append(b, text...))
}

func (s synthetic) ledger(ctx context.Context, yield func(record.Entry) error) error {
	for i := range s.n {
		if i%1000 == 1 {
			continue
		}
		e := record.Entry{
			Region: "eu-west-1", ID: digits("", i, 1), PaymentID: digits("pay_", i, 12), Amount: s.amount(i), Status: "captured", Network: "mastercard",
			NetworkReference: digits("MCC", i, 9), RRN: digits("", i, 12), AuthCode: digits("", i*7%1_000_000, 6), CreatedAt: s.at(i),
		}
		for range 1 + b2i(i%2000 == 5) {
			if err := yield(e); err != nil {
				return err
			}
			e.PaymentID += "b"
		}
	}
	return ctx.Err()
}

func (s synthetic) lines(ctx context.Context, yield func(record.SettlementLine) error) error {
	for k := range s.n {
		i := int(uint64(k) * 999_999_937 % uint64(s.n)) //nolint:gosec // a prime: every row once
		if i%1000 == 2 {
			continue
		}
		l := record.SettlementLine{
			Feed: "mastercard", File: "f19", Record: int64(k), Type: record.Presentment, Reference: digits("MCC", i, 9), RRN: digits("", i, 12), AuthCode: digits("", i*7%1_000_000, 6),
			ARN: digits("", i, 23), MaskedPAN: "555555******4444", Amount: s.amount(i), TransactionAt: s.at(i), BusinessDate: "2026-11-19",
		}
		l.Amount.Minor += int64(b2i(i%1000 == 3))
		if err := yield(l); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// BenchmarkSift matches large sets; SIFT_ROWS sets how many rows a side. peak-MB is the largest memory of the process.
func BenchmarkSift(b *testing.B) {
	n := 200_000
	if rows, err := strconv.Atoi(os.Getenv("SIFT_ROWS")); err == nil {
		n = rows
	}
	rules := reconcile.Defaults("mastercard")
	rules.Scope, rules.Charged = "payments", []string{"captured"}
	rules.FX.Check = false
	day := time.Date(2026, 11, 19, 0, 0, 0, 0, time.UTC)
	in := reconcile.Input{Window: audit.Window{From: day, To: day.AddDate(0, 0, 1)}, AsOf: day.AddDate(0, 0, 7), FilesThrough: "2026-11-25"}
	s := synthetic{n}
	for b.Loop() {
		var matches int64
		sieve := Sieve{Auditor: reconcile.Auditor{Rules: rules}, Dir: b.TempDir(), Matches: func(m []audit.Match) error {
			matches += int64(len(m))
			return nil
		}}
		result, stats, err := sieve.Match(b.Context(), in, s.ledger, s.lines)
		if err != nil {
			b.Fatal(err)
		}
		if wrong := n/1000*3 + n/2000; len(result.Findings) != wrong {
			b.Fatalf("%d findings, want %d: %+v", len(result.Findings), wrong, stats)
		}
		b.Log(stats, matches)
	}
	b.ReportMetric(float64(2*n)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(peakMB(b), "peak-MB")
}

func peakMB(b *testing.B) float64 {
	b.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		var kb float64
		if _, err := fmt.Sscanf(line, "VmHWM: %f kB", &kb); err == nil {
			return kb / 1024
		}
	}
	return 0
}

// fillOne adds a payment and the line that settles it.
func (w *world) fillOne(n int, minor int64) {
	at := time.Date(2026, 11, 18, 9, 0, n%60, 0, time.UTC)
	e := record.Entry{
		Region: "eu-west-1", ID: fmt.Sprint(n), PaymentID: fmt.Sprintf("pay_%08d", n), NetworkReference: fmt.Sprintf("MCC%08d1118", n), RRN: fmt.Sprintf("%012d", n), AuthCode: fmt.Sprintf("%06d", n%1_000_000),
		Amount: money.Amount{Minor: minor, Currency: "EUR"}, Status: "captured", Network: "mastercard", CreatedAt: at,
	}
	w.entries = append(w.entries, e)
	w.lines = append(w.lines, record.SettlementLine{
		Feed: "mastercard", File: "f18", Record: int64(n), Type: record.Presentment, Reference: e.NetworkReference, RRN: e.RRN, AuthCode: e.AuthCode, Amount: e.Amount,
		TransactionAt: at, BusinessDate: "2026-11-18",
	})
}
