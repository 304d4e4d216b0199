// Package report shows findings, coverage and runs to people and programs: tables, CSV, JSON and HTML.
package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/bojanz/currency"

	"parallax/internal/audit"
	"parallax/internal/money"
)

// Money shows an amount with its currency's own number of decimals (ISO 4217); an unknown currency is shown in minor units.
func Money(m audit.Money) string {
	digits, known := currency.GetDigits(m.Currency)
	if !known {
		return fmt.Sprintf("%s %d (minor units)", m.Currency, m.Minor)
	}
	return money.Amount(m).Format(int(digits))
}

// Sums adds amounts per currency, in the currencies' alphabetical order. A sum past 64 bits is an error, never a wrong figure.
func Sums(amounts []audit.Money) ([]audit.Money, error) {
	totals := map[string]money.Amount{}
	for _, a := range amounts {
		have, found := totals[a.Currency]
		if !found {
			have.Currency = a.Currency
		}
		sum, err := have.Add(money.Amount(a))
		if err != nil {
			return nil, fmt.Errorf("sum money at stake: %w", err)
		}
		totals[a.Currency] = sum
	}
	out := make([]audit.Money, 0, len(totals))
	for _, t := range totals {
		out = append(out, audit.Money(t))
	}
	slices.SortFunc(out, func(a, b audit.Money) int { return cmp.Compare(a.Currency, b.Currency) })
	return out, nil
}

// MoneyList shows several sums in one cell: "EUR 412.50  GBP 80.00"; a dash if there are none.
func MoneyList(amounts []audit.Money) string {
	if len(amounts) == 0 {
		return "-"
	}
	parts := make([]string, len(amounts))
	for i, a := range amounts {
		parts[i] = Money(a)
	}
	return strings.Join(parts, "  ")
}

// AtStake sums the money of several findings per currency, for one cell.
func AtStake(findings []audit.StoredFinding) string {
	var all []audit.Money
	for _, f := range findings {
		all = append(all, f.Amounts...)
	}
	sums, err := Sums(all)
	if err != nil {
		return err.Error()
	}
	return MoneyList(sums)
}
