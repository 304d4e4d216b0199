package bank

import (
	"cmp"
	"slices"
	"time"

	"parallax/internal/audit"
	"parallax/internal/money"
	"parallax/internal/record"
)

// fate is how a payout, a bank entry or a line of a batch ended, for the totals.
type fate int

const (
	undecided fate = iota
	matched        // agrees with its counterpart
	broken         // named by a finding
	inFlight       // expected
	excluded       // not of this acquirer, or a copy
)

// transfer is a payout or a bank entry.
type transfer struct {
	record.SettlementLine
	day    time.Time // midnight UTC of the value date, else the business date, else of the transaction; zero: none is told
	nth    int       // tells it apart from others that are alike in everything, 0-based
	fate   fate
	anchor *transfer   // the payout whose day says which window it belongs to; nil: its own
	again  *transfer   // the same reference is matched already, with this one
	kept   bool        // of an entry: what the bank kept is what the payout is more
	rivals []*transfer // entries that may be it, or payouts: which one cannot be told
}

type matching struct {
	rules   Rules
	in      Input
	payouts []*transfer
	entries []*transfer
	batches []*batch
	loose   []*part             // lines without a batch
	lone    map[way][]*transfer // what otherAmounts picks from
	spans   map[time.Time]audit.Window
	counts  map[string]int64
	out     Result
}

func newMatching(rules Rules, in Input) *matching {
	if rules.MaxGroup <= 0 {
		rules.MaxGroup = 20
	}
	m := &matching{rules: rules, in: in, spans: map[time.Time]audit.Window{}, counts: map[string]int64{}}
	for _, l := range in.Lines {
		if l.Type == record.Payout && m.usable(l, "payouts of nothing") {
			m.payouts = append(m.payouts, &transfer{SettlementLine: l, day: dayOf(l)})
		}
	}
	for _, l := range in.Entries {
		if l.Type != record.BankCredit && l.Type != record.BankDebit {
			m.counts["lines of the bank's feed that are no bank entries"]++
			continue
		}
		if m.usable(l, "bank entries of nothing") {
			m.entries = append(m.entries, &transfer{SettlementLine: l, day: dayOf(l)})
		}
	}
	return m
}

// number brings payouts and entries into their order and tells those apart that are alike.
func (m *matching) number() {
	slices.SortFunc(m.payouts, inOrder)
	slices.SortFunc(m.entries, inOrder)
	m.dropCopies()
	number(m.payouts)
	number(m.entries)
}

// number counts the transfers that are alike in everything a finding is known by.
func number(all []*transfer) {
	type known struct {
		id, reference string
		day           time.Time
		amount        money.Amount
	}
	seen := map[known]int{}
	for _, t := range all {
		if t.fate == undecided {
			k := known{idOf(t), t.Reference, t.day, t.Amount}
			t.nth, seen[k] = seen[k], seen[k]+1
		}
	}
}

func (m *matching) usable(l record.SettlementLine, reason string) bool {
	if l.Amount.Minor == 0 || l.Amount.Currency == "" {
		m.counts[reason]++
		return false
	}
	return true
}

// inOrder is the one order of payouts and of entries: by time, then as they stand in the files.
func inOrder(a, b *transfer) int {
	return cmp.Or(a.day.Compare(b.day), cmp.Compare(a.File, b.File), cmp.Compare(a.Record, b.Record),
		cmp.Compare(a.Amount.Currency, b.Amount.Currency), cmp.Compare(a.Amount.Minor, b.Amount.Minor))
}

// identity is what two tellings of one bank entry have in common.
type identity struct {
	kind                                                 record.LineType
	reference, original, batch, payment, arn, rrn, value string
	minor                                                int64
	currency                                             string
	reversal                                             bool
}

// dropCopies excludes what another statement has told already: banks report one entry in a notification (camt.054) and in
// the statement of the day (camt.053). A copy is alike in all that identifies it and stands in another file; entries that
// are alike in one file are several.
func (m *matching) dropCopies() {
	type place struct {
		identity
		file string
	}
	inFile, told := map[place]int{}, map[identity]int{}
	for _, e := range m.entries {
		if e.Reference == "" || e.ValueDate == "" {
			continue
		}
		id := identity{e.Type, e.Reference, e.Original, e.Batch, e.PaymentID, e.ARN, e.RRN, e.ValueDate, e.Amount.Minor, e.Amount.Currency, e.Reversal}
		inFile[place{id, e.File}]++
		if n := inFile[place{id, e.File}]; n > told[id] {
			told[id] = n
			continue
		}
		e.fate = excluded
		m.counts["bank entries that another file of the bank tells too"]++
	}
}

func dayOf(l record.SettlementLine) time.Time {
	for _, text := range []string{l.ValueDate, l.BusinessDate} {
		if day, err := time.Parse(time.DateOnly, text); err == nil {
			return day
		}
	}
	if l.TransactionAt.IsZero() {
		return time.Time{}
	}
	return l.TransactionAt.UTC().Truncate(24 * time.Hour)
}

// free are the transfers that no tier has used.
func free(all []*transfer) []*transfer {
	var out []*transfer
	for _, t := range all {
		if t.fate == undecided && t.again == nil {
			out = append(out, t)
		}
	}
	return out
}

// ours reports whether an entry may be paired without a reference.
func (m *matching) ours(e *transfer) bool { return m.rules.Ours == nil || m.plainlyOurs(e) }

func (m *matching) plainlyOurs(e *transfer) bool {
	return m.rules.Ours != nil && slices.ContainsFunc([]string{e.Note, e.Reference, e.Batch, e.Original}, m.rules.Ours.MatchString)
}

func (m *matching) inWindow(t *transfer) bool {
	if t.anchor != nil {
		t = t.anchor
	}
	return m.holds(t.day)
}

// holds: what has no date is never left out.
func (m *matching) holds(day time.Time) bool {
	return day.IsZero() || m.in.Window.Holds(audit.At(day).From)
}

// near reports whether two value dates lie within the window of business days.
func (m *matching) near(a, b time.Time) bool {
	if a.IsZero() || b.IsZero() {
		return false
	}
	s := m.span(a)
	return !b.Before(s.From) && !b.After(s.To)
}

// span are the first and the last day, both inclusive, within the window of business days around a day.
func (m *matching) span(day time.Time) audit.Window {
	if s, known := m.spans[day]; known {
		return s
	}
	s, cal := audit.Window{From: day, To: day}, m.rules.Calendar
	for before := day.AddDate(0, 0, -1); cal.Between(before, day) <= m.rules.WindowBusinessDays; before = before.AddDate(0, 0, -1) {
		s.From = before
	}
	for after := day.AddDate(0, 0, 1); cal.Between(day, after) <= m.rules.WindowBusinessDays; after = after.AddDate(0, 0, 1) {
		s.To = after
	}
	m.spans[day] = s
	return s
}
