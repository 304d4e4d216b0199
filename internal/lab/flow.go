package lab

import (
	"context"
	"time"
)

// take enters a payment into the agenda.
func (w *World) take(p *payment) {
	w.payments = append(w.payments, p)
	w.agenda.add(p.at, func(_ context.Context, at time.Time) error {
		w.taken()
		w.agenda.add(at.Add(toLedger), w.record(p))
		if p.keyless {
			return nil
		}
		return w.accept(p, at)
	})
}

// record writes the ledger row. While no database takes writes the API tries again until one does, unless its client
// has given up or gone elsewhere.
func (w *World) record(p *payment) step {
	return func(ctx context.Context, at time.Time) error {
		if w.ledger.down {
			w.refused(at)
			if !p.abandoned {
				w.agenda.add(w.day.promoted.Add(w.accident.duration(200*time.Millisecond, 12*time.Second)), w.record(p))
			}
			return nil
		}
		w.recorded(p, at)
		w.agenda.add(at.Add(toCapture-toLedger), w.settle(p))
		return w.ledger.insert(ctx, p, at)
	}
}

// refused notes a write that no database took.
func (w *World) refused(at time.Time) {
	if w.truth.FirstRefused.IsZero() {
		w.truth.FirstRefused = at
	}
}

// recorded notes on which side of the cut a row fell.
func (w *World) recorded(p *payment, at time.Time) {
	switch {
	case w.ledger.cut:
		w.truth.LastLost = at
		w.loses(p)
	case w.truth.Promoted.IsZero():
		w.truth.LastSurvivor = at
	case w.truth.FirstGood.IsZero():
		w.truth.FirstGood = at
	}
}

// settle tells the key what the network said, has the network charge the payment, and stores the receipt.
func (w *World) settle(p *payment) step {
	return func(_ context.Context, at time.Time) error {
		if !p.declined {
			w.charges = append(w.charges, p)
			if !p.unfiled {
				w.agenda.add(at.Add(toReceipt-toCapture), w.file(p))
			}
		}
		if p.keyless {
			return nil
		}
		return w.capture(p, at)
	}
}

// file stores the receipt.
func (w *World) file(p *payment) step {
	return func(_ context.Context, at time.Time) error {
		switch p.upload {
		case inParts:
			w.receipts.PutMultipart(p.region, at, p.receiptKey(), p.receipt(), 2)
		case encrypted:
			w.receipts.PutEncrypted(p.region, at, p.receiptKey(), p.receipt())
		default:
			w.receipts.Put(p.region, at, p.receiptKey(), p.receipt())
		}
		return nil
	}
}
