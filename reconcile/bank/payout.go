package bank

import (
	"fmt"
	"slices"

	"parallax/internal/audit"
)

// judgePayouts reports the payouts that no entry of the bank shows.
func (m *matching) judgePayouts() {
	for _, p := range m.payouts {
		if p.fate != undecided {
			continue
		}
		f := m.payoutMissing(p)
		p.fate = broken
		if f.Status == audit.Expected {
			p.fate = inFlight
		}
		if m.inWindow(p) {
			m.out.Findings = append(m.out.Findings, f)
		}
	}
}

func (m *matching) payoutMissing(p *transfer) audit.Finding {
	status, verdict := m.lateness(wait{p.day, m.rules.ArriveBusinessDays, m.rules.MissingBusinessDays, m.in.EntriesThrough, m.in.EntriesIncomplete})
	f := m.finding(audit.SettlementPayoutMissing, p)
	f.Status, f.Severity, f.Verdict = status, severityOf(status, audit.High), verdict
	f.Amounts = moneyOf(p.Amount)
	f.Rule = fmt.Sprintf("a payout is in the bank's statements of its value date and %d business days more; missing after %d",
		m.rules.ArriveBusinessDays, max(m.rules.ArriveBusinessDays, m.rules.MissingBusinessDays))
	f.Reason = m.missingReason(p, status)
	f.Evidence = []audit.Evidence{
		m.evidence(p, "amount_minor", "paid out "+m.show(p.Amount)),
		{Source: "feed " + m.bank(), Ref: m.through(m.in.EntriesThrough), Field: "reference", Value: "absent", Note: "looked for " + searched(p)},
	}
	switch others := m.otherAmounts(p); {
	case p.again != nil:
		f.Status, f.Severity, f.Verdict = audit.Open, audit.High, audit.Proven
		f.Reason = fmt.Sprintf("%s lists payout %s of %s more than once; the bank moved the money once.", m.feed(), idOf(p), m.show(p.Amount))
		f.Evidence[1] = m.evidence(p.again, "reference", "the same payout, matched with the bank")
	case len(p.rivals) > 0:
		f.Verdict = audit.Undecidable
		f.Reason += " An entry of the bank has its amount, but whether it is this payout cannot be told."
		f.Evidence = append(f.Evidence, m.perhaps(p.rivals)...)
	case len(others) > 0:
		if f.Verdict == audit.Proven {
			f.Verdict = audit.Probable
		}
		f.Evidence = append(f.Evidence, m.perhaps(others)...)
	}
	return f
}

func (m *matching) missingReason(p *transfer, status audit.Status) string {
	what := fmt.Sprintf("%s paid out %s (payout %s)", m.feed(), m.show(p.Amount), idOf(p))
	if p.Amount.Minor < 0 {
		what = fmt.Sprintf("%s collects %s (payout %s)", m.feed(), m.show(positive(p.Amount)), idOf(p))
	}
	switch {
	case status == audit.Expected:
		return what + "; the bank's entry is still on its way."
	case status == audit.Overdue && p.day.IsZero():
		return what + ", without a date; no entry of the bank shows it."
	case status == audit.Overdue:
		return what + "; the bank's entry is later than agreed."
	case p.Amount.Minor < 0:
		return what + ", but no statement of the bank shows the debit."
	default:
		return what + ", but no statement of the bank shows the money."
	}
}

func searched(p *transfer) string {
	text := "amount, currency and value date " + p.day.Format("2006-01-02")
	if p.day.IsZero() {
		text = "its reference only: it has no date"
	}
	if p.Reference != "" {
		text += ", reference " + p.Reference
	}
	if p.Batch != "" && p.Batch != p.Reference {
		text += ", batch " + p.Batch
	}
	return text
}

// perhaps names candidates. They are suggestions: nothing is used up.
func (m *matching) perhaps(candidates []*transfer) []audit.Evidence {
	out := make([]audit.Evidence, 0, len(candidates))
	for _, t := range candidates {
		out = append(out, m.evidence(t, "amount_minor", "perhaps: "+m.show(t.Amount)))
	}
	return out
}

