package reconcile

import (
	"parallax/internal/pan"
	"parallax/internal/record"
)

// pairAll runs the tiers, the safest key first. Money that the ledger itself gives back goes first: its rows share
// references with the payments, and must take no presentment from them.
func (m *matching) pairAll() {
	for _, charges := range []bool{false, true} {
		for i := range m.law.tiers {
			t := &m.law.tiers[i]
			if t.Sure == Suggest {
				continue
			}
			payments, lines := m.freePayments(charges), m.freeLines(charges)
			if len(payments) == 0 || len(lines) == 0 {
				break
			}
			group(payments, lines, t.entryKey, t.lineKey).both(func(ps []*payment, ls []*line) { m.pairKey(t, ps, ls, charges) })
		}
	}
	m.pairLists()
	m.pairBatches()
}

// pairKey pairs what one key of a tier brought together.
func (m *matching) pairKey(t *tier, payments []*payment, lines []*line, charges bool) {
	if t.weaker != nil && pan.Masked(t.entryKey(payments[0])) {
		t = t.weaker
	}
	if len(payments) == 1 && len(lines) == 1 { // nearly always
		if m.near(payments[0], lines[0], t.WithinBusinessDays) {
			m.settle(payments[0], lines[0], t)
		}
		return
	}
	m.apart(payments, lines, t.WithinBusinessDays, func(payments []*payment, lines []*line) {
		switch {
		case t.Sure == Probable && !single(payments, lines):
			markAmbiguous(payments, lines, t)
		case charges:
			m.pairGroup(payments, lines, t)
		default:
			m.pairCredits(payments, lines, t)
		}
	})
}

// freePayments are the rows that nothing settles yet: charges, or what the ledger books as money given back.
func (m *matching) freePayments(charges bool) []*payment {
	free := make([]*payment, 0, len(m.payments)-m.paired)
	for _, p := range m.payments {
		if p.fate == undecided && p.line == nil && !p.twin && !p.ambiguous && charges == !givesBack(p) {
			free = append(free, p)
		}
	}
	return free
}

func givesBack(p *payment) bool { return p.class == charged && p.Amount.Minor < 0 }

// freeLines are the lines that may settle such rows and have not.
func (m *matching) freeLines(charges bool) []*line {
	var free []*line
	for _, l := range m.lines {
		if l.fate == undecided && l.owner == nil && !l.ambiguous && (charges && settles(l) || !charges && returns(l)) {
			free = append(free, l)
		}
	}
	return free
}

// settles reports whether a line says that a payment was taken.
func settles(l *line) bool { return l.Type == record.Presentment && !l.Reversal }

// returns reports whether a line says that money went back.
func returns(l *line) bool { return l.Amount.Minor < 0 && l.Type != record.Representment }

// single reports whether a weak key leads from one payment to one settled transaction: copies of a line under one
// reference are one transaction, and so are the numbered parts of one.
func single(payments []*payment, lines []*line) bool {
	if len(payments) > 1 {
		return false
	}
	for _, l := range lines[1:] {
		if l.Reference == "" || l.Reference != lines[0].Reference {
			return false
		}
	}
	return true
}

func markAmbiguous(payments []*payment, lines []*line, t *tier) {
	h := newHint(t.Name, payments, lines)
	for _, p := range payments {
		p.ambiguous, p.hint = true, h
	}
	for _, l := range lines {
		l.ambiguous, l.hint = true, h
	}
}
