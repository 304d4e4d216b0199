package reconcile

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// class says what a ledger status means for the money.
type class int8

const (
	charged class = iota
	inProgress
	refused
)

// fate is how a payment or a line ended, for the totals.
type fate int8

const (
	undecided  fate = iota
	matched         // agrees with its counterpart
	linked          // belongs to a known payment without settling it
	cancelled       // a copy and its reversal, which undo each other
	broken          // named by a finding
	inFlight        // expected
	unjudged        // not held against payments
	notCharged      // a payment that took no money and settled none
)

type payment struct {
	*record.Entry

	class     class
	fate      fate
	ours      bool  // the run speaks for it
	twin      bool  // under a reference of which another payment has the only line
	ambiguous bool  // a weaker key fits it and others alike
	partial   bool  // its parts do not say that they are all
	brought   int64 // minor units that matched parts have settled, where the rest did not come
	off       int64 // minor units by which the files say more, within the tolerance
	line      *line // the line that settles it
	tier      *tier // by which
	hint      *hint // what may settle it
	more      *more // what only few payments have
}

// more is what is known beyond the pair.
type more struct {
	parts   []*line    // all lines that settle the payment, where there are several
	follows []*line    // refunds, chargebacks and the like, each once
	surplus []*line    // further presentments of the same payment
	twins   []*payment // further payments under the same reference, no line left for them
}

// rare is what only few payments have, made on demand.
func (p *payment) rare() *more {
	if p.more == nil {
		p.more = new(more)
	}
	return p.more
}

// seen is the same for reading.
func (p *payment) seen() more {
	if p.more == nil {
		return more{}
	}
	return *p.more
}

// lines are those that settle the payment.
func (p *payment) lines() []*line {
	if parts := p.seen().parts; len(parts) > 0 {
		return parts
	}
	return []*line{p.line}
}

type line struct {
	*record.SettlementLine

	fate      fate
	open      bool // of an earlier window, judged again
	ours      bool // the run speaks for it by its own time, where it settles nothing
	late      bool // its file is due in the window
	ambiguous bool
	owner     *payment   // whom it settles or belongs to
	merged    []*payment // all whom it settles, where it is one line for several
	hint      *hint
}

type matching struct {
	law      *law
	in       Input
	days     days
	payments []*payment
	lines    []*line
	partly   int64                     // lines that give a part back, of which the ledger says nothing
	paired   int                       // payments that have a line
	unpriced int64                     // lines that could not be held against the tariff
	unrated  int64                     // conversions of which the file says no rate
	reported map[audit.Fingerprint]int // where in out.Findings
	out      Result
}

func newMatching(rules *law, in Input) (*matching, error) {
	m := &matching{law: rules, in: in, days: newDays(rules.Calendar), reported: map[audit.Fingerprint]int{}}
	bound := cmp.Or(max(rules.MaxRows, 0), defaultMaxRows)
	if n := len(in.Entries) + len(in.Open) + len(in.Lines) + len(in.OpenLines); n > bound {
		return nil, fmt.Errorf("match %d payments and lines of %s: %w: at most %d together", n, rules.Feed, ErrTooManyRows, bound)
	}
	m.takePayments()
	m.takeLines()
	return m, nil
}

// takePayments brings the ledger's rows into their order: of time, then of id.
func (m *matching) takePayments() {
	type identity struct {
		region    audit.Region
		id, payID string
	}
	rows := once(m.in.Entries, m.in.Open, func(e *record.Entry) identity { return identity{e.Region, e.ID, e.PaymentID} })
	places := make([]place, len(rows))
	for i, r := range rows {
		places[i] = place{major: r.row.CreatedAt.Unix(), minor: int64(r.row.CreatedAt.Nanosecond()), row: i}
	}
	slices.SortFunc(places, func(a, b place) int {
		if c := a.compare(b); c != 0 {
			return c
		}
		x, y := rows[a.row].row, rows[b.row].row
		return cmp.Or(cmp.Compare(x.PaymentID, y.PaymentID), cmp.Compare(x.ID, y.ID))
	})
	slab := make([]payment, len(rows))
	m.payments = make([]*payment, len(rows))
	for i, at := range places {
		r := rows[at.row]
		ours := r.open || r.row.CreatedAt.IsZero() || m.in.Window.Holds(instant(r.row.CreatedAt))
		slab[i] = payment{Entry: r.row, class: m.classOf(r.row.Status), ours: ours}
		m.payments[i] = &slab[i]
	}
}

