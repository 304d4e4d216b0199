package saga_test

import (
	"strings"
	"testing"
	"time"

	"parallax/auditors/chain/saga"
	"parallax/internal/audit"
	"parallax/internal/golden"
	"parallax/internal/money"
	"parallax/internal/record"
)

// command is the short form of the golden files; times are clock times of one day.
type command struct {
	ID, Transfer, Side, Status, At, Changed, Due, Pay string
	Amount                                            int64
}

func commands(t *testing.T, section []byte, w record.Witness) []record.Command {
	var out []record.Command
	clock := func(text string) time.Time {
		if text == "" {
			return time.Time{}
		}
		return golden.Clock(t, text)
	}
	for _, c := range golden.Lines[command](t, section) {
		one := record.Command{
			Region: "eu-west-2", Witness: w, ID: c.ID, Transfer: c.Transfer, Side: c.Side, Status: c.Status, PaymentID: c.Pay, Owner: "eu-west-1",
			CreatedAt: clock(c.At), UpdatedAt: clock(c.Changed), Deadline: clock(c.Due),
		}
		if c.Amount != 0 {
			one.Amount = money.Amount{Minor: c.Amount, Currency: "EUR"}
		}
		out = append(out, one)
	}
	return out
}

func TestAudit(t *testing.T) {
	golden.Run(t, func(t *testing.T, s map[string][]byte) audit.Judgement {
		rules := saga.Rules{Scope: "transfers", Pending: []string{"PENDING"}, Done: []string{"COMPLETED"}, Sides: []string{"debit", "credit"}, Deadline: 5 * time.Minute}
		if s["one side"] != nil {
			rules.Sides = nil
		}
		r := saga.Auditor{Rules: rules}.Audit(saga.Input{
			Window: audit.Window{From: golden.Clock(t, "14:00:00"), To: golden.Clock(t, "15:00:00")}, AsOf: golden.Clock(t, "15:00:00"),
			Commands: commands(t, s["commands"], record.Writer), Snapshot: commands(t, s["snapshot"], record.Snapshot),
			Incomplete: s["incomplete"] != nil,
		})
		var gaps []string
		for _, g := range r.Gaps {
			gaps = append(gaps, g.Reason)
		}
		if want := strings.TrimSpace(string(s["gaps"])); strings.Join(gaps, "\n") != want {
			t.Errorf("gaps:\n%s\nwant:\n%s", strings.Join(gaps, "\n"), want)
		}
		return r.Judgement
	})
}
