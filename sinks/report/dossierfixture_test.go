package report

import (
	"fmt"
	"time"

	"parallax/internal/audit"
)

func clockAt(hms string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, "2026-11-20T"+hms+"Z")
	if err != nil {
		panic(err)
	}
	return t
}

func seconds(s float64) Span { return Span(s * float64(time.Second)) }

// fullDossier is a dossier with something of everything.
func fullDossier() Dossier {
	money := func(pairs ...any) []audit.Money {
		var out []audit.Money
		for i := 0; i < len(pairs); i += 2 {
			out = append(out, audit.Money{Currency: pairs[i].(string), Minor: int64(pairs[i+1].(int))})
		}
		return out
	}
	d := Dossier{
		AsOf: clockAt("08:00:00").AddDate(0, 0, 1), Cluster: "payments-global", From: "eu-west-1", To: "eu-west-2",
		Seen: string(audit.SeenInEvents), At: clockAt("14:07:31"), Promoted: clockAt("14:07:44.979"),
		Outage: audit.Window{From: clockAt("14:06:59.051"), To: clockAt("14:08:14.988")},
		Window: audit.Window{From: clockAt("13:07:00"), To: clockAt("16:07:00")},
		Snapshot: Snapshot{
			Name: "rds:unplanned-global-failover-payments-eu-west-1-2026-11-20-15-40", ExpiresAt: clockAt("15:40:00").AddDate(0, 0, 7), Compared: true,
		},
		Case:   &DossierCase{State: audit.CaseOpen, OpenedAt: clockAt("14:10:00"), NextDue: clockAt("14:00:00").AddDate(0, 0, 1)},
		Others: []string{}, Standing: 51,
		Timeline: []Moment{
			{Lane: LaneHealth, Name: "eu-west-1 failing, 27 min", Region: "eu-west-1", At: clockAt("14:07:10"), Until: clockAt("14:34:30"), State: MomentDown, Weight: 1, Source: "health check api-dublin", Text: "failed: HTTP 503; until: healthy"},
			{Lane: LaneIncident, Name: "on-call paged", At: clockAt("14:07:20"), Weight: 1, Source: "incident file, incident.yaml", Text: "on-call paged"},
			{Lane: LaneIncident, Name: "failover decided by the incident lead", At: clockAt("14:07:29"), Weight: 1, Source: "incident file, incident.yaml", Text: "failover decided by the incident lead"},
			{Lane: LaneIncident, Name: "DNS moved to London", At: clockAt("14:08:05"), Weight: 1, Source: "incident file, incident.yaml", Text: "DNS moved to London"},
			{Lane: LaneControl, Name: "failover started", Region: "eu-west-2", At: clockAt("14:07:31"), Weight: 1, Source: "RDS, payments-eu-west-2", Text: "Global failover to DB cluster payments-eu-west-2 started."},
			{Lane: LaneControl, Name: "write block timed out", Region: "eu-west-2", At: clockAt("14:07:36"), State: MomentDown, Weight: 1, Source: "RDS, payments-eu-west-2-1", Text: "Attempt to block writes timed out."},
			{Lane: LaneControl, Name: "eu-west-2 promoted", Region: "eu-west-2", At: clockAt("14:07:44.979"), Weight: 2, Source: "RDS, payments-eu-west-2", Text: "New primary DB cluster payments-eu-west-2 was successfully promoted."},
			{Lane: LaneControl, Name: "failover completed", Region: "eu-west-2", At: clockAt("14:07:50.979"), Weight: 1, Source: "RDS, payments-eu-west-2", Text: "Global failover completed."},
			{Lane: LaneControl, Name: "old region back", Region: "eu-west-1", At: clockAt("15:40:10"), Weight: 2, Source: "RDS, payments-eu-west-1", Text: "Resynchronised."},
			{Lane: LaneControl, Name: "old primary's snapshot", Region: "eu-west-1", At: clockAt("15:40:00"), Weight: 1, Source: "RDS, rds:unplanned-global-failover", Text: "snapshot"},
			{Lane: LaneControl, Name: "snapshot expires", Region: "eu-west-1", At: clockAt("15:40:00").AddDate(0, 0, 7), State: MomentDown, Weight: 1, Source: "RDS", Text: "expires"},
			{Lane: LaneLedger, Name: "last write kept", At: clockAt("14:06:59.051"), Error: seconds(0.01), Weight: 2, Source: "data of the ledger", Text: "last survivor: payment pay_a"},
			{Lane: LaneLedger, Name: "14 lost", At: clockAt("14:06:59.071"), Until: clockAt("14:06:59.889"), State: MomentLost, Weight: 2, Source: "data of the ledger", Text: "first lost: payment pay_b"},
			{Lane: LaneLedger, Name: "no write for 75 s", At: clockAt("14:06:59.889"), Until: clockAt("14:08:14.988"), State: MomentDown, Weight: 1, Source: "data of the ledger", Text: "silence"},
			{Lane: LaneLedger, Name: "first good write", At: clockAt("14:08:14.988"), Error: seconds(1), Weight: 2, Source: "data of the ledger", Text: "first good write: payment pay_c"},
			{Lane: LaneKeys, Name: "late: not yet in the new region", At: clockAt("14:06:59"), Until: clockAt("14:07:02"), State: MomentLate, Weight: 2, Source: "data of the keys", Text: "first lost"},
			{Lane: LaneKeys, Name: "longest silence 3 s", At: clockAt("14:07:44"), Until: clockAt("14:07:47"), State: MomentDown, Weight: 1, Source: "data of the keys", Text: "silence"},
			{Lane: LaneKeys, Name: "first write after the silence", At: clockAt("14:07:47"), Error: seconds(1), Weight: 2, Source: "data of the keys", Text: "first good write"},
			{Lane: LaneReceipts, Name: "writes lost", At: clockAt("14:06:57.838"), Until: clockAt("14:06:58.697"), State: MomentLost, Weight: 2, Source: "data of the receipts", Text: "first lost"},
			{Lane: LaneSettlement, Name: "mastercard file of 20 Nov", At: clockAt("06:02:00").AddDate(0, 0, 1), Source: "feed mastercard", Text: "file mastercard-20261120.ipm"},
			{Lane: LaneSettlement, Name: "visa file of 20 Nov", At: clockAt("06:41:00").AddDate(0, 0, 1), Source: "feed visa", Text: "file visa-20261120.csv"},
		},
		Figures: []Figure{
			{Layer: LaneLedger, Figure: "rpo", State: FigureBroken, Value: seconds(0.84), Error: seconds(0.05), Basis: "14 rows of the old primary never arrived"},
			{Layer: LaneLedger, Figure: "rto", State: FigureBroken, Value: seconds(75), Error: seconds(1), Objective: seconds(60), Basis: "last row before, first row after"},
			{Layer: LaneKeys, Figure: "rpo", State: FigureUnsure, Value: seconds(0.5), Error: seconds(1), Late: true, Note: "when eu-west-2 took over; 4 writes lost or overwritten", Basis: "keys"},
			{Layer: LaneKeys, Figure: "rto", State: FigureMet, Value: seconds(3), Error: seconds(1), Objective: seconds(60), Basis: "keys"},
			{Layer: LaneReceipts, Figure: "rpo", State: FigureUnmeasured, Basis: "the old region's bucket does not answer"},
		},
		Money: []MoneyRow{
			{Class: ClassLost, Name: "lost from the ledger", Count: 14, InOutage: 14, Amounts: money("EUR", 231000, "JPY", 41200), Complete: true},
			{Class: ClassChanged, Name: "changed in the ledger", Complete: true},
			{Class: ClassDouble, Name: "charged twice, to refund", Count: 3, InOutage: 1, Amounts: money("EUR", 41250, "GBP", 8000), Complete: true},
			{Class: ClassKeyOnly, Name: "key accepted, not in the ledger", Count: 12, InOutage: 12, Amounts: money("EUR", 231000, "JPY", 31200), Complete: true},
			{Class: ClassKeyWrites, Name: "key writes lost or overwritten", Count: 5, InOutage: 1, Amounts: money("EUR", 120410), Complete: true},
			{Class: ClassNotInLedger, Name: "settled, not in the ledger", Count: 14, InOutage: 14, Amounts: money("EUR", 231000, "JPY", 41200)},
			{Class: ClassNotInNetwork, Name: "in the ledger, not settled"},
			{Class: ClassStuck, Name: "transfers stuck or half done", Count: 4, Amounts: money("EUR", 44720), Complete: true},
			{Class: ClassSettledTwice, Name: "settled twice or against the ledger", Count: 3, Amounts: money("EUR", 22874, "GBP", 1467)},
			{Class: ClassNoReceipt, Name: "charged without a receipt", Count: 9, InOutage: 4, Amounts: money("EUR", 58212, "GBP", 13152)},
			{Class: ClassOther, Name: "other differences", Count: 2, Amounts: money("EUR", 2)},
			{Class: ClassAtRisk, Name: "at risk: not proven or still due", Count: 4, Amounts: money("GBP", 15863)},
			{Class: ClassExplained, Name: "explained so far", Count: 1, Amounts: money("EUR", 1999), Complete: true},
		},
		Actions: []Action{
			{What: "Refund 3 orders charged twice", Why: "EUR 412.50  GBP 80.00", File: "repair/refunds.csv", Command: "parallax repair check repair"},
			{What: "Re-insert 14 lost payments in the ledger", Why: "EUR 2,310.00  JPY 41,200", File: "repair/ledger-payments.sql", Command: "parallax repair check repair"},
			{What: "Have 2 things read that no run could", Why: "the inventory of eu-west-1 does not answer. Ask S3 for the bucket's policy.", Command: "parallax run failover --at 2026-11-20T14:07:31Z"},
			{What: "Write 5 key records again", Why: "EUR 1,204.10", File: "repair/keys-idempotency-keys.json", Command: "parallax repair check repair"},
		},
		Questions: []audit.Question{{About: "settlement file", Text: "The file of amex for 20 November has not come.", Remedy: "It is due on 23 November."}},
		NotCovered: []NotCovered{
			{Job: "receipts, chain", RunID: "run-1", Source: "inventory", Scope: "receipts", Region: "eu-west-1", Window: audit.Window{From: clockAt("13:07:00"), To: clockAt("16:07:00")}, Reason: "the bucket does not answer", Remedy: "ask S3"},
			{Job: "settlement", Source: "-", Window: audit.Window{From: clockAt("16:00:00"), To: clockAt("16:07:00")}, Reason: "no run of this job has looked at this time"},
		},
		Runs: []DossierRun{{RunID: "2026-11-21T08:00:00Z-ledger", Job: "ledger", Window: audit.Window{From: clockAt("13:07:00"), To: clockAt("16:07:00")}, AsOf: clockAt("08:00:00").AddDate(0, 0, 1), Verdict: audit.RunFindings, Findings: 14}},
	}
	for i := range 14 {
		d.Lost = append(d.Lost, LostPayment{
			PaymentID: fmt.Sprintf("pay_400gt2n3%04d", i), Key: fmt.Sprintf("order-%06d", i), Ledger: "payments", Region: "eu-west-1", Amounts: money("EUR", 16500),
			At: clockAt("14:06:59.071").Add(time.Duration(i) * 50 * time.Millisecond), Verdict: audit.Proven, Status: audit.Open,
			Links: []audit.Link{
				{Layer: "key", State: audit.LinkPresent, Region: "eu-west-2", Ref: fmt.Sprintf("order-%06d", i), Note: "captured"},
				{Layer: "ledger", State: audit.LinkLost, Region: "eu-west-1", Ref: "row id 145", Note: "as the snapshot holds it"},
				{Layer: "receipt", State: audit.LinkPresent, Region: "eu-west-1", Ref: "receipts/2026/11/20/pay.json"},
				{Layer: "settlement", State: audit.LinkExpected},
			},
			Rebuild: "the snapshot's row, whole; confirmed by the key's record, the receipt", Finding: "b8f4386f21c329b3a8655b4b34dcc64b",
		})
	}
	d.Doubles = []Double{{
		Key: "order-000001", Ledger: "payments", Region: "eu-west-1", Refund: money("GBP", 8000), Status: audit.Open, Verdict: audit.Proven,
		Charges: []Charge{
			{PaymentID: "pay_a", Source: "ledger payments", Region: "eu-west-2", Ref: "row id 70", At: clockAt("14:06:32.333"), Note: "charged; to be refunded"},
			{PaymentID: "pay_b", Source: "ledger payments", Region: "eu-west-2", Ref: "row id 71", At: clockAt("14:09:32.415"), Note: "charged; kept"},
		},
		Note: "charged on both sides of the outage", Finding: "9f3c386f21c329b3a8655b4b34dcc64b",
	}}
	return d
}
