package reconcile

import "parallax/internal/record"

// link ties refunds, chargebacks, representments, reversals and the like to the payment they belong to. Such a line uses
// nothing up: one payment may have several.
func (m *matching) link() {
	m.findOwners()
	copies := map[followKey]*line{}
	for _, l := range m.lines {
		if l.fate != undecided || l.owner == nil || settles(l) {
			continue
		}
		key := keyOfFollow(l)
		switch first, again := copies[key]; {
		case l.owner.line == l: // a row of the ledger's own says the same
		case again && key.reference != "":
			m.repeated(first, l)
			continue
		default:
			m.follow(l)
		}
		copies[key] = l
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

// findOwners finds the payment of every line that settles none. A line may name another such line as its original (a
// representment its chargeback): then it belongs where that one does, whichever of them comes first.
func (m *matching) findOwners() {
	var lines []*line
	for _, l := range m.lines {
		if l.fate == undecided && l.owner == nil && !settles(l) {
			lines = append(lines, l)
		}
	}
	if len(lines) == 0 {
		return
	}
	x := m.index(lines)
	waiting := map[string][]*line{}
	for len(lines) > 0 {
		var next []*line
		for _, l := range lines {
			if l.owner != nil {
				continue
			}
			if l.owner = x.find(l); l.owner == nil {
				wait(waiting, l)
				continue
			}
			if first(x.byReference, l.Reference, l.owner) {
				next = append(next, waiting[l.Reference]...)
				delete(waiting, l.Reference)
			}
		}
		lines = next
	}
	for _, l := range m.lines {
		if l.Type == record.Adjustment && l.owner == nil && l.fate == undecided && l.PaymentID == "" && l.Original == "" && l.ARN == "" {
			l.fate = unjudged // a correction of the network's own
		}
	}
}

func wait(waiting map[string][]*line, l *line) {
	for _, key := range []string{l.Original, l.Reference} {
		if key != "" {
			waiting[key] = append(waiting[key], l)
		}
	}
}

// index knows the payments that the lines ask for, first by what the ledger says of them and then by what the lines do
// that settle them. A charge goes before a row of money given back that shares its keys.
func (m *matching) index(lines []*line) *lookup {
	x := newLookup(lines)
	for _, charges := range []bool{true, false} {
		for _, p := range m.payments {
			if charges == !givesBack(p) {
				x.add(p, charges)
			}
		}
	}
	for _, l := range m.lines {
		if l.owner != nil {
			first(x.byReference, l.Reference, l.owner)
			first(x.byARN, l.ARN, l.owner)
		}
	}
	return x
}

// lookup finds the payment a line speaks of. It holds only keys that were asked for: with nil, until a payment is known.
type lookup struct {
	byPaymentID, byIdempotencyKey, byReference, byARN, byRRN map[string]*payment

	several *payment // stands in byRRN where two payments share the key
}

func newLookup(lines []*line) *lookup {
	x := &lookup{map[string]*payment{}, map[string]*payment{}, map[string]*payment{}, map[string]*payment{}, map[string]*payment{}, new(payment)}
	for _, l := range lines {
		x.byPaymentID[l.PaymentID], x.byIdempotencyKey[l.PaymentID] = nil, nil
		x.byReference[l.Original], x.byReference[l.Reference] = nil, nil
		x.byARN[l.ARN] = nil
		x.byRRN[rrnOfLine(l.SettlementLine)] = nil
	}
	return x
}

// add notes what identifies a payment. An rrn that two of them carry identifies neither, if it decides between them.
func (x *lookup) add(p *payment, decides bool) {
	first(x.byPaymentID, p.PaymentID, p)
	first(x.byIdempotencyKey, p.IdempotencyKey, p)
	first(x.byReference, p.NetworkReference, p)
	first(x.byARN, p.Extra["arn"], p)
	if key := rrnKey(p.RRN, p.AuthCode); key != "" && !first(x.byRRN, key, p) {
		if _, asked := x.byRRN[key]; asked && decides {
			x.byRRN[key] = x.several
		}
	}
}

// first notes the first payment under a key that was asked for, and reports whether it did.
func first(m map[string]*payment, key string, p *payment) bool {
	if key == "" {
		return false
	}
	known, asked := m[key]
	if !asked || known != nil {
		return false
	}
	m[key] = p
	return true
}

func (x *lookup) find(l *line) *payment {
	for _, p := range []*payment{
		x.byPaymentID[l.PaymentID], x.byIdempotencyKey[l.PaymentID], x.byReference[l.Original], x.byReference[l.Reference],
		x.byARN[l.ARN], x.byRRN[rrnOfLine(l.SettlementLine)],
	} {
		if p != nil && p != x.several {
			return p
		}
	}
	return nil
}

// rrnKey is empty where rrn or authorisation code is missing: one of them alone proves nothing.
func rrnKey(rrn, authCode string) string {
	if rrn == "" || authCode == "" {
		return ""
	}
	return rrn + "\x00" + authCode
}

func rrnOfLine(l *record.SettlementLine) string { return rrnKey(l.RRN, l.AuthCode) }
