package sift

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"parallax/internal/audit"
	"parallax/reconcile"
)

// added is what the judge said of the pairs: that they agree, and how much they are.
type added struct {
	rules    map[string]bool // names of the tiers: what else pairs looks at more than the keys
	matched  int64
	excluded []audit.Exclusion
	totals   map[string]*reconcile.Total
	tooLarge map[string]bool
}

// pairingRules are the names that match records of pairs may have. A batch, and a list of payment ids, are settled by what nothing
// else has settled in the whole of the input: a pair that only they bring together is for the rest.
func pairingRules(rules reconcile.Rules) map[string]bool {
	tiers := rules.Tiers
	if tiers == nil {
		tiers = reconcile.DefaultTiers()
	}
	out := map[string]bool{}
	for _, t := range tiers {
		out[t.Name] = t.Sure != reconcile.Suggest && t.Name != "batch" && t.Name != "list of payment ids"
	}
	return out
}

// clean reports whether a result says of so many pairs that all of them agree, and nothing else.
func (a *added) clean(r *reconcile.Result, pairs int) bool {
	if len(r.Findings) > 0 || len(r.Gaps) > 0 || len(r.Matches) != pairs || r.Matched != int64(pairs) {
		return false
	}
	if slices.ContainsFunc(r.Matches, func(m audit.Match) bool { return !a.rules[m.Rule] }) {
		return false
	}
	for _, t := range r.Totals {
		if agree := t.LedgerMatched; t.Ledger != agree || t.File != agree || t.FileMatched != agree || t.Within.Count != 0 {
			return false
		}
	}
	return true
}

// add takes a result that is clean.
func (a *added) add(r *reconcile.Result) {
	a.matched += r.Matched
	a.exclude(r.Excluded)
	for i := range r.Totals {
		a.total(&r.Totals[i])
	}
}

func (a *added) exclude(all []audit.Exclusion) {
	for _, e := range all {
		i := slices.IndexFunc(a.excluded, func(o audit.Exclusion) bool { return o.Reason == e.Reason })
		if i < 0 {
			a.excluded = append(a.excluded, e)
			continue
		}
		a.excluded[i].Records += e.Records
	}
}

func (a *added) total(t *reconcile.Total) {
	if a.totals == nil {
		a.totals, a.tooLarge = map[string]*reconcile.Total{}, map[string]bool{}
	}
	sum := a.totals[t.Currency]
	if sum == nil {
		sum = &reconcile.Total{Currency: t.Currency}
		a.totals[t.Currency] = sum
	}
	if !addTotal(sum, t) {
		a.tooLarge[t.Currency] = true
	}
}

// addTotal adds every sum of from, and reports whether 64 bits hold them.
func addTotal(to, from *reconcile.Total) bool {
	fits := true
	for _, s := range [][2]*reconcile.Sum{
		{&to.Ledger, &from.Ledger},
		{&to.LedgerMatched, &from.LedgerMatched},
		{&to.LedgerBreaks, &from.LedgerBreaks},
		{&to.LedgerExpected, &from.LedgerExpected},
		{&to.File, &from.File},
		{&to.FileMatched, &from.FileMatched},
		{&to.FileLinked, &from.FileLinked},
		{&to.FileBreaks, &from.FileBreaks},
		{&to.FileRejected, &from.FileRejected},
		{&to.Within, &from.Within},
	} {
		x, y := s[0].Minor, s[1].Minor
		if y > 0 && x > math.MaxInt64-y || y < 0 && x < math.MinInt64-y {
			fits = false
			continue
		}
		s[0].Count, s[0].Minor = s[0].Count+s[1].Count, x+y
	}
	return fits
}

// with is the result of everything: of the rest, and of the pairs that were put aside.
func (a *added) with(rest reconcile.Result, window audit.Window, feed string) reconcile.Result {
	rest.Matched += a.matched
	theirs := rest.Excluded
	a.exclude(theirs)
	rest.Excluded = a.excluded
	for i := range rest.Totals {
		a.total(&rest.Totals[i])
	}
	rest.Totals = nil
	var currencies []string
	for currency := range a.totals {
		currencies = append(currencies, currency)
	}
	slices.Sort(currencies)
	for _, currency := range currencies {
		gone := slices.ContainsFunc(rest.Gaps, func(g audit.Gap) bool { return strings.HasPrefix(g.Reason, tooLarge(currency)) })
		switch {
		case gone: // the rest alone does not fit
		case a.tooLarge[currency]:
			rest.Gaps = append(rest.Gaps, noTotal(currency, window, feed))
		default:
			rest.Totals = append(rest.Totals, *a.totals[currency])
		}
	}
	return rest
}

func tooLarge(currency string) string {
	return fmt.Sprintf("the total of %s does not fit 64 bits", currency)
}

// noTotal is the gap that the judge makes of it.
func noTotal(currency string, window audit.Window, feed string) audit.Gap {
	if feed == "" {
		feed = "the network"
	}
	return audit.Gap{
		Window: window, Reason: tooLarge(currency) + ": ledger and files are not tied out in it",
		Remedy: "look for an amount that cannot be true, in the ledger and in the files of " + feed,
	}
}
