package reconcile

import (
	"fmt"
	"math"
	"math/bits"
	"slices"

	"parallax/internal/money"
	"parallax/internal/record"
)

// FeeRule is one line of the agreed tariff: a share of the gross and a fixed amount, positive where it costs the merchant.
// Of the rules for one kind of fee, the first that fits a line counts.
type FeeRule struct {
	Name string

	// Which lines it is for.
	Kind       record.FeeKind    // the fee it prices; empty: all fees of the line together
	Types      []record.LineType // nil: presentments
	Currencies []string          // of the fee; nil: all
	MCC        []string          // merchant category codes, by the ledger's further column mcc; nil: all
	Brands     []string          // card brands, by its further column card_brand; nil: all

	// What it costs.
	BasisPoints string           // hundredths of a percent of the gross, a decimal number such as 140 or 29.5; empty: none
	Fixed       map[string]int64 // minor units, by currency
	Min, Max    map[string]int64 // of both together, by currency; none where not declared
	Rounding    string           // half_up (away from zero) or half_even; empty: half_up

	Tolerance int64 // minor units a fee may differ by
}

// tariff is a FeeRule that was found to make sense.
type tariff struct {
	FeeRule

	num, den uint64 // share of the gross
	negative bool
}

func compileFees(rules []FeeRule) ([]tariff, error) {
	out := make([]tariff, len(rules))
	names := map[string]bool{netCheck: true}
	for i, r := range rules {
		t := tariff{FeeRule: r, den: 1}
		switch {
		case r.Name == "" || names[r.Name]:
			return nil, fmt.Errorf("fee rule %d: name %q is empty or taken", i+1, r.Name)
		case r.Rounding != "" && r.Rounding != "half_up" && r.Rounding != "half_even":
			return nil, fmt.Errorf("fee rule %q: rounding %q is neither half_up nor half_even", r.Name, r.Rounding)
		case r.Tolerance < 0:
			return nil, fmt.Errorf("fee rule %q: the tolerance is negative", r.Name)
		}
		names[r.Name] = true
		if r.BasisPoints != "" {
			share, _, ok := decimal(r.BasisPoints)
			if !ok {
				return nil, fmt.Errorf("fee rule %q: basis points %q are not a decimal number", r.Name, r.BasisPoints)
			}
			den := share.Denom().Mul(share.Denom(), power(4))
			num := share.Num()
			t.negative = num.Sign() < 0
			if !num.IsInt64() || !den.IsInt64() || num.Int64() == math.MinInt64 {
				return nil, fmt.Errorf("fee rule %q: basis points %q have too many digits", r.Name, r.BasisPoints)
			}
			t.num, t.den = num.Abs(num).Uint64(), den.Uint64()
		}
		out[i] = t
	}
	return out, nil
}

// prices reports whether the rule is for such a line; sure is false where that depends on what is not known of its payment.
func (t *tariff) prices(l *line, currency string) (yes, sure bool) {
	if t.Types == nil && l.Type != record.Presentment || t.Types != nil && !slices.Contains(t.Types, l.Type) {
		return false, true
	}
	if t.Currencies != nil && !slices.Contains(t.Currencies, currency) {
		return false, true
	}
	for _, c := range []struct {
		allowed []string
		column  string
	}{{t.MCC, "mcc"}, {t.Brands, "card_brand"}} {
		if c.allowed == nil {
			continue
		}
		value := ""
		if l.owner != nil {
			value = l.owner.Extra[c.column]
		}
		if value == "" {
			return false, false
		}
		if !slices.Contains(c.allowed, value) {
			return false, true
		}
	}
	return true, true
}

// fee is what a gross amount costs; false where it does not fit 64 bits.
func (t *tariff) fee(gross money.Amount) (int64, bool) {
	minor := uint64(gross.Minor) //nolint:gosec // two's complement is what the next line undoes
	if gross.Minor < 0 {
		minor = -minor
	}
	hi, lo := bits.Mul64(minor, t.num)
	if hi >= t.den {
		return 0, false
	}
	q, r := bits.Div64(hi, lo, t.den)
	if half := t.den - r; r > half || r == half && (t.Rounding != "half_even" || q%2 == 1) {
		q++
	}
	if q > math.MaxInt64 {
		return 0, false
	}
	share := int64(q)
	if t.negative {
		share = -share
	}
	total, err := money.Amount{Minor: share}.Add(money.Amount{Minor: t.Fixed[gross.Currency]})
	if err != nil {
		return 0, false
	}
	if least, set := t.Min[gross.Currency]; set {
		total.Minor = max(total.Minor, least)
	}
	if most, set := t.Max[gross.Currency]; set {
		total.Minor = min(total.Minor, most)
	}
	return total.Minor, true
}
