package reconcile

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"parallax/internal/audit"
	"parallax/internal/money"
)

// FX says how conversions are checked. The original currency always matches exactly; only the converted leg has a
// tolerance. It counts beside what the rate itself leaves open: a rate of 1.08 may be 1.075 or 1.085.
type FX struct {
	Check       bool  // a line's settlement amount is its amount at the line's own rate
	Minor       int64 // tolerance in minor units of the settlement currency
	BasisPoints int64 // or in hundredths of a percent of the settlement amount: whichever is larger

	Reference            []ReferenceRate // rates to hold the lines against, by date; none: only the line's own rate counts
	ReferenceBasisPoints int64           // tolerance of that
}

// ReferenceRate is what one unit of From was worth in To on a day. It also speaks for the week after it, where no newer one
// is there.
type ReferenceRate struct {
	From, To string // ISO 4217 letters
	Date     string // YYYY-MM-DD
	Rate     string // a decimal number
}

type fxLaw struct {
	FX

	exponent  func(string) int
	reference map[[2]string][]dated // ascending
}

type dated struct {
	day  time.Time
	rate *big.Rat
}

func (f FX) compile(exponent func(string) int) (fxLaw, error) {
	out := fxLaw{FX: f, exponent: exponent, reference: map[[2]string][]dated{}}
	switch {
	case (f.Check || len(f.Reference) > 0) && exponent == nil:
		return out, errors.New("conversions cannot be checked without the decimals of currencies")
	case f.Minor < 0 || f.BasisPoints < 0 || f.ReferenceBasisPoints < 0:
		return out, errors.New("a tolerance is negative")
	}
	for i, r := range f.Reference {
		day, err := time.Parse(time.DateOnly, r.Date)
		if err != nil {
			return out, fmt.Errorf("reference rate %d: date %q is not of the form 2026-11-18", i+1, r.Date)
		}
		rate, _, ok := decimal(r.Rate)
		if !ok || rate.Sign() <= 0 {
			return out, fmt.Errorf("reference rate %d: rate %q is not a positive decimal number", i+1, r.Rate)
		}
		pair := [2]string{r.From, r.To}
		out.reference[pair] = append(out.reference[pair], dated{day, rate})
	}
	for _, rates := range out.reference {
		slices.SortStableFunc(rates, func(a, b dated) int { return a.day.Compare(b.day) })
	}
	return out, nil
}

// maxRate bounds the text of a rate: no bank states more digits.
const maxRate = 40

// decimal reads a plain decimal number, and half of what its last digit is worth: the number may have been rounded by as much.
func decimal(text string) (value, half *big.Rat, ok bool) {
	digits, fraction, _ := strings.Cut(strings.TrimPrefix(text, "-"), ".")
	if len(text) > maxRate || digits == "" || strings.Trim(digits+fraction, "0123456789") != "" || strings.HasSuffix(text, ".") {
		return nil, nil, false
	}
	value, ok = new(big.Rat).SetString(text)
	half = new(big.Rat).SetFrac(big.NewInt(1), new(big.Int).Mul(big.NewInt(2), power(len(fraction))))
	return value, half, ok
}

