//go:build peers

package app

import (
	"slices"
	"strings"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/sinks/report"
)

// TestReceiptsPeerNetworkCut: neither region reaches the other, and both can be read. What was written meanwhile is found
// and nothing else, in both directions; after the catch-up all is clean.
func TestReceiptsPeerNetworkCut(t *testing.T) {
	w := newMinioWorld(t)
	w.fine()
	w.receipt(dublin, "overwritten-in-dublin")
	w.receipt(dublin, "overwritten-in-both")
	w.receipt(london, "overwritten-in-london")
	w.alike()
	w.scan(dublin, london)
	w.wantRun("before the cut", w.audit(), audit.RunClean)

	w.pair.Cut()
	w.receipt(dublin, "new-in-dublin")
	w.receipt(london, "new-in-london")
	w.write(dublin, "overwritten-in-dublin", "again")
	w.write(london, "overwritten-in-london", "again")
	w.write(dublin, "overwritten-in-both", "again in dublin")
	w.write(london, "overwritten-in-both", "again in london")
	w.wait("FAILED", dublin, "new-in-dublin", "overwritten-in-dublin", "overwritten-in-both")
	w.wait("FAILED", london, "new-in-london", "overwritten-in-london", "overwritten-in-both")
	w.scan(dublin, london)
	failed := []string{
		"receipt.replication_failed receipts/new-in-dublin.json", "receipt.replication_failed receipts/new-in-london.json",
		"receipt.replication_failed receipts/overwritten-in-dublin.json", "receipt.replication_failed receipts/overwritten-in-london.json",
		"receipt.replication_failed receipts/overwritten-in-both.json",
	}
	w.wantRun("cut", w.audit(), audit.RunFindings, failed...)
	w.stand("cut", standing(failed)...)

	w.pair.Mend()
	w.alike()
	w.wantCleared("caught up")
}

// TestReceiptsPeerSilence: what is sent between the regions is swallowed, so that everything is pending.
func TestReceiptsPeerSilence(t *testing.T) {
	w := newMinioWorld(t)
	w.receipt(london, "overwritten")
	w.fine()
	w.pair.Silence()
	w.receipt(dublin, "new")
	w.write(london, "overwritten", "again")
	w.scan(dublin, london)
	late := []string{"receipt.not_replicated receipts/new.json", "receipt.not_replicated receipts/overwritten.json"}
	w.wantRun("silent", w.audit(), audit.RunFindings, late...)
	w.stand("silent", standing(late)...)

	w.pair.Mend()
	w.alike()
	w.wantCleared("caught up")
}

// TestReceiptsPeerTargetOut: London is stopped, killed or hangs. As long as it cannot be read nothing is proven, nothing that
// is fine is reported and nothing is called clean. By inventories from the moment it was back, what it lacked is found.
func TestReceiptsPeerTargetOut(t *testing.T) {
	t.Run("stopped", func(t *testing.T) {
		w := newMinioWorld(t)
		w.targetOut(w.pair.Stop, "FAILED")
		w.wantLacked()
	})
	t.Run("killed", func(t *testing.T) {
		w := newMinioWorld(t)
		w.targetOut(w.pair.Kill, "FAILED")
		w.wantLacked()
	})
	t.Run("hung", func(t *testing.T) { // what it was sent while it hung it takes as soon as it can
		w := newMinioWorld(t)
		w.targetOut(w.pair.Hang, "PENDING")
		w.alike()
		w.wantRun("asked the buckets", w.audit(), audit.RunClean)
		w.wantCleared("caught up")
	})
}

// targetOut lets London go while receipts are written in Dublin, and come back before Dublin can send it anything.
func (w *minioWorld) targetOut(outage func(string) error, status string) {
	w.Helper()
	w.receipt(dublin, "overwritten")
	w.fine()
	w.scan(dublin, london)
	w.must(outage(london))
	w.receipt(dublin, "new")
	w.write(dublin, "overwritten", "again")
	w.wait(status, dublin, "new", "overwritten")
	w.scan(dublin)
	begun := time.Now()
	run := w.audit()
	if said := gapsSaid(run); run.Verdict != audit.RunInconclusive || !strings.Contains(said, london) {
		w.Errorf("while London is out the run is %s with the gaps\n%s", run.Verdict, said)
	}
	if took := time.Since(begun); took > time.Minute {
		w.Errorf("the run took %s", took)
	}
	w.wantOnly("out", run, "receipts/new.json", "receipts/overwritten.json")
	w.must(w.pair.Hang(dublin))
	w.must(w.pair.Resume(w.Context(), london))
	w.scan(london)
	w.must(w.pair.Resume(w.Context(), dublin))
}

