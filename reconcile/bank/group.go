package bank

import (
	"cmp"
	"slices"

	"parallax/internal/money"
)

// maxRuns bounds the groups that are tried. Beyond it only whole days are.
const maxRuns = 1_000_000

// run is payouts, or entries, that follow one another and may make one transfer together.
type run struct {
	rows  []*transfer
	total money.Amount
}

// bySum pairs several payouts with one credit, then one payout with several credits, where no reference ties them: only
// neighbours in the order of time, or all of one day, never any subset that happens to add up. What could be two things is
// left alone.
func (m *matching) bySum() {
	m.pairRuns(free(m.payouts), m.freeEntries(), func(many []*transfer, one *transfer) {
		m.match(many, []*transfer{one}, bySumOf)
	})
	m.pairRuns(m.freeEntries(), free(m.payouts), func(many []*transfer, one *transfer) {
		m.match([]*transfer{one}, many, bySumOf)
	})
}

// candidate is a run that adds up to a transfer of the other side.
type candidate struct {
	run run
	one *transfer
}

func (m *matching) pairRuns(many, single []*transfer, match func([]*transfer, *transfer)) {
	wanted := map[money.Amount][]*transfer{}
	for _, t := range single {
		if len(t.rivals) == 0 {
			wanted[t.Amount] = append(wanted[t.Amount], t)
		}
	}
	if len(wanted) == 0 {
		return
	}
	var found []candidate
	uses := map[*transfer]int{}
	for _, r := range m.runs(many) {
		for _, one := range wanted[r.total] {
			if !m.near(r.rows[0].day, one.day) || !m.near(r.rows[len(r.rows)-1].day, one.day) {
				continue
			}
			found = append(found, candidate{r, one})
			for _, t := range append([]*transfer{one}, r.rows...) {
				uses[t]++
			}
		}
	}
	for _, c := range found {
		if all := append([]*transfer{c.one}, c.run.rows...); !slices.ContainsFunc(all, func(t *transfer) bool { return uses[t] > 1 }) {
			match(c.run.rows, c.one)
		}
	}
}

// runs are the neighbours in the order of time, and the rows of one day, that may be one transfer on the other side. Rows
// that have a rival each by themselves are in none.
func (m *matching) runs(rows []*transfer) []run {
	rows = slices.DeleteFunc(slices.Clone(rows), func(t *transfer) bool { return t.day.IsZero() || len(t.rivals) > 0 })
	slices.SortStableFunc(rows, func(a, b *transfer) int { return cmp.Compare(a.Amount.Currency, b.Amount.Currency) })
	longest := m.rules.MaxGroup
	if len(rows)*longest > maxRuns {
		longest = 1
	}
	var out []run
	for from := range rows {
		first := rows[from]
		total, day := first.Amount, from == 0 || !sameDay(rows[from-1], first)
		for to := from + 1; to < len(rows) && rows[to].Amount.Currency == first.Amount.Currency; to++ {
			wholeDay := day && sameDay(first, rows[to])
			if to-from >= longest && !wholeDay || !m.near(first.day, rows[to].day) {
				break
			}
			sum, err := total.Add(rows[to].Amount)
			if err != nil {
				break
			}
			total = sum
			if to-from < longest || to+1 == len(rows) || !sameDay(first, rows[to+1]) {
				out = append(out, run{rows[from : to+1], total})
			}
		}
	}
	return out
}

func sameDay(a, b *transfer) bool {
	return a.Amount.Currency == b.Amount.Currency && a.day.Equal(b.day)
}
