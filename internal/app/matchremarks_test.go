package app

import (
	"errors"
	"strings"
	"testing"

	"parallax/internal/audit"
	"parallax/reconcile"
	"parallax/sources/settlement"
	"parallax/sources/settlement/decode"
)

func mismatch(charged, settled string) audit.Finding {
	return audit.Finding{
		Kind: audit.SettlementAmountMismatch, Amounts: []audit.Money{{Minor: 1, Currency: "EUR"}},
		Evidence: []audit.Evidence{
			{Source: "ledger payments", Field: "amount_minor", Value: charged},
			{Source: "file a.csv", Field: "amount_minor", Value: settled},
		},
	}
}

func TestHundredfold(t *testing.T) {
	decimal, minor := map[string]string{"amount": "Gross"}, map[string]string{"amount_minor": "Cents"}
	missing := audit.Finding{Kind: audit.SettlementMissingInNetwork}
	for _, c := range []struct {
		name     string
		columns  map[string]string
		findings []audit.Finding
		matched  int64
		want     string
	}{
		{"the ledger is in minor units", decimal, []audit.Finding{mismatch("125000", "1250"), missing, mismatch("100", "1")}, 0, "--ledger-columns amount_minor=Gross"},
		{"the ledger is in whole units", minor, []audit.Finding{mismatch("12", "1200")}, 0, "--ledger-columns amount=Cents"},
		{"the file is in minor units", decimal, []audit.Finding{mismatch("12", "1200")}, 0, "is the settlement file in minor units"},
		{"both ways", decimal, []audit.Finding{mismatch("12", "1200"), mismatch("1200", "12")}, 0, ""},
		{"another pair", decimal, []audit.Finding{mismatch("125000", "1250"), mismatch("12", "13")}, 0, ""},
		{"nearly", decimal, []audit.Finding{mismatch("125001", "1250")}, 0, ""},
		{"others agree", decimal, []audit.Finding{mismatch("125000", "1250")}, 1, ""},
		{"no pair", decimal, []audit.Finding{missing}, 0, ""},
	} {
		r := reconcile.Result{Totals: []reconcile.Total{{Currency: "EUR", LedgerMatched: reconcile.Sum{Count: c.matched}}}}
		r.Findings = c.findings
		if got := hundredfold(c.columns, r); c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q", c.name, got)
		}
	}
}

func TestRemedyOfAFileThatIsSomethingElse(t *testing.T) {
	const usual = "ask the sender"
	at := func(line int64, err error) error { return decode.At("a.csv", "line", line, err) }
	wrong := errors.New("is wrong")
	for _, c := range []struct {
		format string
		asked  bool
		err    error
		want   string
	}{
		{"csv", false, at(1, wrong), "--settlement-columns"},
		{"stripe", true, at(1, wrong), "--settlement-columns"},
		{"adyen", true, at(1, wrong), "--format"},
		{"adyen", false, at(1, wrong), usual},
		{"adyen", true, at(7, wrong), usual},
		{"csv", false, at(1, decode.ErrControlTotal), usual},
		{"csv", false, errors.New("permission denied"), usual},
	} {
		f := settlementFile{source: &settlement.Source{}, format: c.format, asked: c.asked, err: c.err}
		if got := f.remedy(usual); !strings.Contains(got, c.want) {
			t.Errorf("%+v: %q", c, got)
		}
	}
}
