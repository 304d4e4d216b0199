package reconcile

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/internal/money"
)

func TestMatchFindsExactlyWhatWasPutThere(t *testing.T) {
	for seed := range uint64(200) {
		w := newWorld(seed)
		steps := slices.Concat(simpleSteps, partSteps, lifeSteps, keySteps, priceSteps, openSteps)
		for range 20 + w.rng.IntN(100) {
			steps[w.rng.IntN(len(steps))](w)
		}
		w.tellFees()
		first := matchShuffled(t, w, seed)
		if again := matchShuffled(t, w, seed); !reflect.DeepEqual(first, again) {
			t.Fatalf("seed %d: another order of the same input gives another result", seed)
		}
		w.check(t, seed, first)
	}
}

func matchShuffled(t *testing.T, w *world, seed uint64) Result {
	t.Helper()
	w.rng.Shuffle(len(w.in.Entries), func(i, j int) { w.in.Entries[i], w.in.Entries[j] = w.in.Entries[j], w.in.Entries[i] })
	w.rng.Shuffle(len(w.in.Lines), func(i, j int) { w.in.Lines[i], w.in.Lines[j] = w.in.Lines[j], w.in.Lines[i] })
	w.rng.Shuffle(len(w.in.Open), func(i, j int) { w.in.Open[i], w.in.Open[j] = w.in.Open[j], w.in.Open[i] })
	w.rng.Shuffle(len(w.in.OpenLines), func(i, j int) { w.in.OpenLines[i], w.in.OpenLines[j] = w.in.OpenLines[j], w.in.OpenLines[i] })
	result, err := Auditor{worldRules()}.Match(w.in)
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	return result
}

func (w *world) check(t *testing.T, seed uint64, result Result) {
	t.Helper()
	var got []string
	for _, f := range result.Findings {
		got = append(got, fmt.Sprintf("%s %s %s %v", f.Kind, f.Status, f.Key, f.Amounts))
		if f.Fingerprint == "" || f.Reason == "" || f.Rule == "" || len(f.Evidence) < 2 {
			t.Errorf("seed %d: %s %s has no fingerprint, reason, rule or evidence", seed, f.Kind, f.Key)
		}
	}
	want := slices.Clone(w.truth)
	sort.Strings(got)
	sort.Strings(want)
	if !slices.Equal(got, want) {
		t.Fatalf("seed %d: findings\n%q\nwant\n%q", seed, got, want)
	}
	checkTotals(t, result)
	w.checkSums(t, seed, result)
	w.checkMatches(t, seed, result)
}

// checkMatches: every line settles or follows one payment, or settles several as one line; no payment is settled by two
// lines that are not its parts; and every row that counts as matched has a record.
func (w *world) checkMatches(t *testing.T, seed uint64, result Result) {
	t.Helper()
	type place struct {
		file string
		line int64
	}
	used := map[place]string{}
	for _, m := range result.Matches {
		at := place{m.File, m.Line}
		if other, again := used[at]; again && (other == m.PaymentID || !strings.HasSuffix(m.Rule, "one line for several payments")) {
			t.Errorf("seed %d: line %v is used for %s and for %s", seed, at, other, m.PaymentID)
		}
		used[at] = m.PaymentID
	}
	var lines int64
	for _, c := range result.Totals {
		lines += c.FileMatched.Count + c.FileLinked.Count
	}
	if int64(len(used)) < lines {
		t.Errorf("seed %d: %d lines matched or linked, %d in the records of matches", seed, lines, len(used))
	}
	if want := len(w.in.Open) + len(w.in.OpenLines); len(result.Rejudged) != want {
		t.Errorf("seed %d: %d findings judged again, want %d", seed, len(result.Rejudged), want)
	}
}

