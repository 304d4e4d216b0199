package store

import (
	"reflect"
	"testing"

	"parallax/internal/audit"
)

// chainOf is a payment that has a key and a receipt, and no entry.
func chainOf(payment string, minute int) audit.Chain {
	return audit.Chain{
		Scope: "payments", PaymentID: payment, Key: "order-" + payment, Region: "eu-west-1", At: minutes(minute), Broken: "ledger",
		Amount: audit.Money{Minor: 1250, Currency: "EUR"},
		Links: []audit.Link{
			{Layer: "key", State: audit.LinkPresent, Region: "eu-west-1", Ref: "sequence 7", At: minutes(minute)},
			{Layer: "ledger", State: audit.LinkAbsent},
			{Layer: "receipt", State: audit.LinkPresent, Ref: "receipts/" + payment + ".json", Note: "in both regions"},
			{Layer: "settlement", State: audit.LinkExpected},
		},
	}
}

func withChains(id string, asOf int, chains ...audit.Chain) audit.Outcome {
	o := outcome(id, minutes(asOf))
	o.Chains = chains
	return o
}

func chains(t *testing.T, s *Store, from, to int) []audit.Chain {
	t.Helper()
	got, err := s.Chains(t.Context(), "payments", audit.Window{From: minutes(from), To: minutes(to)})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestChainsAreKeptInOrderOfTime(t *testing.T) {
	s := fresh(t)
	late, early := chainOf("pay-1", 9), chainOf("pay-2", 3)
	commit(t, s, withChains("run-1", 60, late, early))
	if got := chains(t, s, 0, 60); !reflect.DeepEqual(got, []audit.Chain{early, late}) {
		t.Errorf("got %+v", got)
	}
	if got := chains(t, s, 3, 9); !reflect.DeepEqual(got, []audit.Chain{early}) {
		t.Errorf("half open: got %+v", got)
	}
	got, err := s.ChainsOf(t.Context(), "payments", []string{"pay-1", "pay-9"})
	if err != nil || !reflect.DeepEqual(got, []audit.Chain{late}) {
		t.Errorf("by payment: %v, got %+v", err, got)
	}
	if got, err := s.Chains(t.Context(), "other", audit.Window{From: minutes(0), To: minutes(60)}); err != nil || len(got) > 0 {
		t.Errorf("of another ledger: %v, got %+v", err, got)
	}
}

func TestAChainThatBecameWholeStaysKnown(t *testing.T) {
	s := fresh(t)
	commit(t, s, withChains("run-1", 60, chainOf("pay-1", 3)))
	whole := chainOf("pay-1", 3)
	whole.Broken, whole.Links[1].State = "", audit.LinkPresent
	commit(t, s, withChains("run-2", 120, whole))
	if got := chains(t, s, 0, 60); !reflect.DeepEqual(got, []audit.Chain{whole}) {
		t.Errorf("got %+v", got)
	}
	commit(t, s, withChains("run-3", 90, chainOf("pay-1", 3))) // speaks for an earlier moment
	if got := chains(t, s, 0, 60); !reflect.DeepEqual(got, []audit.Chain{whole}) {
		t.Errorf("an older word won: %+v", got)
	}
}

func TestAChainHoldsNoCardNumberAndNoHostileText(t *testing.T) {
	s := fresh(t)
	c := chainOf("pay\x00", 3)
	c.Links[2].Ref = "receipts/4111111111111111.json"
	commit(t, s, withChains("run-1", 60, c))
	got := chains(t, s, 0, 60)
	if len(got) != 1 || got[0].PaymentID != `pay\x00` || got[0].Links[2].Ref != "receipts/411111******1111.json" {
		t.Errorf("got %+v", got)
	}
}
