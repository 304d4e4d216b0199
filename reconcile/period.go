package reconcile

import (
	"fmt"
	"time"

	"parallax/internal/audit"
)

// judgePeriod reports a payment that was settled, but by a file of another period than its business date and the days it
// may take allow. Its money is there, so it counts as matched.
func (m *matching) judgePeriod(p *payment) {
	if !m.law.WrongPeriod || p.CreatedAt.IsZero() {
		return
	}
	l := p.lines()[0]
	settled, known := m.days.date(l.BusinessDate)
	due := m.days.of(p.CreatedAt)
	last := m.days.add(due, m.law.ExpectBusinessDays)
	if !known || !settled.Before(due) && !settled.After(last) || !m.inScope(p) {
		return
	}
	m.report(m.wrongPeriod(p, l, due, last), true)
}

// wrongPeriod is graver where the two dates lie in two months: the books of one of them are closed without the payment.
func (m *matching) wrongPeriod(p *payment, l *line, due, last time.Time) audit.Finding {
	severity := audit.Low
	if due.Format("2006-01") != l.BusinessDate[:len("2006-01")] {
		severity = audit.Medium
	}
	f := m.finding(audit.SettlementWrongPeriod, keyOf(p), severity, p.tier.verdict, p.CreatedAt)
	f.Region, f.Amounts = p.OwnerRegion, moneyOf(p.Amount)
	f.Rule = fmt.Sprintf("a payment is settled on its business date or at most %d business days later", m.law.ExpectBusinessDays)
	f.Reason = fmt.Sprintf("Payment %s belongs to business date %s and was due in the files through %s, but %s settled it with business date %s.",
		p.PaymentID, due.Format(time.DateOnly), last.Format(time.DateOnly), m.feed(), l.BusinessDate)
	f.Evidence = []audit.Evidence{
		m.entryEvidence(p, "business_date", due.Format(time.DateOnly), "charged "+m.show(p.Amount)),
		m.lineEvidence(l, "business_date", l.BusinessDate, "settled "+m.show(l.Amount)),
	}
	return f
}
