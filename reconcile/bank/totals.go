package bank

import (
	"fmt"
	"maps"
	"slices"

	"parallax/internal/audit"
	"parallax/internal/money"
)

// Total accounts for every payout, bank entry and line of the window in one currency, to the minor unit:
//
//	Payouts = PayoutsMatched + PayoutsBreaks + PayoutsExpected
//	Entries = EntriesMatched + EntriesBreaks + EntriesExpected + EntriesExcluded
//	PayoutsMatched = EntriesMatched + Charges
//	Lines = LinesPaid + LinesBreaks + LinesExpected + LinesLoose
type Total struct {
	Currency string

	Payouts         Sum
	PayoutsMatched  Sum
	PayoutsBreaks   Sum
	PayoutsExpected Sum // still on their way to the bank

	Entries         Sum // credits less debits
	EntriesMatched  Sum
	EntriesBreaks   Sum
	EntriesExpected Sum // the file that may explain them is still on its way
	EntriesExcluded Sum // not of this acquirer, or told by another file too
	Charges         Sum // what the bank kept of matched payouts

	Lines         Sum // what the lines of the feed pay, payouts apart
	LinesPaid     Sum // of batches that add up to their payout
	LinesBreaks   Sum
	LinesExpected Sum // of batches whose payout is still to come
	LinesLoose    Sum // of no batch
}

// Sum counts records and adds their amounts up, in minor units.
type Sum struct {
	Count int64
	Minor int64
}

// ledger of totals while they are added up.
type accounts struct {
	totals   map[string]*Total
	tooLarge map[string]bool
}

func (a accounts) add(amount money.Amount, whole, part func(*Total) *Sum) {
	t := a.totals[amount.Currency]
	if t == nil {
		t = &Total{Currency: amount.Currency}
		a.totals[amount.Currency] = t
	}
	for _, s := range []*Sum{whole(t), part(t)} {
		total, err := money.Amount{Minor: s.Minor, Currency: amount.Currency}.Add(amount)
		if err != nil {
			a.tooLarge[amount.Currency] = true
			return
		}
		s.Count, s.Minor = s.Count+1, total.Minor
	}
}

// account adds everything up by its fate. A currency whose total does not fit 64 bits has no proof: it becomes a gap.
func (m *matching) account() {
	a := accounts{map[string]*Total{}, map[string]bool{}}
	for _, p := range m.payouts {
		if m.inWindow(p) {
			a.add(p.Amount, func(t *Total) *Sum { return &t.Payouts }, p.fate.ofPayout)
		}
	}
	for _, e := range m.entries {
		if !m.inWindow(e) {
			continue
		}
		a.add(e.Amount, func(t *Total) *Sum { return &t.Entries }, e.fate.ofEntry)
	}
	m.accountCharges(a)
	m.accountLines(a)
	for _, currency := range slices.Sorted(maps.Keys(a.totals)) {
		if a.tooLarge[currency] {
			m.out.Gaps = append(m.out.Gaps, m.noTotal(currency))
			continue
		}
		m.out.Totals = append(m.out.Totals, *a.totals[currency])
	}
}

// accountCharges adds up what the bank says it kept of matched payouts.
func (m *matching) accountCharges(a accounts) {
	for _, e := range m.entries {
		if !e.kept || !m.inWindow(e) {
			continue
		}
		t := a.totals[e.Fee.Currency]
		total, err := money.Amount{Minor: t.Charges.Minor, Currency: e.Fee.Currency}.Add(e.Fee)
		if err != nil {
			a.tooLarge[e.Fee.Currency] = true
			continue
		}
		t.Charges = Sum{t.Charges.Count + 1, total.Minor}
	}
}

func (m *matching) accountLines(a accounts) {
	lines := func(t *Total) *Sum { return &t.Lines }
	for _, b := range m.batches {
		if !m.holds(b.day) {
			continue
		}
		for _, p := range b.parts {
			a.add(p.Amount, lines, b.fates[p.Currency].ofLine)
		}
	}
	for _, p := range m.loose {
		if m.holds(dayOf(p.line)) {
			a.add(p.Amount, lines, func(t *Total) *Sum { return &t.LinesLoose })
		}
	}
}

func (f fate) ofPayout(t *Total) *Sum {
	switch f {
	case matched:
		return &t.PayoutsMatched
	case inFlight:
		return &t.PayoutsExpected
	default:
		return &t.PayoutsBreaks
	}
}

func (f fate) ofEntry(t *Total) *Sum {
	switch f {
	case matched:
		return &t.EntriesMatched
	case inFlight:
		return &t.EntriesExpected
	case excluded:
		return &t.EntriesExcluded
	default:
		return &t.EntriesBreaks
	}
}

func (f fate) ofLine(t *Total) *Sum {
	switch f {
	case matched:
		return &t.LinesPaid
	case inFlight:
		return &t.LinesExpected
	default:
		return &t.LinesBreaks
	}
}

func (m *matching) noTotal(currency string) audit.Gap {
	return audit.Gap{
		Window: m.in.Window, Reason: fmt.Sprintf("the total of %s does not fit 64 bits: payouts and bank are not tied out in it", currency),
		Remedy: fmt.Sprintf("look for an amount that cannot be true, in the files of %s and of %s", m.feed(), m.bank()),
	}
}

// exclusions are what was read and took no part, by reason.
func (m *matching) exclusions() {
	for _, t := range slices.Concat(m.payouts, m.entries) {
		if !m.inWindow(t) {
			m.counts["payouts and bank entries outside the window"]++
		}
	}
	for _, reason := range slices.Sorted(maps.Keys(m.counts)) {
		m.out.Excluded = append(m.out.Excluded, audit.Exclusion{Reason: reason, Records: m.counts[reason]})
	}
}
