package chain_test

import (
	"slices"
	"strconv"
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
type entry struct{ ID, Pay, Key, Status, At, Network string }

type key struct {
	Region, Key, Seq, At, Pay, Status string
	TTL                               string // clock time, with a day after it: "14:00:00 +1"; or what stands there as it is
	Gone, ByTTL, Older                bool   // Older: the record is a change of what was there before
}

type broken struct{ Kind, Key, Status string }

func entries(t *testing.T, section []byte, w record.Witness) []record.Entry {
	var out []record.Entry
	for _, e := range golden.Lines[entry](t, section) {
		out = append(out, record.Entry{
			Region: "eu-west-2", Witness: w, ID: e.ID, PaymentID: e.Pay, IdempotencyKey: e.Key, Status: e.Status, Network: e.Network,
			Amount: money.Amount{Minor: 1000, Currency: "EUR"}, CreatedAt: golden.Clock(t, e.At), OwnerRegion: "eu-west-1",
		})
	}
	return out
}

func keys(t *testing.T, section []byte) []record.Change {
	var out []record.Change
	held := map[string]record.Image{}
	for _, k := range golden.Lines[key](t, section) {
		c := record.Change{
			Region: audit.Region(k.Region), Key: k.Key, Seq: k.Seq, At: golden.Clock(t, k.At), ByTTL: k.ByTTL, Event: "REMOVE",
			Old: held[k.Region+k.Key],
		}
		if !k.Gone {
			c.New, c.Event = imageOf(t, k), "MODIFY"
			if c.Old.Absent() && !k.Older {
				c.Event = "INSERT"
			}
		}
		held[k.Region+k.Key] = c.New
		out = append(out, c)
	}
	return out
}

func imageOf(t *testing.T, k key) record.Image {
	attrs := map[string]record.Attr{
		"payment_id": {Type: "S", Text: k.Pay}, "status": {Type: "S", Text: k.Status},
		"amount_minor": {Type: "N", Text: "1000"}, "currency": {Type: "S", Text: "EUR"},
	}
	switch clock, days, dated := strings.Cut(k.TTL, " +"); {
	case dated:
		n, err := strconv.Atoi(days)
		if err != nil {
			t.Fatal(err)
		}
		attrs["expires"] = record.Attr{Type: "N", Text: strconv.FormatInt(golden.Clock(t, clock).AddDate(0, 0, n).Unix(), 10)}
	case k.TTL != "":
		attrs["expires"] = record.Attr{Type: "S", Text: k.TTL}
	}
	return record.NewImage(attrs)
}

func breaks(t *testing.T, section []byte) []audit.Finding {
	var out []audit.Finding
	for _, b := range golden.Lines[broken](t, section) {
		out = append(out, audit.Finding{Kind: audit.Kind(b.Kind), Key: b.Key, Status: audit.Status(b.Status), Reason: "as reported"})
	}
	return out
}

// of is what a layer says of a payment: "found" where it knows it by itself, else the state of its link.
type of struct {
	Pay, State, At, Note string
	Amount               int64
}

func outside(t *testing.T, section []byte) chain.Outside {
	if section == nil {
		return chain.Outside{}
	}
	found, asked := map[string]chain.Known{}, map[string]audit.Link{}
	for _, o := range golden.Lines[of](t, section) {
		if o.State == "found" {
			found[o.Pay] = chain.Known{
				Link:   audit.Link{State: audit.LinkPresent, Ref: "at " + o.Pay, At: golden.Clock(t, o.At), Note: o.Note},
				Amount: audit.Money{Minor: o.Amount, Currency: "GBP"},
			}
			continue
		}
		asked[o.Pay] = audit.Link{State: audit.LinkState(o.State), Note: o.Note}
	}
	return chain.Outside{Found: found, Of: func(p chain.Payment) audit.Link { return asked[p.ID] }}
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
			TTL: "expires", Keep: 24 * time.Hour,
		}}
		in := chain.Input{
			Window: audit.Window{From: golden.Clock(t, "14:00:00"), To: golden.Clock(t, "15:00:00")}, AsOf: golden.Clock(t, "15:00:00"),
			Keys: keys(t, s["keys"]), Entries: entries(t, s["entries"], record.Writer), Snapshot: entries(t, s["snapshot"], record.Snapshot),
			Receipts: breaks(t, s["receipts"]), Settled: breaks(t, s["settled"]),
			ReceiptOf: outside(t, s["receipt of"]), SettledOf: outside(t, s["settled of"]), Failovers: golden.Lines[audit.Failover](t, s["failovers"]),
		}
		j := a.Audit(in)
		j.Chains = slices.Collect(a.Follow(in))
		return j
	})
}
