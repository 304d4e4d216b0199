package bank

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/internal/money"
	"parallax/internal/record"
)

func eur(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "EUR"} }

// input has the window and the delivery of the worlds.
func input(lines, entries []record.SettlementLine) Input {
	in := newWorld(1).in
	in.Lines, in.Entries = lines, entries
	for i := range lines {
		lines[i].File, lines[i].Record = "report", int64(i+2)
	}
	for i := range entries {
		entries[i].File, entries[i].Record = "statement", int64(i+2)
	}
	return in
}

func payout(reference, date string, minor int64) record.SettlementLine {
	return record.SettlementLine{Type: record.Payout, Reference: reference, ValueDate: date, Amount: eur(minor)}
}

func credit(reference, note, date string, minor int64) record.SettlementLine {
	return record.SettlementLine{Type: record.BankCredit, Reference: reference, Note: note, ValueDate: date, Amount: eur(minor)}
}

func TestSumsBeyond64Bits(t *testing.T) {
	var lines, entries []record.SettlementLine
	for i := range 3 {
		ref := fmt.Sprintf("PO-%06d", i)
		lines = append(lines, payout(ref, "2026-11-18", math.MaxInt64-1))
		entries = append(entries, credit(ref, "", "2026-11-18", math.MaxInt64-1))
		batch := record.SettlementLine{Type: record.Presentment, Batch: "7", BusinessDate: "2026-11-18", Amount: eur(math.MaxInt64)}
		lines = append(lines, batch)
	}
	lines = append(lines, record.SettlementLine{Type: record.Payout, Batch: "7", BusinessDate: "2026-11-18", Amount: eur(5)})
	r := Auditor{testRules()}.Match(input(lines, entries))
	if len(r.Gaps) != 1 || r.Gaps[0].Reason != "the total of EUR does not fit 64 bits: payouts and bank are not tied out in it" || len(r.Totals) != 0 {
		t.Errorf("gaps %+v, totals %+v", r.Gaps, r.Totals)
	}
	if len(r.Matches) != 3 {
		t.Errorf("%d matches, want 3", len(r.Matches))
	}
	if len(r.Findings) != 2 || r.Findings[0].Kind != audit.SettlementBatchUnbalanced || len(r.Findings[0].Amounts) != 0 {
		t.Errorf("findings %+v, want an unbalanced batch without an amount and its payout", r.Findings)
	}
}

// A reference that every payout carries, such as the merchant's number, ties nothing.
func TestConstantReferenceTiesNothing(t *testing.T) {
	lines := []record.SettlementLine{payout("MERCHANT01", "2026-11-16", 100), payout("MERCHANT01", "2026-11-17", 250)}
	entries := []record.SettlementLine{
		credit("MERCHANT01", "adyen", "2026-11-16", 100), credit("MERCHANT01", "adyen", "2026-11-17", 240),
	}
	r := Auditor{testRules()}.Match(input(lines, entries))
	if len(r.Matches) != 1 || r.Matches[0].Rule != "payout: amount, currency and value date" {
		t.Errorf("matches %+v", r.Matches)
	}
	for _, f := range r.Findings {
		if f.Kind == audit.SettlementPayoutMismatch {
			t.Errorf("the constant reference tied the payout to an entry: %s", f.Reason)
		}
	}
}

func TestShortReferencesAreNotLookedForInText(t *testing.T) {
	lines := []record.SettlementLine{payout("12", "2026-11-16", 100)}
	r := Auditor{testRules()}.Match(input(lines, []record.SettlementLine{credit("", "adyen invoice 12 of 2026", "2026-11-24", 99)}))
	for _, f := range r.Findings {
		if f.Kind == audit.SettlementPayoutMismatch {
			t.Errorf("a reference of two digits was found in text: %s", f.Reason)
		}
	}
	r = Auditor{testRules()}.Match(input(lines, []record.SettlementLine{credit("12", "", "2026-11-24", 99)}))
	if len(r.Findings) != 1 || r.Findings[0].Kind != audit.SettlementPayoutMismatch {
		t.Errorf("the same in a field of its own gave %+v", r.Findings)
	}
}

// Without a reference only neighbours are put together, and only where there is one way to do it.
func TestSumsAreOfNeighboursOnly(t *testing.T) {
	rules := testRules()
	rules.MaxGroup = 2
	date := "2026-11-18"
	for name, tc := range map[string]struct {
		payouts []record.SettlementLine
		credit  int64
		want    int
	}{
		"neighbours":             {[]record.SettlementLine{payout("", "2026-11-17", 100), payout("", date, 230)}, 330, 2},
		"not neighbours":         {[]record.SettlementLine{payout("", "2026-11-17", 100), payout("", date, 230), payout("", "2026-11-19", 4000)}, 4100, 0},
		"a whole day":            {[]record.SettlementLine{payout("", date, 100), payout("", date, 230), payout("", date, 4000)}, 4330, 3},
		"more than the bound":    {[]record.SettlementLine{payout("", "2026-11-17", 100), payout("", date, 230), payout("", "2026-11-19", 4000)}, 4330, 0},
		"two ways":               {[]record.SettlementLine{payout("", "2026-11-17", 100), payout("", date, 230), payout("", "2026-11-19", 100)}, 330, 0},
		"outside of the window":  {[]record.SettlementLine{payout("", "2026-11-09", 100), payout("", "2026-11-10", 230)}, 330, 0},
		"without a date":         {[]record.SettlementLine{payout("", "", 100), payout("", "", 230)}, 330, 0},
		"one is a pair already":  {[]record.SettlementLine{payout("", date, 330), payout("", "2026-11-19", 100), payout("", "2026-11-20", 230)}, 330, 1},
		"as in another currency": {[]record.SettlementLine{payout("", date, 100), {Type: record.Payout, ValueDate: date, Amount: money.Amount{Minor: 230, Currency: "GBP"}}}, 330, 0},
	} {
		r := Auditor{rules}.Match(input(tc.payouts, []record.SettlementLine{credit("", "adyen", date, tc.credit)}))
		if len(r.Matches) != tc.want {
			t.Errorf("%s: matches %+v, want %d", name, r.Matches, tc.want)
		}
	}
}

