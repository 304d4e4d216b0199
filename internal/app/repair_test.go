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
	w.awsOnPath()
	before := w.living(mendable...)
	dir, m := w.write()
	if got := w.states(dir); got[repair.Holds] != len(m.Steps) || len(m.Steps) == 0 {
		t.Fatalf("before: %v of %d steps", got, len(m.Steps))
	}
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
		manifests, err := filepath.Glob(filepath.Join(dir, "receipts-*.csv"))
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
	if changed := apply("first"); changed != " rows items objects objects refunds" {
		t.Errorf("first: changed%s", changed)
	}
	if got := w.states(dir); got[repair.Done] != len(m.Steps) {
		t.Errorf("after: %v of %d steps", got, len(m.Steps))
	}
	if changed := apply("second"); changed != "" {
		t.Errorf("applied twice: changed%s", changed)
	}
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
