package bank

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"sort"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/internal/money"
	"parallax/internal/record"
)

// world makes an acquirer's report and a bank's statement in which the faults are known because it has put them there. It
// computes nothing from its records afterwards.
type world struct {
	rng   *rand.Rand
	in    Input
	n     int
	truth []string // kind, status, key, amounts
	sums  map[string]*[4][5]int64
}

// What a total is of, and its parts; part 0 is the whole.
const (
	ofPayouts = iota
	ofEntries
	ofLines
	ofCharges
)

const (
	good = iota + 1
	bad
	waiting
	aside // excluded, or loose
)

func newWorld(seed uint64) *world {
	w := &world{rng: rand.New(rand.NewPCG(seed, 11)), sums: map[string]*[4][5]int64{}}
	from := time.Date(2026, 11, 9, 0, 0, 0, 0, time.UTC)
	w.in = Input{
		Window: audit.Window{From: from, To: from.AddDate(0, 0, 21)}, AsOf: from.AddDate(0, 0, 18), // Friday the 27th
		LinesThrough: "2026-11-26", EntriesThrough: "2026-11-26",
	}
	return w
}

// transfer is a payout on a business day of the week of the 16th and the entry that credits it, neither of them in the world.
func (w *world) transfer() (payout, entry record.SettlementLine) {
	w.n++
	currency := []string{"EUR", "GBP", "JPY"}[w.rng.IntN(3)]
	day := 16 + w.rng.IntN(4)
	payout = record.SettlementLine{
		Type: record.Payout, File: "report", Batch: fmt.Sprintf("B%05d", w.n), Reference: fmt.Sprintf("PO-%05d-X", w.n),
		Amount:       money.Amount{Minor: 1_000_000 + w.rng.Int64N(1<<40), Currency: currency}, // two that are alike by chance are not to be feared
		BusinessDate: fmt.Sprintf("2026-11-%d", day), ValueDate: fmt.Sprintf("2026-11-%d", day),
	}
	entry = record.SettlementLine{
		Type: record.BankCredit, File: "statement", Reference: payout.Reference, Note: "ADYEN N.V. settlement", Amount: payout.Amount,
		BusinessDate: payout.BusinessDate, ValueDate: payout.ValueDate,
	}
	return payout, entry
}

func (w *world) count(of, part int, a money.Amount) {
	if w.sums[a.Currency] == nil {
		w.sums[a.Currency] = &[4][5]int64{}
	}
	w.sums[a.Currency][of][0] += a.Minor
	w.sums[a.Currency][of][part] += a.Minor
}

// pay adds a payout and the lines it is made of.
func (w *world) pay(payout record.SettlementLine, part int) {
	w.payBare(payout, part)
	w.lines(payout, payout.Amount.Minor, good)
}

func (w *world) payBare(payout record.SettlementLine, part int) {
	payout.Record = int64(len(w.in.Lines) + 2)
	w.in.Lines = append(w.in.Lines, payout)
	w.count(ofPayouts, part, payout.Amount)
}

// lines adds lines of a payout's batch that come to so much: by their net, by gross and fee, or gross alone.
func (w *world) lines(payout record.SettlementLine, total int64, part int) {
	for i := range 3 {
		l := payout
		l.Type, l.Reference, l.Record = []record.LineType{record.Presentment, record.Refund, record.Reserve}[i], fmt.Sprintf("psp-%d-%d", w.n, i), int64(len(w.in.Lines)+2)
		net := w.rng.Int64N(2000) - 1000
		if i == 2 {
			net = total
		}
		total -= net
		l.Amount.Minor = net
		w.count(ofLines, part, l.Amount)
		switch w.rng.IntN(3) {
		case 0:
			l.Net = l.Amount
			l.Amount.Minor += 77
		case 1:
			l.Fee = money.Amount{Minor: 30, Currency: l.Amount.Currency}
			l.Amount.Minor += 30
		}
		w.in.Lines = append(w.in.Lines, l)
	}
}

func (w *world) book(entry record.SettlementLine, part int) {
	entry.Record = int64(len(w.in.Entries) + 2)
	if entry.Amount.Minor < 0 {
		entry.Type = record.BankDebit
	}
	w.in.Entries = append(w.in.Entries, entry)
	w.count(ofEntries, part, entry.Amount)
}

