package reconcile

import (
	"fmt"
	"strings"

	"parallax/internal/audit"
	"parallax/internal/money"
	"parallax/internal/record"
)

// balance explains what is left of a payment where more than one kind of line has moved it: settled, less what was refunded
// and charged back, and what came back to the merchant again. It is empty where there is nothing to explain, or where a
// figure does not fit 64 bits.
func (m *matching) balance(p *payment, lines []*line) string {
	if !strings.Contains(typesOf(lines), "+") {
		return ""
	}
	left := m.settled(p)
	var text strings.Builder
	text.WriteString(" Settled " + m.showSum(left, p.Amount.Currency))
	totals := map[string]*sum{}
	var names []string
	for _, l := range lines {
		name := went(l)
		if totals[name] == nil {
			totals[name] = new(sum)
			names = append(names, name)
		}
		totals[name].add(l.Amount.Minor)
		left.add(l.Amount.Minor)
	}
	for _, name := range names {
		text.WriteString(", " + name + " " + m.showSum(totals[name], p.Amount.Currency))
	}
	return text.String() + ": " + m.showSum(left, p.Amount.Currency) + " is left."
}

// went says in one word what a line did to the money of its payment.
func went(l *line) string {
	words := map[record.LineType]string{record.Refund: "refunded", record.Chargeback: "charged back", record.Representment: "represented"}
	if word, known := words[l.Type]; known && !l.Reversal {
		return word
	}
	return typeName(l)
}

// showSum shows a sum as an amount, or as bare minor units where 64 bits do not hold it.
func (m *matching) showSum(s *sum, currency string) string {
	if minor, fits := s.minor(); fits {
		return m.show(money.Amount{Minor: minor, Currency: currency})
	}
	return strings.TrimSpace(currency+" "+s.String()) + " minor units"
}

// backWithUs: the ledger counts the money as given back, but it has come again.
func (m *matching) backWithUs(p *payment, lines []*line) audit.Finding {
	f := m.back(audit.SettlementStatusMismatch, p, lines, audit.Medium)
	f.Amounts = moneyOf(p.Amount)
	f.Rule = "a payment whose money came back to us is not given back in the ledger"
	f.Reason = fmt.Sprintf("Payment %s is %q in the ledger, but %s has given us back what went to the customer (%s).", p.PaymentID, p.Status, m.feed(), typesOf(lines))
	f.Reason += m.balance(p, lines)
	return m.unsure(f)
}
