package app

import (
	"testing"
	"time"

	"parallax/internal/audit"
)

// outage cuts the regions of a new world off from one another at minute 20. Of a key that both know, Dublin writes a version
// in the cut, and London another one when the cut has lasted for some time; both cannot stay.
func outage(t *testing.T) *tableWorld {
	t.Helper()
	w := newTableWorld(t, nil)
	w.capture(minute(1))
	w.write(dublin, minute(10), "order", "accepted")
	w.keys.Advance(minute(20))
	w.keys.Pause()
	w.write(dublin, minute(25), "order", "refunded")
	w.write(dublin, minute(26), "waits", "accepted")
	return w
}

// captures captures every four hours until a moment, and then: no stream forgets what was not read.
func (w *tableWorld) captures(to time.Time) {
	w.Helper()
	for at := w.keys.Now().Add(4 * time.Hour); at.Before(to); at = at.Add(4 * time.Hour) {
		w.capture(at)
	}
	w.capture(to)
}

// audited runs the lost-write audit over a window and wants it to find something, or to be clean.
func (w *tableWorld) audited(window audit.Window, want ...string) {
	w.Helper()
	asOf := window.To.Add(20 * time.Minute)
	w.captures(asOf)
	run := w.run("lww", window, asOf)
	verdict := audit.RunClean
	if len(want) > 0 {
		verdict = audit.RunFindings
	}
	w.wantVerdict(run, verdict)
	w.wantFindings("reported for "+window.String(), said(run.Reported), want...)
}

const (
	waiting = "lww.not_replicated order proven"
	other   = "lww.not_replicated waits proven"
	apart   = "lww.diverged order probable"
	lost    = "lww.lost_write order proven"
)

// What an outage holds back is found while it lasts, and undone or decided when it ends: each later run judges again what is
// not settled, and the loss that shows only then is found, though its write is hours older than the window.
func TestAnOutageOfHours(t *testing.T) {
	w := outage(t)
	w.audited(minutes(5, 60), waiting, other)
	w.audited(minutes(60, 120)) // nothing new: a run tells what it found, not what still stands
	w.wantFindings("open in the cut", w.living(), waiting, other)
	w.write(london, minute(145), "order", "disputed")
	w.audited(minutes(120, 180), apart)
	w.wantFindings("open when both have written", w.living(), apart, other)
	w.keys.Advance(minute(205))
	w.keys.Resume()
	w.audited(minutes(180, 240), lost)
	w.wantFindings("open when the cut has ended", w.living(), lost)
	w.wantFindings("cleared", w.found(audit.Cleared), waiting, apart, other)
	w.audited(minutes(240, 300))
	w.wantFindings("open an hour later", w.living(), lost)
}

// An outage of days reaches back beyond what a run reads around its window, one of more than a week beyond what a run reads of
// any key of its own accord: what was found and is not settled is read from where it began.
func TestAnOutageOfDays(t *testing.T) {
	for _, days := range []int{1, 9} {
		w := outage(t)
		w.audited(minutes(5, 60), waiting, other)
		end := days * 24 * 60
		w.captures(minute(end + 3*60))
		w.write(london, minute(end+4*60), "order", "disputed")
		w.keys.Advance(minute(end + 6*60))
		w.keys.Resume()
		w.audited(minutes(end+6*60-10, end+7*60), lost)
		w.wantFindings("open when the cut has ended", w.living(), lost)
		w.wantFindings("cleared", w.found(audit.Cleared), waiting, other)
	}
}

// The loss is found too where nothing was found, or asked, before.
func TestALossOlderThanTheContext(t *testing.T) {
	w := outage(t)
	w.captures(minute(27 * 60))
	w.write(london, minute(28*60), "order", "disputed")
	w.captures(minute(52 * 60))
	w.keys.Resume()
	w.audited(minutes(52*60-10, 53*60), lost)
	w.wantFindings("open", w.living(), lost)
}
