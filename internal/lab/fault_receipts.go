package lab

import (
	"context"
	"time"
)

// receiptsInFlight: four payments whose rows arrived in time but whose receipts were on the wire when the end came.
func (w *World) receiptsInFlight() {
	for range 4 {
		p := w.orders.new(dublin, w.accident.between(w.day.cut.Add(-1500*time.Millisecond), w.day.cut.Add(-100*time.Millisecond)))
		p.unfiled = true
		w.take(p)
		w.truth.note("receipt.missing", p.id, "")
		w.truth.note("chain.broken", p.id, "", p.money)
	}
}

// receiptTrouble: everything else that can be wrong with two copies of a receipt. All are written in Dublin.
func (w *World) receiptTrouble() {
	fault := func(kind string, n int, spoil func(p *payment)) {
		for range n {
			p := w.quiet(dublin)
			w.take(p)
			w.agenda.add(p.at, func(context.Context, time.Time) error {
				spoil(p)
				return nil
			})
			w.truth.note(kind, p.receiptKey(), "")
		}
	}
	fault("receipt.not_replicated", 2, func(p *payment) { w.receipts.Stick(dublin, p.receiptKey()) })
	w.truth.note("lag.breach", "s3/receipts/"+dublin+">"+london, london)
	fault("receipt.replication_failed", 2, func(p *payment) { w.receipts.Fail(dublin, p.receiptKey()) })
	fault("receipt.mismatch", 1, func(p *payment) {
		w.receipts.Corrupt(london, p.receiptKey(), p.receipt()[:40])
	})
	fault("receipt.storage_drift", 1, func(p *payment) { w.receipts.Drift(london, p.receiptKey(), "GLACIER") })
	fault("receipt.delete_diverged", 1, func(p *payment) {
		w.agenda.add(clock(14, 50, 0), func(_ context.Context, at time.Time) error {
			w.receipts.MarkDeleted(london, p.receiptKey(), at)
			return nil
		})
	})
	fault("receipt.not_replicated", 1, func(p *payment) { // deleted by its version id, of which nobody is told
		w.agenda.add(clock(14, 55, 0), func(context.Context, time.Time) error {
			w.receipts.HardDelete(london, p.receiptKey())
			return nil
		})
	})
	w.strayReceipt()
	w.etagTraps()
	w.rewrittenReceipt()
}

// etagTraps: receipts that are the same in both regions and have other ETags there, as uploads in parts and objects under
// keys of KMS may. Nothing is wrong with them.
func (w *World) etagTraps() {
	for _, how := range []upload{inParts, encrypted} {
		for range 2 {
			p := w.quiet(w.somewhere())
			p.upload = how
			w.take(p)
			if how == inParts {
				w.receipts.Retag(other(p.region), p.receiptKey())
			}
			w.retagged = append(w.retagged, p.receiptKey())
		}
	}
}

// rewrittenReceipt: a receipt is written again between the two inventories' scans. One of them does not know the new version,
// and nothing is wrong.
func (w *World) rewrittenReceipt() {
	p := w.quiet(w.somewhere())
	w.take(p)
	w.agenda.add(inventoried.Add(-inventoryApart/2), w.file(p))
}

// strayReceipt: a receipt of a payment that never was.
func (w *World) strayReceipt() {
	p := w.quiet(london)
	w.agenda.add(p.at, w.file(p))
	w.truth.note("receipt.orphan", p.receiptKey(), "")
}
