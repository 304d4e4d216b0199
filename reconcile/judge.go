package reconcile

import (
	"slices"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// judgePairs compares every payment with what settles it, and reports what is left of their group.
func (m *matching) judgePairs() {
	m.out.Matches = slices.Grow(m.out.Matches, m.paired)
	for _, p := range m.payments {
		if p.line == nil {
			continue
		}
		m.judgePair(p)
		m.judgeSurplus(p)
	}
}

func (m *matching) judgePair(p *payment) {
	verdict, f := m.compare(p)
	p.fate = matched
	switch verdict {
	case differs:
		p.fate = broken
		m.report(f, m.inScope(p))
	case partly:
		m.judgeRest(p)
	default:
		m.judgePeriod(p)
		m.judgeFX(p)
	}
	if p.line.owner == p { // of payments settled by one line, the first speaks for it
		for _, l := range p.lines() {
			l.fate = matched
			if verdict == differs {
				l.fate = broken
			}
		}
	}
	m.matchOf(p, verdict)
}

// comparison is how a payment and its lines compare.
type comparison int

const (
	agrees  comparison = iota
	differs            // one finding says why
	within             // only by what the tolerance allows
	partly             // what has come agrees, and more is announced
)

// compare returns the one finding of a pair, the gravest difference first: money taken for a payment that took none,
// another currency, another amount.
func (m *matching) compare(p *payment) (comparison, audit.Finding) {
	switch {
	case p.class != charged:
		return differs, m.statusMismatch(p)
	case p.Amount.Currency != p.line.Amount.Currency:
		return differs, m.currencyMismatch(p)
	case p.line.merged != nil || p.more == nil && p.Amount.Minor == p.line.Amount.Minor:
		return agrees, audit.Finding{}
	}
	settled := new(sum)
	for _, l := range p.lines() {
		settled.add(l.Amount.Minor)
	}
	settled.sub(p.Amount.Minor)
	difference, fits := settled.minor()
	tolerance := m.law.Tolerances[p.Amount.Currency]
	switch {
	case fits && difference == 0:
		return agrees, audit.Finding{}
	case fits && -tolerance <= difference && difference <= tolerance:
		p.off = difference
		return within, audit.Finding{}
	case p.partial && fits && difference < 0 && difference > -p.Amount.Minor:
		p.brought = p.Amount.Minor + difference
		return partly, audit.Finding{}
	default:
		return differs, m.amountMismatch(p)
	}
}

func (m *matching) matchOf(p *payment, verdict comparison) {
	if !m.inScope(p) {
		return
	}
	if verdict == agrees || verdict == within {
		m.out.Matched++
	}
	for _, l := range p.lines() {
		one := m.match(p, l, p.tier.Name)
		switch {
		case l.merged != nil:
			one.Rule += ", one line for several payments"
			one.Amount = amountOf(p.Amount)
		case verdict == within:
			one.Rule += ", within the tolerance"
		}
		m.out.Matches = append(m.out.Matches, one)
	}
}

func (m *matching) match(p *payment, l *line, by string) audit.Match {
	return audit.Match{
		Scope: m.law.Scope, PaymentID: p.PaymentID, Reference: l.Reference, File: l.File, Line: l.Record,
		Rule: by, Amount: amountOf(l.Amount),
	}
}

func (m *matching) judgeSurplus(p *payment) {
	if p.more == nil {
		return
	}
	if surplus := m.cancel(p); len(surplus) > 0 {
		for _, l := range surplus {
			l.fate = broken
		}
		m.report(m.duplicateInNetwork(p, append([]*line{p.line}, surplus...), surplus), m.inScope(p))
	}
	if twins := p.more.twins; len(twins) > 0 {
		for _, twin := range twins {
			twin.fate = broken
		}
		m.report(m.duplicateInLedger(p), m.inScope(twins[len(twins)-1]))
	}
}

// cancel takes out of a payment's surplus what the network itself has reversed, with the reversal: nothing is settled twice.
func (m *matching) cancel(p *payment) []*line {
	reversals := map[int64][]*line{}
	for _, l := range p.more.follows {
		if l.Type == record.Presentment && l.Reversal && l.Amount.Currency == p.Amount.Currency {
			reversals[-l.Amount.Minor] = append(reversals[-l.Amount.Minor], l)
		}
	}
	if len(reversals) == 0 {
		return p.more.surplus
	}
	var left []*line
	for _, l := range p.more.surplus {
		undo := reversals[l.Amount.Minor]
		if len(undo) == 0 || l.Amount.Currency != p.Amount.Currency {
			left = append(left, l)
			continue
		}
		l.fate, undo[0].fate = cancelled, cancelled
		reversals[l.Amount.Minor] = undo[1:]
		if m.inScope(p) {
			m.out.Matches = append(m.out.Matches, m.match(p, l, "copy that the network reversed"))
		}
	}
	return left
}

// repeated judges a second copy of a refund or chargeback.
func (m *matching) repeated(first, again *line) {
	again.fate = broken
	m.report(m.duplicateInNetwork(again.owner, []*line{first, again}, []*line{again}), m.lineInScope(again))
}

// judgeMissing reports the charged payments that no line settles.
func (m *matching) judgeMissing() {
	for _, p := range m.payments {
		if p.fate != undecided {
			continue
		}
		if p.class != charged {
			p.fate = notCharged
			continue
		}
		f := m.missingInNetwork(p)
		p.fate = fateOf(f)
		m.report(f, m.inScope(p))
	}
}

func fateOf(f audit.Finding) fate {
	if f.Status == audit.Expected {
		return inFlight
	}
	return broken
}

// judgeRest reports what is still to come of a payment that was settled in part.
func (m *matching) judgeRest(p *payment) {
	f := m.missingRest(p)
	p.fate = fateOf(f)
	m.report(f, m.inScope(p))
}

// judgeUnknown reports the lines that no payment explains, one finding for each reference.
func (m *matching) judgeUnknown() {
	byKey := map[string][]*line{}
	var keys []string
	var unknown []*line
	for _, l := range m.lines {
		if l.fate != undecided {
			continue
		}
		l.fate = broken
		unknown = append(unknown, l)
		key := keyOfUnknown(l)
		if byKey[key] == nil {
			keys = append(keys, key)
		}
		byKey[key] = append(byKey[key], l)
	}
	if len(unknown) == 0 {
		return
	}
	lost, others := m.witness(unknown, m.in.Snapshot), m.witness(unknown, m.in.Others)
	for _, key := range keys {
		lines := byKey[key]
		m.report(m.missingInLedger(key, lines, lost, others), m.unknownInScope(lines))
	}
}

// witness finds the payments that lines speak of among rows that are not held against them.
func (m *matching) witness(lines []*line, rows []record.Entry) *lookup {
	x := newLookup(lines)
	for i := range rows {
		x.add(&payment{Entry: &rows[i]}, true)
	}
	return x
}
