package reconcile

import (
	"slices"
	"time"

	"parallax/internal/audit"
)

// maxEvidence bounds the rows or lines that one finding lists.
const maxEvidence = 50

// inScope reports whether the run speaks for a payment: one of its window, one without a time, or an open one of earlier
// windows. Payments that one line settles are one thing, and lie where the first of them does.
func (m *matching) inScope(p *payment) bool {
	if p.line != nil && p.line.merged != nil {
		p = p.line.owner
	}
	return p.ours
}

// lineInScope: what settles a payment belongs where the payment does. A refund or chargeback, which may come months after
// it, also belongs to its own time, and so does a line that is nobody's; one without any time is never left out.
func (m *matching) lineInScope(l *line) bool {
	if l.owner != nil && (settles(l) || l.owner.line == l || !l.open && lineTime(l.TransactionAt, l.BusinessDate).IsZero()) {
		return m.inScope(l.owner)
	}
	if l.owner != nil {
		return l.ours || l.late || m.inScope(l.owner)
	}
	return l.ours || l.late && m.ledgerRead(l)
}

// readMargin is how far a payment's time in the ledger may lie from its line's.
const readMargin = 24 * time.Hour

// ledgerRead reports whether the payment of a line outside the window would have been read.
func (m *matching) ledgerRead(l *line) bool {
	t := lineTime(l.TransactionAt, l.BusinessDate)
	return !t.Add(-readMargin).Before(m.in.Read.From) && t.Add(readMargin).Before(m.in.Read.To)
}

// shown is when a line came to light, for a finding that lies in another window: by its own time if that is in this one, else
// when its file was due.
func (m *matching) shown(l *line) time.Time {
	t := lineTime(l.TransactionAt, l.BusinessDate)
	if due, dated := m.filesDue(l.BusinessDate); dated && l.late && !m.in.Window.Holds(t) {
		return instant(due)
	}
	return instant(t)
}

// unknownInScope: the lines of one unknown reference are one thing, and lie where the first of them does; an open one brings
// them all here.
func (m *matching) unknownInScope(lines []*line) bool {
	return m.lineInScope(lines[0]) || slices.ContainsFunc(lines, func(l *line) bool { return l.open })
}

// report keeps a finding that the run speaks for; any other belongs to another run. Two findings that are the same by
// fingerprint become one with the evidence of both.
func (m *matching) report(f audit.Finding, ours bool) {
	if !ours {
		return
	}
	if f.Window.From.IsZero() {
		f.Window = m.in.Window
	}
	if i, again := m.reported[f.Fingerprint]; again {
		same := &m.out.Findings[i]
		if len(same.Evidence) < maxEvidence {
			same.Evidence = append(same.Evidence, f.Evidence...)
		}
		same.Amounts = sumMoney(append(same.Amounts, f.Amounts...))
		return
	}
	m.reported[f.Fingerprint] = len(m.out.Findings)
	m.out.Findings = append(m.out.Findings, f)
}

// rejudged are the findings that the open rows and lines had when they were last looked at.
func (m *matching) rejudged() []audit.Fingerprint {
	var out []audit.Fingerprint
	for i := range m.in.Open {
		out = append(out, m.fingerprint(audit.SettlementMissingInNetwork, m.in.Open[i].PaymentID))
	}
	for i := range m.in.OpenLines {
		out = append(out, m.fingerprint(audit.SettlementMissingInLedger, keyOfUnknown(&line{SettlementLine: &m.in.OpenLines[i]})))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (m *matching) fingerprint(kind audit.Kind, key string, apart ...string) audit.Fingerprint {
	return audit.NewFingerprint(kind, m.law.Scope, key, append([]string{m.law.Feed}, apart...)...)
}
