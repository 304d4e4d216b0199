package app

import (
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/sinks/report"
)

// week is a world of a feed whose days all have their files, but for the days that a test leaves out.
type week struct{ *ledgerWorld }

func newWeek(t *testing.T, feed string) week { return week{newLedgerWorld(t, feed, "")} }

func (week) day(n int) time.Time { return time.Date(2026, 11, 2+n, 0, 0, 0, 0, time.UTC) } // from a Monday on

// pass lets the days from..to go by, each with a payment, its file, and a run on the next morning.
func (w week) pass(from, to int) (last report.Run) {
	w.Helper()
	for n := from; n <= to; n++ {
		if d := w.day(n); d.Weekday() != time.Saturday && d.Weekday() != time.Sunday {
			w.pay(d.Add(12*time.Hour), d.Format("0102"))
			w.file(d, d.Format("0102"))
			last = w.run(w.day(n + 1).Add(7 * time.Hour))
		}
	}
	return last
}

// TestAFileThatNeverComesIsNotForgotten: long after the window has passed its day, the run is not clean, and nothing of
// that day is proven to be missing. What the late file holds is judged when it comes.
func TestAFileThatNeverComesIsNotForgotten(t *testing.T) {
	w := newWeek(t, "    from: 2026-11-02\n")
	w.pay(w.day(0).Add(12*time.Hour), "monday")
	late, overdue := "file.late visa/2026-11-02 open", "settlement.missing_in_network pay_monday overdue"
	if run := w.pass(1, 14); run.Verdict != audit.RunInconclusive {
		t.Errorf("two weeks without the file end %s", run.Verdict)
	}
	w.stand("after two weeks", late, overdue)
	w.file(w.day(0), "monday", "nobody")
	if run := w.pass(15, 15); run.Verdict != audit.RunFindings {
		t.Errorf("the file with a line of nobody ends %s", run.Verdict)
	}
	w.stand("the file has come", "settlement.missing_in_ledger Vnobody open")
}

// TestAPaymentIsFoundHoweverOldItsRow: a row that was made weeks before its capture, and one of a payment whose finding was
// closed, are looked up before a line is called unknown.
func TestAPaymentIsFoundHoweverOldItsRow(t *testing.T) {
	w := newWeek(t, "    from: 2026-11-02\n")
	w.pay(w.day(0).Add(12*time.Hour), "hotel")
	if _, err := w.pair.Writer().Exec(t.Context(), "update payments set status = 'authorized' where payment_id = 'pay_hotel'"); err != nil {
		t.Fatal(err)
	}
	w.file(w.day(0))
	w.pass(1, 16)
	if _, err := w.pair.Writer().Exec(t.Context(), "update payments set status = 'captured' where payment_id = 'pay_hotel'"); err != nil {
		t.Fatal(err)
	}
	w.file(w.day(17), "hotel")
	w.run(w.day(18).Add(7 * time.Hour))
	w.stand("captured and settled on the same day")
}

// TestNothingIsProvenWithoutAFileThatWasTakenAway: what was read of it stands, and the run says that it is gone.
func TestNothingIsProvenWithoutAFileThatWasTakenAway(t *testing.T) {
	w := newWeek(t, "    from: 2026-11-02\n")
	w.pass(0, 4)
	w.take("files/visa-20261103.csv")
	if run := w.run(w.day(5).Add(7 * time.Hour)); run.Verdict != audit.RunInconclusive {
		t.Errorf("without a file that was read before the run ends %s", run.Verdict)
	}
	for _, f := range w.living() {
		if f.Verdict == audit.Proven {
			t.Errorf("%s %s is proven", f.Kind, f.Key)
		}
	}
}

// TestWhatIsBeforeAFeedBeginsIsNotItsMatter: payments of the days before its first file are outside.
func TestWhatIsBeforeAFeedBeginsIsNotItsMatter(t *testing.T) {
	w := newWeek(t, "    from: 2026-11-05\n")
	for n := range 3 {
		w.pay(w.day(n).Add(12*time.Hour), "old"+w.day(n).Format("0102"))
	}
	if run := w.pass(3, 4); run.Verdict != audit.RunClean {
		t.Errorf("the first days of a feed end %s: %+v", run.Verdict, run.Reported)
	}
}

// TestWhatIsExpectedCutsNothing: in-flight payments are no news, and do not push a break out of a bounded list.
func TestWhatIsExpectedCutsNothing(t *testing.T) {
	o := audit.Outcome{Findings: []audit.Finding{{Status: audit.Expected}, {Status: audit.Expected}, {Status: audit.Open, Severity: audit.Low}, {Status: audit.Open, Severity: audit.High}}}
	if bound(&o, 2); len(o.Findings) != 4 || len(o.Coverage) != 0 {
		t.Errorf("two breaks and two expected: %d kept, %d gaps", len(o.Findings), len(o.Coverage))
	}
	if bound(&o, 1); len(o.Coverage) != 1 || o.Findings[0].Severity != audit.High {
		t.Errorf("of two breaks the first kept is %+v, %d gaps", o.Findings[0], len(o.Coverage))
	}
}
