package store

import (
	"strings"
	"testing"

	"parallax/internal/audit"
)

// TestOnlyTheSameBasisClears: a run that no longer reads the snapshot, or judges by other statuses or another mapping, finds
// nothing because it does not look.
func TestOnlyTheSameBasisClears(t *testing.T) {
	for basis, want := range map[string]audit.Status{
		"as it was": audit.Cleared, "snapshot removed": audit.Open, "other statuses": audit.Open, "other mapping": audit.Open, "": audit.Open,
	} {
		t.Run(basis, func(t *testing.T) {
			s, f := fresh(t), lost("pay-1")
			commit(t, s, based("as it was", "run-1", 90, f))
			commit(t, s, based(basis, "run-2", 100))
			commit(t, s, based(basis, "run-3", 110))
			if got := get(t, s, f); got.Status != want || (got.ClearedBy == "") != (want == audit.Open) {
				t.Errorf("%s by %q, want %s", got.Status, got.ClearedBy, want)
			}
			history := "detected:open kept:open>open"
			if want == audit.Cleared {
				history = "detected:open cleared:open>cleared"
			}
			if said := actions(t, s, f); said != history {
				t.Errorf("history %s, want %s", said, history)
			}
			if _, err := s.VerifyEvents(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func based(basis, id string, minute int, findings ...audit.Finding) audit.Outcome {
	o := outcome(id, minutes(minute), findings...)
	o.Basis = basis
	return o
}

// TestTheBasisIsThatOfTheLastRunThatSawIt: seen again under the new configuration, a finding is the new one's to clear.
func TestTheBasisIsThatOfTheLastRunThatSawIt(t *testing.T) {
	s, f := fresh(t), lost("pay-1")
	commit(t, s, based("old", "run-1", 90, f))
	commit(t, s, based("new", "run-2", 100))
	commit(t, s, based("new", "run-3", 110, f))
	commit(t, s, based("old", "run-4", 120))
	commit(t, s, based("new", "run-5", 130))
	if said := actions(t, s, f); said != "detected:open kept:open>open kept:open>open cleared:open>cleared" {
		t.Errorf("history %s", said)
	}
	_, events, err := s.Finding(t.Context(), string(f.Fingerprint))
	if err != nil || !strings.HasPrefix(events[1].Note, "not cleared: the configuration has changed") {
		t.Errorf("%+v, %v", events, err)
	}
}

// TestHeldFindingsStand: a complete run that could not judge a finding anew clears neither it nor calls itself clean, and the
// history says so once.
func TestHeldFindingsStand(t *testing.T) {
	s, f, other := fresh(t), lost("pay-1"), lost("pay-2")
	held := func(id string, minute int) audit.Outcome {
		o := based("as it was", id, minute)
		o.Held = []audit.Fingerprint{f.Fingerprint}
		return o
	}
	commit(t, s, based("as it was", "run-1", 90, f, other))
	commit(t, s, held("run-2", 100))
	commit(t, s, held("run-3", 110))
	if got := get(t, s, f); got.Status != audit.Open {
		t.Errorf("%s by %q", got.Status, got.ClearedBy)
	}
	if got := get(t, s, other); got.Status != audit.Cleared {
		t.Errorf("what was not held is %s", got.Status)
	}
	if verdict := held("run-4", 120).Verdict(); verdict != audit.RunFindings {
		t.Errorf("a run that holds a finding is %s", verdict)
	}
	_, events, err := s.Finding(t.Context(), string(f.Fingerprint))
	if err != nil || len(events) != 2 || !strings.HasPrefix(events[1].Note, "not cleared: the run could not judge it anew") {
		t.Errorf("%+v, %v", events, err)
	}
	commit(t, s, based("as it was", "run-5", 130))
	if said := actions(t, s, f); said != "detected:open kept:open>open cleared:open>cleared" {
		t.Errorf("history %s", said)
	}
}
