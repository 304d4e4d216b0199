package ledger_test

import (
	"testing"
	"time"

	"parallax/auditors/ledger"
	"parallax/internal/audit"
	"parallax/internal/golden"
	"parallax/internal/money"
	"parallax/internal/record"
)

// row is an entry in the short form of the golden files; times are clock times of one day.
type row struct {
	ID, Pay, Status, At, Upd string
	Minor                    int64
}

func (r row) entry(t *testing.T, region audit.Region, w record.Witness) record.Entry {
	e := record.Entry{
		Region: region, Witness: w, ID: r.ID, PaymentID: r.Pay, Status: r.Status,
		Amount: money.Amount{Minor: r.Minor, Currency: "EUR"}, CreatedAt: golden.Clock(t, r.At),
	}
	if r.Upd != "" {
		e.UpdatedAt = golden.Clock(t, r.Upd)
	}
	return e
}

func entries(t *testing.T, section []byte, region audit.Region, w record.Witness) []record.Entry {
	rows := golden.Lines[row](t, section)
	if rows == nil {
		return nil
	}
	out := []record.Entry{}
	for _, r := range rows {
		out = append(out, r.entry(t, region, w))
	}
	return out
}

func TestAudit(t *testing.T) {
	golden.Run(t, func(t *testing.T, s map[string][]byte) audit.Judgement {
		a := ledger.Auditor{Rules: ledger.Rules{Scope: "payments", Margin: 30 * time.Second, Compare: []string{"amount_minor", "currency", "status"}}}
		return a.Audit(ledger.Input{
			Window:   audit.Window{From: golden.Clock(t, "14:00:00"), To: golden.Clock(t, "15:00:00")},
			AsOf:     golden.Clock(t, "15:00:00"),
			Writer:   entries(t, s["writer"], "eu-west-2", record.Writer),
			Reader:   entries(t, s["reader"], "eu-west-1", record.Reader),
			Snapshot: entries(t, s["snapshot"], "eu-west-1", record.Snapshot),
		})
	})
}
