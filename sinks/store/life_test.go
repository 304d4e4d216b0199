package store

import (
	"errors"
	"slices"
	"testing"

	"parallax/internal/audit"
)

func TestRedetectedFindingKeepsItsLife(t *testing.T) {
	s, f := fresh(t), lost("pay-1")
	commit(t, s, outcome("run-1", minutes(90), f))
	f.Reason, f.Verdict = "said better", audit.Probable
	commit(t, s, outcome("run-2", minutes(100), f))
	got := get(t, s, f)
	if !got.FirstSeen.Equal(minutes(90)) || !got.LastSeen.Equal(minutes(100)) || got.Runs != 2 ||
		got.FirstRun != "run-1" || got.LastRun != "run-2" || got.Reason != "said better" {
		t.Errorf("life %+v", got)
	}
	if said := actions(t, s, f); said != "detected:open redetected:open>open" {
		t.Errorf("history %s", said)
	}
	commit(t, s, outcome("run-3", minutes(110), f))
	if said := actions(t, s, f); said != "detected:open redetected:open>open" {
		t.Errorf("a run with nothing new wrote history: %s", said)
	}
}

func TestStatusMovesWithTheAuditor(t *testing.T) {
	s, f := fresh(t), lost("pay-1")
	for i, status := range []audit.Status{audit.Expected, audit.Overdue, audit.Open, audit.Overdue, audit.Open} {
		f.Status = status
		commit(t, s, outcome("run-"+string(rune('a'+i)), minutes(90+i), f))
		if got := get(t, s, f).Status; got != status {
			t.Fatalf("after %d: %s, want %s", i, got, status)
		}
	}
	if n := alerts(t, s); n != 2 {
		t.Errorf("%d alerts, want one for each time it became open", n)
	}
}

func TestPeoplesStatusStands(t *testing.T) {
	for _, status := range []audit.Status{audit.Acknowledged, audit.Resolved, audit.Suppressed} {
		t.Run(string(status), func(t *testing.T) {
			s, f := fresh(t), lost("pay-1")
			commit(t, s, outcome("run-1", minutes(90), f))
			d := Decision{Status: status, Actor: "finance", Note: "seen", At: minutes(95)}
			if err := s.SetStatus(t.Context(), f.Fingerprint, d); err != nil {
				t.Fatal(err)
			}
			commit(t, s, outcome("run-2", minutes(100), f))
			if got := get(t, s, f); got.Status != status || got.Runs != 2 {
				t.Errorf("%s seen by %d runs", got.Status, got.Runs)
			}
			if n := alerts(t, s); n != 1 {
				t.Errorf("%d alerts, want 1", n)
			}
			d.Status = audit.Open
			if err := s.SetStatus(t.Context(), f.Fingerprint, d); err != nil {
				t.Fatal(err)
			}
			f.Status = audit.Overdue
			commit(t, s, outcome("run-3", minutes(110), f))
			if got := get(t, s, f).Status; got != audit.Overdue {
				t.Errorf("given back to the auditors it is %s", got)
			}
		})
	}
}

func TestSetStatusRefuses(t *testing.T) {
	s, f := fresh(t), lost("pay-1")
	ok := Decision{Status: audit.Acknowledged, Actor: "finance", At: minutes(1)}
	if err := s.SetStatus(t.Context(), f.Fingerprint, ok); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown finding: %v", err)
	}
	commit(t, s, outcome("run-1", minutes(90), f))
	for name, d := range map[string]Decision{
		"a run's status": {Status: audit.Cleared, Actor: "finance", At: minutes(1)},
		"nobody":         {Status: audit.Resolved, At: minutes(1)},
		"no time":        {Status: audit.Resolved, Actor: "finance"},
	} {
		if err := s.SetStatus(t.Context(), f.Fingerprint, d); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	commit(t, s, outcome("run-2", minutes(100)))
	if err := s.SetStatus(t.Context(), f.Fingerprint, ok); err == nil {
		t.Error("a cleared finding was acknowledged")
	}
}

func TestClearing(t *testing.T) {
	gap := audit.Gap{Window: audit.At(minutes(3)), Reason: "cancelled"}
	for name, c := range map[string]struct {
		change func(*audit.Outcome)
		want   audit.Status
	}{
		"complete run":         {func(*audit.Outcome) {}, audit.Cleared},
		"same moment":          {func(o *audit.Outcome) { o.AsOf = minutes(90) }, audit.Cleared},
		"inconclusive run":     {func(o *audit.Outcome) { o.Coverage[0].Gaps = []audit.Gap{gap} }, audit.Open},
		"nothing read":         {func(o *audit.Outcome) { o.Coverage = nil }, audit.Open},
		"other job":            {func(o *audit.Outcome) { o.Job = "lww" }, audit.Open},
		"other scope":          {func(o *audit.Outcome) { o.Coverage[0].Scope = "refunds" }, audit.Open},
		"window before":        {func(o *audit.Outcome) { o.Window.To = minutes(7) }, audit.Open},
		"window partly before": {func(o *audit.Outcome) { o.Window.From = minutes(8) }, audit.Open},
		"earlier moment":       {func(o *audit.Outcome) { o.AsOf = minutes(89) }, audit.Open},
		"sees it":              {func(o *audit.Outcome) { o.Findings = []audit.Finding{lost("pay-1")} }, audit.Open},
		"sees another":         {func(o *audit.Outcome) { o.Findings = []audit.Finding{lost("pay-2")} }, audit.Cleared},
	} {
		t.Run(name, func(t *testing.T) {
			s, f := fresh(t), lost("pay-1")
			commit(t, s, outcome("run-1", minutes(90), f))
			o := outcome("run-2", minutes(100))
			c.change(&o)
			commit(t, s, o)
			got := get(t, s, f)
			if got.Status != c.want || (got.ClearedBy == "run-2") != (c.want == audit.Cleared) {
				t.Errorf("%s by %q, want %s", got.Status, got.ClearedBy, c.want)
			}
			if !got.LastSeen.Equal(minutes(90)) && name != "sees it" {
				t.Errorf("last seen %s", got.LastSeen)
			}
		})
	}
}

