package app

import (
	"time"

	"parallax/internal/audit"
)

// backupOfMinutesBefore puts a backup in the old primary's place, which cannot know what was lost: rows that the writer had from
// the old primary follow its end at once. A true copy is followed by the silence, also where the event came later than writes.
func backupOfMinutesBefore(promoted time.Duration) func(*auditWorld) {
	return func(w *auditWorld) {
		w.pay("pay", 60, noon)
		w.pay("after", 60, noon.Add(2*time.Minute))
		w.promoted(dublin, london, noon.Add(promoted))
		w.restored(dublin, w.database("", paymentsTable, rows("pay", 40, dublin, "captured", noon)))
		w.gap(w.run(audit.RunInconclusive), "has 20 rows written between then and the promotion of eu-west-2")
		w.ledger().Snapshots = nil
		w.restored(dublin, w.database("", paymentsTable, rows("pay", 60, dublin, "captured", noon)))
		w.run(audit.RunClean)
	}
}

// erasedInForce deletes a row of which many that are younger survived the failover and live on: neither is lost by it.
func erasedInForce(w *auditWorld) {
	w.pay("pay", 200, noon)
	w.promoted(dublin, london, noon.Add(5*time.Minute))
	w.restored(dublin, w.database("", paymentsTable, rows("pay", 200, dublin, "captured", noon), "update payments set updated_at = created_at + interval '1 minute'"))
	w.writer("update payments set status = 'refunded', updated_at = $1 where payment_id <> 'pay_199'", noon.Add(10*time.Minute))
	w.writer("update payments set updated_at = created_at + interval '1 minute' where payment_id = 'pay_199'")
	w.writer("delete from payments where payment_id = 'pay_3'")
	if f := w.finding(w.run(audit.RunFindings, "ledger.lost_row pay_3"), audit.LedgerLostRow, "pay_3"); f.Verdict != audit.Probable {
		w.Errorf("%s: %s", f.Verdict, f.Reason)
	}
	w.writer("update payments set updated_at = created_at + interval '1 minute', status = 'captured'") // no row lives on: the youngest in both is read
	if f := w.finding(w.run(audit.RunFindings, "ledger.lost_row pay_3"), audit.LedgerLostRow, "pay_3"); f.Verdict != audit.Probable {
		w.Errorf("%s: %s", f.Verdict, f.Reason)
	}
}

// changedWithoutADate changes a row a moment ago, which no column tells and the reader does not know yet.
func changedWithoutADate(w *auditWorld) {
	w.ledger().Columns.UpdatedAt = ""
	w.pay("pay", 5, noon)
	w.must(w.pair.WaitReplicated(w.Context()))
	w.must(w.pair.PauseReplay(w.Context()))
	w.writer("update payments set status = 'refunded' where payment_id = 'pay_3'")
	run := w.runNow(audit.RunFindings, "ledger.changed_row pay_3")
	if f := w.finding(run, audit.LedgerChangedRow, "pay_3"); f.Verdict != audit.Probable {
		w.Errorf("%s: %s", f.Verdict, f.Reason)
	}
	w.must(w.pair.ResumeReplay(w.Context()))
}
