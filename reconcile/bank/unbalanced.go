package bank

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"parallax/internal/audit"
)

// unpaid is a batch without a payout yet.
func (m *matching) unpaid(f footing) {
	last := dayOf(f.parts[len(f.parts)-1].line)
	status, verdict := m.lateness(wait{last, m.rules.PayBusinessDays, m.rules.UnpaidBusinessDays, m.in.LinesThrough, m.in.LinesIncomplete})
	f.fates[f.currency] = broken
	if status == audit.Expected {
		f.fates[f.currency] = inFlight
	}
	if !m.holds(f.day) {
		return
	}
	out := m.batchFinding(f)
	out.Status, out.Severity, out.Verdict = status, severityOf(status, audit.High), verdict
	out.Rule = fmt.Sprintf("a batch is paid out within %d business days of its last line; unpaid after %d",
		m.rules.PayBusinessDays, max(m.rules.PayBusinessDays, m.rules.UnpaidBusinessDays))
	out.Reason = fmt.Sprintf("The lines of batch %s come to %s", f.id, m.showSum(&f.lines, f.currency))
	switch {
	case f.returned:
		out.Reason += "; its payout came back and was not made again."
	case status == audit.Expected:
		out.Reason += "; its payout is still to come."
	case status == audit.Overdue:
		out.Reason += "; its payout is later than agreed."
	default:
		out.Reason += ", and it was never paid out."
	}
	m.out.Findings = append(m.out.Findings, out)
}

func (m *matching) unbalanced(f footing) {
	f.fates[f.currency] = broken
	if !m.holds(f.day) {
		return
	}
	out := m.batchFinding(f)
	out.Severity, out.Verdict = audit.High, audit.Proven
	out.Rule = "the lines of a batch add up to its payout, to the minor unit"
	gap := f.paid.less(&f.lines)
	word := "more"
	if gap.sign() < 0 {
		gap, word = f.lines.less(&f.paid), "less"
	}
	out.Amounts = m.sumMoney(gap, f.currency)
	out.Reason = fmt.Sprintf("The lines of batch %s come to %s, but %s was paid out: %s %s.",
		f.id, m.showSum(&f.lines, f.currency), m.showSum(&f.paid, f.currency), m.showSum(gap, f.currency), word)
	if f.rows == 0 {
		out.Verdict = audit.Probable
		out.Reason = fmt.Sprintf("The lines of batch %s come to %s, but it was paid out in another currency and the file does not say from how much.",
			f.id, m.showSum(&f.lines, f.currency))
	}
	if m.in.LinesIncomplete {
		out.Verdict = audit.Undecidable
		out.Reason += " Part of the files could not be read."
	}
	m.out.Findings = append(m.out.Findings, out)
}

func (m *matching) batchFinding(f footing) audit.Finding {
	out := audit.Finding{
		Fingerprint: audit.NewFingerprint(audit.SettlementBatchUnbalanced, m.rules.Scope, f.id, m.rules.Feed, f.currency),
		Kind:        audit.SettlementBatchUnbalanced, Status: audit.Open, Scope: m.rules.Scope, Key: f.id, Window: m.in.Window,
		Amounts: m.sumMoney(&f.lines, f.currency),
	}
	if !f.day.IsZero() {
		out.Window = audit.At(f.day)
	}
	basis := strings.Join(slices.Sorted(maps.Keys(f.byBasis)), ", ")
	out.Evidence = append(out.Evidence, audit.Evidence{
		Source: "feed " + m.feed(), Ref: "batch " + f.id, At: f.day, Field: "expected_minor", Value: f.lines.String(), Note: "the lines by their " + cmp.Or(basis, "amounts, of which there are none"),
	}, audit.Evidence{
		Source: "feed " + m.feed(), Ref: "batch " + f.id, At: f.day, Field: "actual_minor", Value: f.paid.String(), Note: counted(f.rows, "payout"),
	})
	for _, kind := range slices.Sorted(maps.Keys(f.byType)) {
		out.Evidence = append(out.Evidence, audit.Evidence{
			Source: "feed " + m.feed(), Ref: "batch " + f.id, Field: kind, Value: f.byType[kind].String(), Note: counted(f.counts[kind], "line"),
		})
	}
	for i, p := range f.payouts {
		if i == maxRivals {
			break
		}
		out.Evidence = append(out.Evidence, m.evidence(&transfer{SettlementLine: p, day: dayOf(p)}, "amount_minor", "paid out "+m.show(p.Amount)))
	}
	return out
}
