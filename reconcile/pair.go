package reconcile

import "slices"

// pairGroup pairs the payments and presentments of one key. Equal amounts go together first, then what is left in the
// order of time; a refused payment gets a line only where nothing else could. What remains of the lines are
// duplicates of the network, what remains of the charged payments are duplicates of the ledger.
func pairGroup(payments []*payment, lines []*line, by rule) {
	takers := slices.DeleteFunc(slices.Clone(payments), func(p *payment) bool { return p.class == refused })
	if len(takers) == 0 {
		takers = payments
	}
	slices.SortStableFunc(takers, func(a, b *payment) int { return int(a.class) - int(b.class) })
	if len(takers) == 1 && settledInParts(takers[0], lines) {
		settle(takers[0], lines[0], by)
		for _, l := range lines {
			l.owner = takers[0]
		}
		takers[0].parts = lines
		return
	}
	for _, equal := range []bool{true, false} {
		for _, p := range takers {
			for _, l := range lines {
				if p.line == nil && l.owner == nil && (!equal || l.Amount == p.Amount) {
					settle(p, l, by)
				}
			}
		}
	}
	markSurplus(takers, lines)
}

func settle(p *payment, l *line, by rule) {
	p.line, p.rule, l.owner = l, by, p
}

// settledInParts reports whether several presentments, none of them the whole, add up to the payment exactly:
// the network settled it in parts.
func settledInParts(p *payment, lines []*line) bool {
	if len(lines) < 2 {
		return false
	}
	left := p.Amount.Minor
	for _, l := range lines {
		if l.Amount.Currency != p.Amount.Currency || l.Amount.Minor <= 0 || l.Amount.Minor > left {
			return false
		}
		left -= l.Amount.Minor
	}
	return left == 0
}

// markSurplus hangs what is left of a group on its first pair, which every group has.
func markSurplus(takers []*payment, lines []*line) {
	first := takers[0]
	for _, p := range takers[1:] {
		if p.line == nil && p.class == charged {
			p.twin = true
			first.twins = append(first.twins, p)
		}
	}
	for _, l := range lines {
		if l.owner == nil {
			l.owner = first
			first.surplus = append(first.surplus, l)
		}
	}
}
