// Package reconcile ties a ledger out against what a card network says it settled, and names every line and every
// payment for which the two disagree.
//
// Match is a pure function: no I/O, no clock. Payments and lines are paired in tiers, the safest key first, and each
// payment and each line settles at most once. A payment that no file carries yet is expected, then overdue, then
// missing; a timing difference is not a break. Gross is held against gross; fees and conversions are judged by
// themselves and never make two amounts equal.
package reconcile

import (
	"fmt"
	"time"

	"parallax/internal/audit"
	"parallax/internal/money"
	"parallax/internal/record"
)

// Input is what was read of both sides. Order does not matter.
type Input struct {
	Window       audit.Window // findings are reported for payments and lines of this window
	AsOf         time.Time
	Entries      []record.Entry          // of the ledger in force: what this feed settles, in the window and some time around it
	Lines        []record.SettlementLine // of all usable files
	FilesThrough string                  // YYYY-MM-DD, the last business date whose files have all been delivered; empty: none

	// Read is the time of which all rows of the ledger are in Entries, where that is more than Window. With it a line that no
	// payment explains is reported not only in the window of its own time but also in the one in which its file is due: a
	// transaction of Friday night may come with Monday's file, when Friday's run is over. It is not where its own time lies
	// less than a day inside Read, for then its payment may not have been read.
	Read audit.Window

	// Open are rows of earlier windows that were not settled when they were last looked at, OpenLines lines of earlier
	// windows that no payment explained. They are judged like the others, and reported wherever they lie. A row or line that
	// is also in Entries or Lines counts once.
	Open      []record.Entry
	OpenLines []record.SettlementLine

	// Others are the rows of the same ledger that this feed is not expected to settle, because they name another network. A
	// line that belongs to one of them is not missing in the ledger.
	Others []record.Entry

	// Rejected are the rows of the files that could not be read but for their amounts, summed by currency. They take part in
	// nothing but the proof of the totals.
	Rejected map[string]Sum

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

	// Rejudged are the findings that Open and OpenLines stand for, ascending: those that are not among Findings are no
	// longer there.
	Rejudged []audit.Fingerprint
}

// Total accounts for every payment charged and every line read that the run speaks for, in one currency. Both sides hold
// to the minor unit: Ledger = LedgerMatched + LedgerBreaks + LedgerExpected, and File = FileMatched + FileLinked +
// FileBreaks + FileRejected. What matched is the same money on both sides, but for what a tolerance let pass:
// FileMatched.Minor = LedgerMatched.Minor + Within.Minor.
type Total struct {
	Currency string

	Ledger         Sum // payments charged
	LedgerMatched  Sum // settled as they were charged
	LedgerBreaks   Sum
	LedgerExpected Sum // in flight; of a payment settled in part the rest only, the settled part is in LedgerMatched without a count

	File         Sum
	FileMatched  Sum // lines that agree with their payment, or with a part of it
	FileLinked   Sum // refunds, chargebacks and the like of a known payment that do not speak against it
	FileBreaks   Sum
	FileRejected Sum // what is not held against payments: fees, payouts, lines without a currency, and Input.Rejected

	Within Sum // pairs that differ within the tolerance, and by how much the files say more than the ledger
}

// Sum counts records and adds their amounts up, in minor units.
type Sum struct {
	Count int64
	Minor int64
}

// Auditor applies Rules.
type Auditor struct{ Rules Rules }

// Match pairs payments with lines and judges every pair and everything left over. Its error is what Rules.Check says, or
// ErrTooManyRows.
func (a Auditor) Match(in Input) (Result, error) {
	law, err := a.Rules.compile()
	if err != nil {
		return Result{}, fmt.Errorf("match %s: %w", a.Rules.Feed, err)
	}
	m, err := newMatching(law, in)
	if err != nil {
		return Result{}, err
	}
	m.pairAll()
	m.link()
	m.judgePairs()
	m.judgeFollows()
	m.suggest()
	m.judgeMissing()
	m.judgeUnknown()
	m.judgeFees()
	audit.Sort(m.out.Findings)
	m.account()
	m.exclusions()
	m.out.Rejudged = m.rejudged()
	return m.out, nil
}

// amountOf is a payment's or a line's amount in the shape of findings.
func amountOf(a money.Amount) audit.Money { return audit.Money(a) }