// wantLacked wants the two receipts found by the inventories alone, and cleared once the buckets are asked.
func (w *minioWorld) wantLacked() {
	w.Helper()
	w.alike()
	live := w.app.cfg
	w.settings(`{payment_id}.json"`, `{payment_id}.json", live: {max: 0}`)
	lacked := []string{"receipt.replication_failed receipts/new.json", "receipt.replication_failed receipts/overwritten.json"}
	w.wantRun("by the inventories", w.audit(), audit.RunFindings, lacked...)
	w.stand("by the inventories", standing(lacked)...)
	w.app.cfg = live
	w.wantRun("asked the buckets", w.audit(), audit.RunClean)
	w.stand("asked the buckets")
	w.wantCleared("caught up")
}

// TestReceiptsPeerReplicaDeleted is the silent case: a version is removed at the replica while its source says COMPLETED.
func TestReceiptsPeerReplicaDeleted(t *testing.T) {
	w := newMinioWorld(t)
	w.fine()
	fromDublin, fromLondon := w.receipt(dublin, "from-dublin"), w.receipt(london, "from-london")
	atSource := w.receipt(dublin, "at-the-source")
	w.alike()
	w.scan(dublin, london)
	w.wantRun("all there", w.audit(), audit.RunClean)

	w.must(w.pair.Remove(t.Context(), london, objectKey("from-dublin"), fromDublin))
	w.must(w.pair.Remove(t.Context(), dublin, objectKey("from-london"), fromLondon))
	w.must(w.pair.Remove(t.Context(), dublin, objectKey("at-the-source"), atSource))
	w.wait("COMPLETED", dublin, "from-dublin")
	w.wait("COMPLETED", london, "from-london")
	w.wait("REPLICA", london, "at-the-source")
	w.scan(dublin, london)
	gone := []string{
		"receipt.not_replicated receipts/from-dublin.json", "receipt.not_replicated receipts/from-london.json",
		"receipt.not_replicated receipts/at-the-source.json",
	}
	w.wantRun("deleted", w.audit(), audit.RunFindings, gone...)
	w.stand("deleted", standing(gone)...)

	w.write(dublin, "from-dublin", "restored")
	w.write(london, "from-london", "restored")
	w.write(dublin, "at-the-source", "restored")
	w.settled("from-dublin", "from-london", "at-the-source")
	w.wantCleared("written again")
}

// TestReceiptsPeerDeleteMarkers: a delete that has not arrived, and a marker that was removed at the replica. Markers may be
// on their way for an hour, so that the inventories are those of two hours later, and the buckets are not asked.
func TestReceiptsPeerDeleteMarkers(t *testing.T) {
	w := newMinioWorld(t)
	w.settings(`{payment_id}.json"`, `{payment_id}.json", live: {max: 0}`)
	w.fine()
	for _, name := range []string{"in-dublin", "in-london", "in-both", "unmarked"} {
		w.declined(dublin, name)
	}
	marker := w.erase(dublin, "unmarked")
	w.alike()
	w.later = 2 * time.Hour
	w.scan(dublin, london)
	w.wantRun("before the cut", w.audit(), audit.RunClean)

	w.must(w.pair.Remove(t.Context(), london, objectKey("unmarked"), marker))
	w.pair.Cut()
	w.erase(dublin, "in-dublin")
	w.erase(london, "in-london")
	w.erase(dublin, "in-both")
	w.erase(london, "in-both")
	w.wait("FAILED", dublin, "in-dublin", "in-both")
	w.wait("FAILED", london, "in-london", "in-both")
	w.scan(dublin, london)
	diverged := []string{
		"receipt.delete_diverged receipts/in-dublin.json", "receipt.delete_diverged receipts/in-london.json",
		"receipt.delete_diverged receipts/unmarked.json",
	}
	w.wantRun("cut", w.audit(), audit.RunFindings, diverged...)
	w.stand("cut", standing(diverged)...)

	w.pair.Mend()
	w.write(dublin, "unmarked", "restored")
	w.settled("in-dublin", "in-london", "in-both", "unmarked")
	w.wantCleared("caught up")
}

// wantOnly wants the findings of a run to be about some of these keys.
func (w *minioWorld) wantOnly(when string, run report.Run, keys ...string) {
	w.Helper()
	for _, f := range run.Reported {
		if !strings.HasPrefix(string(f.Kind), "receipt.") || !slices.Contains(keys, f.Key) {
			w.Errorf("%s: found %s %s: %s", when, f.Kind, f.Key, f.Reason)
		}
	}
}
