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
	parts := []struct {
		name  string
		types []record.LineType
		total *sum
	}{
		{"refunded", []record.LineType{record.Refund}, new(sum)},
		{"charged back", []record.LineType{record.Chargeback}, new(sum)},
		{"represented", []record.LineType{record.Representment}, new(sum)},
		{"otherwise", nil, new(sum)},
	}
	var text strings.Builder
	text.WriteString(" Settled " + m.showSum(left, p.Amount.Currency))
	for _, l := range lines {
		at := len(parts) - 1
		for i, part := range parts {
			for _, t := range part.types {
				if t == l.Type {
					at = i
				}
			}
		}
		parts[at].total.add(l.Amount.Minor)
		left.add(l.Amount.Minor)
	}
	for _, part := range parts {
		if part.total.sign() != 0 {
			text.WriteString(", " + part.name + " " + m.showSum(part.total, p.Amount.Currency))
		}
	}
	return text.String() + ": " + m.showSum(left, p.Amount.Currency) + " is left."
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
