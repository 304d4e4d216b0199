package reconcile

import (
	"fmt"

	"parallax/internal/audit"
	"parallax/internal/money"
	"parallax/internal/record"
)

type feeTruth struct {
	minor    int64
	currency string
}

// feeFact: the files of the 19th are due after the window.
func (w *world) feeFact(l record.SettlementLine, rule string, off int64) {
	if l.BusinessDate != "2026-11-18" {
		return
	}
	key := fmt.Sprintf("mastercard %s %s %s", l.BusinessDate, rule, l.Amount.Currency)
	if w.fees[key] == nil {
		w.fees[key] = &feeTruth{currency: l.Amount.Currency}
	}
	w.fees[key].minor += off
}

// tellFees adds the truth about fees, which is one fact for a rule and day.
func (w *world) tellFees() {
	for key, f := range w.fees {
		w.fact(audit.SettlementFeeVariance, audit.Open, key, f.minor, f.currency)
	}
}

// keySteps are pairs that other keys bring together, or only seem to.
var keySteps = []func(*world){
	func(w *world) { // our idempotency key in the file's field for the payment id
		e, l := w.payment()
		e.NetworkReference, e.RRN, e.IdempotencyKey, l.PaymentID = "", "", "order-"+e.ID, "order-"+e.ID
		w.addEntry(e, partMatched)
		w.addLine(l, partMatched)
	},
	func(w *world) { // an acquirer reference number that the ledger has learned
		e, l := w.payment()
		e.NetworkReference, e.RRN, l.ARN = "", "", fmt.Sprintf("7411111632200000%07d", w.n)
		e.Extra = map[string]string{"arn": l.ARN}
		w.addEntry(e, partMatched)
		w.addLine(l, partMatched)
	},
	func(w *world) { // the last four digits fit, which is not enough; two payments half the time
		e, l := w.payment()
		e.NetworkReference, e.RRN, l.RRN, l.MaskedPAN = "", "", "", "411111******1111"
		e.Extra = map[string]string{"last4": "1111"}
		for i := range 1 + w.rng.IntN(2) {
			one := e
			one.ID, one.PaymentID = fmt.Sprintf("%s-%d", e.ID, i), fmt.Sprintf("%s-%d", e.PaymentID, i)
			w.addEntry(one, partBreaks)
			w.fact(audit.SettlementMissingInNetwork, audit.Open, one.PaymentID, e.Amount.Minor, e.Amount.Currency)
		}
		w.addLine(l, partBreaks)
		w.fact(audit.SettlementMissingInLedger, audit.Open, l.Reference, l.Amount.Minor, l.Amount.Currency)
	},
	func(w *world) { // settled two business days later, one more than expected
		e, l := w.payment()
		l.File, l.BusinessDate = "f20", "2026-11-20"
		w.addEntry(e, partMatched)
		w.addLine(l, partMatched)
		w.fact(audit.SettlementWrongPeriod, audit.Open, l.Reference, e.Amount.Minor, e.Amount.Currency)
	},
}