func power(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// at is the reference rate of a day.
func (f fxLaw) at(from, to string, day time.Time) (*big.Rat, bool) {
	rates := f.reference[[2]string{from, to}]
	for _, r := range slices.Backward(rates) {
		if age := day.Sub(r.day); age >= 0 {
			return r.rate, age <= 7*24*time.Hour
		}
	}
	return nil, false
}

// conversion is an amount at a rate, exactly, and how far a settlement may lie from it.
type conversion struct {
	expected  *big.Rat // minor units of the settlement currency
	tolerance *big.Rat
}

// convert computes amount x rate. half is by how much the rate may be off; nil where it is exact.
func (f fxLaw) convert(amount money.Amount, to string, rate, half *big.Rat, bps int64) conversion {
	shift := f.exponent(to) - f.exponent(amount.Currency)
	scale := new(big.Rat).SetFrac(power(max(shift, 0)), power(max(-shift, 0)))
	scale.Mul(scale, new(big.Rat).SetInt64(amount.Minor))
	c := conversion{expected: new(big.Rat).Mul(scale, rate)}
	c.tolerance = new(big.Rat).SetFrac64(max(2*min(f.Minor, 1<<60), 1), 2) // half a unit is rounding
	share := new(big.Rat).Mul(new(big.Rat).Abs(c.expected), new(big.Rat).SetFrac64(bps, 10_000))
	if share.Cmp(c.tolerance) > 0 {
		c.tolerance = share
	}
	if half != nil {
		c.tolerance.Add(c.tolerance, new(big.Rat).Abs(new(big.Rat).Mul(scale, half)))
	}
	return c
}

// fits reports whether a settlement is what the conversion gives.
func (c conversion) fits(settled int64) bool {
	off := new(big.Rat).Sub(new(big.Rat).SetInt64(settled), c.expected)
	return off.Abs(off).Cmp(c.tolerance) <= 0
}

// rounded is the expected amount in whole minor units, halves away from zero.
func (c conversion) rounded(currency string) (money.Amount, bool) {
	text := c.expected.FloatString(0)
	n, ok := new(big.Int).SetString(text, 10)
	if !ok || !n.IsInt64() {
		return money.Amount{}, false
	}
	return money.Amount{Minor: n.Int64(), Currency: currency}, true
}

// judgeFX checks the conversions of a payment that was settled as it was charged.
func (m *matching) judgeFX(p *payment) {
	if p.line.owner == p {
		for _, l := range p.lines() {
			m.judgeConversion(p, l)
		}
	}
}

func (m *matching) judgeConversion(p *payment, l *line) {
	off := !m.law.FX.Check && len(m.law.fx.reference) == 0
	if off || l.Settlement.Currency == "" || l.Settlement == l.Amount || !m.lineInScope(l) {
		return
	}
	checked := false
	rate, half, known := decimal(l.Rate)
	if l.Rate == "" && l.Settlement.Currency == l.Amount.Currency {
		rate, half, known = big.NewRat(1, 1), nil, true
	}
	if known && m.law.FX.Check {
		checked = true
		if c := m.law.fx.convert(l.Amount, l.Settlement.Currency, rate, half, m.law.FX.BasisPoints); !c.fits(l.Settlement.Minor) {
			m.report(m.fxVariance(p, l, c, "its own rate of "+ratio(l.Rate), sureOf(p)), true)
			return
		}
	}
	day, dated := m.lineDate(l)
	if reference, found := m.law.fx.at(l.Amount.Currency, l.Settlement.Currency, day); dated && found {
		checked = true
		if c := m.law.fx.convert(l.Amount, l.Settlement.Currency, reference, nil, m.law.FX.ReferenceBasisPoints); !c.fits(l.Settlement.Minor) {
			m.report(m.fxVariance(p, l, c, "the reference rate of "+ratio(reference.FloatString(6)), audit.Probable), true)
		}
	}
	if !checked {
		m.unrated++
	}
}

// sureOf is how sure it is that a line is of its payment.
func sureOf(p *payment) audit.Verdict {
	if p.tier == nil {
		return audit.Proven
	}
	return p.tier.verdict
}

func ratio(rate string) string {
	if rate == "" {
		return "1"
	}
	if strings.Contains(rate, ".") {
		rate = strings.TrimSuffix(strings.TrimRight(rate, "0"), ".")
	}
	return rate
}

// lineDate is the day a line was settled, business day or not.
func (m *matching) lineDate(l *line) (time.Time, bool) {
	if day, err := time.Parse(time.DateOnly, l.BusinessDate); err == nil {
		return day, true
	}
	return m.days.calendar.Day(l.TransactionAt), !l.TransactionAt.IsZero()
}

func (m *matching) fxVariance(p *payment, l *line, c conversion, by string, verdict audit.Verdict) audit.Finding {
	f := m.finding(audit.SettlementFXVariance, keyOf(p), audit.Medium, verdict, p.CreatedAt)
	if !settles(l) {
		f.Fingerprint = m.fingerprint(f.Kind, f.Key, typeName(l))
	}
	f.Region = p.OwnerRegion
	f.Rule = "the settlement amount is the transaction amount at the rate, within the tolerance"
	expected, what := "more than 64 bits hold", ""
	f.Amounts = moneyOf(l.Settlement)
	if e, ok := c.rounded(l.Settlement.Currency); ok {
		expected = m.show(e)
		if difference, word, fits := distance(e, l.Settlement); fits {
			f.Amounts, what = moneyOf(difference), fmt.Sprintf(": %s %s", m.show(difference), word)
		}
	}
	f.Reason = fmt.Sprintf("%s settled the %s of %s of payment %s with %s; at %s it is %s%s.",
		m.feed(), typeName(l), m.show(l.Amount), p.PaymentID, m.show(l.Settlement), by, expected, what)
	f.Evidence = []audit.Evidence{
		m.entryEvidence(p, "amount", m.show(p.Amount), "the transaction's own currency agrees"),
		m.lineEvidence(l, "settlement", m.show(l.Settlement), "expected "+expected+" at "+by),
	}
	return f
}
