package reconcile

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"parallax/internal/audit"
	"parallax/internal/money"
	"parallax/internal/record"
)

func (m *matching) missingInNetwork(p *payment) audit.Finding {
	status, verdict := m.lateness(p.CreatedAt)
	f := m.finding(audit.SettlementMissingInNetwork, p.PaymentID, severityOf(status), verdict, p.CreatedAt)
	f.Status, f.Region, f.Amounts = status, p.OwnerRegion, moneyOf(p.Amount)
	f.Rule = fmt.Sprintf("a charged payment is in the files of its business date and %d business days more; missing after %d",
		m.law.ExpectBusinessDays, max(m.law.ExpectBusinessDays, m.law.MissingBusinessDays))
	f.Reason = m.missingReason(p, status)
	if p.ambiguous {
		f.Verdict = audit.Undecidable
		f.Reason = fmt.Sprintf("Payment %s cannot be told apart from others with the same rrn and authorisation code, so whether %s settled it cannot be known.", p.PaymentID, m.feed())
	}
	f.Evidence = []audit.Evidence{
		m.entryEvidence(p, "status", p.Status, "charged "+m.show(p.Amount)),
		{Source: "feed " + m.feed(), Ref: m.through(), Field: "reference", Value: "absent", Note: "looked for " + searched(p)},
	}
	m.perhapsLines(&f, p)
	return f
}

func severityOf(status audit.Status) audit.Severity {
	return map[audit.Status]audit.Severity{audit.Expected: audit.Low, audit.Overdue: audit.Medium, audit.Open: audit.High}[status]
}

// missingRest is about a payment of which a part was settled, and the files announce more.
func (m *matching) missingRest(p *payment) audit.Finding {
	status, verdict := m.lateness(p.CreatedAt)
	if verdict == audit.Proven {
		verdict = p.tier.verdict
	}
	rest := money.Amount{Minor: p.Amount.Minor - p.brought, Currency: p.Amount.Currency}
	f := m.finding(audit.SettlementMissingInNetwork, p.PaymentID, severityOf(status), verdict, p.CreatedAt)
	f.Status, f.Region, f.Amounts = status, p.OwnerRegion, moneyOf(rest)
	f.Rule = "the parts of a payment add up to it"
	word := map[audit.Status]string{audit.Expected: "is still on its way", audit.Overdue: "is later than agreed", audit.Open: "has not come"}[status]
	f.Reason = fmt.Sprintf("Payment %s was charged with %s and %s settled a part of it; the rest of %s %s.", p.PaymentID, m.show(p.Amount), m.feed(), m.show(rest), word)
	f.Evidence = append([]audit.Evidence{m.entryEvidence(p, "amount_minor", strconv.FormatInt(p.Amount.Minor, 10), "charged "+m.show(p.Amount))},
		m.linesEvidence(p.lines(), func(_ int, l *line) audit.Evidence {
			return m.lineEvidence(l, "amount_minor", strconv.FormatInt(l.Amount.Minor, 10), "settled"+partOf(l))
		})...)
	f.Evidence = append(f.Evidence, audit.Evidence{Source: "feed " + m.feed(), Ref: m.through(), Field: "part", Value: "absent"})
	return f
}

func (m *matching) missingReason(p *payment, status audit.Status) string {
	what, then := "was charged", "the money has not come"
	if p.Amount.Minor < 0 {
		what, then = m.booked(p), "the money has not gone"
	}
	switch status {
	case audit.Expected:
		return fmt.Sprintf("Payment %s %s and its settlement by %s is still on its way.", p.PaymentID, what, m.feed())
	case audit.Overdue:
		return fmt.Sprintf("Payment %s %s, and its settlement by %s is later than agreed.", p.PaymentID, what, m.feed())
	}
	if m.in.AllFiles {
		return fmt.Sprintf("Payment %s %s, but no file that was given settles it: %s.", p.PaymentID, what, then)
	}
	return fmt.Sprintf("Payment %s %s, but no file of %s through business date %s settles it: %s.", p.PaymentID, what, m.feed(), m.in.FilesThrough, then)
}

func (m *matching) through() string {
	switch {
	case m.in.AllFiles:
		return "all files given"
	case m.in.FilesThrough == "":
		return "files through none"
	default:
		return "files through " + m.in.FilesThrough
	}
}

func searched(p *payment) string {
	text := "payment id " + p.PaymentID
	if p.NetworkReference != "" {
		text += ", reference " + p.NetworkReference
	}
	if arn := p.Extra["arn"]; arn != "" {
		text += ", arn " + arn
	}
	if rrnKey(p.RRN, p.AuthCode) != "" {
		text += ", rrn " + p.RRN + " with authorisation code " + p.AuthCode
	}
	return text
}

