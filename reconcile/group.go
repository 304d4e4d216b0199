package reconcile

import (
	"slices"
	"time"
)

// groups brings payments and lines of one key together, without a copy of either: chains of row numbers by key.
type groups struct {
	keys     map[string]int32
	payments []chain // by group
	lines    []chain
	nextP    []int32 // by payment, the next one of its group; -1 ends
	nextL    []int32
	allP     []*payment
	allL     []*line
}

// chain is the first and last row of a group; empty where first is -1.
type chain struct{ first, last int32 }

// group looks only for keys that payments have: a line under any other key meets nobody.
func group(payments []*payment, lines []*line, keyP func(*payment) string, keyL func(*line) string) *groups {
	if !slices.ContainsFunc(lines, func(l *line) bool { return keyL(l) != "" }) {
		return &groups{} // the files do not carry it
	}
	g := &groups{keys: map[string]int32{}, allP: payments, allL: lines, nextP: make([]int32, len(payments)), nextL: make([]int32, len(lines))}
	for i, p := range payments {
		k := keyP(p)
		if k == "" {
			continue
		}
		at, known := g.keys[k]
		if !known {
			at = int32(len(g.payments)) //nolint:gosec // rows are bounded far below
			g.keys[k] = at
			g.payments, g.lines = append(g.payments, chain{-1, -1}), append(g.lines, chain{-1, -1})
		}
		g.payments[at].add(g.nextP, int32(i)) //nolint:gosec // the same
	}
	for i, l := range lines {
		if k := keyL(l); k != "" {
			if at, known := g.keys[k]; known {
				g.lines[at].add(g.nextL, int32(i)) //nolint:gosec // the same
			}
		}
	}
	return g
}

func (c *chain) add(next []int32, row int32) {
	next[row] = -1
	if c.first < 0 {
		c.first = row
	} else {
		next[c.last] = row
	}
	c.last = row
}

// both calls f for every group that has payments and lines, in the order of its first payment. The rows have the order
// they were given in; f must not keep the slices.
func (g *groups) both(f func([]*payment, []*line)) {
	var payments []*payment
	var lines []*line
	for at := range g.payments {
		if g.lines[at].first < 0 {
			continue
		}
		payments, lines = payments[:0], lines[:0]
		for i := g.payments[at].first; i >= 0; i = g.nextP[i] {
			payments = append(payments, g.allP[i])
		}
		for i := g.lines[at].first; i >= 0; i = g.nextL[i] {
			lines = append(lines, g.allL[i])
		}
		f(payments, lines)
	}
}

// moment is a payment or a line of a group, by its business day.
type moment struct {
	day     time.Time
	payment *payment
	line    *line
}

// apart parts a group where more than n business days pass between one row and the next: an rrn that was used again is
// another key. A row without a time may belong anywhere, so a group that has one stays whole.
func (m *matching) apart(payments []*payment, lines []*line, n int, f func([]*payment, []*line)) {
	if n == 0 {
		f(payments, lines)
		return
	}
	all := make([]moment, 0, len(payments)+len(lines))
	for _, p := range payments {
		if p.CreatedAt.IsZero() {
			f(payments, lines)
			return
		}
		all = append(all, moment{day: m.days.of(p.CreatedAt), payment: p})
	}
	for _, l := range lines {
		day, known := m.lineDay(l)
		if !known {
			f(payments, lines)
			return
		}
		all = append(all, moment{day: day, line: l})
	}
	slices.SortStableFunc(all, func(a, b moment) int { return a.day.Compare(b.day) })
	for len(all) > 0 {
		end := 1
		for end < len(all) && m.days.within(all[end-1].day, all[end].day, n) {
			end++
		}
		var ps []*payment
		var ls []*line
		for _, one := range all[:end] {
			if one.payment != nil {
				ps = append(ps, one.payment)
			} else {
				ls = append(ls, one.line)
			}
		}
		if len(ps) > 0 && len(ls) > 0 {
			f(ps, ls)
		}
		all = all[end:]
	}
}
