package bank

import (
	"slices"
	"time"
)

// suggest looks for what may be the counterpart of what is left over, among all that is left over.
func (m *matching) suggest() {
	payouts, entries := newShelf(free(m.payouts)), newShelf(free(m.entries))
	for _, p := range payouts.rows {
		p.rivals = m.rivals(p, entries)
	}
	m.lone = map[way][]*transfer{}
	for _, e := range entries.rows {
		if e.rivals = m.rivals(e, payouts); len(e.rivals) == 0 && m.plainlyOurs(e) {
			m.lone[wayOf(e)] = append(m.lone[wayOf(e)], e)
		}
	}
}

// way is the direction of a transfer in one currency.
type way struct {
	currency string
	out      bool
}

func wayOf(t *transfer) way { return way{t.Amount.Currency, t.Amount.Minor < 0} }

// otherAmounts are entries that are plainly the acquirer's and fit no payout, near the payout's value date.
func (m *matching) otherAmounts(p *transfer) []*transfer {
	if p.day.IsZero() {
		return nil
	}
	return m.around(p, m.lone[wayOf(p)])
}

// around are the first few of rows, which are in the order of their days, whose value dates are near that of t.
func (m *matching) around(t *transfer, rows []*transfer) []*transfer {
	s := m.span(t.day)
	from, _ := slices.BinarySearchFunc(rows, s.From, func(r *transfer, day time.Time) int { return r.day.Compare(day) })
	to := from
	for to < len(rows) && to < from+maxRivals && !rows[to].day.After(s.To) {
		to++
	}
	return rows[from:to:to]
}
