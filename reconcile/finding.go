package reconcile

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"parallax/internal/audit"
	"parallax/internal/money"
	"parallax/internal/record"
)

// instant is the time of a finding's window: microseconds, the resolution of the store.
func instant(t time.Time) time.Time { return audit.At(t).From }

// finding starts a finding. Its window is the moment of the payment or line it is about.
func (m *matching) finding(kind audit.Kind, key string, severity audit.Severity, verdict audit.Verdict, at time.Time) audit.Finding {
	f := audit.Finding{
		Fingerprint: m.fingerprint(kind, key),
		Kind:        kind, Severity: severity, Verdict: verdict, Status: audit.Open,
		Scope: m.law.Scope, Key: key,
	}
	if !at.IsZero() {
		f.Window = audit.At(at)
	}
	return f
}

// keyOf is the business key of a finding about a payment and its line.
func keyOf(p *payment) string {
	if p.NetworkReference != "" {
		return p.NetworkReference
	}
	return p.PaymentID
}

// keyOfUnknown is the business key of a line without a payment.
func keyOfUnknown(l *line) string { return KeyOfLine(*l.SettlementLine) }

// KeyOfLine is the business key of a finding about a line that no payment explains: what it says of the payment, else the
// safest of its own references, else its place.
func KeyOfLine(l record.SettlementLine) string {
	for _, key := range []string{l.Original, l.Reference, l.PaymentID, l.ARN, l.RRN} {
		if key != "" {
			return key
		}
	}
	return l.File + ":" + strconv.FormatInt(l.Record, 10)
}

func (m *matching) amountMismatch(p *payment) audit.Finding {
	f := m.finding(audit.SettlementAmountMismatch, keyOf(p), audit.High, p.tier.verdict, p.CreatedAt)
	f.Region = p.OwnerRegion
	ours, lines := p.Amount, p.lines()
	total := new(sum)
	for _, l := range lines {
		total.add(l.Amount.Minor)
	}
	f.Rule = "same transaction by " + p.tier.Name + ", amounts equal to the minor unit"
	if t := m.law.Tolerances[ours.Currency]; t > 0 {
		f.Rule = fmt.Sprintf("same transaction by %s, amounts equal within the tolerance of %s", p.tier.Name, m.show(money.Amount{Minor: t, Currency: ours.Currency}))
	}
	f.Reason = fmt.Sprintf("Payment %s %s, but %s settled %s%s.", p.PaymentID, m.booked(p), m.feed(), m.showSum(total, ours.Currency), inParts(lines))
	f.Amounts = append(moneyOf(ours), sumLines(lines)...)
	if minor, fits := total.minor(); fits {
		if difference, word, fits := distance(ours, money.Amount{Minor: minor, Currency: ours.Currency}); fits {
			f.Amounts = moneyOf(difference)
			f.Reason = strings.TrimSuffix(f.Reason, ".") + fmt.Sprintf(": %s %s.", m.show(difference), word)
		}
	}
	f.Evidence = []audit.Evidence{m.entryEvidence(p, "amount_minor", strconv.FormatInt(ours.Minor, 10), "charged")}
	f.Evidence = append(f.Evidence, m.linesEvidence(lines, func(_ int, l *line) audit.Evidence {
		return m.lineEvidence(l, "amount_minor", strconv.FormatInt(l.Amount.Minor, 10), "settled"+partOf(l))
	})...)
	return f
}

// booked says what the ledger says of a payment.
func (m *matching) booked(p *payment) string {
	if p.Amount.Minor < 0 {
		return "gives money back with " + m.show(p.Amount)
	}
	return "was charged with " + m.show(p.Amount)
}

func inParts(lines []*line) string {
	if len(lines) < 2 {
		return ""
	}
	return fmt.Sprintf(" in %d parts", len(lines))
}

func partOf(l *line) string {
	switch {
	case l.Part == 0:
		return ""
	case l.Parts == 0:
		return fmt.Sprintf(", part %d", l.Part)
	default:
		return fmt.Sprintf(", part %d of %d", l.Part, l.Parts)
	}
}

// distance is how much more or less was settled; fits is false where that is more than 64 bits hold.
func distance(ours, theirs money.Amount) (difference money.Amount, word string, fits bool) {
	word = "more"
	if theirs.Minor < ours.Minor {
		ours, theirs, word = theirs, ours, "less"
	}
	negative, err := ours.Neg()
	if err == nil {
		difference, err = theirs.Add(negative)
	}
	return difference, word, err == nil
}

