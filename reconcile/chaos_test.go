package reconcile

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/internal/money"
	"parallax/internal/record"
)

// TestMatchHoldsItsProofOnAnything draws both sides from so few keys and amounts that everything collides with everything:
// whatever is found, the totals add up, the order of the input does not matter, and nothing is used twice.
func TestMatchHoldsItsProofOnAnything(t *testing.T) {
	for seed := range uint64(3000) {
		rng := rand.New(rand.NewPCG(seed, 11))
		in := chaos(rng)
		rules := worldRules()
		rules.Tolerances = map[string]int64{"EUR": rng.Int64N(2)}
		first, err := Auditor{rules}.Match(in)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		rng.Shuffle(len(in.Entries), func(i, j int) { in.Entries[i], in.Entries[j] = in.Entries[j], in.Entries[i] })
		rng.Shuffle(len(in.Lines), func(i, j int) { in.Lines[i], in.Lines[j] = in.Lines[j], in.Lines[i] })
		again, err := Auditor{rules}.Match(in)
		if err != nil || !reflect.DeepEqual(first, again) {
			t.Fatalf("seed %d: another order of the same input gives another result, or %v", seed, err)
		}
		checkTotals(t, first)
		checkUse(t, seed, in, first)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func checkUse(t *testing.T, seed uint64, in Input, r Result) {
	t.Helper()
	settledBy := map[int64]int{} // record to how many payments it settles
	for _, m := range r.Matches {
		for _, l := range in.Lines {
			if l.Record == m.Line {
				settledBy[m.Line]++
			}
		}
	}
	for record, n := range settledBy {
		for _, m := range r.Matches {
			if m.Line == record && n > 1 && len(m.Rule) > 8 && m.Rule[len(m.Rule)-8:] != "payments" {
				t.Errorf("seed %d: line %d is used %d times, by %s", seed, record, n, m.Rule)
			}
		}
	}
	var ledger, file int64
	for _, c := range r.Totals {
		ledger, file = ledger+c.Ledger.Count, file+c.File.Count
	}
	if want := len(in.Entries) + len(in.Lines); int(ledger+file) > want {
		t.Errorf("seed %d: %d rows and lines counted, %d given", seed, ledger+file, want)
	}
	seen := map[audit.Fingerprint]bool{}
	for _, f := range r.Findings {
		if seen[f.Fingerprint] || f.Reason == "" || f.Severity == "" || f.Verdict == "" || f.Status == "" {
			t.Errorf("seed %d: %+v is there twice or says too little", seed, f)
		}
		seen[f.Fingerprint] = true
	}
}

func chaos(rng *rand.Rand) Input {
	pick := func(texts ...string) string { return texts[rng.IntN(len(texts))] }
	amount := func() money.Amount {
		minor := []int64{1, 2, 3, 4, 5, -1, -2, 0}[rng.IntN(8)]
		if rng.IntN(200) == 0 {
			minor = []int64{math.MaxInt64, math.MinInt64, math.MaxInt64 / 2}[rng.IntN(3)]
		}
		return money.Amount{Minor: minor, Currency: pick("EUR", "EUR", "EUR", "CHF", "")}
	}
	day := time.Date(2026, 11, 18, 0, 0, 0, 0, time.UTC)
	moment := func() time.Time {
		if rng.IntN(8) == 0 {
			return time.Time{}
		}
		return day.Add(time.Duration(rng.IntN(96)-24) * time.Hour)
	}
	in := Input{Window: audit.Window{From: day, To: day.AddDate(0, 0, 1)}, AsOf: day.AddDate(0, 0, rng.IntN(4)), FilesThrough: "2026-11-18"}
	in.LinesIncomplete, in.EntriesIncomplete, in.AllFiles = rng.IntN(5) == 0, rng.IntN(5) == 0, rng.IntN(5) == 0
	for i := range rng.IntN(9) {
		e := record.Entry{
			ID: fmt.Sprint(i), PaymentID: pick("", "p1", "p2", "p3"), IdempotencyKey: pick("", "k1", "p1"), Amount: amount(),
			Status: pick("captured", "captured", "refunded", "declined", "pending"), NetworkReference: pick("", "r1", "r2"), RRN: pick("", "n1", "n2"),
			AuthCode: pick("", "a1"), CreatedAt: moment(), Extra: map[string]string{"arn": pick("", "x1"), "last4": pick("", "1111"), "batch": pick("", "b1")},
		}
		in.Entries = append(in.Entries, e)
		if rng.IntN(6) == 0 {
			in.Open = append(in.Open, e)
		}
	}
	for i := range rng.IntN(12) {
		l := record.SettlementLine{
			File: pick("f1", "f2"), Record: int64(i + 1), Type: record.LineTypes()[rng.IntN(len(record.LineTypes()))], PaymentID: pick("", "", "p1", "p2", "k1", "p1,p2", "p1 p1"),
			Reference: pick("", "r1", "r2", "r3"), Original: pick("", "", "r1", "r3"), ARN: pick("", "x1"), RRN: pick("", "n1", "n2"), AuthCode: pick("", "a1"),
			MaskedPAN: pick("", "411111******1111"), Batch: pick("", "b1"), Part: rng.IntN(3), Parts: rng.IntN(3), Reversal: rng.IntN(5) == 0, Amount: amount(), Settlement: amount(),
			Net: amount(), Fee: amount(), Rate: pick("", "1.5", "x"), TransactionAt: moment(), BusinessDate: pick("", "2026-11-18", "2026-11-19", "never"),
		}
		if rng.IntN(2) == 0 {
			l.Type = record.Presentment
		}
		in.Lines = append(in.Lines, l)
		if rng.IntN(8) == 0 {
			in.OpenLines = append(in.OpenLines, l)
		}
	}
	return in
}
