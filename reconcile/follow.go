package reconcile

import (
	"fmt"
	"slices"
	"strings"

	"parallax/internal/audit"
	"parallax/internal/money"
	"parallax/internal/record"
)

// follow ties a refund, chargeback or the like to its payment. It counts as found; what the lines of one payment come to
// together is judged once all are known.
func (m *matching) follow(l *line) {
	p := l.owner
	l.fate = linked
	p.rare().follows = append(p.rare().follows, l)
	if m.lineInScope(l) {
		m.out.Matched++
		m.out.Matches = append(m.out.Matches, m.match(p, l, typeName(l)+" of a known payment"))
	}
}

// judgeFollows adds up what went back to every customer, after what was settled is known.
func (m *matching) judgeFollows() {
	for _, p := range m.payments {
		if len(p.seen().follows) == 0 {
			continue
		}
		for _, l := range p.seen().follows {
			m.judgeConversion(p, l)
		}
		home, abroad := m.byCurrency(p)
		if len(abroad) > 0 {
			m.breakAll(abroad, m.backInOtherCurrency(p, abroad))
		}
		if len(home) > 0 {
			m.judgeBack(p, home)
		}
	}
}

// byCurrency parts the lines in the payment's currency from those in another. A line in the currency that the payment was
// settled in is neither: that the currencies differ is told already.
func (m *matching) byCurrency(p *payment) (home, abroad []*line) {
	for _, l := range p.seen().follows {
		switch {
		case l.fate == cancelled: // its copy and it undo each other
		case l.Amount.Currency == p.Amount.Currency:
			home = append(home, l)
		case p.line == nil || l.Amount.Currency != p.line.Amount.Currency:
			abroad = append(abroad, l)
		}
	}
	return home, abroad
}

// typeName says what a line does, for people.
func typeName(l *line) string {
	if l.Reversal {
		return string(l.Type) + " reversal"
	}
	return string(l.Type)
}

// judgeBack holds the sum of refunds, chargebacks and reversals against what was settled. More than that is a mismatch of
// amount, exactly that is one of status where the ledger still counts the payment as paid; of a part, the ledger's status
// may well stay as it is, so nothing speaks against it.
func (m *matching) judgeBack(p *payment, lines []*line) {
	settled, refunds, back := m.settled(p), new(sum), new(sum)
	for _, l := range lines {
		back.sub(l.Amount.Minor)
		if l.Type == record.Refund {
			refunds.sub(l.Amount.Minor)
		}
	}
	captured := new(sum)
	captured.add(p.Amount.Minor)
	switch {
	case p.Amount.Minor < 0: // the ledger's own row for money given back
	case refunds.cmp(settled) > 0 && refunds.cmp(captured) > 0:
		m.breakAll(lines, m.tooMuchBack(p, lines, refunds, "refunded"))
	case back.cmp(settled) > 0:
		m.breakAll(lines, m.tooMuchBack(p, lines, back, "gave back"))
	case p.class == charged && !m.refunded(p.Status) && settled.sign() > 0 && back.cmp(settled) == 0:
		m.breakAll(lines, m.wholeBack(p, lines))
	case p.class == charged && m.refunded(p.Status) && wonBack(lines) && settled.sign() > 0 && back.sign() <= 0:
		m.breakAll(lines, m.backWithUs(p, lines))
	case back.sign() > 0 && back.cmp(settled) < 0:
		for _, l := range lines {
			if m.lineInScope(l) {
				m.partly++
			}
		}
	}
}

// wonBack reports whether money that had gone back came again.
func wonBack(lines []*line) bool {
	return slices.ContainsFunc(lines, func(l *line) bool { return l.Amount.Minor < 0 }) &&
		slices.ContainsFunc(lines, func(l *line) bool { return l.Amount.Minor > 0 })
}

// settled is what the presentments of a payment come to, copies included; for a payment whose presentment is not there it
// is what the ledger charged.
func (m *matching) settled(p *payment) *sum {
	out := new(sum)
	if p.line == nil {
		if p.class == charged {
			out.add(p.Amount.Minor)
		}
		return out
	}
	if p.line.merged != nil && (p.line.owner != p || !slices.ContainsFunc(p.seen().follows, func(l *line) bool { return l.PaymentID != p.PaymentID })) {
		out.add(p.Amount.Minor) // its share of a line for several
		return out
	}
	for _, l := range slices.Concat(p.lines(), p.seen().surplus) {
		if l.Amount.Currency == p.Amount.Currency {
			out.add(l.Amount.Minor)
		}
	}
	return out
}

