package reconcile

import (
	"fmt"
	"math/rand/v2"
	"time"

	"parallax/internal/audit"
	"parallax/internal/money"
	"parallax/internal/record"
)

// world makes a ledger and the network's files in which the faults are known because it has put them there. It
// computes nothing from its records afterwards.
type world struct {
	rng     *rand.Rand
	in      Input
	n       int
	records int64    // lines made
	truth   []string // kind, status, key, amounts
	ledger  map[string]*[4]int64
	file    map[string]*[5]int64
	within  map[string]Sum
	fees    map[string]*feeTruth // by key of the finding
}

// Parts of the ledger side and the file side; index 0 is the whole.
const (
	partMatched = iota + 1
	partBreaks
	partExpected
)

const (
	partLinked   = partExpected
	partRejected = partExpected + 1
)

func newWorld(seed uint64) *world {
	w := &world{rng: rand.New(rand.NewPCG(seed, 7)), ledger: map[string]*[4]int64{}, file: map[string]*[5]int64{}, within: map[string]Sum{}, fees: map[string]*feeTruth{}}
	w.in.Rejected = map[string]Sum{}
	day := time.Date(2026, 11, 18, 0, 0, 0, 0, time.UTC)
	w.in.Window = audit.Window{From: day.Add(-5 * 24 * time.Hour), To: day.Add(2 * 24 * time.Hour)}
	w.in.AsOf = day.Add(2*24*time.Hour + 8*time.Hour)
	w.in.FilesThrough = "2026-11-19"
	return w
}

// payment returns a new charged payment and the line that settles it; neither is in the world yet.
func (w *world) payment() (record.Entry, record.SettlementLine) {
	w.n++
	at := time.Date(2026, 11, 18, 13, 0, 0, 0, time.UTC).Add(time.Duration(w.rng.IntN(3600_000)) * time.Millisecond)
	currency := []string{"EUR", "GBP", "JPY"}[w.rng.IntN(3)]
	amount := money.Amount{Minor: 1000 + w.rng.Int64N(1_000_000), Currency: currency}
	e := record.Entry{
		ID: fmt.Sprint(w.n), PaymentID: fmt.Sprintf("pay_%04d", w.n), Amount: amount, Status: "captured", Network: "mastercard",
		NetworkReference: fmt.Sprintf("MCC%06d1118", w.n), RRN: fmt.Sprintf("%012d", w.n), AuthCode: fmt.Sprintf("A%05d", w.n), CreatedAt: at,
	}
	l := record.SettlementLine{
		Feed: "mastercard", File: "f18", Type: record.Presentment, Reference: e.NetworkReference, RRN: e.RRN, AuthCode: e.AuthCode,
		Amount: amount, TransactionAt: at.Truncate(time.Second), BusinessDate: "2026-11-18",
	}
	if w.rng.IntN(20) == 0 {
		l.File, l.BusinessDate = "f19", "2026-11-19"
	}
	return e, l
}

func (w *world) addEntry(e record.Entry, part int) {
	w.in.Entries = append(w.in.Entries, e)
	w.countEntry(e.Amount, part)
}

func (w *world) countEntry(a money.Amount, part int) {
	if part == 0 {
		return
	}
	sums := w.ledger[a.Currency]
	if sums == nil {
		sums = new([4]int64)
		w.ledger[a.Currency] = sums
	}
	sums[0] += a.Minor
	sums[part] += a.Minor
}

func (w *world) addLine(l record.SettlementLine, part int) {
	w.records++
	l.Record = w.records
	w.in.Lines = append(w.in.Lines, l)
	w.countLine(l.Amount, part)
}

func (w *world) countLine(a money.Amount, part int) {
	if part == 0 {
		return
	}
	sums := w.file[a.Currency]
	if sums == nil {
		sums = new([5]int64)
		w.file[a.Currency] = sums
	}
	sums[0] += a.Minor
	sums[part] += a.Minor
}

func (w *world) fact(kind audit.Kind, status audit.Status, key string, minor int64, currency string) {
	w.truth = append(w.truth, fmt.Sprintf("%s %s %s [{%d %s}]", kind, status, key, minor, currency))
}