// takeLines does the same with the files' lines: the order is of business date, file and record.
func (m *matching) takeLines() {
	type identity struct {
		feed, file string
		record     int64
	}
	type source struct{ date, file string }
	rows := once(m.in.Lines, m.in.OpenLines, func(l *record.SettlementLine) identity { return identity{l.Feed, l.File, l.Record} })
	ranks := map[source]int64{}
	for _, r := range rows {
		ranks[source{r.row.BusinessDate, r.row.File}] = 0
	}
	for i, s := range slices.SortedFunc(maps.Keys(ranks), func(a, b source) int {
		return cmp.Or(cmp.Compare(a.date, b.date), cmp.Compare(a.file, b.file))
	}) {
		ranks[s] = int64(i)
	}
	places := make([]place, len(rows))
	for i, r := range rows {
		places[i] = place{major: ranks[source{r.row.BusinessDate, r.row.File}], minor: r.row.Record, row: i}
	}
	slices.SortFunc(places, place.compare)
	dueHere := dueDates{}
	slab := make([]line, len(rows))
	m.lines = make([]*line, len(rows))
	for i, at := range places {
		r := rows[at.row]
		t := lineTime(r.row.TransactionAt, r.row.BusinessDate)
		slab[i] = line{SettlementLine: r.row, open: r.open, ours: r.open || t.IsZero() || m.in.Window.Holds(instant(t))}
		slab[i].late = dueHere.holds(m, r.row.BusinessDate)
		if notOfPayments(r.row) {
			slab[i].fate = unjudged
		}
		m.lines[i] = &slab[i]
	}
}

// place is where a row stands in its order: numbers side by side sort several times faster than rows far apart.
type place struct {
	major, minor int64
	row          int
}

func (a place) compare(b place) int {
	return cmp.Or(cmp.Compare(a.major, b.major), cmp.Compare(a.minor, b.minor))
}

// taken is a row of the input, and whether it is judged wherever it lies.
type taken[R any] struct {
	row  *R
	open bool
}

// once lists the rows of both, those that are in both as open and only once.
func once[R any, K comparable](rows, open []R, identity func(*R) K) []taken[R] {
	waiting := make(map[K]*R, len(open))
	for i := range open {
		waiting[identity(&open[i])] = &open[i]
	}
	out := make([]taken[R], 0, len(rows)+len(open))
	for i := range rows {
		t := taken[R]{row: &rows[i]}
		if len(waiting) > 0 {
			k := identity(t.row)
			_, t.open = waiting[k]
			delete(waiting, k)
		}
		out = append(out, t)
	}
	for i := range open {
		if waiting[identity(&open[i])] == &open[i] {
			out = append(out, taken[R]{&open[i], true})
		}
	}
	return out
}

// notOfPayments are lines that are never held against payments: fees, what was transferred, held back or booked by a bank,
// and lines without a currency.
func notOfPayments(l *record.SettlementLine) bool {
	switch l.Type {
	case record.Fee, record.Payout, record.Reserve, record.BankCredit, record.BankDebit:
		return true
	default:
		return l.Amount.Currency == ""
	}
}

func (m *matching) classOf(status string) class {
	switch {
	case slices.Contains(m.law.Charged, status):
		return charged
	case slices.Contains(m.law.Refused, status):
		return refused
	default:
		return inProgress
	}
}
