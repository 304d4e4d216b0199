package reconcile

import (
	"slices"

	"parallax/internal/money"
)

// pairGroup pairs the payments and presentments of one key. Equal amounts go together first, then what is left in the
// order of time; a refused payment gets a line only where nothing else could. What remains of the lines are
// duplicates of the network, what remains of the charged payments are duplicates of the ledger.
func (m *matching) pairGroup(payments []*payment, lines []*line, by *tier) {
	takers := slices.DeleteFunc(slices.Clone(payments), func(p *payment) bool { return p.class == refused })
	if len(takers) == 0 {
		takers = payments
	}
	slices.SortStableFunc(takers, func(a, b *payment) int { return int(a.class) - int(b.class) })
	switch {
	case len(takers) == 1 && m.settleParts(takers[0], lines, by):
		return
	case len(lines) == 1 && m.settlesAll(takers, lines[0]):
		m.merge(takers, lines[0], by)
		return
	}
	m.pairEqual(takers, lines, by)
	m.pairInOrder(takers, lines, by)
	markSurplus(takers, lines)
}

// pairCredits pairs rows of money given back with the lines that say so. What remains belongs to nobody yet: the other lines
// may go back to the payment itself.
func (m *matching) pairCredits(payments []*payment, lines []*line, by *tier) {
	m.pairEqual(payments, lines, by)
	if len(payments) == 1 && len(lines) == 1 {
		m.pairInOrder(payments, lines, by)
	}
}

// pairEqual gives every payment the first line of its very amount that is left.
func (m *matching) pairEqual(takers []*payment, lines []*line, by *tier) {
	of := map[money.Amount][]*line{}
	for _, l := range lines {
		of[l.Amount] = append(of[l.Amount], l)
	}
	for _, p := range takers {
		if equal := of[p.Amount]; len(equal) > 0 {
			m.settle(p, equal[0], by)
			of[p.Amount] = equal[1:]
		}
	}
}

// pairInOrder gives every payment that has none the first line that is left.
func (m *matching) pairInOrder(takers []*payment, lines []*line, by *tier) {
	for _, p := range takers {
		if p.line != nil {
			continue
		}
		for len(lines) > 0 && lines[0].owner != nil {
			lines = lines[1:]
		}
		if len(lines) == 0 {
			return
		}
		m.settle(p, lines[0], by)
	}
}

func (m *matching) settle(p *payment, l *line, by *tier) {
	m.paired++
	p.line, p.tier, l.owner = l, by, p
	p.ours = p.ours || l.open // an open line that is explained now is told where it is explained
	p.partial = outstanding([]*line{l})
}

// markSurplus hangs what is left of a group on its first pair, which every group has.
func markSurplus(takers []*payment, lines []*line) {
	first := takers[0]
	for _, p := range takers[1:] {
		if p.line == nil && p.class == charged {
			p.twin = true
			first.rare().twins = append(first.rare().twins, p)
		}
	}
	for _, l := range lines {
		if l.owner == nil {
			l.owner = first
			first.rare().surplus = append(first.rare().surplus, l)
		}
	}
}