// simpleSteps are the things that can happen to a payment that one line settles.
var simpleSteps = []func(*world){
	func(w *world) { // all is well
		e, l := w.payment()
		w.addEntry(e, partMatched)
		w.addLine(l, partMatched)
	},
	func(w *world) { // well, without a reference in the ledger
		e, l := w.payment()
		e.NetworkReference = ""
		w.addEntry(e, partMatched)
		w.addLine(l, partMatched)
	},
	func(w *world) { // declined, and not settled
		e, _ := w.payment()
		e.Status = "declined"
		w.addEntry(e, 0)
	},
	func(w *world) { // settled in two parts
		e, l := w.payment()
		w.addEntry(e, partMatched)
		l.Amount.Minor = e.Amount.Minor / 3
		w.addLine(l, partMatched)
		l.Amount.Minor = e.Amount.Minor - l.Amount.Minor
		w.addLine(l, partMatched)
	},
	func(w *world) { // refunded in part, a part charged back, and a fee
		e, l := w.payment()
		w.addEntry(e, partMatched)
		w.addLine(l, partMatched)
		back := l
		back.Type, back.Amount.Minor = record.Refund, -l.Amount.Minor/4
		w.addLine(back, partLinked)
		back.Type, back.Amount.Minor = record.Chargeback, -l.Amount.Minor/2
		w.addLine(back, partLinked)
		back.Type, back.Amount.Minor = record.Fee, 15
		w.addLine(back, partRejected)
	},
	func(w *world) { // charged back or reversed in full, in up to two parts
		e, l := w.payment()
		w.addEntry(e, partMatched)
		w.addLine(l, partMatched)
		back := l
		back.Type = []record.LineType{record.Refund, record.Chargeback, record.OtherLine}[w.rng.IntN(3)]
		back.Amount.Minor = -1 - w.rng.Int64N(l.Amount.Minor-1)
		w.addLine(back, partBreaks)
		back.Amount.Minor = -l.Amount.Minor - back.Amount.Minor
		back.TransactionAt = back.TransactionAt.Add(time.Minute)
		w.addLine(back, partBreaks)
		w.fact(audit.SettlementStatusMismatch, audit.Open, e.NetworkReference, e.Amount.Minor, e.Amount.Currency)
	},
	func(w *world) { // refunded in part and charged back in full
		e, l := w.payment()
		w.addEntry(e, partMatched)
		w.addLine(l, partMatched)
		back := l
		back.Type, back.Amount.Minor = record.Refund, -1
		w.addLine(back, partBreaks)
		back.Type, back.Amount.Minor = record.Chargeback, -l.Amount.Minor
		w.addLine(back, partBreaks)
		w.fact(audit.SettlementAmountMismatch, audit.Open, e.NetworkReference, -1-l.Amount.Minor, e.Amount.Currency)
	},
	func(w *world) { // outside the window
		e, l := w.payment()
		e.CreatedAt, l.TransactionAt = e.CreatedAt.AddDate(0, 0, -6), l.TransactionAt.AddDate(0, 0, -6)
		l.Amount.Minor++
		w.addEntry(e, 0)
		w.addLine(l, 0)
	},
	func(w *world) {
		e, _ := w.payment()
		w.addEntry(e, partBreaks)
		w.fact(audit.SettlementMissingInNetwork, audit.Open, e.PaymentID, e.Amount.Minor, e.Amount.Currency)
	},
	func(w *world) { // taken on the next day, whose files are not due yet
		e, _ := w.payment()
		e.CreatedAt = e.CreatedAt.AddDate(0, 0, 1)
		w.addEntry(e, partExpected)
		w.fact(audit.SettlementMissingInNetwork, audit.Expected, e.PaymentID, e.Amount.Minor, e.Amount.Currency)
	},
	func(w *world) {
		_, l := w.payment()
		w.addLine(l, partBreaks)
		w.fact(audit.SettlementMissingInLedger, audit.Open, l.Reference, l.Amount.Minor, l.Amount.Currency)
	},
	func(w *world) {
		e, l := w.payment()
		l.Amount.Minor += []int64{-1, 1, 700, -999}[w.rng.IntN(4)]
		w.addEntry(e, partBreaks)
		w.addLine(l, partBreaks)
		w.fact(audit.SettlementAmountMismatch, audit.Open, l.Reference, max(l.Amount.Minor-e.Amount.Minor, e.Amount.Minor-l.Amount.Minor), e.Amount.Currency)
	},
	func(w *world) {
		e, l := w.payment()
		l.Amount.Currency = "USD"
		w.addEntry(e, partBreaks)
		w.addLine(l, partBreaks)
		w.fact(audit.SettlementCurrencyMismatch, audit.Open, l.Reference, e.Amount.Minor, e.Amount.Currency)
	},
	func(w *world) { // up to three surplus lines, sometimes without a reference in the ledger
		e, l := w.payment()
		key := e.NetworkReference
		if w.rng.IntN(3) == 0 {
			e.NetworkReference, key = "", e.PaymentID
		}
		w.addEntry(e, partMatched)
		w.addLine(l, partMatched)
		surplus := 1 + w.rng.IntN(3)
		for range surplus {
			w.addLine(l, partBreaks)
		}
		w.fact(audit.SettlementDuplicateInNetwork, audit.Open, key, int64(surplus)*l.Amount.Minor, l.Amount.Currency)
	},
	func(w *world) {
		e, l := w.payment()
		w.addEntry(e, partMatched)
		w.addLine(l, partMatched)
		e.PaymentID, e.ID = e.PaymentID+"b", e.ID+"b"
		w.addEntry(e, partBreaks)
		w.fact(audit.SettlementDuplicateInLedger, audit.Open, e.NetworkReference, e.Amount.Minor, e.Amount.Currency)
	},
	func(w *world) {
		e, l := w.payment()
		e.Status = "declined"
		w.addEntry(e, 0)
		w.addLine(l, partBreaks)
		w.fact(audit.SettlementStatusMismatch, audit.Open, e.NetworkReference, l.Amount.Minor, l.Amount.Currency)
	},
}
