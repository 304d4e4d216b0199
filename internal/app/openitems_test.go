package app

import (
	"testing"
	"time"

	"parallax/internal/audit"
)

// TestOpenItemsAreCarriedForward leaves a payment out of the files for three weeks: it is expected, missing, and gone
// on the day its line comes. A line without a payment goes when the ledger learns of it.
func TestOpenItemsAreCarriedForward(t *testing.T) {
	w := newLedgerWorld(t, "    from: 2026-11-02\n", "")
	day := func(n int) time.Time { return time.Date(2026, 11, 2+n, 0, 0, 0, 0, time.UTC) } // a Monday
	morning := func(n int) time.Time { return day(n).Add(7 * time.Hour) }
	w.pay(day(0).Add(12*time.Hour), "a")
	w.pay(day(0).Add(13*time.Hour), "late")
	for n := range 26 {
		if d := day(n); d.Weekday() != time.Saturday && d.Weekday() != time.Sunday && n > 0 {
			w.pay(d.Add(12*time.Hour), d.Format("0102"))
		}
	}
	late, early := "settlement.missing_in_network pay_late ", "settlement.missing_in_ledger Vearly open"

	w.file(day(0), "a")
	w.run(morning(1))
	w.stand("the first morning", late+"expected")
	w.file(day(1), day(1).Format("0102"), "early")
	w.run(morning(2))
	w.stand("the second morning", late+"open", early)
	for n := 2; n < 18; n++ {
		if d := day(n); d.Weekday() == time.Saturday || d.Weekday() == time.Sunday {
			continue
		}
		w.file(day(n), day(n).Format("0102"))
		run := w.run(morning(n + 1))
		w.stand(day(n).Format(time.DateOnly), late+"open", early)
		if n > 10 && run.Verdict != audit.RunClean {
			t.Errorf("day %d: %s, though nothing has changed: %+v", n, run.Verdict, run.Reported)
		}
	}
	w.file(day(18), day(18).Format("0102"), "late")
	w.pay(day(18).Add(9*time.Hour), "early")
	w.run(morning(19))
	w.stand("the day both turn up")
}
