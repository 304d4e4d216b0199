package reconcile

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"parallax/internal/audit"
	"parallax/internal/money"
	"parallax/internal/record"
)

// netCheck is the name of the check that a line's net amount is its gross less its fees.
const netCheck = "net"

// maxExamples bounds how many lines a finding about fees shows.
const maxExamples = 10

// variance gathers what one rule found wrong in one currency on one business date. Fees are disputed by rule and period,
// not by line, and a wrong tariff is wrong for every line: so a day makes one finding, which stays the same one however many
// lines of the day there are.
type variance struct {
	rule, currency, date string

	count            int64
	expected, actual *sum
	examples         []audit.Evidence
}

type varianceKey struct{ date, rule, currency string }

// judgeFees holds the fees of all lines against the tariff whose business date's files were due in the window: a run that
// came earlier would not have seen them. It needs no payment, but for rules that ask for one's category or brand.
func (m *matching) judgeFees() {
	if len(m.law.tariff) == 0 && m.law.NetUnchecked {
		return
	}
	found, ours := map[varianceKey]*variance{}, dueDates{}
	for _, l := range m.lines {
		if len(m.law.tariff) == 0 && l.Net.Currency == "" || !earns(l) {
			continue
		}
		if date := feeDate(l); date != "" && !ours.holds(m, date) {
			continue
		}
		m.judgeTariff(l, found)
		m.judgeNet(l, found)
	}
	for _, key := range slices.SortedFunc(maps.Keys(found), func(a, b varianceKey) int {
		return cmp.Or(cmp.Compare(a.date, b.date), cmp.Compare(a.rule, b.rule), cmp.Compare(a.currency, b.currency))
	}) {
		m.report(m.feeVariance(found[key]), true)
	}
}

// feeDate is the day a fee belongs to: the file's, else the transaction's.
func feeDate(l *line) string {
	if l.BusinessDate == "" && !l.TransactionAt.IsZero() {
		return l.TransactionAt.UTC().Format(time.DateOnly)
	}
	return l.BusinessDate
}

// earns reports whether a line moves a merchant's money with a fee of its own.
func earns(l *line) bool {
	switch l.Type {
	case record.Fee, record.Payout, record.BankCredit, record.BankDebit:
		return false
	default:
		return true
	}
}

// judgeTariff holds every fee of a line against the first rule for it.
func (m *matching) judgeTariff(l *line, found map[varianceKey]*variance) {
	done := map[record.FeeKind]bool{}
	for i := range m.law.tariff {
		t := &m.law.tariff[i]
		if done[t.Kind] {
			continue
		}
		gross, actual, known := feeOf(l, t.Kind)
		yes, sure := t.prices(l, gross.Currency)
		if sure && !yes {
			continue
		}
		done[t.Kind] = true
		expected, fits := t.fee(gross)
		if !sure || !known || !fits {
			m.unpriced++
			continue
		}
		if l.Reversal {
			expected = -expected
		}
		off := new(sum)
		off.add(actual)
		off.sub(expected)
		if difference, fits := off.minor(); !fits || max(difference, -difference) > t.Tolerance {
			m.vary(found, l, t.Name, money.Amount{Minor: expected, Currency: gross.Currency}, actual)
		}
	}
}

// feeOf is a line's gross amount in the currency of its fees, and the fee of a kind; false where the line does not say.
func feeOf(l *line, kind record.FeeKind) (gross money.Amount, actual int64, known bool) {
	currency := l.Fee.Currency
	if currency == "" && len(l.Fees) > 0 {
		currency = l.Fees[0].Amount.Currency
	}
	gross, known = grossIn(l, currency)
	if kind == "" {
		return gross, l.Fee.Minor, known && l.Fee.Currency != ""
	}
	total := money.Amount{Currency: currency}
	for _, f := range l.Fees {
		if f.Kind != kind {
			continue
		}
		var err error
		if total, err = total.Add(f.Amount); err != nil {
			return gross, 0, false
		}
	}
	return gross, total.Minor, known && len(l.Fees) > 0
}

// grossIn is what a line comes to before its fees, in one currency.
func grossIn(l *line, currency string) (money.Amount, bool) {
	for _, a := range []money.Amount{l.Settlement, l.Amount} {
		if a.Currency == currency && currency != "" {
			return a, true
		}
	}
	return money.Amount{Currency: currency}, false
}

// judgeNet checks a line's own arithmetic, where it says all three figures in one currency.
func (m *matching) judgeNet(l *line, found map[varianceKey]*variance) {
	gross, known := grossIn(l, l.Net.Currency)
	if m.law.NetUnchecked || !known || l.Fee.Currency != l.Net.Currency {
		return
	}
	net := new(sum)
	net.add(gross.Minor)
	net.sub(l.Fee.Minor)
	if expected, fits := net.minor(); fits && expected != l.Net.Minor {
		m.vary(found, l, netCheck, money.Amount{Minor: expected, Currency: l.Net.Currency}, l.Net.Minor)
	}
}

func (m *matching) vary(found map[varianceKey]*variance, l *line, rule string, expected money.Amount, actual int64) {
	key := varianceKey{feeDate(l), rule, expected.Currency}
	v := found[key]
	if v == nil {
		v = &variance{rule: rule, currency: expected.Currency, date: key.date, expected: new(sum), actual: new(sum)}
		found[key] = v
	}
	v.count++
	v.expected.add(expected.Minor)
	v.actual.add(actual)
	if len(v.examples) < maxExamples {
		v.examples = append(v.examples, m.lineEvidence(l, "fee", m.show(money.Amount{Minor: actual, Currency: expected.Currency}),
			fmt.Sprintf("expected %s for %s of %s, reference %s", m.show(expected), typeName(l), m.show(l.Amount), l.Reference)))
	}
}

func (m *matching) feeVariance(v *variance) audit.Finding {
	key := fmt.Sprintf("%s %s %s %s", m.feed(), cmp.Or(v.date, "undated"), v.rule, v.currency)
	f := m.finding(audit.SettlementFeeVariance, key, audit.Medium, audit.Proven, lineTime(time.Time{}, v.date))
	if due, dated := m.filesDue(v.date); dated {
		f.Shown = instant(due)
	}
	off := new(sum)
	off.n.Sub(&v.actual.n, &v.expected.n)
	if minor, fits := off.minor(); fits {
		f.Amounts = moneyOf(money.Amount{Minor: minor, Currency: v.currency})
	}
	what := fmt.Sprintf("the fees of rule %q", v.rule)
	f.Rule = "a fee is what the agreed tariff gives"
	if v.rule == netCheck {
		what, f.Rule = "the net amounts", "a net amount is the gross amount less the fees"
	}
	f.Reason = fmt.Sprintf("On %s, %s of %s of %s come to %s where %s were expected: a difference of %s.", cmp.Or(v.date, "no stated date"), what,
		countOf(v.count, "line"), m.feed(), m.showSum(v.actual, v.currency), m.showSum(v.expected, v.currency), m.showSum(off, v.currency))
	f.Evidence = append([]audit.Evidence{{
		Source: "feed " + m.feed(), Ref: "business date " + cmp.Or(v.date, "none"), Field: "lines", Value: fmt.Sprint(v.count), Note: "that differ by this rule",
	}}, v.examples...)
	if more := v.count - int64(len(v.examples)); more > 0 {
		f.Evidence = append(f.Evidence, notListed(int(more), "lines"))
	}
	return f
}

func countOf(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
