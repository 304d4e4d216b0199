package reconcile

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"parallax/internal/audit"
	"parallax/internal/money"
	"parallax/internal/record"
)

// account adds up every payment and line of the window by its fate. Each has exactly one, so the sums hold by
// construction; that they also hold by arithmetic is what the tests prove. A currency whose total does not fit 64 bits has
// no proof: it is left out and becomes a gap.
func (m *matching) account() {
	totals, tooLarge := map[string]*Total{}, map[string]bool{}
	of := func(currency string) *Total {
		if totals[currency] == nil {
			totals[currency] = &Total{Currency: currency}
		}
		return totals[currency]
	}
	for _, p := range m.payments {
		if !m.inScope(p) || p.class != charged {
			continue
		}
		if of(p.Amount.Currency).countPayment(p) != nil {
			tooLarge[p.Amount.Currency] = true
		}
	}
	for _, l := range m.lines {
		if !m.lineInScope(l) {
			continue
		}
		t := of(l.Amount.Currency)
		if count(l.Amount, &t.File, t.filePart(l.fate)) != nil {
			tooLarge[l.Amount.Currency] = true
		}
	}
	for currency, rejected := range m.in.Rejected {
		t := of(currency)
		if t.File.add(rejected) != nil || t.FileRejected.add(rejected) != nil {
			tooLarge[currency] = true
		}
	}
	for _, currency := range slices.Sorted(maps.Keys(totals)) {
		if tooLarge[currency] {
			m.out.Gaps = append(m.out.Gaps, m.noTotal(currency))
			continue
		}
		m.out.Totals = append(m.out.Totals, *totals[currency])
	}
}

func (m *matching) noTotal(currency string) audit.Gap {
	return audit.Gap{
		Window: m.in.Window, Reason: fmt.Sprintf("the total of %s does not fit 64 bits: ledger and files are not tied out in it", currency),
		Remedy: "look for an amount that cannot be true, in the ledger and in the files of " + m.feed(),
	}
}

func (t *Total) ledgerPart(f fate) *Sum {
	switch f {
	case matched:
		return &t.LedgerMatched
	case inFlight:
		return &t.LedgerExpected
	default:
		return &t.LedgerBreaks
	}
}

func (t *Total) filePart(f fate) *Sum {
	switch f {
	case matched:
		return &t.FileMatched
	case linked, cancelled:
		return &t.FileLinked
	case unjudged:
		return &t.FileRejected
	default:
		return &t.FileBreaks
	}
}

// countPayment adds a payment. One that was settled in part counts where the rest of it is; what came is matched.
func (t *Total) countPayment(p *payment) error {
	rest := Sum{1, p.Amount.Minor - p.brought}
	errs := []error{t.Ledger.add(Sum{1, p.Amount.Minor}), t.ledgerPart(p.fate).add(rest), t.LedgerMatched.add(Sum{0, p.brought})}
	if p.off != 0 {
		errs = append(errs, t.Within.add(Sum{1, p.off}))
	}
	return errors.Join(errs...)
}

func count(a money.Amount, sums ...*Sum) error {
	for _, s := range sums {
		if err := s.add(Sum{1, a.Minor}); err != nil {
			return err
		}
	}
	return nil
}

func (s *Sum) add(o Sum) error {
	total, err := money.Amount{Minor: s.Minor}.Add(money.Amount{Minor: o.Minor})
	if err != nil {
		return err
	}
	s.Count, s.Minor = s.Count+o.Count, total.Minor
	return nil
}

// exclusions counts what was read and took no part, by reason.
func (m *matching) exclusions() {
	var outside, quiet, fees, own int64
	for _, p := range m.payments {
		switch {
		case !m.inScope(p):
			outside++
		case p.fate == notCharged:
			quiet++
		}
	}
	for _, l := range m.lines {
		switch {
		case !m.lineInScope(l):
			outside++
		case l.fate == unjudged && l.Type != record.Fee && l.Amount.Currency != "":
			own++
		case l.fate == unjudged:
			fees++
		}
	}
	for _, e := range []audit.Exclusion{
		{Reason: "outside the window", Records: outside},
		{Reason: "payments that took no money, and the network says none", Records: quiet},
		{Reason: "fees and lines without an amount, not held against payments", Records: fees},
		{Reason: "payouts, reserves, corrections and entries of a bank, not held against payments", Records: own},
		{Reason: "lines whose fees could not be held against the tariff", Records: m.unpriced},
		{Reason: "conversions of which neither file nor reference says a rate", Records: m.unrated},
		{Reason: "refunds, chargebacks and reversals of a part, on which the ledger's status says nothing", Records: m.partly},
	} {
		if e.Records > 0 {
			m.out.Excluded = append(m.out.Excluded, e)
		}
	}
}