// One entry between two payouts of its amount may be either.
func TestOneEntryBetweenTwoPayouts(t *testing.T) {
	lines := []record.SettlementLine{payout("", "2026-11-17", 100), payout("", "2026-11-19", 100)}
	r := Auditor{testRules()}.Match(input(lines, []record.SettlementLine{credit("", "adyen", "2026-11-18", 100)}))
	if len(r.Matches) != 0 || len(r.Findings) != 3 || r.Findings[0].Verdict != audit.Undecidable {
		t.Errorf("matches %+v, findings %+v", r.Matches, r.Findings)
	}
}

// A payout in two credits, each less charges.
func TestPartsLessCharges(t *testing.T) {
	entries := []record.SettlementLine{credit("PO-000001", "", "2026-11-18", 590), credit("PO-000001", "", "2026-11-18", 390)}
	for i := range entries {
		entries[i].Fee = eur(10)
	}
	r := Auditor{testRules()}.Match(input([]record.SettlementLine{payout("PO-000001", "2026-11-18", 1000)}, entries))
	if len(r.Matches) != 2 || len(r.Findings) != 0 || r.Totals[0].Charges != (Sum{2, 20}) {
		t.Errorf("%+v", r)
	}
	checkTotals(t, r)
}

// The payout that was credited again is the one of that amount.
func TestCreditedAgainNamesThePayout(t *testing.T) {
	lines := []record.SettlementLine{payout("PO-000001", "2026-11-18", 1000), payout("PO-000002", "2026-11-18", 2000), payout("PO-000003", "2026-11-18", 3000)}
	var entries []record.SettlementLine
	for _, minor := range []int64{1000, 2000, 3000, 2000} {
		entries = append(entries, credit("", "PO-000001 PO-000002 PO-000003", "2026-11-18", minor))
	}
	r := Auditor{testRules()}.Match(input(lines, entries))
	if len(r.Findings) != 1 || r.Findings[0].Evidence[1].Value != "PO-000002" {
		t.Errorf("%+v", r.Findings)
	}
}

func TestAllFiles(t *testing.T) {
	in := input([]record.SettlementLine{payout("", "2026-11-18", 100), payout("", "2026-11-27", 200)}, nil)
	in.AllFiles, in.LinesThrough, in.EntriesThrough = true, "", ""
	r := Auditor{testRules()}.Match(in)
	if len(r.Findings) != 2 || r.Findings[0].Status != audit.Open || r.Findings[0].Verdict != audit.Proven || r.Findings[1].Status != audit.Expected {
		t.Errorf("findings %+v, want one missing and one expected", r.Findings)
	}
}

// A late statement may still show the money.
func TestNothingIsMissingWhileAStatementIsLate(t *testing.T) {
	for through, want := range map[string]audit.Verdict{"": audit.Undecidable, "2026-11-18": audit.Undecidable, "2026-11-19": audit.Undecidable, "2026-11-23": audit.Proven} {
		in := input([]record.SettlementLine{payout("", "2026-11-18", 100)}, nil)
		in.EntriesThrough = through
		r := Auditor{testRules()}.Match(in)
		if len(r.Findings) != 1 || r.Findings[0].Verdict != want || (r.Findings[0].Status == audit.Open) != (want == audit.Proven) {
			t.Errorf("statements through %q: %+v, want %s", through, r.Findings, want)
		}
	}
}

func TestOutsideTheWindowIsContext(t *testing.T) {
	lines := []record.SettlementLine{payout("PO-000001", "2026-11-02", 100), payout("PO-000002", "2026-11-02", 100)}
	r := Auditor{testRules()}.Match(input(lines, []record.SettlementLine{credit("PO-000001", "adyen", "2026-11-10", 100), credit("", "adyen", "2026-11-02", 77)}))
	if len(r.Findings) != 0 || len(r.Matches) != 0 || len(r.Totals) != 0 {
		t.Errorf("%+v", r)
	}
}

// BenchmarkMatch holds a year of many payouts a day, all alike, against as many entries: nothing may grow with their product.
func BenchmarkMatch(b *testing.B) {
	var lines, entries []record.SettlementLine
	for i := range 10_000 {
		date := fmt.Sprintf("2026-11-%02d", 9+i%18)
		lines = append(lines, payout(fmt.Sprintf("PO-%07d", i), date, int64(100+i%7)))
		entries = append(entries, credit("", "adyen", date, int64(100+i%7)))
	}
	in := input(lines, entries)
	for b.Loop() {
		Auditor{testRules()}.Match(in)
	}
}

func TestCheck(t *testing.T) {
	if err := testRules().Check(); err != nil {
		t.Error(err)
	}
	for want, change := range map[string]func(*Rules){
		`footing "sums" is none of payouts, implied and nothing`:          func(r *Rules) { r.Footing = "sums" },
		"a number of days or payouts is -2":                               func(r *Rules) { r.UnpaidBusinessDays = -2 },
		"statements are due -1s after the end of their day":               func(r *Rules) { r.StatementBy = -time.Second },
		`calendar: holiday "easter" is neither a date such as 2026-12-25`: func(r *Rules) { r.Calendar.Holidays = []string{"easter"} },
	} {
		r := testRules()
		change(&r)
		if err := r.Check(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