func (m *matching) currencyMismatch(p *payment) audit.Finding {
	f := m.finding(audit.SettlementCurrencyMismatch, keyOf(p), audit.High, p.tier.verdict, p.CreatedAt)
	f.Region = p.OwnerRegion
	f.Amounts = moneyOf(p.Amount)
	f.Rule = "same transaction by " + p.tier.Name + ", currencies equal"
	f.Reason = fmt.Sprintf("Payment %s was charged with %s, but %s settled %s: the currencies differ.", p.PaymentID, m.show(p.Amount), m.feed(), m.show(p.line.Amount))
	f.Evidence = []audit.Evidence{
		m.entryEvidence(p, "currency", p.Amount.Currency, "charged "+m.show(p.Amount)),
		m.lineEvidence(p.line, "currency", p.line.Amount.Currency, "settled "+m.show(p.line.Amount)),
	}
	return f
}

func (m *matching) statusMismatch(p *payment) audit.Finding {
	severity := audit.Critical
	if p.class == inProgress {
		severity = audit.High
	}
	f := m.finding(audit.SettlementStatusMismatch, keyOf(p), severity, p.tier.verdict, p.CreatedAt)
	f.Region = p.OwnerRegion
	f.Amounts = moneyOf(p.line.Amount)
	f.Rule = "a payment the network settled is charged in the ledger"
	f.Reason = fmt.Sprintf("Payment %s is %q in the ledger, but %s charged the customer %s.", p.PaymentID, p.Status, m.feed(), m.show(p.line.Amount))
	f.Evidence = []audit.Evidence{
		m.entryEvidence(p, "status", p.Status, "the ledger, "+m.show(p.Amount)),
		m.lineEvidence(p.line, "type", string(p.line.Type), "the network, "+m.show(p.line.Amount)),
	}
	return f
}

// duplicateInNetwork: lines are all copies, surplus those beyond the first.
func (m *matching) duplicateInNetwork(p *payment, lines, surplus []*line) audit.Finding {
	f := m.finding(audit.SettlementDuplicateInNetwork, keyOf(p), audit.Critical, audit.Proven, p.CreatedAt)
	if t := lines[0].Type; t != record.Presentment {
		f.Fingerprint = m.fingerprint(f.Kind, f.Key, string(t))
	} else {
		f.Verdict = sureOf(p)
	}
	f.Region = p.OwnerRegion
	f.Amounts = sumLines(surplus)
	f.Rule = "one " + string(lines[0].Type) + " for each reference"
	f.Reason = fmt.Sprintf("%s settled the %s of payment %s %d times.", m.feed(), lines[0].Type, p.PaymentID, len(lines))
	f.Evidence = []audit.Evidence{m.entryEvidence(p, "payment_id", p.PaymentID, "in the ledger once, "+m.show(p.Amount))}
	f.Evidence = append(f.Evidence, m.linesEvidence(lines, func(i int, l *line) audit.Evidence {
		return m.lineEvidence(l, "reference", l.Reference, fmt.Sprintf("number %d, %s", i+1, m.show(l.Amount)))
	})...)
	return f
}

func (m *matching) duplicateInLedger(p *payment) audit.Finding {
	twins := p.more.twins
	last := twins[len(twins)-1]
	f := m.finding(audit.SettlementDuplicateInLedger, keyOf(p), audit.High, p.tier.verdict, last.CreatedAt)
	f.Region = last.OwnerRegion
	for _, twin := range twins {
		f.Amounts = sumMoney(append(f.Amounts, moneyOf(twin.Amount)...))
	}
	f.Rule = "one payment for each reference the network settled once"
	f.Reason = fmt.Sprintf("%d payments in the ledger carry one reference, and %s settled it only once.", len(twins)+1, m.feed())
	f.Evidence = []audit.Evidence{
		m.lineEvidence(p.line, "reference", p.line.Reference, "settled once, "+m.show(p.line.Amount)),
		m.entryEvidence(p, "payment_id", p.PaymentID, "taken as settled by it, "+m.show(p.Amount)),
	}
	for i, twin := range twins {
		if i == maxEvidence {
			f.Evidence = append(f.Evidence, notListed(len(twins)-i, "payments"))
			break
		}
		f.Evidence = append(f.Evidence, m.entryEvidence(twin, "payment_id", twin.PaymentID, "the same reference again, "+m.show(twin.Amount)))
	}
	return f
}

func (m *matching) feed() string {
	if m.law.Feed == "" {
		return "the network"
	}
	return m.law.Feed
}

func (m *matching) show(a money.Amount) string {
	if m.law.Exponent == nil {
		return strings.TrimSpace(a.Currency+" "+strconv.FormatInt(a.Minor, 10)) + " minor units"
	}
	return a.Format(m.law.Exponent(a.Currency))
}
