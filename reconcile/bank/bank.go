// Package bank ties what an acquirer says it paid out against what it says the payouts are made of, and against what the
// bank's statement shows: settlement lines, payout, bank credit.
//
// Match is a pure function: no I/O, no clock. Payouts and bank entries are paired in tiers, the safest first, and each is
// used at most once. A payout that no statement shows yet is expected, then overdue, then missing.
package bank

import (
	"fmt"
	"regexp"
	"time"

	"parallax/internal/audit"
	"parallax/internal/calendar"
	"parallax/internal/record"
)

// Rules say how the payouts of one feed are held against the statements of one bank account or several.
type Rules struct {
	Scope string // what the findings belong to: the configured ledger
	Feed  string // the acquirer's feed
	Bank  string // the bank's feed

	Calendar calendar.Calendar // of the bank: business days, and when a day ends

	// A payout is expected in the statements of its value date and ArriveBusinessDays more. It is missing once those of
	// MissingBusinessDays have been delivered and do not show it. Between the two it is overdue. The same counts for a credit
	// that is plainly the acquirer's and in no report of his.
	ArriveBusinessDays  int
	MissingBusinessDays int
	StatementBy         time.Duration // after the end of a day: when its statement is due

	Footing Footing // what a batch of lines is held against; empty is FootPayouts

	// A batch is paid out within PayBusinessDays of its last line, or else overdue; from UnpaidBusinessDays on it is unpaid.
	PayBusinessDays    int
	UnpaidBusinessDays int

	WindowBusinessDays int // how far apart the value dates of payout and entry may be where no reference ties them
	MaxGroup           int // how many payouts one credit, or credits one payout, may be made of without a reference; 0 means 20

	// Ours finds, in remittance information or reference, the bank entries that are of this acquirer. With it, only those are
	// paired by amount, and those that nothing explains are findings. Without it no entry is ever unknown.
	Ours *regexp.Regexp

	Exponent func(currency string) int // decimals, for amounts in reasons; nil: amounts are shown in minor units
}

// Footing says what the lines that name one batch add up to.
type Footing string

// The footings.
const (
	FootPayouts Footing = "payouts" // the rows of its payout, which the report has too
	FootImplied Footing = "implied" // what the bank shows: the report has no rows of payouts, a batch is one
	FootNothing Footing = "nothing" // nothing: money is paid out of a balance, whatever the batch
)

// Defaults are the rules of a daily payout by bank transfer. Scope, feeds, calendar and Ours remain to be set.
func Defaults() Rules {
	return Rules{
		ArriveBusinessDays: 1, MissingBusinessDays: 3, StatementBy: 12 * time.Hour,
		PayBusinessDays: 5, UnpaidBusinessDays: 8, WindowBusinessDays: 3,
	}
}

// Check reports the first rule that means nothing.
func (r Rules) Check() error {
	if err := r.Calendar.Check(); err != nil {
		return fmt.Errorf("calendar: %w", err)
	}
	switch r.Footing {
	case "", FootPayouts, FootImplied, FootNothing:
	default:
		return fmt.Errorf("footing %q is none of %s, %s and %s", r.Footing, FootPayouts, FootImplied, FootNothing)
	}
	if least := min(r.ArriveBusinessDays, r.MissingBusinessDays, r.PayBusinessDays, r.UnpaidBusinessDays, r.WindowBusinessDays, r.MaxGroup); least < 0 {
		return fmt.Errorf("a number of days or payouts is %d", least)
	}
	if r.StatementBy < 0 {
		return fmt.Errorf("statements are due %s after the end of their day", r.StatementBy)
	}
	return nil
}

// Input is what was read. Order does not matter.
type Input struct {
	Window audit.Window // findings are reported for payouts, batches and entries of this window, by value date
	AsOf   time.Time

	// Lines are the feed's: payouts (record.Payout), and the lines that they pay, by Batch. A batch is read as a whole or
	// LinesIncomplete is set.
	Lines []record.SettlementLine
	// Entries are the bank's: record.BankCredit and record.BankDebit. Other types are excluded.
	Entries []record.SettlementLine

	LinesThrough   string // YYYY-MM-DD, the last business date whose files of the feed have all been delivered; empty: none
	EntriesThrough string // the same of the bank's statements
	AllFiles       bool   // there will be no more files than were read; the two above do not matter

	LinesIncomplete   bool // part of the feed's files could not be read
	EntriesIncomplete bool // part of the statements could not be read
}

// Result is what Match has to say. Matched counts payouts and entries by their pairings; Matches has one for each, with the
// payout's batch or reference as PaymentID and the entry's reference as Reference.
type Result struct {
	audit.Judgement
	Totals []Total     // by currency, ascending
	Gaps   []audit.Gap // a total that 64 bits do not hold is not in Totals
}

// Auditor applies Rules.
type Auditor struct{ Rules Rules }

// Match takes rules that Check has passed. It foots the batches, pairs payouts with bank entries, and judges what
// is left over.
func (a Auditor) Match(in Input) Result {
	m := newMatching(a.Rules, in)
	m.foot()
	m.number()
	m.byReference()
	m.byAmount()
	m.bySum()
	m.suggest()
	m.judgePayouts()
	m.judgeEntries()
	audit.Sort(m.out.Findings)
	m.account()
	m.exclusions()
	return m.out
}