func (w *world) checkSums(t *testing.T, seed uint64, result Result) {
	t.Helper()
	seen := map[string]bool{}
	for _, c := range result.Totals {
		seen[c.Currency] = true
		ledger := [4]int64{c.Ledger.Minor, c.LedgerMatched.Minor, c.LedgerBreaks.Minor, c.LedgerExpected.Minor}
		if want := w.ledger[c.Currency]; want != nil && ledger != *want || want == nil && ledger != [4]int64{} {
			t.Errorf("seed %d: %s ledger sums %v, want %v", seed, c.Currency, ledger, want)
		}
		file := [5]int64{c.File.Minor, c.FileMatched.Minor, c.FileBreaks.Minor, c.FileLinked.Minor, c.FileRejected.Minor}
		if want := w.file[c.Currency]; want != nil && file != *want || want == nil && file != [5]int64{} {
			t.Errorf("seed %d: %s file sums %v, want %v", seed, c.Currency, file, want)
		}
	}
	for _, c := range result.Totals {
		if c.Within != w.within[c.Currency] {
			t.Errorf("seed %d: %s within the tolerance %v, want %v", seed, c.Currency, c.Within, w.within[c.Currency])
		}
	}
	for currency := range w.ledger {
		if !seen[currency] {
			t.Errorf("seed %d: no total for %s", seed, currency)
		}
	}
}

func TestLatenessFollowsBusinessDays(t *testing.T) {
	rules := testRules()
	rules.Holidays = []string{"2026-11-23"}
	friday := time.Date(2026, 11, 20, 22, 0, 0, 0, time.UTC) // files of Friday and, over a holiday, Tuesday
	for _, tc := range []struct {
		taken         time.Time
		asOf, through string
		want          audit.Status
	}{
		{friday, "2026-11-23T08:00:00Z", "2026-11-20", audit.Expected},
		{friday, "2026-11-25T05:59:59Z", "2026-11-23", audit.Expected},
		{friday, "2026-11-25T06:00:00Z", "2026-11-23", audit.Overdue}, // the file of the 24th is late
		{friday, "2026-11-25T05:59:59Z", "2026-11-24", audit.Overdue},
		{friday, "2026-11-25T06:00:00Z", "2026-11-24", audit.Open},                        // two business days after: the 25th
		{friday.Add(24 * time.Hour), "2026-11-26T05:59:59Z", "2026-11-25", audit.Overdue}, // Saturday counts as Tuesday
		{friday.Add(24 * time.Hour), "2026-11-26T06:00:00Z", "2026-11-25", audit.Open},
		{friday, "2027-11-25T06:00:00Z", "", audit.Overdue}, // without a file nothing is ever missing
	} {
		law, err := rules.compile()
		if err != nil {
			t.Fatal(err)
		}
		m, err := newMatching(law, Input{AsOf: parseTime(t, tc.asOf), FilesThrough: tc.through})
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := m.lateness(tc.taken); got != tc.want {
			t.Errorf("taken %s, as of %s, files through %s: %s, want %s", tc.taken, tc.asOf, tc.through, got, tc.want)
		}
	}
}

func TestMatchRefusesWhatItCannotHold(t *testing.T) {
	w := newWorld(1)
	for range 3 {
		simpleSteps[0](w)
	}
	rules := testRules()
	rules.MaxRows = 5
	if _, err := (Auditor{rules}).Match(w.in); !errors.Is(err, ErrTooManyRows) {
		t.Errorf("six rows with a bound of five gave %v", err)
	}
	for i := range w.in.Entries {
		w.in.Entries[i].Amount = money.Amount{Minor: math.MaxInt64 / 2, Currency: "EUR"}
	}
	result, err := Auditor{testRules()}.Match(w.in)
	if err != nil || len(result.Gaps) != 1 || result.Gaps[0].Reason != "the total of EUR does not fit 64 bits: ledger and files are not tied out in it" {
		t.Errorf("a total beyond 64 bits gave %+v, %v", result.Gaps, err)
	}
	if len(result.Findings) != 3 {
		t.Errorf("%d findings beside it, want 3", len(result.Findings))
	}
}
