package repair

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/bojanz/currency"

	"parallax/internal/audit"
	"parallax/internal/money"
)

// checksumScheme says how a file is known to be the one that was written.
const checksumScheme = "sha256 of the file's bytes, in manifest.json beside it"

// headline is what every file says of itself, a line each.
func headline(p Plan, purpose string, about []About) []string {
	lines := []string{
		"Parallax repair file. Nothing has been changed yet: read it, approve it, then run it.",
		"purpose:  " + remark(purpose),
		"as of:    " + p.AsOf.UTC().Format(time.RFC3339),
		"written:  " + p.Written.UTC().Format(time.RFC3339),
		"expires:  " + p.Expires.UTC().Format(time.RFC3339) + ", after which it changes nothing",
		"checksum: " + checksumScheme,
		"check:    parallax repair check . (says of each guard whether it still holds)",
	}
	for i, f := range fingerprints(about) {
		label := "          "
		if i == 0 {
			label = "findings: "
		}
		lines = append(lines, label+string(f))
	}
	return lines
}

// fingerprints are the findings of some repairs, each once, in order.
func fingerprints(about []About) []audit.Fingerprint {
	var out []audit.Fingerprint
	for _, a := range about {
		out = append(out, a.Findings...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// totals sums amounts by currency, in order of currency. A sum beyond 64 bits stays at what it was before it went beyond.
func totals(about []About) []audit.Money {
	sums := map[string]money.Amount{}
	for _, a := range about {
		for _, m := range a.Amounts {
			sum, err := money.Amount{Currency: m.Currency, Minor: sums[m.Currency].Minor}.Add(money.Amount{Minor: m.Minor, Currency: m.Currency})
			if err == nil {
				sums[m.Currency] = sum
			}
		}
	}
	out := []audit.Money{}
	for _, code := range slices.Sorted(maps.Keys(sums)) {
		out = append(out, audit.Money{Minor: sums[code].Minor, Currency: code})
	}
	return out
}

// amountText is an amount with its currency's own number of decimals (ISO 4217); of an unknown currency in minor units.
func amountText(m audit.Money) string {
	digits, known := currency.GetDigits(m.Currency)
	if !known {
		return fmt.Sprintf("%s %d (minor units)", m.Currency, m.Minor)
	}
	return money.Amount(m).Format(int(digits))
}

// amountsText are amounts, with something before each but the first; a dash if there are none.
func amountsText(amounts []audit.Money, between string) string {
	if len(amounts) == 0 {
		return "-"
	}
	parts := make([]string, len(amounts))
	for i, m := range amounts {
		parts[i] = amountText(m)
	}
	return strings.Join(parts, between)
}

// Mentions is what a plan speaks of, repair by repair, and then what it leaves to be done by hand.
func (p Plan) Mentions() []About {
	out := slices.Concat(rowsAbout(p.Rows), itemsAbout(p.Items), objectsAbout(p.Objects), refundsAbout(p.Refunds))
	for _, b := range p.ByHand {
		out = append(out, b.About)
	}
	return out
}

// each is what every repair of a list is about.
func each[R any](repairs []R, about func(R) About) []About {
	out := make([]About, len(repairs))
	for i, r := range repairs {
		out[i] = about(r)
	}
	return out
}

func rowsAbout(rows []Row) []About { return each(rows, func(r Row) About { return r.About }) }

func itemsAbout(items []Item) []About { return each(items, func(it Item) About { return it.About }) }

func objectsAbout(objects []Object) []About {
	return each(objects, func(o Object) About { return o.About })
}

func refundsAbout(refunds []Refund) []About {
	return each(refunds, func(r Refund) About {
		about := r.About
		about.Amounts = []audit.Money{r.Amount}
		return about
	})
}
