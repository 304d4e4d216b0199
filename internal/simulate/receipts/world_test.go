package receipts

import (
	"reflect"
	"testing"

	"parallax/internal/audit"
)

func TestSameSeedSameWorld(t *testing.T) {
	a, b, c := New(7), New(7), New(8)
	for side := range 2 {
		if !reflect.DeepEqual(a.Inventory(side), b.Inventory(side)) {
			t.Errorf("side %d: two worlds of one seed differ", side)
		}
		if reflect.DeepEqual(a.Inventory(side), c.Inventory(side)) {
			t.Errorf("side %d: two seeds, one world", side)
		}
	}
}

// TestEverythingHappens sees to it that the worlds hold what they are to test: each fault, late copies, objects that no rule covers,
// and mostly keys with which nothing is wrong.
func TestEverythingHappens(t *testing.T) {
	faults, fine, statuses := map[audit.Kind]int{}, 0, map[string]int{}
	for seed := range uint64(50) {
		w := New(seed)
		for _, o := range w.Objects {
			if kind, wrong := w.Truth(o, Now()); wrong {
				faults[kind]++
			} else {
				fine++
			}
			for side := range 2 {
				for _, row := range w.Listed(o, side) {
					statuses[row.ReplicationStatus]++
				}
			}
		}
	}
	t.Log(faults, fine, statuses)
	total := 0
	for _, kind := range []audit.Kind{
		audit.ReceiptNotReplicated, audit.ReceiptReplicationFailed, audit.ReceiptMismatch, audit.ReceiptDeleteDiverged, audit.ReceiptStorageDrift,
	} {
		if faults[kind] < 20 {
			t.Errorf("%d times %s", faults[kind], kind)
		}
		total += faults[kind]
	}
	for _, status := range []string{"", "PENDING", "COMPLETED", "FAILED", "REPLICA"} {
		if statuses[status] < 20 {
			t.Errorf("%d times status %q", statuses[status], status)
		}
	}
	if fine < 2*total {
		t.Errorf("%d keys are fine, %d are not", fine, total)
	}
}
