// Package reconcile ties a ledger out against what a card network says it settled, and names every line and every
// payment for which the two disagree.
//
// Match is a pure function: no I/O, no clock. Payments and lines are paired in tiers, the safest key first, and each
// payment and each presentment is used at most once. A payment that no file carries yet is expected, then overdue,
// then missing; a timing difference is not a break.
package reconcile

import (
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// Rules say how one feed is held against one ledger.
type Rules struct {
	Scope    string   // the configured ledger
	Feed     string   // the configured feed
	Charged  []string // ledger statuses that mean money was taken
	Refused  []string // ledger statuses that mean none was; every other status is in progress
	Refunded []string // ledger statuses that mean it was given back; nil means refunded, reversed, chargeback and charged_back

	// A payment is expected until the files of its business date and ExpectBusinessDays more have been delivered. It is
	// missing from DeliverBy on the business day that lies MissingBusinessDays after its business date. Between the two
	// it is overdue.
	ExpectBusinessDays  int
	MissingBusinessDays int
	DeliverBy           time.Duration // after midnight UTC
	Holidays            []string      // YYYY-MM-DD; Saturdays and Sundays are no business days either

	Exponent func(currency string) int // decimals, for amounts in reasons; nil: amounts are shown in minor units
	MaxRows  int                       // bound of rows held at once, see join.MaxRows
}

// Input is what was read of both sides. Order does not matter.
type Input struct {
	Window       audit.Window // findings are reported for payments and lines of this window
	AsOf         time.Time
	Entries      []record.Entry          // of the ledger in force: what this feed settles, in the window and some time around it
	Lines        []record.SettlementLine // of all usable files
	FilesThrough string                  // YYYY-MM-DD, the last business date whose files have all been delivered; empty: none

	// Others are the rows of the same ledger that this feed is not expected to settle, because they name another network. A
	// line that belongs to one of them is not missing in the ledger.
	Others []record.Entry

	// AllFiles means that there will be no more files than were read: nothing is still on its way, and FilesThrough does
	// not matter.
	AllFiles bool

	// LinesIncomplete means that part of the files could not be read, EntriesIncomplete the same of the ledger:
	// then nothing is proven to be missing from there.
	LinesIncomplete   bool
	EntriesIncomplete bool

	Snapshot []record.Entry // the old primary's rows after a failover; they only explain findings
}

// Result is what Match has to say. Findings, Excluded, Matched (payments and lines that found their counterpart: one for
// each pairing) and Matches are as in any other judgement.
type Result struct {
	audit.Judgement
	Totals []Total     // by currency, ascending
	Gaps   []audit.Gap // what could not be said of the input as a whole: a total that 64 bits do not hold is not in Totals
}

// Total accounts for every payment charged and every line read of the window, in one currency. Both sides hold to the
// minor unit: Ledger = LedgerMatched + LedgerBreaks + LedgerExpected, and File = FileMatched + FileLinked + FileBreaks + FileRejected.
type Total struct {
	Currency string

	Ledger         Sum // payments charged
	LedgerMatched  Sum // settled as they were charged
	LedgerBreaks   Sum
	LedgerExpected Sum // in flight

	File         Sum
	FileMatched  Sum // presentments that agree with their payment: equal to LedgerMatched in amount
	FileLinked   Sum // refunds, chargebacks and the like of a known payment that do not speak against it
	FileBreaks   Sum
	FileRejected Sum // fees and lines without a currency: not held against payments
}

// Sum counts records and adds their amounts up, in minor units.
type Sum struct {
	Count int64
	Minor int64
}

// Auditor applies Rules.
type Auditor struct{ Rules Rules }

// Match pairs payments with lines and judges every pair and everything left over. Its error is join.ErrTooManyRows.
func (a Auditor) Match(in Input) (Result, error) {
	m := newMatching(a.Rules, in)
	if err := m.pairAll(); err != nil {
		return Result{}, err
	}
	m.link()
	m.judgePairs()
	m.judgeFollows()
	m.judgeMissing()
	m.judgeUnknown()
	audit.Sort(m.out.Findings)
	m.account()
	m.exclusions()
	return m.out, nil
}
