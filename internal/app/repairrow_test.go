package app

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parallax/internal/lab/aurora"
	"parallax/sinks/repair"
)

// mendRows writes repair files and runs that of the ledger, twice; the second run changes nothing.
func (w *auditWorld) mendRows(t *testing.T, touch func()) repair.Manifest {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "repair")
	if _, err := w.app.WriteRepair(t.Context(), t.Output(), "table", RepairRequest{Out: dir, AsOf: w.asOf}); err != nil {
		t.Fatal(err)
	}
	m, err := readManifest(dir)
	w.must(err)
	touch()
	for range 2 {
		if len(m.Steps) == 0 {
			break
		}
		out, err := exec.CommandContext(t.Context(), "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", filepath.Join(dir, "ledger-payments.sql"),
			w.pair.Writer().Config().ConnString()).CombinedOutput()
		t.Log(string(out))
		w.must(err)
	}
	return m
}

// seen is one value of the ledger in force.
func (w *auditWorld) seen(sql string) (text string) {
	w.must(w.pair.Writer().QueryRow(w.Context(), sql).Scan(&text))
	return text
}

func repairWorld(t *testing.T) *auditWorld {
	t.Helper()
	w := newAuditLab(t).world(t, nil)
	w.app.cfg.Repair.Expires = 100 * 365 * 24 * time.Hour
	return w
}

// TestRowRepairTurnsNothingNewerBack has a process fill in what the audit does not compare: before the audit, between it and
// the files, and between the files and their use.
func TestRowRepairTurnsNothingNewerBack(t *testing.T) {
	w := repairWorld(t)
	w.pay("kept", 30, noon)
	w.must(w.pair.Cut(w.Context()))
	for i := range 3 {
		w.writer("update payments set status = 'refunded', updated_at = $1 where payment_id = $2", noon.Add(time.Hour), fmt.Sprintf("kept_%d", i))
	}
	w.failOver()
	w.restored(dublin, w.pair.DSN(aurora.Snapshot))
	fill := func(id string, after time.Duration) {
		w.writer("update payments set network_reference = 'newer', updated_at = $1 where payment_id = $2", noon.Add(after), id)
	}
	w.writer("update payments set network_reference = 'newer' where payment_id = 'kept_0'") // by who does not keep updated_at
	w.run("findings", "ledger.changed_row kept_0", "ledger.changed_row kept_1", "ledger.changed_row kept_2")
	fill("kept_1", 30*time.Minute)
	m := w.mendRows(t, func() { fill("kept_2", 101*time.Minute) })
	if len(m.Steps) != 2 || len(m.ByHand) != 1 || m.ByHand[0].Key != "kept_1" || !strings.Contains(m.ByHand[0].Why, "has changed since the audit saw it") {
		t.Errorf("%d steps, by hand %+v", len(m.Steps), m.ByHand)
	}
	got := w.seen("select string_agg(concat_ws(' ', payment_id, status, network_reference), ', ' order by payment_id) from payments where payment_id in ('kept_0', 'kept_1', 'kept_2')")
	if want := "kept_0 refunded newer, kept_1 captured newer, kept_2 captured newer"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

// TestAllRowsOfAPaymentAreInsertedAgain loses three rows of one payment, and two of another that were made at one moment.
func TestAllRowsOfAPaymentAreInsertedAgain(t *testing.T) {
	w := repairWorld(t)
	w.writer("alter table payments drop constraint payments_payment_id_key")
	w.pay("kept", 30, noon)
	w.must(w.pair.Cut(w.Context()))
	insert := func(id string, after time.Duration) {
		_, err := w.pair.Writer().Exec(w.Context(), payment, id, dublin, noon.Add(time.Hour+after))
		w.must(err)
	}
	for i := range 3 {
		insert("several", time.Duration(i)*time.Second)
	}
	insert("alike", 10*time.Second)
	insert("alike", 10*time.Second)
	w.failOver()
	w.restored(dublin, w.pair.DSN(aurora.Snapshot))
	_, err := w.app.Run(w.Context(), Request{Job: "ledger", AsOf: w.asOf, From: noon, To: w.asOf})
	w.must(err)
	w.mendRows(t, func() {})
	if got := w.seen("select count(*) filter (where payment_id = 'several') || ' ' || count(*) filter (where payment_id = 'alike') from payments"); got != "3 2" {
		t.Errorf("rows %s, want 3 2", got)
	}
}

// TestRowOfAnotherTypeIsLeftToHand narrows a column after the failover.
func TestRowOfAnotherTypeIsLeftToHand(t *testing.T) {
	w := repairWorld(t)
	w.writer("alter table payments add column fee numeric(12,4) default 1.2345")
	w.pay("kept", 30, noon)
	w.must(w.pair.Cut(w.Context()))
	w.pay("lost", 1, noon.Add(time.Hour))
	w.failOver()
	w.restored(dublin, w.pair.DSN(aurora.Snapshot))
	w.writer("alter table payments alter column fee type numeric(12,2)")
	w.run("findings", "ledger.lost_row lost_0")
	m := w.mendRows(t, func() {})
	if len(m.Steps) != 0 || len(m.ByHand) != 1 || !strings.Contains(m.ByHand[0].Why, "column fee of the snapshot is of another type") {
		t.Errorf("%d steps, by hand %+v", len(m.Steps), m.ByHand)
	}
}