func (w *world) fact(kind audit.Kind, status audit.Status, key string, minor int64, currency string) {
	w.truth = append(w.truth, fmt.Sprintf("%s %s %s [{%d %s}]", kind, status, key, minor, currency))
}

// anonymous takes away what ties an entry to a payout.
func anonymous(l record.SettlementLine) record.SettlementLine {
	l.Reference = ""
	return l
}

// later moves a date of November on by so many days.
func later(date string, days int) string {
	day, err := time.Parse(time.DateOnly, date)
	if err != nil {
		panic(err)
	}
	return day.AddDate(0, 0, days).Format(time.DateOnly)
}

func TestMatchFindsExactlyWhatWasPutThere(t *testing.T) {
	for seed := range uint64(200) {
		w := newWorld(seed)
		for range 20 + w.rng.IntN(60) {
			steps[w.rng.IntN(len(steps))](w)
		}
		first := w.matchShuffled()
		if again := w.matchShuffled(); !reflect.DeepEqual(first, again) {
			t.Fatalf("seed %d: another order of the same input gives another result", seed)
		}
		w.check(t, seed, first)
	}
}

func (w *world) matchShuffled() Result {
	w.rng.Shuffle(len(w.in.Lines), func(i, j int) { w.in.Lines[i], w.in.Lines[j] = w.in.Lines[j], w.in.Lines[i] })
	w.rng.Shuffle(len(w.in.Entries), func(i, j int) { w.in.Entries[i], w.in.Entries[j] = w.in.Entries[j], w.in.Entries[i] })
	return Auditor{testRules()}.Match(w.in)
}

func (w *world) check(t *testing.T, seed uint64, r Result) {
	t.Helper()
	var got []string
	seen := map[audit.Fingerprint]bool{}
	for _, f := range r.Findings {
		got = append(got, fmt.Sprintf("%s %s %s %v", f.Kind, f.Status, f.Key, f.Amounts))
		if f.Fingerprint == "" || f.Verdict == "" || f.Severity == "" || f.Reason == "" || f.Rule == "" || len(f.Evidence) < 2 {
			t.Errorf("seed %d: %s %s is not whole: %+v", seed, f.Kind, f.Key, f)
		}
		if seen[f.Fingerprint] {
			t.Errorf("seed %d: two findings of %s %s have one fingerprint", seed, f.Kind, f.Key)
		}
		seen[f.Fingerprint] = true
	}
	want := slices.Clone(w.truth)
	sort.Strings(got)
	sort.Strings(want)
	if !slices.Equal(got, want) {
		t.Fatalf("seed %d: findings\n%q\nwant\n%q", seed, got, want)
	}
	checkTotals(t, r)
	w.checkUse(t, seed, r)
	w.checkSums(t, seed, r)
}

// checkUse holds that no row of a file is in two matches.
func (w *world) checkUse(t *testing.T, seed uint64, r Result) {
	t.Helper()
	used := map[string]bool{}
	for _, m := range r.Matches {
		at := fmt.Sprint(m.File, ":", m.Line)
		if used[at] {
			t.Errorf("seed %d: %s is matched twice", seed, at)
		}
		used[at] = true
	}
}

func (w *world) checkSums(t *testing.T, seed uint64, r Result) {
	t.Helper()
	got := map[string][4][5]int64{}
	for _, c := range r.Totals {
		got[c.Currency] = [4][5]int64{
			{c.Payouts.Minor, c.PayoutsMatched.Minor, c.PayoutsBreaks.Minor, c.PayoutsExpected.Minor},
			{c.Entries.Minor, c.EntriesMatched.Minor, c.EntriesBreaks.Minor, c.EntriesExpected.Minor, c.EntriesExcluded.Minor},
			{c.Lines.Minor, c.LinesPaid.Minor, c.LinesBreaks.Minor, c.LinesExpected.Minor, c.LinesLoose.Minor},
			{c.Charges.Minor},
		}
	}
	for currency, want := range w.sums {
		want[ofCharges][0] /= 2 // count has added it as the whole and as part 0
		if got[currency] != *want {
			t.Errorf("seed %d: %s sums %v, want %v", seed, currency, got[currency], *want)
		}
	}
	if len(got) != len(w.sums) {
		t.Errorf("seed %d: totals of %d currencies, want %d", seed, len(got), len(w.sums))
	}
}
