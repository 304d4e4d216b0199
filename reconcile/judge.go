package reconcile

import (
	"parallax/internal/audit"
)

// judgePairs compares every payment with the presentment that settles it, and reports what is left of their group.
func (m *matching) judgePairs() {
	for _, p := range m.payments {
		if p.line == nil {
			continue
		}
		f, differs := m.compare(p)
		p.fate, p.line.fate = matched, matched
		if differs {
			p.fate, p.line.fate = broken, broken
			m.report(f)
		}
		for _, part := range p.parts {
			part.fate = p.line.fate
		}
		m.matchOf(p, !differs)
		m.judgeSurplus(p)
	}
}

// compare returns the one finding of a pair, the gravest difference first: money taken for a payment that took none,
// another currency, another amount.
func (m *matching) compare(p *payment) (audit.Finding, bool) {
	switch {
	case p.class != charged:
		return m.statusMismatch(p), true
	case p.Amount.Currency != p.line.Amount.Currency:
		return m.currencyMismatch(p), true
	case len(p.parts) == 0 && p.Amount.Minor != p.line.Amount.Minor:
		return m.amountMismatch(p), true
	default:
		return audit.Finding{}, false
	}
}

func (m *matching) matchOf(p *payment, agrees bool) {
	if !m.inWindow(p) {
		return
	}
	if agrees {
		m.out.Matched++
	}
	lines := p.parts
	if len(lines) == 0 {
		lines = []*line{p.line}
	}
	for _, l := range lines {
		m.out.Matches = append(m.out.Matches, m.match(p, l, p.rule.name))
	}
}

func (m *matching) match(p *payment, l *line, by string) audit.Match {
	return audit.Match{
		Scope: m.rules.Scope, PaymentID: p.PaymentID, Reference: l.Reference, File: l.File, Line: l.Record,
		Rule: by, Amount: audit.Money{Minor: l.Amount.Minor, Currency: l.Amount.Currency},
	}
}

func (m *matching) judgeSurplus(p *payment) {
	if len(p.surplus) > 0 {
		for _, l := range p.surplus {
			l.fate = broken
		}
		m.report(m.duplicateInNetwork(p, append([]*line{p.line}, p.surplus...), p.surplus))
	}
	if len(p.twins) > 0 {
		for _, twin := range p.twins {
			twin.fate = broken
		}
		m.report(m.duplicateInLedger(p))
	}
}

// repeated judges a second copy of a refund or chargeback.
func (m *matching) repeated(first, again *line) {
	again.fate = broken
	m.report(m.duplicateInNetwork(again.owner, []*line{first, again}, []*line{again}))
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
		p.fate = broken
		if f.Status == audit.Expected {
			p.fate = inFlight
		}
		m.report(f)
	}
}

// judgeUnknown reports the lines that no payment explains, one finding for each reference.
func (m *matching) judgeUnknown() {
	byKey := map[string][]*line{}
	var keys []string
	for _, l := range m.lines {
		if l.fate != undecided {
			continue
		}
		l.fate = broken
		key := keyOfUnknown(l)
		if byKey[key] == nil {
			keys = append(keys, key)
		}
		byKey[key] = append(byKey[key], l)
	}
	for _, key := range keys {
		m.report(m.missingInLedger(key, byKey[key]))
	}
}

// report keeps a finding that lies in the window; what lies outside belongs to another run. A finding without any time
// is never left out. Two findings that are the same by fingerprint become one with the evidence of both.
func (m *matching) report(f audit.Finding) {
	if f.Window.From.IsZero() {
		f.Window = m.in.Window
	}
	if !m.in.Window.Holds(f.Window.From) && f.Window != m.in.Window {
		return
	}
	if i, again := m.reported[f.Fingerprint]; again {
		same := &m.out.Findings[i]
		same.Evidence = append(same.Evidence, f.Evidence...)
		same.Amounts = sumMoney(append(same.Amounts, f.Amounts...))
		return
	}
	m.reported[f.Fingerprint] = len(m.out.Findings)
	m.out.Findings = append(m.out.Findings, f)
}

// inWindow: a payment without a time is never left out.
func (m *matching) inWindow(p *payment) bool {
	return p.CreatedAt.IsZero() || m.in.Window.Holds(instant(p.CreatedAt))
}

// lineInWindow: a line belongs where its payment belongs; one without any time is never left out.
func (m *matching) lineInWindow(l *line) bool {
	if l.owner != nil {
		return m.inWindow(l.owner)
	}
	t := lineTime(l.TransactionAt, l.BusinessDate)
	return t.IsZero() || m.in.Window.Holds(instant(t))
}
