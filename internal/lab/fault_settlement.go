package lab

import (
	"parallax/internal/lab/cardfile"
)

// settlementTrouble: everything on which the networks' files and the ledger can disagree.
func (w *World) settlementTrouble() {
	for range 3 {
		p := w.billed(func(cardfile.Line) []cardfile.Line { return nil })
		w.truth.note("settlement.missing_in_network", p.id, "", p.money)
		w.truth.note("chain.broken", p.id, "", p.money)
	}
	w.amountMismatch(1)
	w.amountMismatch(1000 + w.accident.Int64N(4000))
	p := w.billed(func(l cardfile.Line) []cardfile.Line {
		l.Currency = otherCurrency(l.Currency)
		return []cardfile.Line{l}
	})
	w.truth.note("settlement.currency_mismatch", p.reference, "", p.money)
	for range 2 {
		p := w.billed(func(l cardfile.Line) []cardfile.Line { return []cardfile.Line{l, l} })
		w.truth.note("settlement.duplicate_in_network", p.reference, "", p.money)
	}
	w.duplicateInLedger()
	w.chargedThoughDeclined()
	w.unknownCharges()
}

// billed is a payment that the network reports in its own way.
func (w *World) billed(bill func(cardfile.Line) []cardfile.Line) *payment {
	p := w.quiet(w.somewhere())
	p.bill = bill
	w.take(p)
	return p
}

func (w *World) amountMismatch(by int64) {
	p := w.billed(func(l cardfile.Line) []cardfile.Line {
		l.Minor += by
		return []cardfile.Line{l}
	})
	w.truth.note("settlement.amount_mismatch", p.reference, "", Sum{by, p.money.Currency})
}

func otherCurrency(code string) string {
	if code == "GBP" {
		return "EUR"
	}
	return "GBP"
}

// duplicateInLedger: one authorisation booked as two payments, charged once.
func (w *World) duplicateInLedger() {
	first := w.quiet(london)
	second := w.orders.new(london, w.later(first))
	second.money, second.network, second.issuer = first.money, first.network, first.issuer
	second.reference, second.rrn, second.auth = first.reference, first.rrn, first.auth
	second.bill = func(cardfile.Line) []cardfile.Line { return nil }
	w.take(first)
	w.take(second)
	w.truth.note("settlement.duplicate_in_ledger", first.reference, "", first.money)
}

// chargedThoughDeclined: the ledger says no, the network took the money.
func (w *World) chargedThoughDeclined() {
	p := w.quiet(w.somewhere())
	p.declined = true
	w.take(p)
	w.charges = append(w.charges, p)
	w.truth.note("settlement.status_mismatch", p.reference, "", p.money)
}

// unknownCharges: a line in each network's file that belongs to no payment.
func (w *World) unknownCharges() {
	for _, network := range []string{"mastercard", "visa"} {
		p := w.quietOf(network)
		w.charges = append(w.charges, p)
		w.truth.note("settlement.missing_in_ledger", p.reference, "", p.money)
	}
}

// quietOf is a payment of a network.
func (w *World) quietOf(network string) *payment {
	for {
		if p := w.quiet(w.somewhere()); p.network == network {
			return p
		}
	}
}

// entryWithoutKey: a payment taken without an idempotency key.
func (w *World) entryWithoutKey() {
	p := w.quiet(w.somewhere())
	p.keyless = true
	w.take(p)
	w.truth.note("chain.entry_without_key", p.id, "", p.money)
}
