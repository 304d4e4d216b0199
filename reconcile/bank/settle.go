package bank

import (
	"slices"

	"parallax/internal/audit"
)

// rule is one way of pairing.
type rule struct {
	name    string
	verdict audit.Verdict // how sure a finding is that rests on it
}

var (
	byRef     = rule{"payout reference", audit.Proven}
	inNote    = rule{"payout reference in the remittance information", audit.Probable}
	bySameDay = rule{"amount, currency and value date", audit.Probable}
	byNearDay = rule{"amount, currency and value date within the window", audit.Probable}
	bySumOf   = rule{"sum, currency and value date", audit.Probable}
)

// settle pairs the payouts and entries of one currency that a reference ties together: equal amounts first, then equal but
// for the bank's charges, then what is left as one whole. A whole that does not come out is a mismatch.
func (m *matching) settle(payouts, entries []*transfer, by rule) {
	restPayouts, restEntries := m.pairEqual(payouts, entries, by, false)
	restPayouts, restEntries = m.pairEqual(restPayouts, restEntries, by, true)
	switch {
	case len(restPayouts) == 0:
		entriesAgain(payouts, restEntries)
	case len(restEntries) == 0:
		payoutsAgain(payouts, restPayouts)
	default:
		m.settleWhole(restPayouts, restEntries, by)
	}
}

// pairEqual pairs payouts with entries of the same amount in the order of time, and returns what is left of both. With
// charges, what the bank kept counts as credited.
func (m *matching) pairEqual(payouts, entries []*transfer, by rule, charges bool) (restPayouts, restEntries []*transfer) {
	waiting := map[int64][]*transfer{}
	for _, e := range entries {
		minor, fits := e.Amount.Minor, true
		if charges {
			minor, fits = withCharges(e)
		}
		if fits {
			waiting[minor] = append(waiting[minor], e)
		}
	}
	for _, p := range payouts {
		queue := waiting[p.Amount.Minor]
		if len(queue) == 0 {
			restPayouts = append(restPayouts, p)
			continue
		}
		waiting[p.Amount.Minor] = queue[1:]
		queue[0].kept = charges
		m.match([]*transfer{p}, queue[:1], by)
	}
	for _, e := range entries {
		if e.fate == undecided {
			restEntries = append(restEntries, e)
		}
	}
	return restPayouts, restEntries
}

// withCharges is what an entry would be without the bank's charges; fits is false where it says of none.
func withCharges(e *transfer) (minor int64, fits bool) {
	if e.Fee.Minor == 0 || e.Fee.Currency != e.Amount.Currency {
		return 0, false
	}
	sum, err := e.Amount.Add(e.Fee)
	return sum.Minor, err == nil
}

// settleWhole holds all payouts against all entries that the reference ties together.
func (m *matching) settleWhole(payouts, entries []*transfer, by rule) {
	paid, credited, kept := new(sum), new(sum), new(sum)
	for _, p := range payouts {
		paid.add(p.Amount.Minor)
	}
	for _, e := range entries {
		credited.add(e.Amount.Minor)
		if _, fits := withCharges(e); fits {
			kept.add(e.Fee.Minor)
		}
	}
	switch short := paid.less(credited); {
	case short.sign() == 0:
	case short.cmp(kept) == 0:
		for _, e := range entries {
			_, e.kept = withCharges(e)
		}
	default:
		m.mismatch(payouts, entries, by)
		return
	}
	m.match(payouts, entries, by)
}

// match uses payouts and entries up.
func (m *matching) match(payouts, entries []*transfer, by rule) {
	m.take(payouts, entries, matched)
	if !m.inWindow(payouts[0]) {
		return
	}
	m.out.Matched += int64(len(payouts) + len(entries))
	for _, p := range payouts {
		if len(payouts) > 1 {
			m.out.Matches = append(m.out.Matches, m.record(p, entries[0], p, by))
		}
	}
	for _, e := range entries {
		if len(payouts) == 1 || len(entries) > 1 {
			m.out.Matches = append(m.out.Matches, m.record(payouts[0], e, e, by))
		}
	}
}

// take gives payouts and entries their fate; all belong to the window of the first payout.
func (m *matching) take(payouts, entries []*transfer, as fate) {
	for _, t := range slices.Concat(payouts, entries) {
		t.fate, t.anchor = as, payouts[0]
	}
}

// crossCurrency reports payouts that were credited in another currency: what is left of a component has no currency in common.
func (m *matching) crossCurrency(c component, by rule) {
	payouts, entries := free(c.payouts), free(c.entries)
	if len(payouts) > 0 && len(entries) > 0 {
		m.mismatch(payouts, entries, by)
	}
}

// record is a match, named by the file and line of one of its two sides: the one of which there are several.
func (m *matching) record(p, e, at *transfer, by rule) audit.Match {
	return audit.Match{
		Scope: m.rules.Scope, PaymentID: idOf(p), Reference: e.Reference, File: at.File, Line: at.Record,
		Rule: "payout: " + by.name, Amount: audit.Money(at.Amount),
	}
}

// entriesAgain marks entries that speak of payouts which are credited already, so that no weaker tier takes them for others.
func entriesAgain(payouts, rest []*transfer) {
	for _, e := range rest {
		for _, p := range slices.Backward(payouts) {
			if e.again == nil || p.Amount.Minor == e.Amount.Minor {
				e.again = p
			}
		}
	}
}

// payoutsAgain marks second rows of payouts that are credited already.
func payoutsAgain(payouts, rest []*transfer) {
	for _, again := range rest {
		for _, p := range payouts {
			if p.fate == matched && p.Reference != "" && p.Reference == again.Reference && p.Amount == again.Amount {
				again.again = p
			}
		}
	}
}
