package reconcile

import (
	"math/rand/v2"
	"testing"

	"parallax/internal/money"
	"parallax/internal/record"
)

// TestAgreesMeansNothingToSay judges every pair that agrees alone: it must match and say nothing; and every quiet pair with
// a common reference must have agreed.
func TestAgreesMeansNothingToSay(t *testing.T) {
	agreed, quiet := 0, 0
	rules := worldRules()
	agrees, err := Auditor{rules}.Agrees()
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(2000) {
		in := chaos(rand.New(rand.NewPCG(seed, 12)))
		for _, e := range in.Entries {
			for _, l := range in.Lines {
				if e.NetworkReference == "" || e.NetworkReference != l.Reference {
					continue
				}
				if l.Record%2 == 0 {
					l.Net, l.Fee, l.Settlement, l.Part, l.Parts = money.Amount{}, money.Amount{}, money.Amount{}, 0, 0
				}
				e.PaymentID, e.IdempotencyKey, l.PaymentID = "only", "", ""
				pair := Input{Window: in.Window.Around(1e18), AsOf: in.AsOf, AllFiles: true, Entries: []record.Entry{e}, Lines: []record.SettlementLine{l}}
				result, err := Auditor{rules}.Match(pair)
				if err != nil {
					t.Fatal(err)
				}
				says := len(result.Findings) > 0 || len(result.Excluded) > 0 || len(result.Gaps) > 0 || len(result.Matches) != 1 || result.Matched != 1
				if yes := agrees(&e, &l); yes && says {
					t.Fatalf("seed %d: %+v and %+v agree, and yet: %s", seed, e, l, show(result))
				} else if yes {
					agreed++
				}
				if !says && settles(&line{SettlementLine: &l}) && e.Amount == l.Amount && e.Amount.Minor >= 0 {
					quiet++
				}
			}
		}
	}
	if agreed < 20 || agreed*2 < quiet { // numbered parts that are the whole are quiet as well
		t.Errorf("%d of %d quiet pairs agree", agreed, quiet)
	}
	t.Logf("%d of %d quiet pairs agree", agreed, quiet)
}

func TestAgreesRefusesWrongRules(t *testing.T) {
	rules := testRules()
	rules.Holidays = []string{"yesterday"}
	if _, err := (Auditor{rules}).Agrees(); err == nil {
		t.Error("a holiday that is no date passed")
	}
}
