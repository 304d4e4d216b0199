package app

import (
	"slices"
	"strings"
	"testing"

	"parallax/internal/audit"
)

// A second ledger whose old primary nobody restored keeps the case open, and is said not to be measured.
func TestCaseAsksForEveryLedger(t *testing.T) {
	w := returned(t)
	w.witness()
	w.app.cfg.Settlement = nil
	w.mend()
	if _, err := w.pair.Writer().Exec(t.Context(), "create table fees (like payments including all); grant select on fees to public"); err != nil {
		t.Fatal(err)
	}
	if err := w.pair.WaitReplicated(t.Context()); err != nil {
		t.Fatal(err)
	}
	second := w.app.cfg.Ledgers[0]
	second.Name, second.Table, second.Snapshot, second.Snapshots = "fees", "fees", nil, nil
	w.app.cfg.Ledgers = append(w.app.cfg.Ledgers, second)
	w.watch(pm(16, 30, 0))
	c := w.wantCase("one snapshot of two", audit.CaseOpen, aboutSnapshot)
	if !slices.ContainsFunc(c.Questions, func(q audit.Question) bool { return strings.Contains(q.Text, "ledger fees") }) {
		t.Errorf("it does not ask for the ledger: %+v", c.Questions)
	}
	failovers, err := w.app.store.Failovers(t.Context())
	if err != nil || len(failovers) != 1 || !slices.Contains(failovers[0].Unmeasured, "ledger fees: only the first configured ledger is measured") {
		t.Errorf("%+v, %v", failovers, err)
	}
}
