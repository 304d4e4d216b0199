package app

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parallax/internal/lab/globaltable"
)

// TestRepairKeepsAttributesTheAuditDidNotSee lets another process add an attribute, and nothing else, after the files were
// written: the lost write is restored beside it, and what came back is not removed with it.
func TestRepairKeepsAttributesTheAuditDidNotSee(t *testing.T) {
	w := newTableWorld(t, nil)
	awsOnPath(t, w.app)
	w.app.cfg.Repair.Expires = 100 * 365 * 24 * time.Hour
	w.capture(minute(1))
	w.lose(minute(10), "a")
	w.write(dublin, minute(16), "gone", "captured")
	w.remove(dublin, minute(17), "gone")
	w.write(london, minute(17).Add(time.Second), "gone", "disputed")
	w.capture(minute(59))
	w.run("lww", minutes(5, 40), minute(59))
	dir := filepath.Join(t.TempDir(), "repair")
	if complete, err := w.app.WriteRepair(t.Context(), t.Output(), "table", RepairRequest{Out: dir, AsOf: minute(60)}); err != nil || !complete {
		t.Fatal(complete, err)
	}
	for _, key := range []string{"a", "gone"} {
		err := w.keys.Update(london, minute(61), key, globaltable.Item{"chargeback_case": {Type: "S", Text: "CB-77"}}, globaltable.Condition{})
		if err != nil {
			t.Fatal(err)
		}
	}
	w.keys.Advance(minute(62))
	said, err := runScript(t, filepath.Join(dir, "keys-keys.sh"), minute(63), w.keys.Advance)
	if err != nil || !strings.Contains(said, "has other attributes than the audit saw") {
		t.Fatalf("%v\n%s", err, said)
	}
	w.keys.Advance(minute(80))
	for _, region := range []string{dublin, london} {
		a, _ := w.keys.Get(region, "a")
		gone, _ := w.keys.Get(region, "gone")
		if a["status"].Text != "refunded" || a["chargeback_case"].Text != "CB-77" || gone["chargeback_case"].Text != "CB-77" {
			t.Errorf("%s: a %v, gone %v", region, a, gone)
		}
	}
}
