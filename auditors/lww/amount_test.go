package lww_test

import (
	"strings"
	"testing"
	"time"

	"parallax/auditors/lww"
	"parallax/internal/audit"
	"parallax/internal/record"
)

// TestCardNumberInMoney: a card number that a writer put where money belongs is neither taken for money nor shown.
func TestCardNumberInMoney(t *testing.T) {
	card := "411111" + "1111111111" // a test range of the network's
	for name, money := range map[string][2]string{"amount": {card, "EUR"}, "currency": {"1250", card}} {
		t.Run(name, func(t *testing.T) {
			version := func(id string, origin audit.Region) record.Image {
				return record.NewImage(map[string]record.Attr{
					"pk": {Type: "S", Text: "order-1"}, "write_id": {Type: "S", Text: id}, "origin": {Type: "S", Text: string(origin)},
					"payment_id": {Type: "S", Text: id}, "amount_minor": {Type: "N", Text: money[0]}, "currency": {Type: "S", Text: money[1]},
				})
			}
			x, y := version("x", dublin), version("y", london)
			in := input([]record.Change{
				{Table: rules().Table, Region: dublin, Shard: "s", Seq: "1", Event: "INSERT", At: epoch, Key: "order-1", New: x},
				{Table: rules().Table, Region: dublin, Shard: "s", Seq: "2", Event: "MODIFY", At: epoch.Add(time.Second), Key: "order-1", Old: x, New: y},
				{Table: rules().Table, Region: london, Shard: "s", Seq: "1", Event: "INSERT", At: epoch, Key: "order-1", New: y},
			})
			res := lww.Auditor{Rules: rules()}.Audit(in)
			if len(res.Findings) != 1 || res.Findings[0].Kind != audit.LWWDoubleAccept {
				t.Fatalf("want one double accept, got:\n%s", format(res))
			}
			if res.Findings[0].Amounts != nil {
				t.Errorf("takes it for money")
			}
			if strings.Contains(format(res), card) {
				t.Errorf("shows it")
			}
		})
	}
}
