package lww_test

import (
	"testing"

	"parallax/auditors/lww"
	"parallax/internal/audit"
	"parallax/internal/simulate"
)

// TestCleanHistoriesStayClean audits keys that are written in one region only, where nothing can be lost, whatever comes back. If
// every change arrives alone, not a word is said; where changes are combined on their way, nothing is called proven.
func TestCleanHistoriesStayClean(t *testing.T) {
	for _, p := range append(simulate.Reference(), simulate.Traps()...) {
		if p.Regions > 2 || p.Twin+p.Expire+p.Lose > 0 || p.Trim > 0 || p.Late > 0 || p.Tail < 0 {
			continue // written in both regions, or not all of it is there
		}
		p.Single = true
		combined := single(t, p)
		for _, f := range combined {
			if f.Verdict == audit.Proven {
				t.Errorf("%s, combined: %s of %s: %s", p.Name, f.Kind, f.Key, f.Reason)
			}
		}
		p.Coalesce = 0
		for _, f := range single(t, p) {
			t.Errorf("%s: %s of %s: %s", p.Name, f.Kind, f.Key, f.Reason)
		}
	}
}

func single(t *testing.T, p simulate.Profile) []audit.Finding {
	t.Helper()
	w := simulate.NewWorld(p, 11)
	histories, changes := keys(w, 0, 400)
	for _, h := range histories {
		if len(h.Lost) > 0 || len(h.Undone) > 0 {
			t.Fatalf("%s: %s has losses", p.Name, h.Key)
		}
	}
	got := lww.Auditor{Rules: rulesOf(w)}.Audit(inputOf(w, changes))
	if got.Unjudged > 0 || len(got.Shallow) > 0 || got.Matched == 0 {
		t.Errorf("%s: %d records matched, %d unjudged, %v shallow", p.Name, got.Matched, got.Unjudged, got.Shallow)
	}
	return got.Findings
}
