package chain_test

import (
	"strings"
	"testing"
	"time"

	"parallax/auditors/chain"
	"parallax/internal/audit"
	"parallax/internal/golden"
	"parallax/internal/money"
	"parallax/internal/record"
)

// entry and key are the short forms of the golden files; times are clock times of one day.
type entry struct{ ID, Pay, Key, Status, At string }

type key struct {
	Region, Key, Seq, At, Pay, Status string
	Gone                              bool
}

type broken struct{ Kind, Key, Status string }

func entries(t *testing.T, section []byte, w record.Witness) []record.Entry {
	var out []record.Entry
	for _, e := range golden.Lines[entry](t, section) {
		out = append(out, record.Entry{
			Region: "eu-west-2", Witness: w, ID: e.ID, PaymentID: e.Pay, IdempotencyKey: e.Key, Status: e.Status,
			Amount: money.Amount{Minor: 1000, Currency: "EUR"}, CreatedAt: golden.Clock(t, e.At), OwnerRegion: "eu-west-1",
		})
	}
	return out
}

func keys(t *testing.T, section []byte) []record.Change {
	var out []record.Change
	for _, k := range golden.Lines[key](t, section) {
		c := record.Change{Region: audit.Region(k.Region), Key: k.Key, Seq: k.Seq, At: golden.Clock(t, k.At)}
		if !k.Gone {
			c.New = record.NewImage(map[string]record.Attr{
				"payment_id": {Type: "S", Text: k.Pay}, "status": {Type: "S", Text: k.Status},
				"amount_minor": {Type: "N", Text: "1000"}, "currency": {Type: "S", Text: "EUR"},
			})
		}
		out = append(out, c)
	}
	return out
}

func breaks(t *testing.T, section []byte) []audit.Finding {
	var out []audit.Finding
	for _, b := range golden.Lines[broken](t, section) {
		out = append(out, audit.Finding{Kind: audit.Kind(b.Kind), Key: b.Key, Status: audit.Status(b.Status), Reason: "as reported"})
	}
	return out
}

func TestAudit(t *testing.T) {
	golden.Run(t, func(t *testing.T, s map[string][]byte) audit.Judgement {
		var keysFrom time.Time
		if from := s["keys from"]; from != nil {
			keysFrom = golden.Clock(t, strings.TrimSpace(string(from)))
		}
		a := chain.Auditor{Rules: chain.Rules{
			Scope: "payments", Table: "idempotency-keys", Charged: []string{"captured", "refunded"}, Refused: []string{"declined"},
			Deadline: 15 * time.Minute, PaymentID: "payment_id", AmountMinor: "amount_minor", Currency: "currency", Status: "status", KeysComplete: s["incomplete"] == nil, KeysFrom: keysFrom,
		}}
		return a.Audit(chain.Input{
			Window: audit.Window{From: golden.Clock(t, "14:00:00"), To: golden.Clock(t, "15:00:00")}, AsOf: golden.Clock(t, "15:00:00"),
			Keys: keys(t, s["keys"]), Entries: entries(t, s["entries"], record.Writer), Snapshot: entries(t, s["snapshot"], record.Snapshot),
			Receipts: breaks(t, s["receipts"]), Settled: breaks(t, s["settled"]),
		})
	})
}
