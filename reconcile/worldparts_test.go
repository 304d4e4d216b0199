package reconcile

import (
	"fmt"
	"strings"

	"parallax/internal/audit"
	"parallax/internal/money"
	"parallax/internal/record"
)

// worldRules declare a tolerance for CHF only and a tariff for NOK only, so that all other currencies show that nothing is
// tolerated or priced where nothing is declared.
func worldRules() Rules {
	r := testRules()
	r.WrongPeriod = true
	r.Tolerances = map[string]int64{"CHF": 5}
	r.FX = FX{Check: true, Minor: 1}
	r.Fees = []FeeRule{{Name: "all in", Currencies: []string{"NOK"}, BasisPoints: "150", Fixed: map[string]int64{"NOK": 20}}}
	return r
}

func share(l record.SettlementLine, minor int64, part, parts int) record.SettlementLine {
	l.Amount.Minor, l.Part, l.Parts = minor, part, parts
	return l
}

func of(a money.Amount, minor int64) money.Amount {
	return money.Amount{Minor: minor, Currency: a.Currency}
}

// partSteps are payments that several lines settle, and lines that settle several payments.
var partSteps = []func(*world){
	func(w *world) { // in three numbered parts
		e, l := w.payment()
		third := e.Amount.Minor / 3
		w.addEntry(e, partMatched)
		w.addLine(share(l, third, 1, 3), partMatched)
		w.addLine(share(l, third, 2, 3), partMatched)
		w.addLine(share(l, e.Amount.Minor-2*third, 3, 3), partMatched)
	},
	func(w *world) { // the second part did not come, or is not due yet
		e, l := w.payment()
		status, part := audit.Open, partBreaks
		if w.rng.IntN(2) == 0 {
			status, part = audit.Expected, partExpected
			e.CreatedAt = e.CreatedAt.AddDate(0, 0, 1)
			l.TransactionAt, l.BusinessDate = e.CreatedAt, "2026-11-19"
		}
		came := 1 + w.rng.Int64N(e.Amount.Minor-1)
		w.in.Entries = append(w.in.Entries, e)
		w.countEntry(of(e.Amount, came), partMatched)
		w.countEntry(of(e.Amount, e.Amount.Minor-came), part)
		w.addLine(share(l, came, 1, 2), partMatched)
		w.fact(audit.SettlementMissingInNetwork, status, e.PaymentID, e.Amount.Minor-came, e.Amount.Currency)
	},
	func(w *world) { // parts that come to more, or, all there, to less
		e, l := w.payment()
		off := []int64{-7, 1, 400}[w.rng.IntN(3)]
		w.addEntry(e, partBreaks)
		w.addLine(share(l, 500, 1, 2), partBreaks)
		w.addLine(share(l, e.Amount.Minor-500+off, 2, 2), partBreaks)
		w.fact(audit.SettlementAmountMismatch, audit.Open, l.Reference, max(off, -off), e.Amount.Currency)
	},
	func(w *world) { // a part twice
		e, l := w.payment()
		w.addEntry(e, partMatched)
		w.addLine(share(l, 500, 1, 2), partMatched)
		w.addLine(share(l, e.Amount.Minor-500, 2, 2), partMatched)
		w.addLine(share(l, 500, 1, 2), partBreaks)
		w.fact(audit.SettlementDuplicateInNetwork, audit.Open, l.Reference, 500, e.Amount.Currency)
	},
	func(w *world) { // one line for several payments: by reference, by their ids, by the ledger's batch
		e, l := w.payment()
		how, n := w.rng.IntN(3), 2+w.rng.IntN(4)
		batch, total := fmt.Sprintf("batch-%d", w.n), int64(0)
		var ids []string
		for i := range n {
			one := e
			one.ID, one.PaymentID = fmt.Sprintf("%s-%d", e.ID, i), fmt.Sprintf("%s-%d", e.PaymentID, i)
			one.Amount.Minor = e.Amount.Minor + int64(i)
			one.RRN = ""
			switch how {
			case 1:
				one.NetworkReference = ""
			case 2:
				one.NetworkReference, one.Extra = "", map[string]string{"batch": batch}
			}
			ids, total = append(ids, one.PaymentID), total+one.Amount.Minor
			w.addEntry(one, partMatched)
		}
		switch l.RRN = ""; how {
		case 1:
			l.PaymentID, l.Reference = strings.Join(ids, ","), ""
		case 2:
			l.Batch = batch
		}
		l.Amount.Minor = total
		w.addLine(l, partMatched)
	},
	func(w *world) { // one line for several payments that does not come to their sum
		e, l := w.payment()
		twin := e
		e.NetworkReference, e.RRN, l.RRN = "", "", ""
		twin.ID, twin.PaymentID, twin.NetworkReference, twin.RRN = e.ID+"b", e.PaymentID+"b", "", ""
		l.PaymentID, l.Amount.Minor = e.PaymentID+" "+twin.PaymentID, 2*e.Amount.Minor+1
		w.addEntry(e, partBreaks)
		w.addEntry(twin, partBreaks)
		w.addLine(l, partBreaks)
		w.fact(audit.SettlementMissingInNetwork, audit.Open, e.PaymentID, e.Amount.Minor, e.Amount.Currency)
		w.fact(audit.SettlementMissingInNetwork, audit.Open, twin.PaymentID, e.Amount.Minor, e.Amount.Currency)
		w.fact(audit.SettlementMissingInLedger, audit.Open, l.Reference, l.Amount.Minor, e.Amount.Currency)
	},
}
