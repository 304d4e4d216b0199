// Package money counts in minor units of one currency: never in floats, never across currencies.
// It imports the standard library only; the exponents of currencies come from the caller.
package money

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strings"
)

// Errors a caller may branch on.
var (
	ErrOverflow = errors.New("amount overflows 64 bits of minor units")
	ErrCurrency = errors.New("amounts are in different currencies")
)

// Amount is a sum of money: 1250 EUR minor units are EUR 12.50.
type Amount struct {
	Minor    int64
	Currency string // ISO 4217 letters, for example "EUR"
}

// Add sums two amounts of one currency.
func (a Amount) Add(b Amount) (Amount, error) {
	if a.Currency != b.Currency {
		return Amount{}, fmt.Errorf("add %s to %s: %w", b.Currency, a.Currency, ErrCurrency)
	}
	if (b.Minor > 0 && a.Minor > math.MaxInt64-b.Minor) || (b.Minor < 0 && a.Minor < math.MinInt64-b.Minor) {
		return Amount{}, fmt.Errorf("add %d to %d %s: %w", b.Minor, a.Minor, a.Currency, ErrOverflow)
	}
	return Amount{Minor: a.Minor + b.Minor, Currency: a.Currency}, nil
}

// Neg turns a charge into a refund. The most negative amount has no counterpart and is an error.
func (a Amount) Neg() (Amount, error) {
	if a.Minor == math.MinInt64 {
		return Amount{}, fmt.Errorf("negate %d %s: %w", a.Minor, a.Currency, ErrOverflow)
	}
	return Amount{Minor: -a.Minor, Currency: a.Currency}, nil
}

// Parse reads a plain decimal such as "-12.50" into minor units with exponent digits after the point.
// Fewer decimals than the exponent are filled with zeros; more are an error unless they are zeros, for
// dropping them would change the sum. Signs, digits and one point are all it accepts.
func Parse(text, currency string, exponent int) (Amount, error) {
	digits, negative := strings.CutPrefix(text, "-")
	if !negative {
		digits = strings.TrimPrefix(digits, "+")
	}
	whole, frac, pointed := strings.Cut(digits, ".")
	if whole == "" || (pointed && frac == "") {
		return Amount{}, fmt.Errorf("amount %q is not a decimal number", text)
	}
	for len(frac) > exponent && frac[len(frac)-1] == '0' {
		frac = frac[:len(frac)-1]
	}
	if len(frac) > exponent {
		return Amount{}, fmt.Errorf("amount %q has %d decimals, %s has %d", text, len(frac), currency, exponent)
	}
	minor, err := parseDigits(whole + frac + strings.Repeat("0", exponent-len(frac)))
	if err != nil {
		return Amount{}, fmt.Errorf("amount %q: %w", text, err)
	}
	if negative {
		minor = -minor
	}
	return Amount{Minor: minor, Currency: currency}, nil
}

func parseDigits(digits string) (int64, error) {
	var n uint64
	for i := range len(digits) {
		c := digits[i]
		if c < '0' || c > '9' {
			return 0, errors.New("not a decimal number")
		}
		hi, lo := bits.Mul64(n, 10)
		sum, carry := bits.Add64(lo, uint64(c-'0'), 0)
		if hi != 0 || carry != 0 || sum > math.MaxInt64 {
			return 0, ErrOverflow
		}
		n = sum
	}
	return int64(n), nil //nolint:gosec // bounded by MaxInt64 above
}

// Format shows the amount with exponent digits after the point and thousands set off: "EUR 1,204.10".
func (a Amount) Format(exponent int) string {
	sign, n := "", uint64(a.Minor) //nolint:gosec // two's complement is what the next line undoes
	if a.Minor < 0 {
		sign, n = "-", -n
	}
	digits := fmt.Sprintf("%0*d", exponent+1, n)
	whole, frac := digits[:len(digits)-exponent], digits[len(digits)-exponent:]
	var out strings.Builder
	for i, c := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			out.WriteByte(',')
		}
		out.WriteRune(c)
	}
	if frac != "" {
		out.WriteString("." + frac)
	}
	return strings.TrimSpace(a.Currency + " " + sign + out.String())
}
