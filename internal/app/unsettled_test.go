package app

import (
	"fmt"
	"testing"
	"time"

	"parallax/internal/audit"
)

// A key that holds a card number is masked in the store. What is unsettled of it is judged again all the same, and where the
// archive cannot tell the key any more, no run is clean.
func TestAKeyThatHoldsACardNumberIsJudgedAgain(t *testing.T) {
	card := "card-" + "411111" + "1111111111"
	const masked = "card-411111******1111"
	w := newTableWorld(t, nil)
	w.capture(minute(1))
	w.keys.Advance(minute(9))
	w.keys.Pause()
	w.write(dublin, minute(20), card, "accepted")
	w.capture(minute(61))
	w.run("lww", minutes(5, 40), minute(61))
	open := "lww.not_replicated " + masked + " proven"
	w.wantFindings("open in the cut", w.living(), open)
	w.capture(minute(91))
	still := w.run("lww", minutes(40, 70), minute(91))
	w.wantVerdict(still, audit.RunClean)
	w.wantFindings("told again in the cut", said(still.Reported))
	w.wantFindings("open later in the cut", w.living(), open)
	w.keys.Resume()
	w.capture(minute(121))
	w.wantVerdict(w.run("lww", minutes(70, 100), minute(121)), audit.RunClean)
	w.wantFindings("open when the cut has ended", w.living())
	w.wantFindings("cleared", w.found(audit.Cleared), open)
}

func TestAKeyThatTheArchiveHasForgotten(t *testing.T) {
	card := "card-" + "411111" + "1111111111"
	w := newTableWorld(t, nil)
	w.capture(minute(1))
	w.keys.Advance(minute(9))
	w.keys.Pause()
	w.write(dublin, minute(20), card, "accepted")
	w.capture(minute(61))
	w.run("lww", minutes(5, 40), minute(61))
	w.quiet(minute(70), "later")
	w.keys.Resume()
	w.capture(minute(121))
	if _, err := w.app.store.ForgetSegments(w.Context(), minute(60)); err != nil {
		t.Fatal(err)
	}
	run := w.run("lww", minutes(85, 100), minute(121))
	w.wantVerdict(run, audit.RunInconclusive)
	w.wantGap(run, "archive", "1 unsettled findings could not be judged again")
}

// More unsettled findings than one run judges again are not passed over in silence.
func TestTooManyUnsettled(t *testing.T) {
	w := newTableWorld(t, nil)
	w.capture(minute(1))
	o := audit.Outcome{
		RunID: "earlier", Job: "lww", Window: minutes(5, 20), AsOf: minute(40),
		Coverage: []audit.Coverage{{Source: "archive", Scope: "keys", Window: minutes(5, 20)}},
	}
	for i := range maxUnsettled + 3 {
		key := fmt.Sprintf("key-%d", i)
		o.Findings = append(o.Findings, audit.Finding{
			Fingerprint: audit.NewFingerprint(audit.LWWNotReplicated, "keys", key), Kind: audit.LWWNotReplicated, Severity: audit.High,
			Verdict: audit.Proven, Status: audit.Open, Scope: "keys", Key: key, Window: audit.At(minute(10)), Reason: "r", Rule: "r",
			Evidence: []audit.Evidence{{Source: "stream keys", At: minute(10)}},
		})
	}
	if err := w.app.store.Commit(w.Context(), o); err != nil {
		t.Fatal(err)
	}
	w.capture(minute(10).Add(2 * time.Hour))
	run := w.run("lww", minutes(30, 60), minute(130))
	w.wantVerdict(run, audit.RunInconclusive)
	w.wantGap(run, "archive", "3 unsettled findings of the table were not judged again")
}
