package report

import (
	"strings"
	"testing"
	"time"

	"parallax/internal/audit"
)

func sampleTieOut() TieOut {
	return TieOut{
		AsOf: time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC), Verdict: audit.RunFindings,
		Ledger: TieOutSide{Name: "ledger.csv", Format: "csv", Records: 3, Columns: map[string]string{"payment_id": "=Order", "amount": "Gross"}},
		File:   TieOutSide{Name: "m.ipm", Format: "ipm", Records: 3, Totals: map[string]string{"stated messages": "5"}},
		Findings: []audit.StoredFinding{{Finding: audit.Finding{
			Fingerprint: "0123456789abcdef", Kind: audit.SettlementAmountMismatch, Verdict: audit.Proven, Severity: audit.High, Status: audit.Open,
			Key: "=HYPERLINK(\"http://x\")", Reason: "Payment +1 was charged with EUR 12.50, but visa settled EUR 12.05.",
			Amounts: []audit.Money{{Minor: 45, Currency: "EUR"}, {Minor: 1e17, Currency: "JPY"}},
			Evidence: []audit.Evidence{
				{Source: "ledger", Ref: "row id 1", Field: "amount_minor", Value: "1250"},
				{Source: "file m.ipm", Ref: "record 2", Field: "amount_minor", Value: "1205"},
			},
		}}},
		Proof: []CurrencyProof{
			{Currency: "EUR", Ledger: []Share{{"in", 2, 1_234_567_890_12}, {"matched", 1, 1_234_567_877_62}, {"breaks", 1, 1250}, {"expected", 0, 0}},
				File: []Share{{"in", 2, 1_234_567_889_67}, {"matched", 1, 1_234_567_877_62}, {"breaks", 1, 1205}, {"linked", 0, 0}}},
			{Currency: "JPY", Ledger: []Share{{"in", 1, 1200}, {"matched", 1, 1200}, {"breaks", 0, 0}}, File: []Share{{"in", 1, 1200}, {"matched", 1, 1200}, {"breaks", 0, 0}}},
		},
		Matches: []audit.Match{{PaymentID: "p2", Reference: "00000000000000000000001", File: "m.ipm", Line: 3, Rule: "network reference", Amount: audit.Money{Minor: 1200, Currency: "JPY"}}},
		NotSeen: []audit.Gap{{Reason: "x.ipm is truncated", Remedy: "ask for it again"}},
	}
}

func TestTieOutTable(t *testing.T) {
	var out strings.Builder
	if err := WriteTieOut(&out, Table, sampleTieOut()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"\nwhy\n  =HYPERLINK(\"http://x\")  Payment +1 was charged with EUR 12.50, but visa settled EUR 12.05.\n",
		"not seen: x.ipm is truncated\n  -> ask for it again\n",
		"           LEDGER                    FILE\n" +
			"EUR             2  1,234,567,890.12     2  1,234,567,889.67\n" +
			"  matched       1  1,234,567,877.62     1  1,234,567,877.62\n" +
			"  breaks        1             12.50     1             12.05\n" +
			"JPY             1             1,200     1             1,200\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table lacks\n%s\nin\n%s", want, out.String())
		}
	}
}
