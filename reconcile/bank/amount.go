package bank

import (
	"slices"
	"time"

	"parallax/internal/money"
)

// maxRivals bounds how many candidates are named.
const maxRivals = 5

// byAmount pairs what no reference ties together where amount, currency and value date leave one choice: first on the same
// value date, then within the window.
func (m *matching) byAmount() {
	m.pairSameDay()
	payouts, entries := newShelf(free(m.payouts)), newShelf(m.freeEntries())
	for _, p := range payouts.rows {
		p.rivals = m.rivals(p, entries)
	}
	for _, e := range entries.rows {
		e.rivals = m.rivals(e, payouts)
	}
	for _, p := range payouts.rows {
		if len(p.rivals) == 1 && len(p.rivals[0].rivals) == 1 {
			m.match([]*transfer{p}, p.rivals, byNearDay)
		}
	}
}

// freeEntries are the entries that may be paired without a reference.
func (m *matching) freeEntries() []*transfer {
	return slices.DeleteFunc(free(m.entries), func(e *transfer) bool { return !m.ours(e) })
}

func (m *matching) pairSameDay() {
	type slot struct {
		amount money.Amount
		day    time.Time
	}
	type pair struct{ payouts, entries []*transfer }
	slots := map[slot]*pair{}
	at := func(t *transfer) *pair {
		s := slot{t.Amount, t.day}
		if slots[s] == nil {
			slots[s] = &pair{}
		}
		return slots[s]
	}
	payouts := free(m.payouts)
	for _, p := range payouts {
		at(p).payouts = append(at(p).payouts, p)
	}
	for _, e := range m.freeEntries() {
		at(e).entries = append(at(e).entries, e)
	}
	for _, p := range payouts {
		if s := at(p); !p.day.IsZero() && len(s.payouts) == 1 && len(s.entries) == 1 {
			m.match(s.payouts, s.entries, bySameDay)
		}
	}
}

// shelf holds transfers by amount, in the order of their days.
type shelf struct {
	rows     []*transfer
	byAmount map[money.Amount][]*transfer
}

func newShelf(rows []*transfer) shelf {
	s := shelf{rows: rows, byAmount: map[money.Amount][]*transfer{}}
	for _, t := range rows {
		s.byAmount[t.Amount] = append(s.byAmount[t.Amount], t)
	}
	return s
}

// rivals are the transfers on a shelf that may be the counterpart of t, the first few of them.
func (m *matching) rivals(t *transfer, s shelf) []*transfer {
	if t.day.IsZero() {
		return nil
	}
	return m.around(t, s.byAmount[t.Amount])
}