func (m *matching) breakAll(lines []*line, f audit.Finding) {
	for _, l := range lines {
		l.fate = broken
	}
	m.report(f, slices.ContainsFunc(lines, m.lineInScope))
}

// refunded reports whether a status says that the money went back.
func (m *matching) refunded(status string) bool {
	if m.law.Refunded == nil {
		return slices.Contains([]string{"refunded", "reversed", "chargeback", "charged_back"}, strings.ToLower(status))
	}
	return slices.Contains(m.law.Refunded, status)
}

// back starts a finding about lines that give money back.
func (m *matching) back(kind audit.Kind, p *payment, lines []*line, severity audit.Severity) audit.Finding {
	f := m.finding(kind, keyOf(p), severity, audit.Proven, p.CreatedAt)
	f.Fingerprint = m.fingerprint(f.Kind, f.Key, typesOf(lines))
	f.Region = p.OwnerRegion
	if !m.inScope(p) { // then it is of the day of the lines
		for _, l := range lines {
			if t := m.shown(l); t.After(f.Shown) && t.After(p.CreatedAt) {
				f.Shown = t
			}
		}
	}
	f.Evidence = []audit.Evidence{m.entryEvidence(p, "status", p.Status, "the ledger, "+m.show(p.Amount))}
	f.Evidence = append(f.Evidence, m.linesEvidence(lines, func(_ int, l *line) audit.Evidence {
		return m.lineEvidence(l, "type", typeName(l), "the network, "+m.show(l.Amount))
	})...)
	return f
}

// typesOf are the types of the lines, each once.
func typesOf(lines []*line) string {
	var types []string
	for _, l := range lines {
		types = append(types, typeName(l))
	}
	slices.Sort(types)
	return strings.Join(slices.Compact(types), "+")
}

func (m *matching) wholeBack(p *payment, lines []*line) audit.Finding {
	severity := audit.High
	if typesOf(lines) == string(record.Refund) {
		severity = audit.Medium
	}
	f := m.back(audit.SettlementStatusMismatch, p, lines, severity)
	whole := p.Amount
	if minor, fits := m.settled(p).minor(); fits && p.line != nil && p.line.merged != nil {
		whole.Minor = minor // of all payments of the line
	}
	f.Amounts = moneyOf(whole)
	f.Rule = "a payment given back in full is refunded in the ledger"
	f.Reason = fmt.Sprintf("Payment %s is %q in the ledger, but %s gave the customer the whole amount of %s back (%s).", p.PaymentID, p.Status, m.feed(), m.show(whole), typesOf(lines))
	f.Reason += m.balance(p, lines)
	return m.unsure(f)
}

func (m *matching) tooMuchBack(p *payment, lines []*line, total *sum, verb string) audit.Finding {
	f := m.back(audit.SettlementAmountMismatch, p, lines, audit.High)
	f.Amounts = sumLines(lines)
	f.Rule = "no more is given back than was settled"
	f.Reason = fmt.Sprintf("%s %s more than payment %s of %s ever brought in (%s, in minor units %s).",
		m.feed(), verb, p.PaymentID, m.show(p.Amount), typesOf(lines), total)
	if minor, fits := total.minor(); fits {
		f.Reason = fmt.Sprintf("%s %s %s for payment %s, which is more than was settled of its %s (%s).",
			m.feed(), verb, m.show(money.Amount{Minor: minor, Currency: p.Amount.Currency}), p.PaymentID, m.show(p.Amount), typesOf(lines))
	}
	f.Reason += m.balance(p, lines)
	return m.unsure(f)
}

func (m *matching) backInOtherCurrency(p *payment, lines []*line) audit.Finding {
	f := m.back(audit.SettlementCurrencyMismatch, p, lines, audit.High)
	f.Amounts = sumLines(lines)
	f.Rule = "money is given back in the currency it was charged in"
	f.Reason = fmt.Sprintf("Payment %s was charged with %s, but %s gave %s back (%s): the currencies differ.",
		p.PaymentID, m.show(p.Amount), m.feed(), m.show(lines[0].Amount), typesOf(lines))
	return f
}

// unsure takes the proof off a finding about a sum where lines are missing that may change it.
func (m *matching) unsure(f audit.Finding) audit.Finding {
	if m.in.LinesIncomplete {
		f.Verdict = audit.Probable
		f.Reason += " Part of the files could not be read."
	}
	return f
}
