package app

import (
	"context"
	"fmt"
	"slices"
	"time"

	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/record"
)

// receiptKinds are the findings of the receipts job.
var receiptKinds = []audit.Kind{
	audit.ReceiptMissing, audit.ReceiptOrphan, audit.ReceiptNotReplicated, audit.ReceiptReplicationFailed, audit.ReceiptMismatch,
	audit.ReceiptDeleteDiverged, audit.ReceiptStorageDrift,
}

// receiptsAgain is what earlier runs have found of a pair of buckets, and what the ledger says now of the payments among them.
type receiptsAgain struct {
	findings []audit.StoredFinding
	entries  []record.Entry  // rows of payments without a receipt and of receipts without a payment, outside the window
	known    map[string]bool // payments the ledger has
	oldest   time.Time       // of the payments without a receipt
	gaps     []audit.Gap
}

// receiptsAgain reads what is to be judged again.
func (a *App) receiptsAgain(ctx context.Context, r config.Receipts, l config.Ledger, copies ledgerCopies, t task) (*receiptsAgain, error) {
	again := &receiptsAgain{known: map[string]bool{}}
	found, total, err := a.standing(ctx, "receipts", r.Name, receiptKinds)
	if err != nil {
		return nil, err
	}
	if more := total - len(found); more > 0 {
		again.gaps = append(again.gaps, audit.Gap{
			Window: t.window, Reason: fmt.Sprintf("%d open findings of receipts %s were not judged again: one run takes the gravest %d", more, r.Name, maxUnsettled),
			Remedy: "mend what is reported and run again; the others stay open until a run takes them",
		})
	}
	again.findings = found
	rules := receiptRules(r, l)
	var payments []string
	for _, f := range found {
		switch payment, ok := rules.PaymentOf(f.Key); {
		case t.window.Holds(f.Window.From), keyMasked(f):
		case f.Kind == audit.ReceiptMissing:
			payments = append(payments, f.Key)
			if again.oldest.IsZero() || f.Window.From.Before(again.oldest) {
				again.oldest = f.Window.From
			}
		case f.Kind == audit.ReceiptOrphan && ok:
			payments = append(payments, payment)
		}
	}
	return again, a.knownNow(ctx, l, copies, payments, again, t)
}

// knownNow looks payments up where the ledger is in force.
func (a *App) knownNow(ctx context.Context, l config.Ledger, copies ledgerCopies, payments []string, again *receiptsAgain, t task) error {
	if len(payments) == 0 || copies.writer == nil {
		return nil
	}
	rows, err := a.lookUp(ctx, l, copies, payments)
	if err != nil {
		if ctx.Err() != nil {
			return err
		}
		again.gaps = append(again.gaps, audit.Gap{
			Window: t.window, Reason: "payments of earlier findings could not be read again: " + err.Error(), Remedy: "run parallax doctor",
		})
		return nil
	}
	for _, e := range rows {
		if slices.Contains(payments, e.PaymentID) {
			again.known[e.PaymentID] = true
			again.entries = append(again.entries, e)
		}
	}
	return nil
}

// living are the fingerprints of what earlier runs have found.
func (g *receiptsAgain) living() map[audit.Fingerprint]bool {
	if g == nil {
		return nil
	}
	out := make(map[audit.Fingerprint]bool, len(g.findings))
	for _, f := range g.findings {
		out[f.Fingerprint] = true
	}
	return out
}

// wanted are the keys of receipts without a payment that lie outside the window: whether they are still there.
func (g *receiptsAgain) wanted(w audit.Window) map[string]bool {
	keys := map[string]bool{}
	if g == nil {
		return keys
	}
	for _, f := range g.findings {
		if f.Kind == audit.ReceiptOrphan && !w.Holds(f.Window.From) {
			keys[f.Key] = true
		}
	}
	return keys
}
