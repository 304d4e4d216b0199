package app

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/sinks/repair"
)

// mendable are the kinds whose findings files can mend.
var mendable = []audit.Kind{
	audit.LedgerLostRow, audit.LedgerChangedRow, audit.LWWLostWrite, audit.LWWLostDelete, audit.LWWNotReplicated,
	audit.ReceiptNotReplicated, audit.ReceiptReplicationFailed, audit.ReceiptMismatch, audit.ChainDoubleCharge,
}

// TestRepairFilesMendTheWorld applies every file to the demo's world: what they are about is gone from the next runs, and a
// second application changes nothing.
func TestRepairFilesMendTheWorld(t *testing.T) {
	w := newMendedWorld(t)
	awsOnPath(t, w.app)
	w.deleteBehindTheirBacks()
	before := w.living(mendable...)
	dir, m := w.write()
	if got := w.states(dir); got[repair.Holds] != len(m.Steps) || len(m.Steps) == 0 {
		t.Fatalf("before: %v of %d steps", got, len(m.Steps))
	}
	everyFindingOnce(t, w.standing(repairable...), m.Steps, m.ByHand)
	planned := map[audit.Fingerprint]bool{}
	for _, s := range m.Steps {
		for _, f := range s.Findings {
			planned[f] = true
		}
	}
	t.Logf("%d findings before, %d planned", len(before), len(planned))
	apply := func(when string) (changed string) {
		t.Helper()
		rows := w.rows()
		said, err := w.psql(filepath.Join(dir, "ledger-payments.sql"))
		if err != nil {
			t.Fatalf("%s: %v\n%s", when, err, said)
		}
		t.Log(said)
		if w.rows() != rows {
			changed += " rows"
		}
		said, err = w.sh(filepath.Join(dir, "keys-idempotency-keys.sh"))
		if err != nil {
			t.Fatalf("%s: %v\n%s", when, err, said)
		}
		t.Log(said)
		if strings.Contains(said, " done\n") {
			changed += " items"
		}
		manifests, err := filepath.Glob(filepath.Join(dir, "receipts-*.sh"))
		if err != nil || len(manifests) < 2 {
			t.Fatalf("manifests %q, %v", manifests, err)
		}
		for _, path := range manifests {
			if when != "first" && strings.Contains(path, "-copy-") {
				continue // the job's token keeps the service from making it twice
			}
			if w.batch(path) > 0 {
				changed += " objects"
			}
		}
		if w.refund(filepath.Join(dir, "refunds.csv")) > 0 {
			changed += " refunds"
		}
		w.pass(time.Hour)
		return changed
	}
	if changed := apply("first"); changed != " rows items objects objects objects refunds" {
		t.Errorf("first: changed%s", changed)
	}
	if got := w.states(dir); got[repair.Done] != len(m.Steps) {
		t.Errorf("after: %v of %d steps", got, len(m.Steps))
	}
	if changed := apply("second"); changed != "" {
		t.Errorf("applied twice: changed%s", changed)
	}
	w.deleteDamaged(m.Steps)
	if err := w.world.Ledger().ResumeReplay(t.Context()); err != nil { // a fault of the day of which no file is the remedy
		t.Fatal(err)
	}
	if err := w.world.Ledger().WaitReplicated(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := w.world.Receipts().WriteInventories(w.now); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(time.Hour)
	w.run(allJobs)
	byHand := []string{}
	for _, h := range m.ByHand {
		if slices.Contains(mendable, h.Kind) {
			byHand = append(byHand, string(h.Kind)+" "+h.Key)
		}
	}
	slices.Sort(byHand)
	if left := w.living(mendable...); !slices.Equal(left, byHand) {
		t.Errorf("of %d findings these still stand:\n%s\nand these were left to be done by hand:\n%s", len(before), strings.Join(left, "\n"), strings.Join(byHand, "\n"))
	}
}

// TestRepairOfKeysAmongOtherWriters repairs lost writes and a lost removal, two days later, of which somebody has touched some
// since: only the others are mended, and cleared by the next run. They stay so when their own window is audited again.
func TestRepairOfKeysAmongOtherWriters(t *testing.T) {
	w := newTableWorld(t, nil)
	awsOnPath(t, w.app)
	w.app.cfg.Repair.Expires = 100 * 365 * 24 * time.Hour
	w.capture(minute(1))
	w.lose(minute(10), "a")
	w.lose(minute(12), "b")
	w.lose(minute(14), "c")
	w.write(dublin, minute(16), "gone", "captured")
	w.remove(dublin, minute(17), "gone")
	w.write(london, minute(17).Add(time.Second), "gone", "disputed")
	w.write(london, minute(20), "c", "settled") // before the files are written
	w.capture(minute(59))
	w.run("lww", minutes(5, 40), minute(59))
	w.wantFindings("before", w.living(), "lww.lost_delete gone proven", "lww.lost_write a proven", "lww.lost_write b proven", "lww.lost_write c proven")
	const days = 48 * 60
	for at := 12 * 60; at <= days; at += 12 * 60 {
		w.capture(minute(at))
	}
	dir := filepath.Join(t.TempDir(), "repair")
	if complete, err := w.app.WriteRepair(t.Context(), t.Output(), "table", RepairRequest{Out: dir, AsOf: minute(days)}); err != nil || !complete {
		t.Fatal(complete, err)
	}
	w.write(london, minute(days+1), "b", "settled") // and after
	w.keys.Advance(minute(days + 2))
	if got := guardStates(t, w.app, dir); got != "gone holds, a holds, b changed" {
		t.Errorf("before: %s", got)
	}
	for range 2 {
		said, err := runScript(t, filepath.Join(dir, "keys-keys.sh"), minute(days+3), w.keys.Advance)
		if err != nil {
			t.Fatalf("%v\n%s", err, said)
		}
		t.Log(said)
	}
	w.keys.Advance(minute(days + 20))
	if got := guardStates(t, w.app, dir); got != "gone done, a done, b changed" {
		t.Errorf("after: %s", got)
	}
	for _, region := range []string{dublin, london} {
		a, _ := w.keys.Get(region, "a")
		b, _ := w.keys.Get(region, "b")
		c, _ := w.keys.Get(region, "c")
		if _, there := w.keys.Get(region, "gone"); there || a["status"].Text != "refunded" || b["status"].Text != "settled" || c["status"].Text != "settled" {
			t.Errorf("%s: a %v, b %v, c %v, gone %v", region, a, b, c, there)
		}
	}
	w.capture(minute(days + 119))
	w.run("lww", minutes(days+1, days+100), minute(days+119))
	w.wantFindings("the next run", w.living(), "lww.lost_write b proven", "lww.lost_write c proven")
	w.run("lww", minutes(5, 40), minute(days+119))
	w.wantFindings("its window again", w.living(), "lww.lost_write b proven", "lww.lost_write c proven")
}

// guardStates are how the guards of a folder stand, as "key state", in the order of the steps.
func guardStates(t *testing.T, a *App, dir string) string {
	t.Helper()
	return guardStatesAt(t, a, dir, noon)
}

func guardStatesAt(t *testing.T, a *App, dir string, at time.Time) string {
	t.Helper()
	answer, err := a.askGuards(t.Context(), dir, at)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, s := range answer.Steps {
		out = append(out, s.Key+" "+string(s.State))
	}
	return strings.Join(out, ", ")
}
