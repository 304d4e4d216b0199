package reconcile

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"parallax/internal/audit"
	"parallax/internal/join"
	"parallax/internal/record"
)

// class says what a ledger status means for the money.
type class int

const (
	charged class = iota
	inProgress
	refused
)

// fate is how a payment or a line ended, for the totals.
type fate int

const (
	undecided  fate = iota
	matched         // agrees with its counterpart
	linked          // belongs to a known payment without settling it
	broken          // named by a finding
	inFlight        // expected
	unjudged        // not held against payments
	notCharged      // a payment that took no money and settled none
)

type payment struct {
	record.Entry
	class     class
	fate      fate
	line      *line   // the presentment that settles it
	parts     []*line // all of them, where it was settled in parts
	rule      rule
	follows   []*line    // refunds, chargebacks and the like, each once
	surplus   []*line    // further presentments of the same payment
	twins     []*payment // further payments under the same reference, no line left for them
	twin      bool       // it is one of those
	ambiguous bool       // a weaker key fits it and others alike
}

type line struct {
	record.SettlementLine
	fate      fate
	owner     *payment
	ambiguous bool
}

// rule is one tier of pairing.
type rule struct {
	name    string
	verdict audit.Verdict // how sure a finding is that rests on the pairing
}

var (
	byPaymentID = rule{"payment id", audit.Proven}
	byReference = rule{"network reference", audit.Proven}
	byRRN       = rule{"rrn, authorisation code, amount and currency", audit.Probable}
	byRRNOnly   = rule{"rrn and authorisation code", audit.Probable}
)

type matching struct {
	rules    Rules
	in       Input
	payments []*payment
	lines    []*line
	lost     lookup                    // the snapshot's payments
	others   lookup                    // the ledger's payments of other networks
	partly   int64                     // lines that give a part back, of which the ledger says nothing
	reported map[audit.Fingerprint]int // where in out.Findings
	out      Result
}

func newMatching(rules Rules, in Input) *matching {
	m := &matching{rules: rules, in: in, reported: map[audit.Fingerprint]int{}, lost: newLookup(), others: newLookup()}
	for _, e := range in.Snapshot {
		m.lost.add(&payment{Entry: e})
	}
	for _, e := range in.Others {
		m.others.add(&payment{Entry: e})
	}
	m.payments = make([]*payment, len(in.Entries))
	for i, e := range in.Entries {
		m.payments[i] = &payment{Entry: e, class: m.classOf(e.Status)}
	}
	m.lines = make([]*line, len(in.Lines))
	for i, l := range in.Lines {
		m.lines[i] = &line{SettlementLine: l}
		if l.Type == record.Fee || l.Amount.Currency == "" {
			m.lines[i].fate = unjudged
		}
	}
	slices.SortFunc(m.payments, func(a, b *payment) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.PaymentID, b.PaymentID), cmp.Compare(a.ID, b.ID))
	})
	slices.SortFunc(m.lines, func(a, b *line) int {
		return cmp.Or(cmp.Compare(a.BusinessDate, b.BusinessDate), cmp.Compare(a.File, b.File), cmp.Compare(a.Record, b.Record))
	})
	return m
}

func (m *matching) classOf(status string) class {
	switch {
	case slices.Contains(m.rules.Charged, status):
		return charged
	case slices.Contains(m.rules.Refused, status):
		return refused
	default:
		return inProgress
	}
}

// pairAll runs the tiers, the safest key first.
func (m *matching) pairAll() error {
	for _, tier := range []struct {
		rule     rule
		payment  func(*payment) string
		line     func(*line) string
		onlyPair bool // a key that may fit two payments by chance: used only where it fits one
	}{
		{byPaymentID, func(p *payment) string { return p.PaymentID }, func(l *line) string { return l.PaymentID }, false},
		{byReference, func(p *payment) string { return p.NetworkReference }, func(l *line) string { return l.Reference }, false},
		{byRRN, fullKeyOfPayment, fullKeyOfLine, true},
		{byRRNOnly, keyOfPayment, keyOfLine, true},
	} {
		groups, err := join.Full(m.freePayments(), m.freePresentments(), tier.payment, tier.line, join.MaxRows(m.rules.MaxRows))
		if err != nil {
			return fmt.Errorf("match %s by %s: %w", m.rules.Feed, tier.rule.name, err)
		}
		for g := range groups {
			switch {
			case len(g.Left) == 0 || len(g.Right) == 0:
			case tier.onlyPair && !near(g.Left[0], g.Right[0]):
			case tier.onlyPair && !single(g.Left, g.Right):
				markAmbiguous(g.Left, g.Right)
			default:
				pairGroup(g.Left, g.Right, tier.rule)
			}
		}
	}
	return nil
}

// keyOfPayment is empty where rrn or authorisation code is missing: one of them alone proves nothing.
func keyOfPayment(p *payment) string { return weakKey(p.RRN, p.AuthCode) }
func keyOfLine(l *line) string       { return weakKey(l.RRN, l.AuthCode) }

func fullKeyOfPayment(p *payment) string {
	return withAmount(keyOfPayment(p), p.Amount.Minor, p.Amount.Currency)
}

func fullKeyOfLine(l *line) string {
	return withAmount(keyOfLine(l), l.Amount.Minor, l.Amount.Currency)
}

func weakKey(rrn, authCode string) string {
	if rrn == "" || authCode == "" {
		return ""
	}
	return rrn + "\x00" + authCode
}

func withAmount(key string, minor int64, currency string) string {
	if key == "" {
		return ""
	}
	return fmt.Sprintf("%s\x00%d\x00%s", key, minor, currency)
}

func (m *matching) freePayments() []*payment {
	var free []*payment
	for _, p := range m.payments {
		if p.fate == undecided && p.line == nil && !p.twin && !p.ambiguous {
			free = append(free, p)
		}
	}
	return free
}

func (m *matching) freePresentments() []*line {
	var free []*line
	for _, l := range m.lines {
		if l.fate == undecided && l.owner == nil && !l.ambiguous && l.Type == record.Presentment {
			free = append(free, l)
		}
	}
	return free
}

// single reports whether a weak key leads from one payment to one settled transaction: copies of a line under one
// reference are one transaction.
func single(payments []*payment, lines []*line) bool {
	if len(payments) > 1 {
		return false
	}
	for _, l := range lines[1:] {
		if l.Reference == "" || l.Reference != lines[0].Reference {
			return false
		}
	}
	return true
}

// rrnLife bounds how far apart payment and line may be under one rrn: acquirers use the numbers again.
const rrnLife = 7 * 24 * time.Hour

func near(p *payment, l *line) bool {
	t := lineTime(l.TransactionAt, l.BusinessDate)
	return t.IsZero() || p.CreatedAt.IsZero() || t.Sub(p.CreatedAt).Abs() <= rrnLife
}

func markAmbiguous(payments []*payment, lines []*line) {
	for _, p := range payments {
		p.ambiguous = true
	}
	for _, l := range lines {
		l.ambiguous = true
	}
}
