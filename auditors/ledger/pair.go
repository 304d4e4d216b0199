package ledger

import (
	"cmp"
	"slices"

	"parallax/internal/record"
)

// twin is one row as two copies hold it. It is sure where the row itself was recognised, and not where two rows of one
// payment were merely put side by side.
type twin struct {
	left, right record.Entry
	sure        bool
}

// pairing are the rows of one payment in two copies.
type pairing struct {
	compare         []string
	twins           []twin
	left, right     []record.Entry // rows that the other copy lacks
	inLeft, inRight bool           // whether the copy has any row of the payment
}

// pair lays the rows of one payment in two copies side by side: first the same row id, then the same creation time where
// an id is not known, then equal contents, and last whatever remains, in order. What is left over is in one copy only.
func pair(compare []string, left, right []record.Entry) pairing {
	p := pairing{inLeft: len(left) > 0, inRight: len(right) > 0, compare: compare, left: sorted(left), right: sorted(right)}
	p.match(true, func(a, b record.Entry) bool { return recognised(a, b) && p.equal(a, b) })
	p.match(true, func(a, b record.Entry) bool { return a.ID != "" && a.ID == b.ID })
	p.match(true, recognised)
	p.match(false, p.equal)
	p.match(false, func(record.Entry, record.Entry) bool { return true })
	return p
}

// Alike reports whether the rules see no difference between the rows of one payment in two copies.
func Alike(compare []string, left, right []record.Entry) bool {
	p := pair(compare, left, right)
	return len(p.left)+len(p.right) == 0 && !slices.ContainsFunc(p.twins, func(t twin) bool { return !p.equal(t.left, t.right) })
}

// match takes every row of the left that has a partner on the right out of both.
func (p *pairing) match(sure bool, same func(a, b record.Entry) bool) {
	var rest []record.Entry
	for _, a := range p.left {
		i := slices.IndexFunc(p.right, func(b record.Entry) bool { return same(a, b) })
		if i < 0 {
			rest = append(rest, a)
			continue
		}
		p.twins = append(p.twins, twin{left: a, right: p.right[i], sure: sure})
		p.right = slices.Delete(p.right, i, i+1)
	}
	p.left = rest
}

// recognised reports whether two entries are the same row: by its id, or where one has none, by its creation.
func recognised(a, b record.Entry) bool {
	if a.ID != "" && b.ID != "" {
		return a.ID == b.ID
	}
	return a.CreatedAt.Equal(b.CreatedAt)
}

func (p *pairing) equal(a, b record.Entry) bool { return len(differences(p.compare, a, b)) == 0 }

func sorted(rows []record.Entry) []record.Entry {
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b record.Entry) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	return rows
}

// byPayment are the rows of one copy by payment id, which a copy may hold more than once.
func byPayment(entries []record.Entry) map[string][]record.Entry {
	m := make(map[string][]record.Entry, len(entries))
	for _, e := range entries {
		m[e.PaymentID] = append(m[e.PaymentID], e)
	}
	return m
}

// payments are the payment ids of two copies, each once, in order.
func payments(a, b map[string][]record.Entry) []string {
	ids := make([]string, 0, len(a))
	for id := range a {
		ids = append(ids, id)
	}
	for id := range b {
		if _, both := a[id]; !both {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}
