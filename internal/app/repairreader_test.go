package app

import (
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/internal/lab/aurora"
)

// TestRepairNeverTakesAReadersWord repairs what a failover lost while the reader replays nothing more, and goes on writing: what
// the reader holds otherwise is what the writer has left behind, and no file may bring it back.
func TestRepairNeverTakesAReadersWord(t *testing.T) {
	w := newAuditLab(t).world(t, nil)
	w.app.cfg.Repair.Expires = 100 * 365 * 24 * time.Hour
	w.pay("kept", 10, noon)
	w.must(w.pair.Cut(w.Context()))
	w.writer("update payments set status = 'refunded', updated_at = $1 where payment_id in ('kept_4', 'kept_5')", noon.Add(time.Hour))
	w.pay("lost", 1, noon.Add(time.Hour))
	w.failOver()
	w.writer("update payments set auth_code = 'later', updated_at = $1 where payment_id = 'kept_5'", noon.Add(65*time.Minute))
	w.restored(dublin, w.pair.DSN(aurora.Snapshot))
	w.run(audit.RunFindings, "ledger.changed_row kept_4", "ledger.changed_row kept_5", "ledger.lost_row lost_0")
	first := w.repair()
	if got := stepsOf(first); got != "update row kept_4, insert row lost_0" {
		t.Errorf("first: %s", got)
	}
	w.pay("new", 1, noon.Add(66*time.Minute)) // the snapshot has not this one
	w.must(w.pair.PauseReplay(w.Context()))
	said, err := exec.CommandContext(t.Context(), "psql", "-X", "-v", "ON_ERROR_STOP=1", "-f", filepath.Join(first, "ledger-payments.sql"),
		w.pair.Writer().Config().ConnString()).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	w.writer("update payments set status = 'disputed', updated_at = $1 where payment_id in ('kept_4', 'kept_7')", noon.Add(70*time.Minute))
	w.writer("delete from payments where payment_id in ('kept_8', 'new_0')")
	run := w.runNow(audit.RunFindings, "ledger.changed_row kept_4", "ledger.changed_row kept_5", "ledger.changed_row kept_7",
		"ledger.lost_row kept_8", "ledger.lost_row new_0", "ledger.not_replicated lost_0")
	if f := w.finding(run, audit.LedgerChangedRow, "kept_4"); f.Verdict != audit.Proven {
		t.Errorf("the reader's word: %+v", f)
	}
	second := w.repair()
	if got := stepsOf(second); got != "" {
		t.Errorf("second: %s", got)
	}
}

// repair writes the repair files of the findings that stand into a new folder.
func (w *auditWorld) repair() string {
	w.Helper()
	dir := filepath.Join(w.TempDir(), "repair")
	complete, err := w.app.WriteRepair(w.Context(), w.Output(), "table", RepairRequest{Out: dir, AsOf: w.asOf})
	if w.must(err); !complete {
		w.Error("something could not be read")
	}
	return dir
}

// stepsOf are the repairs of a folder: "action key, ...".
func stepsOf(dir string) (steps string) {
	m, err := readManifest(dir)
	if err != nil {
		return err.Error()
	}
	for _, s := range m.Steps {
		if steps != "" {
			steps += ", "
		}
		steps += s.Action + " " + s.Key
	}
	return steps
}