func TestClearingBelongsToTheRunThatHoldsWhatShowsIt(t *testing.T) {
	f := lost("pay-1")
	f.Shown = minutes(70) // the write was lost in the first hour, and the winner came in the second
	for name, c := range map[string]struct {
		window   audit.Window
		rejudged []audit.Fingerprint
		want     audit.Status
	}{
		"hour of the loss":           {audit.Window{From: minutes(0), To: minutes(60)}, nil, audit.Open},
		"hour of the arrival":        {audit.Window{From: minutes(60), To: minutes(80)}, nil, audit.Cleared},
		"ends at the arrival":        {audit.Window{From: minutes(60), To: minutes(70)}, nil, audit.Open},
		"later, judged again":        {audit.Window{From: minutes(80), To: minutes(90)}, []audit.Fingerprint{f.Fingerprint}, audit.Cleared},
		"later, another judged anew": {audit.Window{From: minutes(80), To: minutes(90)}, []audit.Fingerprint{"another"}, audit.Open},
	} {
		t.Run(name, func(t *testing.T) {
			s := fresh(t)
			commit(t, s, outcome("run-1", minutes(90), f))
			if got := get(t, s, f); !got.Shown.Equal(f.Shown) {
				t.Errorf("shown at %s", got.Shown)
			}
			o := outcome("run-2", minutes(100))
			o.Window, o.Rejudged = c.window, c.rejudged
			commit(t, s, o)
			if got := get(t, s, f).Status; got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func TestClearingByStatus(t *testing.T) {
	for status, want := range map[audit.Status]audit.Status{
		audit.Acknowledged: audit.Cleared, audit.Resolved: audit.Resolved, audit.Suppressed: audit.Suppressed,
	} {
		s, f := fresh(t), lost("pay-1")
		commit(t, s, outcome("run-1", minutes(90), f))
		if err := s.SetStatus(t.Context(), f.Fingerprint, Decision{Status: status, Actor: "finance", At: minutes(91)}); err != nil {
			t.Fatal(err)
		}
		commit(t, s, outcome("run-2", minutes(100)))
		if got := get(t, s, f).Status; got != want {
			t.Errorf("%s became %s, want %s", status, got, want)
		}
	}
}

func TestClearedFindingReopens(t *testing.T) {
	s, f := fresh(t), lost("pay-1")
	commit(t, s, outcome("run-1", minutes(90), f))
	commit(t, s, outcome("run-2", minutes(100)))
	commit(t, s, outcome("run-3", minutes(95), f)) // late: speaks for a moment before the clearing
	if got := get(t, s, f); got.Status != audit.Cleared || got.Runs != 2 || !got.LastSeen.Equal(minutes(95)) {
		t.Errorf("a late run left it %s, %d runs, last seen %s", got.Status, got.Runs, got.LastSeen)
	}
	commit(t, s, outcome("run-4", minutes(110), f))
	got := get(t, s, f)
	if got.Status != audit.Open || got.ClearedBy != "" || !got.FirstSeen.Equal(minutes(90)) {
		t.Errorf("%s, cleared by %q, first seen %s", got.Status, got.ClearedBy, got.FirstSeen)
	}
	if said := actions(t, s, f); said != "detected:open cleared:open>cleared reopened:cleared>open" {
		t.Errorf("history %s", said)
	}
	if n := alerts(t, s); n != 2 {
		t.Errorf("%d alerts, want 2", n)
	}
}

func TestLateRunTakesNothingBack(t *testing.T) {
	s, f := fresh(t), lost("pay-1")
	commit(t, s, outcome("run-1", minutes(90), f))
	f.Status, f.Reason = audit.Expected, "older"
	commit(t, s, outcome("run-0", minutes(80), f))
	got := get(t, s, f)
	if got.Status != audit.Open || got.Reason == "older" || got.Runs != 2 || !got.LastSeen.Equal(minutes(90)) || got.LastRun != "run-1" {
		t.Errorf("a late run changed it: %+v", got)
	}
}

func TestSameFingerprintTwiceKeepsAllEvidence(t *testing.T) {
	s, a, b := fresh(t), lost("pay-1"), lost("pay-1")
	b.Evidence = append(slices.Clone(b.Evidence), audit.Evidence{Source: "receipts", Value: "present"})
	commit(t, s, outcome("run-1", minutes(90), a, b, a))
	if got := get(t, s, a); len(got.Evidence) != 2 || got.Runs != 1 {
		t.Errorf("%d pieces of evidence, %d runs", len(got.Evidence), got.Runs)
	}
}

func alerts(t *testing.T, s *Store) int {
	t.Helper()
	return len(dump(t, s)["alert_outbox"])
}
