package reconcile

import (
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/internal/money"
	"parallax/internal/record"
)

// TestAMaskedKeyProvesNothing: two references that look like card numbers are one when they are masked. One alone still
// pairs.
func TestAMaskedKeyProvesNothing(t *testing.T) {
	const reference = "453201******0366"
	at := time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC)
	eur := func(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "EUR"} }
	entry := func(id string, minor int64) record.Entry {
		return record.Entry{ID: id, PaymentID: "pay_" + id, NetworkReference: reference, Status: "captured", Amount: eur(minor), CreatedAt: at}
	}
	line := func(n, minor int64) record.SettlementLine {
		return record.SettlementLine{File: "f", Record: n, Type: record.Presentment, Reference: reference, ARN: string(rune('a' + n)), Amount: eur(minor), TransactionAt: at, BusinessDate: "2026-11-18"}
	}
	for name, tc := range map[string]struct {
		entries  []record.Entry
		lines    []record.SettlementLine
		findings bool
	}{
		"one of each":                 {[]record.Entry{entry("1", 1000)}, []record.SettlementLine{line(2, 1000)}, false},
		"two payments, one settled":   {[]record.Entry{entry("1", 1000), entry("2", 1800)}, []record.SettlementLine{line(2, 1800)}, true},
		"one payment, another beside": {[]record.Entry{entry("1", 1000)}, []record.SettlementLine{line(2, 1800)}, true},
	} {
		in := Input{Window: audit.Window{From: at.Add(-time.Hour), To: at.Add(time.Hour)}, AsOf: at.Add(200 * time.Hour), AllFiles: true, Entries: tc.entries, Lines: tc.lines}
		result, err := Auditor{testRules()}.Match(in)
		if err != nil || (len(result.Findings) > 0) != tc.findings {
			t.Errorf("%s: %d findings, %v", name, len(result.Findings), err)
		}
		for _, f := range result.Findings {
			if f.Verdict == audit.Proven {
				t.Errorf("%s: %s is proven: %s", name, f.Kind, f.Reason)
			}
		}
		checkTotals(t, result)
	}
}
