package reconcile

import (
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// after is a later line of the same payment that names the first one as its original.
func after(l record.SettlementLine, what record.LineType, minor int64, minutes int) record.SettlementLine {
	l.Original, l.Reference, l.RRN = l.Reference, l.Reference+"-"+string(what), ""
	l.Type, l.Amount.Minor, l.TransactionAt = what, minor, l.TransactionAt.Add(time.Duration(minutes)*time.Minute)
	return l
}

// lifeSteps are what happens to a payment after it was settled.
var lifeSteps = []func(*world){
	func(w *world) { // a chargeback won back; the representment names the chargeback only, and comes first in the file half the time
		e, l := w.payment()
		w.addEntry(e, partMatched)
		w.addLine(l, partMatched)
		lost := after(l, record.Chargeback, -l.Amount.Minor, 1)
		won := after(lost, record.Representment, l.Amount.Minor, 2)
		if w.rng.IntN(2) == 0 {
			lost, won = won, lost
		}
		w.addLine(lost, partLinked)
		w.addLine(won, partLinked)
	},
	func(w *world) { // the same, but the ledger has given it up
		e, l := w.payment()
		e.Status = "refunded"
		w.addEntry(e, partMatched)
		w.addLine(l, partMatched)
		lost := after(l, record.Chargeback, -l.Amount.Minor, 1)
		w.addLine(lost, partBreaks)
		lost.Reversal, lost.Amount.Minor, lost.Reference = true, l.Amount.Minor, l.Reference+"-won"
		w.addLine(lost, partBreaks)
		w.fact(audit.SettlementStatusMismatch, audit.Open, l.Reference, e.Amount.Minor, e.Amount.Currency)
	},
	func(w *world) { // won back and lost for good in a second round
		e, l := w.payment()
		w.addEntry(e, partMatched)
		w.addLine(l, partMatched)
		lost := after(l, record.Chargeback, -l.Amount.Minor, 1)
		won := after(lost, record.Representment, l.Amount.Minor, 2)
		w.addLine(lost, partBreaks)
		w.addLine(won, partBreaks)
		w.addLine(after(won, record.Chargeback, -l.Amount.Minor, 3), partBreaks)
		w.fact(audit.SettlementStatusMismatch, audit.Open, l.Reference, e.Amount.Minor, e.Amount.Currency)
	},
	func(w *world) { // reversed; half the time presented again
		e, l := w.payment()
		w.addEntry(e, partMatched)
		w.addLine(l, partMatched)
		undo := l
		undo.Reversal, undo.Amount.Minor = true, -l.Amount.Minor
		if w.rng.IntN(2) == 0 {
			w.addLine(undo, partBreaks)
			w.fact(audit.SettlementStatusMismatch, audit.Open, l.Reference, e.Amount.Minor, e.Amount.Currency)
			return
		}
		w.addLine(undo, partLinked)
		w.addLine(l, partLinked)
	},
	func(w *world) { // the ledger books its refund as a row of its own, under the same reference
		e, l := w.payment()
		w.addEntry(e, partMatched)
		w.addLine(l, partMatched)
		e.ID, e.PaymentID, e.Amount.Minor, e.CreatedAt = e.ID+"r", e.PaymentID+"r", -e.Amount.Minor, e.CreatedAt.Add(time.Minute)
		back := l
		back.Type, back.Amount.Minor = record.Refund, -l.Amount.Minor
		switch w.rng.IntN(3) {
		case 0:
			w.addEntry(e, partMatched)
			w.addLine(back, partMatched)
		case 1:
			w.addEntry(e, partBreaks)
			w.fact(audit.SettlementMissingInNetwork, audit.Open, e.PaymentID, e.Amount.Minor, e.Amount.Currency)
		case 2:
			back.Amount.Minor++
			w.addEntry(e, partBreaks)
			w.addLine(back, partBreaks)
			w.fact(audit.SettlementAmountMismatch, audit.Open, l.Reference, 1, e.Amount.Currency)
		}
	},
	func(w *world) { // a refund taken back, and corrections: one of the payment, one of nobody
		e, l := w.payment()
		w.addEntry(e, partMatched)
		w.addLine(l, partMatched)
		back := after(l, record.Refund, -l.Amount.Minor, 1)
		w.addLine(back, partLinked)
		back.Reversal, back.Amount.Minor = true, l.Amount.Minor
		w.addLine(back, partLinked)
		w.addLine(after(l, record.Adjustment, 3, 2), partLinked)
		alone := l
		alone.Type, alone.Reference, alone.RRN, alone.Amount.Minor = record.Adjustment, "ADJ", "", -3
		w.addLine(alone, partRejected)
	},
	func(w *world) { // a chargeback of nobody's payment, a payout, a reserve, and a row that could not be read
		_, l := w.payment()
		lost := after(l, record.Chargeback, -l.Amount.Minor, 1)
		w.addLine(lost, partBreaks)
		w.fact(audit.SettlementMissingInLedger, audit.Open, l.Reference, -l.Amount.Minor, l.Amount.Currency)
		for _, what := range []record.LineType{record.Payout, record.Reserve} {
			w.addLine(after(l, what, 700, 3), partRejected)
		}
		unread := w.in.Rejected[l.Amount.Currency]
		w.in.Rejected[l.Amount.Currency] = Sum{unread.Count + 1, unread.Minor + 9}
		w.countLine(of(l.Amount, 9), partRejected)
	},
}
