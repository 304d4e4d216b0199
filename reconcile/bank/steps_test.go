package bank

import (
	"fmt"

	"parallax/internal/audit"
	"parallax/internal/money"
)

// steps are the things that can happen to a payout.
var steps = []func(*world){
	func(w *world) { // credited under its reference
		p, e := w.transfer()
		w.pay(p, good)
		w.book(e, good)
	},
	func(w *world) { // its batch or reference in the remittance information only
		p, e := w.transfer()
		w.pay(p, good)
		e.Note = []string{"adyen, " + p.Reference + ", thank you", "ADYEN BATCH " + p.Batch}[w.rng.IntN(2)]
		w.book(anonymous(e), good)
	},
	func(w *world) { // no reference at all, some days later
		p, e := w.transfer()
		e.ValueDate = later(e.ValueDate, w.rng.IntN(3))
		w.pay(p, good)
		w.book(anonymous(e), good)
	},
	func(w *world) { // less the bank's charges
		p, e := w.transfer()
		w.pay(p, good)
		e.Fee = money.Amount{Minor: 1 + w.rng.Int64N(900), Currency: e.Amount.Currency}
		e.Amount.Minor -= e.Fee.Minor
		w.book(e, good)
		w.count(ofCharges, 0, e.Fee)
	},
	func(w *world) { // money collected
		p, e := w.transfer()
		p.Amount.Minor, e.Amount.Minor = -p.Amount.Minor, -e.Amount.Minor
		w.pay(p, good)
		w.book(e, good)
	},
	func(w *world) { // one payout in two credits, with a reference or without
		p, e := w.transfer()
		w.pay(p, good)
		if w.rng.IntN(2) == 0 {
			e = anonymous(e)
		}
		first := e
		first.Amount.Minor /= 3
		w.book(first, good)
		e.Amount.Minor -= first.Amount.Minor
		w.book(e, good)
	},
	func(w *world) { // several payouts in one credit that names them all
		p, e := w.transfer()
		w.pay(p, good)
		e.Note = "ADYEN " + p.Reference
		for range 1 + w.rng.IntN(3) {
			q, _ := w.transfer()
			q.Amount.Currency, q.Amount.Minor = p.Amount.Currency, q.Amount.Minor/2
			w.pay(q, good)
			e.Note += " " + q.Reference
			e.Amount.Minor += q.Amount.Minor
		}
		w.book(anonymous(e), good)
	},
	func(w *world) { // nothing to do with the acquirer
		_, e := w.transfer()
		e.Note, e.Reference = "salaries", "x"
		w.book(e, aside)
	},
	func(w *world) { // told by a notification as well
		p, e := w.transfer()
		w.pay(p, good)
		w.book(e, good)
		e.File = "z-notification"
		w.book(e, aside)
	},
	func(w *world) { // lines of no batch
		p, _ := w.transfer()
		p.Batch = ""
		w.lines(p, 12345, aside)
	},
	func(w *world) { // a batch that does not foot
		p, e := w.transfer()
		w.payBare(p, good)
		w.book(e, good)
		off := []int64{-1, 1, 9999}[w.rng.IntN(3)]
		w.lines(p, p.Amount.Minor+off, bad)
		w.fact(audit.SettlementBatchUnbalanced, audit.Open, p.Batch, max(off, -off), p.Amount.Currency)
	},
	func(w *world) { // a batch of this week without a payout, and one of two weeks ago
		p, _ := w.transfer()
		p.BusinessDate, p.ValueDate = "2026-11-25", ""
		w.lines(p, 5000, waiting)
		w.fact(audit.SettlementBatchUnbalanced, audit.Expected, p.Batch, 5000, p.Amount.Currency)
		p.Batch += "-old"
		p.BusinessDate = "2026-11-11"
		w.lines(p, 7000, bad)
		w.fact(audit.SettlementBatchUnbalanced, audit.Open, p.Batch, 7000, p.Amount.Currency)
	},
	func(w *world) { // never credited
		p, _ := w.transfer()
		w.pay(p, bad)
		w.fact(audit.SettlementPayoutMissing, audit.Open, p.Batch, p.Amount.Minor, p.Amount.Currency)
	},
	func(w *world) { // on its way
		p, _ := w.transfer()
		p.ValueDate = "2026-11-26"
		w.pay(p, waiting)
		w.fact(audit.SettlementPayoutMissing, audit.Expected, p.Batch, p.Amount.Minor, p.Amount.Currency)
	},
	func(w *world) { // late
		p, _ := w.transfer()
		p.ValueDate = "2026-11-24"
		w.pay(p, bad)
		w.fact(audit.SettlementPayoutMissing, audit.Overdue, p.Batch, p.Amount.Minor, p.Amount.Currency)
	},
	func(w *world) { // short or over
		p, e := w.transfer()
		off := []int64{-500, -1, 1, 70}[w.rng.IntN(4)]
		e.Amount.Minor += off
		w.pay(p, bad)
		w.book(e, bad)
		w.fact(audit.SettlementPayoutMismatch, audit.Open, p.Batch, max(off, -off), p.Amount.Currency)
	},
	func(w *world) { // credited twice, days apart
		p, e := w.transfer()
		w.pay(p, good)
		w.book(e, good)
		e.ValueDate = later(e.ValueDate, 1)
		w.book(e, bad)
		w.fact(audit.SettlementPayoutUnknown, audit.Open, e.Reference, e.Amount.Minor, e.Amount.Currency)
	},
	func(w *world) { // a credit without a payout, and one whose report is not due
		_, e := w.transfer()
		w.book(e, bad)
		w.fact(audit.SettlementPayoutUnknown, audit.Open, e.Reference, e.Amount.Minor, e.Amount.Currency)
		_, e = w.transfer()
		e.ValueDate = "2026-11-27"
		w.book(e, waiting)
		w.fact(audit.SettlementPayoutUnknown, audit.Expected, e.Reference, e.Amount.Minor, e.Amount.Currency)
	},
	func(w *world) { // two alike that cannot be told apart: suggested, never paired
		p, e := w.transfer()
		for _, x := range []string{"", "b"} {
			p, e := p, anonymous(e)
			p.Batch, p.Reference = p.Batch+x, ""
			w.pay(p, bad)
			w.book(e, bad)
			w.fact(audit.SettlementPayoutMissing, audit.Open, p.Batch, p.Amount.Minor, p.Amount.Currency)
			w.fact(audit.SettlementPayoutUnknown, audit.Open, fmt.Sprintf("statement:%d", len(w.in.Entries)+1), e.Amount.Minor, e.Amount.Currency)
		}
	},
}