// priceSteps are tolerances, conversions and fees.
var priceSteps = []func(*world){
	func(w *world) { // within the tolerance, or just beyond
		e, l := w.payment()
		off := w.rng.Int64N(13) - 6
		e.Amount.Currency, l.Amount.Currency = "CHF", "CHF"
		l.Amount.Minor += off
		part := partMatched
		switch {
		case off < -5 || off > 5:
			part = partBreaks
			w.fact(audit.SettlementAmountMismatch, audit.Open, l.Reference, max(off, -off), "CHF")
		case off != 0:
			w.within["CHF"] = Sum{w.within["CHF"].Count + 1, w.within["CHF"].Minor + off}
		}
		w.addEntry(e, part)
		w.addLine(l, part)
	},
	func(w *world) { // converted at a rate of two, exactly; sometimes two units off, which is one too many
		e, l := w.payment()
		e.Amount.Currency, l.Amount.Currency = "EUR", "EUR"
		off := []int64{0, 1, -1, 2, -2}[w.rng.IntN(5)]
		l.Settlement, l.Rate = money.Amount{Minor: 2*l.Amount.Minor + off, Currency: "USD"}, "2.00000000000000"
		w.addEntry(e, partMatched)
		w.addLine(l, partMatched)
		if off > 1 || off < -1 {
			w.fact(audit.SettlementFXVariance, audit.Open, l.Reference, 2, "USD")
		}
	},
	func(w *world) { // without decimals: 1,000 yen at 0.006 are 6.00, that is 600 minor units
		e, l := w.payment()
		e.Amount, l.Amount = money.Amount{Minor: 1000, Currency: "JPY"}, money.Amount{Minor: 1000, Currency: "JPY"}
		l.Settlement, l.Rate = money.Amount{Minor: 600, Currency: "EUR"}, "0.006000"
		w.addEntry(e, partMatched)
		w.addLine(l, partMatched)
	},
	func(w *world) { // 1.5 % and 20 are agreed; sometimes more is taken, and sometimes the net is wrong as well
		e, l := w.payment()
		e.Amount = money.Amount{Minor: 200 * (1 + w.rng.Int64N(500)), Currency: "NOK"}
		off, slip := []int64{0, 0, 3}[w.rng.IntN(3)], []int64{0, 0, 10}[w.rng.IntN(3)]
		l.Amount = e.Amount
		l.Fee = of(l.Amount, l.Amount.Minor/200*3+20+off)
		l.Net = of(l.Amount, l.Amount.Minor-l.Fee.Minor+slip)
		w.addEntry(e, partMatched)
		w.addLine(l, partMatched)
		if off != 0 {
			w.feeFact(l, "all in", off)
		}
		if slip != 0 {
			w.feeFact(l, "net", slip)
		}
	},
}

// openSteps are rows and lines of earlier windows.
var openSteps = []func(*world){
	func(w *world) { // a payment of the week before: settled now, settled wrongly, or still not
		e, l := w.payment()
		e.CreatedAt, l.TransactionAt = e.CreatedAt.AddDate(0, 0, -14), l.TransactionAt.AddDate(0, 0, -14)
		l.BusinessDate = "2026-11-04"
		part := partMatched
		switch w.rng.IntN(3) {
		case 0:
			w.addLine(l, partMatched)
		case 1:
			part = partBreaks
			l.Amount.Minor--
			w.addLine(l, partBreaks)
			w.fact(audit.SettlementAmountMismatch, audit.Open, l.Reference, 1, e.Amount.Currency)
		case 2:
			part = partBreaks
			w.fact(audit.SettlementMissingInNetwork, audit.Open, e.PaymentID, e.Amount.Minor, e.Amount.Currency)
		}
		w.in.Open = append(w.in.Open, e)
		w.countEntry(e.Amount, part)
		if w.rng.IntN(3) == 0 { // it was read with the window as well
			w.in.Entries = append(w.in.Entries, e)
		}
	},
	func(w *world) { // a line of the week before: the ledger has its payment by now, or has not
		e, l := w.payment()
		e.CreatedAt, l.TransactionAt = e.CreatedAt.AddDate(0, 0, -14), l.TransactionAt.AddDate(0, 0, -14)
		l.BusinessDate, l.File, l.Record = "2026-11-04", "f04", int64(w.n)
		w.in.OpenLines = append(w.in.OpenLines, l)
		if w.rng.IntN(3) == 0 {
			w.in.Lines = append(w.in.Lines, l)
		}
		if w.rng.IntN(2) == 0 {
			w.addEntry(e, partMatched)
			w.countLine(l.Amount, partMatched)
			return
		}
		w.countLine(l.Amount, partBreaks)
		w.fact(audit.SettlementMissingInLedger, audit.Open, l.Reference, l.Amount.Minor, l.Amount.Currency)
	},
}
