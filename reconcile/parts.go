package reconcile

import "slices"

// settleParts takes several presentments as the parts of one payment (partial and multiple captures): where the lines are
// numbered as parts, whatever they come to; where they are not, only where none is the whole and they add up to the
// payment exactly.
func (m *matching) settleParts(p *payment, lines []*line, by *tier) bool {
	if len(lines) < 2 || slices.ContainsFunc(lines, func(l *line) bool { return l.Amount.Currency != p.Amount.Currency }) {
		return false
	}
	var parts, copies []*line
	switch {
	case slices.ContainsFunc(lines, numbered):
		parts, copies = uniqueParts(lines)
	case addsUp(p, lines):
		parts = slices.Clone(lines)
	default:
		return false
	}
	m.settle(p, parts[0], by)
	for _, l := range lines {
		l.owner = p
		p.ours = p.ours || l.open
	}
	if len(parts) > 1 {
		p.rare().parts = parts
	}
	p.partial = outstanding(parts)
	if len(copies) > 0 {
		p.rare().surplus = copies
	}
	return true
}

func numbered(l *line) bool { return l.Part > 0 || l.Parts > 1 }

// addsUp reports whether several presentments, none of them the whole, add up to the payment exactly: the network settled it in parts.
func addsUp(p *payment, lines []*line) bool {
	left := p.Amount.Minor
	for _, l := range lines {
		if l.Amount.Minor <= 0 || l.Amount.Minor > left {
			return false
		}
		left -= l.Amount.Minor
	}
	return left == 0
}

// uniqueParts sets lines aside that carry the number of an earlier part.
func uniqueParts(lines []*line) (parts, copies []*line) {
	numbers := map[int]bool{}
	for _, l := range lines {
		if l.Part > 0 && numbers[l.Part] {
			copies = append(copies, l)
			continue
		}
		numbers[l.Part] = true
		parts = append(parts, l)
	}
	return parts, copies
}

// outstanding reports whether parts say that there are more of them, or do not say how many there are.
func outstanding(parts []*line) bool {
	of := 0
	for _, l := range parts {
		if !numbered(l) {
			return false
		}
		of = max(of, l.Parts)
	}
	return len(parts) < of || of == 0
}
