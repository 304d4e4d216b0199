package app

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/money"
	"parallax/internal/record"
)

// TestRefundLeavesOneCharge: whatever became of an order's charges since the audit, one of them has to stand.
func TestRefundLeavesOneCharge(t *testing.T) {
	l := config.Ledger{Name: "payments", Statuses: config.Statuses{Charged: []string{"captured"}, Refunded: []string{"refunded"}}}
	at := func(row string) time.Time { return noon.Add(time.Duration(len(row)) * time.Second) }
	ledger := func(rows ...string) map[string][]charge { // "payment row status"
		out := map[string][]charge{}
		for _, r := range rows {
			f := strings.Fields(r)
			e := record.Entry{ID: f[1], PaymentID: f[0], IdempotencyKey: "k", Status: f[2], Amount: money.Amount{Minor: 1000, Currency: "EUR"}, CreatedAt: at(f[1])}
			out[f[0]] = append(out[f[0]], charge{Entry: e, inForce: f[2] != "lost"})
		}
		return out
	}
	double := func(kept, keptRow, back, backRow string) audit.StoredFinding {
		return audit.StoredFinding{Finding: audit.Finding{Fingerprint: "double", Kind: audit.ChainDoubleCharge, Scope: "payments", Key: "k", Verdict: audit.Proven, Evidence: []audit.Evidence{
			{Field: "payment_id", Value: kept, Ref: "row id " + keptRow, At: at(keptRow), Note: "charged; the payment that the idempotency key names now"},
			{Field: "payment_id", Value: back, Ref: "row id " + backRow, At: at(backRow), Note: "charged; to be refunded"},
		}}}
	}
	accepted := func(lost, kept string) audit.StoredFinding {
		return audit.StoredFinding{Finding: audit.Finding{Fingerprint: "accepted", Kind: audit.LWWDoubleAccept, Scope: "keys", Key: "merchant/k", Verdict: audit.Proven, Evidence: []audit.Evidence{
			{Note: "accepted here; kept by the table"}, {Value: lost, Note: "payment accepted here"}, {Value: kept, Note: "payment accepted here"},
		}}}
	}
	probable := double("p1", "1", "p2", "2")
	probable.Verdict = audit.Probable
	both := ledger("p1 1 captured", "p2 2 captured")
	for name, c := range map[string]struct {
		charges        map[string][]charge
		doubles, twice []audit.StoredFinding
		want           string
	}{
		"as seen":                   {both, []audit.StoredFinding{double("p1", "1", "p2", "2")}, nil, "p2 row 2 kept p1 row 1 by [double]"},
		"the kept one refunded":     {ledger("p1 1 refunded", "p2 2 captured"), []audit.StoredFinding{double("p1", "1", "p2", "2")}, nil, "by hand"},
		"the kept one gone":         {ledger("p2 2 captured"), []audit.StoredFinding{double("p1", "1", "p2", "2")}, nil, "by hand"},
		"booked twice":              {ledger("p1 1 captured", "p1 2 captured"), []audit.StoredFinding{double("p1", "1", "p1", "2")}, nil, "p1 row 2 kept p1 row 1 by [double]"},
		"booked twice, one gone":    {ledger("p1 1 captured"), []audit.StoredFinding{double("p1", "1", "p1", "2")}, nil, "by hand"},
		"booked twice, kept gone":   {ledger("p1 2 captured"), []audit.StoredFinding{double("p1", "1", "p1", "2")}, nil, "by hand"},
		"inserted again":            {ledger("p1 1 captured", "p2 9 captured"), []audit.StoredFinding{double("p1", "1", "p2", "2")}, nil, "p2 row 9 kept p1 row 1 by [double]"},
		"two findings of one":       {both, []audit.StoredFinding{double("p1", "1", "p2", "2")}, []audit.StoredFinding{accepted("p2", "p1")}, "p2 row 2 kept p1 row 1 by [double accepted]"},
		"opposite sides":            {both, []audit.StoredFinding{double("p1", "1", "p2", "2")}, []audit.StoredFinding{accepted("p1", "p2")}, "by hand, by hand"},
		"accepted twice":            {both, nil, []audit.StoredFinding{accepted("p1", "p2")}, "p1 row 1 kept p2 row 2 by [accepted]"},
		"accepted twice, kept gone": {ledger("p1 1 captured", "p2 2 chargeback"), nil, []audit.StoredFinding{accepted("p1", "p2")}, "left"},
		"probable":                  {both, []audit.StoredFinding{probable}, nil, "by hand"},
	} {
		p := &planning{}
		left := p.refundsOf(l, c.doubles, c.twice, c.charges)
		var got []string
		for _, r := range p.plan.Refunds {
			got = append(got, fmt.Sprintf("%s row %s kept %s row %s by %v", r.PaymentID, r.RowID, r.Kept, r.KeptRow, r.Findings))
		}
		for range p.plan.ByHand {
			got = append(got, "by hand")
		}
		for range left {
			got = append(got, "left")
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("%s: %s, want %s", name, strings.Join(got, ", "), c.want)
		}
	}
}