// judgeEntries reports the bank entries that are the acquirer's and no payout explains, and leaves out the others.
func (m *matching) judgeEntries() {
	for _, e := range m.entries {
		if e.fate != undecided {
			continue
		}
		if e.again == nil && !m.plainlyOurs(e) {
			e.fate = excluded
			if m.inWindow(e) {
				m.counts["bank entries of others"]++
			}
			continue
		}
		f := m.payoutUnknown(e)
		e.fate = broken
		if f.Status == audit.Expected {
			e.fate = inFlight
		}
		if m.inWindow(e) {
			m.out.Findings = append(m.out.Findings, f)
		}
	}
}

func (m *matching) payoutUnknown(e *transfer) audit.Finding {
	status, verdict := m.lateness(wait{e.day, m.rules.ArriveBusinessDays, m.rules.MissingBusinessDays, m.in.LinesThrough, m.in.LinesIncomplete})
	f := m.finding(audit.SettlementPayoutUnknown, e)
	f.Status, f.Severity, f.Verdict = status, severityOf(status, audit.Medium), verdict
	f.Amounts = moneyOf(e.Amount)
	f.Rule = "a bank entry of the acquirer belongs to one of its payouts"
	f.Reason = fmt.Sprintf("The bank shows %s of %s, but no payout in the files of %s explains it.", m.show(e.Amount), m.feed(), m.feed())
	if status == audit.Expected {
		f.Reason = fmt.Sprintf("The bank shows %s of %s; the file that may explain it is still on its way.", m.show(e.Amount), m.feed())
	}
	f.Evidence = []audit.Evidence{
		m.evidence(e, "amount_minor", "booked "+m.show(e.Amount)),
		{Source: "feed " + m.feed(), Ref: m.through(m.in.LinesThrough), Field: "payout", Value: "absent"},
	}
	switch {
	case e.again != nil:
		f.Status, f.Severity, f.Verdict = audit.Open, audit.High, audit.Proven
		f.Rule = "the bank moves every payout once"
		f.Reason = fmt.Sprintf("The bank moved %s for payout %s once more: the payout is matched already.", m.show(e.Amount), idOf(e.again))
		f.Evidence[1] = m.evidence(e.again, "reference", "matched, "+m.show(e.again.Amount))
	case len(e.rivals) > 0:
		f.Verdict = audit.Undecidable
		f.Reason = fmt.Sprintf("The bank shows %s of %s; several payouts or entries have this amount, and which belong together cannot be told.", m.show(e.Amount), m.feed())
		f.Evidence = append(f.Evidence, m.perhaps(e.rivals)...)
	}
	return f
}

// mismatch reports payouts that a reference ties to entries of another amount or currency.
func (m *matching) mismatch(payouts, entries []*transfer, by rule) {
	m.take(payouts, entries, broken)
	if !m.inWindow(payouts[0]) {
		return
	}
	f := m.finding(audit.SettlementPayoutMismatch, payouts[0])
	f.Severity, f.Verdict = audit.High, by.verdict
	f.Rule = "same payout by " + by.name + ", amounts equal to the minor unit"
	paid, credited := m.total(payouts), m.total(entries)
	f.Reason = fmt.Sprintf("Payout %s is %s, but the bank shows %s", idsOf(payouts), paid, credited)
	f.Amounts = slices.Concat(amountsOf(payouts), amountsOf(entries))
	if difference, word, fits := m.difference(payouts, entries); fits {
		f.Amounts = moneyOf(difference)
		f.Reason += ": " + m.show(difference) + " " + word
	}
	if charges := m.chargesOf(entries); charges != "" {
		f.Reason += "; it kept charges of " + charges + ", which is not the difference"
	}
	f.Reason += "."
	for _, t := range slices.Concat(payouts, entries) {
		if len(f.Evidence) == maxEvidence {
			break
		}
		f.Evidence = append(f.Evidence, m.evidence(t, "amount_minor", m.show(t.Amount)))
	}
	if m.in.EntriesIncomplete || m.in.LinesIncomplete {
		f.Verdict = audit.Undecidable
		f.Reason += " Part of the files could not be read."
	}
	m.out.Findings = append(m.out.Findings, f)
}
