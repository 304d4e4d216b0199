package reconcile

import (
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/internal/money"
	"parallax/internal/record"
)

// TestReversalsWithoutTheirPresentment: two reversals alike of a payment that no presentment settles.
func TestReversalsWithoutTheirPresentment(t *testing.T) {
	at := time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC)
	amount := money.Amount{Minor: 500, Currency: "EUR"}
	back, err := amount.Neg()
	if err != nil {
		t.Fatal(err)
	}
	in := Input{
		Window: audit.Window{From: at.Add(-time.Hour), To: at.Add(time.Hour)}, AsOf: at.Add(200 * time.Hour), AllFiles: true,
		Entries: []record.Entry{{ID: "1", PaymentID: "p", NetworkReference: "R", Status: "captured", Amount: amount, CreatedAt: at}},
	}
	for n := range int64(2) {
		in.Lines = append(in.Lines, record.SettlementLine{
			File: "f", Record: n + 2, Type: record.Presentment, Reversal: true, Reference: "R", Amount: back, TransactionAt: at, BusinessDate: "2026-11-18",
		})
	}
	result, err := Auditor{testRules()}.Match(in)
	if err != nil || len(result.Findings) == 0 {
		t.Errorf("%d findings, %v", len(result.Findings), err)
	}
	checkTotals(t, result)
}