// missingInLedger is one finding for all lines under one key.
func (m *matching) missingInLedger(key string, lines []*line, lostRows, otherRows *lookup) audit.Finding {
	l := lines[0]
	f := m.finding(audit.SettlementMissingInLedger, key, audit.High, audit.Proven, lineTime(l.TransactionAt, l.BusinessDate))
	if !l.ours && l.late {
		f.Shown = m.shown(l)
	}
	f.Amounts = sumLines(stake(lines))
	f.Rule = "a line the network settled has a payment in the ledger"
	f.Reason = fmt.Sprintf("%s settled %s under reference %s, but the ledger has no such payment.", m.feed(), m.show(l.Amount), key)
	if l.Type != record.Presentment {
		f.Reason = fmt.Sprintf("%s settled a %s of %s under reference %s, but the ledger has no such payment.", m.feed(), typeName(l), m.show(l.Amount), key)
	}
	if m.in.EntriesIncomplete {
		f.Verdict = audit.Undecidable
		f.Reason = fmt.Sprintf("%s settled %s under reference %s; the part of the ledger that could be read has no such payment.", m.feed(), m.show(l.Amount), key)
	}
	f.Evidence = m.linesEvidence(lines, func(_ int, l *line) audit.Evidence {
		return m.lineEvidence(l, "reference", l.Reference, "settled "+m.show(l.Amount))
	})
	f.Evidence = append(f.Evidence, audit.Evidence{Source: "ledger " + m.law.Scope, Ref: "reference " + key, Field: "network_reference", Value: "absent"})
	lost := lostRows.find(l)
	switch other := otherRows.find(l); {
	case other != nil:
		f.Verdict, f.Region = audit.Undecidable, other.OwnerRegion
		f.Reason = fmt.Sprintf("%s settled %s for payment %s; the ledger has this payment under network %q.", m.feed(), m.show(l.Amount), other.PaymentID, other.Network)
		f.Evidence[len(f.Evidence)-1] = m.entryEvidence(other, "network", other.Network, "the ledger, "+m.show(other.Amount))
	case lost != nil:
		f.Region = lost.Region
		f.Reason = fmt.Sprintf("%s settled %s for payment %s, which only the old primary's ledger holds: the failover lost it.", m.feed(), m.show(l.Amount), lost.PaymentID)
		f.Evidence = append(f.Evidence, audit.Evidence{
			Source: "ledger " + m.law.Scope + " (snapshot)", Region: lost.Region, Ref: "row id " + lost.ID, At: lost.CreatedAt,
			Field: "payment_id", Value: lost.PaymentID, Note: "as the old primary holds it",
		})
	case slices.ContainsFunc(lines, func(l *line) bool { return l.ambiguous }):
		f.Verdict = audit.Undecidable
		f.Reason = fmt.Sprintf("%s settled %s under reference %s; its rrn and authorisation code fit several payments, so which one it settles cannot be known.", m.feed(), m.show(l.Amount), key)
	}
	m.perhapsPayments(&f, lines)
	return f
}

// stake picks the lines that say what an unknown reference is worth: what was charged, else all there is.
func stake(lines []*line) []*line {
	var charges []*line
	for _, l := range lines {
		if l.Type == record.Presentment {
			charges = append(charges, l)
		}
	}
	if len(charges) == 0 {
		return lines
	}
	return charges
}

// linesEvidence lists the lines, as many as are shown of one finding.
func (m *matching) linesEvidence(lines []*line, of func(int, *line) audit.Evidence) []audit.Evidence {
	var out []audit.Evidence
	for i, l := range lines {
		if i == maxEvidence {
			return append(out, notListed(len(lines)-i, "lines"))
		}
		out = append(out, of(i, l))
	}
	return out
}

// notListed says by how much a list is cut short.
func notListed(n int, what string) audit.Evidence {
	return audit.Evidence{Source: "this run", Field: "not listed", Value: strconv.Itoa(n), Note: "further " + what + " are counted in the amounts and not listed"}
}

func (m *matching) entryEvidence(p *payment, field, value, note string) audit.Evidence {
	ref := "payment id " + p.PaymentID
	if p.ID != "" {
		ref = "row id " + p.ID
	}
	return audit.Evidence{Source: "ledger " + m.law.Scope, Region: p.Region, Ref: ref, At: p.CreatedAt, Field: field, Value: value, Note: note}
}

func (m *matching) lineEvidence(l *line, field, value, note string) audit.Evidence {
	return audit.Evidence{
		Source: "file " + l.File, Ref: "record " + strconv.FormatInt(l.Record, 10), At: l.TransactionAt, Field: field, Value: value, Note: note,
	}
}

func moneyOf(a money.Amount) []audit.Money {
	return []audit.Money{amountOf(a)}
}

func sumLines(lines []*line) []audit.Money {
	var sums []audit.Money
	for _, l := range lines {
		sums = addMoney(sums, amountOf(l.Amount))
	}
	return inOrder(sums)
}

// sumMoney adds amounts up by currency, in the order of the currencies.
func sumMoney(amounts []audit.Money) []audit.Money {
	var out []audit.Money
	for _, a := range amounts {
		out = addMoney(out, a)
	}
	return inOrder(out)
}

// addMoney adds an amount to the sum of its currency. A sum that does not fit starts another item of the same currency, so
// that no money is hidden.
func addMoney(sums []audit.Money, a audit.Money) []audit.Money {
	i := slices.IndexFunc(sums, func(m audit.Money) bool {
		_, err := money.Amount(m).Add(money.Amount(a))
		return err == nil
	})
	if i < 0 {
		return append(sums, a)
	}
	sums[i].Minor += a.Minor
	return sums
}

func inOrder(sums []audit.Money) []audit.Money {
	slices.SortStableFunc(sums, func(a, b audit.Money) int { return cmp.Compare(a.Currency, b.Currency) })
	return sums
}
