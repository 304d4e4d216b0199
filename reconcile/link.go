package reconcile

import "parallax/internal/record"

// link ties refunds, chargebacks and the like to the payment they belong to. Such a line uses nothing up: one payment may
// have several.
func (m *matching) link() {
	x := m.index()
	copies := map[followKey]*line{}
	for _, l := range m.lines {
		if l.fate != undecided || l.Type == record.Presentment {
			continue
		}
		if l.owner = x.find(l); l.owner == nil {
			continue
		}
		key := keyOfFollow(l)
		if first, again := copies[key]; again && key.reference != "" {
			m.repeated(first, l)
			continue
		}
		copies[key] = l
		m.follow(l)
	}
}

// followKey is equal for two copies of one refund or chargeback. Two refunds of one payment are no copies: they differ
// in amount, reference or time.
type followKey struct {
	line           record.LineType
	reference, arn string
	rrn, authCode  string
	minor          int64
	currency, when string
}

func keyOfFollow(l *line) followKey {
	return followKey{l.Type, l.Reference, l.ARN, l.RRN, l.AuthCode, l.Amount.Minor, l.Amount.Currency, l.TransactionAt.UTC().String()}
}

// lookup finds the payment a line speaks of.
type lookup struct {
	byPaymentID, byReference, byARN map[string]*payment
	byRRN                           map[string]*payment // nil where two payments share the key
}

func newLookup() lookup {
	return lookup{map[string]*payment{}, map[string]*payment{}, map[string]*payment{}, map[string]*payment{}}
}

func (x lookup) add(p *payment) {
	first(x.byPaymentID, p.PaymentID, p)
	first(x.byReference, p.NetworkReference, p)
	if key := keyOfPayment(p); key != "" {
		if _, shared := x.byRRN[key]; shared {
			p = nil
		}
		x.byRRN[key] = p
	}
}

func (m *matching) index() lookup {
	x := newLookup()
	for _, p := range m.payments {
		x.add(p)
	}
	for _, l := range m.lines {
		if l.owner != nil {
			first(x.byReference, l.Reference, l.owner)
			first(x.byARN, l.ARN, l.owner)
		}
	}
	return x
}

func first(m map[string]*payment, key string, p *payment) {
	if _, taken := m[key]; !taken && key != "" {
		m[key] = p
	}
}

func (x lookup) find(l *line) *payment {
	for _, p := range []*payment{x.byPaymentID[l.PaymentID], x.byReference[l.Reference], x.byARN[l.ARN], x.byRRN[keyOfLine(l)]} {
		if p != nil {
			return p
		}
	}
	return nil
}
