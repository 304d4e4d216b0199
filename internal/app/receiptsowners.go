package app

import (
	"context"
	"fmt"
	"slices"

	"parallax/auditors/receipt"
	"parallax/internal/audit"
	"parallax/internal/record"
)

// owners looks up by their ids the ledger's rows of payments that those read with the window do not explain: a receipt may be
// written again long after its payment, and a refund may be entered long after the charge, which the receipt is of.
type owners struct {
	lookUp  func(ctx context.Context, payments []string) ([]record.Entry, error) // nil where the ledger is not in force
	asked   map[string]bool
	unknown map[string]bool // payments whose rows could not be looked up
}

func (c *receiptAudit) lookUpOwners(copies ledgerCopies) {
	c.owners = owners{asked: map[string]bool{}, unknown: map[string]bool{}}
	if copies.writer == nil {
		return
	}
	c.owners.lookUp = func(ctx context.Context, payments []string) ([]record.Entry, error) {
		return c.App.lookUp(ctx, c.ledger, copies, payments)
	}
}

// explain adds to the input the rows of payments that were not looked up before, and reports whether there were such payments.
// What cannot be looked up is a gap, and nothing is proven of it.
func (c *receiptAudit) explain(ctx context.Context, in *receipt.Input, payments []string) (bool, error) {
	payments = slices.DeleteFunc(payments, func(p string) bool { return c.owners.asked[p] })
	if c.owners.lookUp == nil || len(payments) == 0 {
		return false, nil
	}
	slices.Sort(payments)
	payments = slices.Compact(payments)
	for _, p := range payments {
		c.owners.asked[p] = true
	}
	in.Unknown = c.owners.unknown
	if beyond := len(payments) - maxLookUps; beyond > 0 {
		c.notLookedUp(payments[maxLookUps:], fmt.Sprintf("one run takes %d, and there are %d more", maxLookUps, beyond),
			"check that receipts[].key_pattern and the ledger are of one business, or run over a shorter window")
		payments = payments[:maxLookUps]
	}
	rows, err := c.owners.lookUp(ctx, payments)
	switch {
	case ctx.Err() != nil:
		return false, fmt.Errorf("look up payments of receipts %s: %w", c.pair.Name, context.Cause(ctx))
	case err != nil:
		c.notLookedUp(payments, err.Error(), "run parallax doctor")
		return true, nil
	}
	rows = slices.DeleteFunc(rows, func(e record.Entry) bool { return !c.owners.asked[e.PaymentID] }) // found by a reference that reads alike
	in.Entries = slices.Concat(in.Entries, rows)
	return true, nil
}

func (c *receiptAudit) notLookedUp(payments []string, why, remedy string) {
	for _, p := range payments {
		c.owners.unknown[p] = true
	}
	c.line.Gaps = append(c.line.Gaps, audit.Gap{
		Window: c.window, Reason: "payments of receipts could not be looked up: " + why, Remedy: remedy,
	})
}

// explainDoubts looks up the payments that the inventories leave in doubt, all at once: there may be many more of them than
// findings are kept.
func (c *receiptAudit) explainDoubts(ctx context.Context, in *receipt.Input) error {
	if in.NoReceipts || c.earlier().IsZero() {
		return nil
	}
	_, err := c.explain(ctx, in, c.ties.Doubtful(c.window))
	return err
}

// withOwners judges again with the rows of payments that are looked up, until none is in doubt that was not.
func (c *receiptAudit) withOwners(ctx context.Context, auditor receipt.Auditor, in *receipt.Input, result receipt.Result) (receipt.Result, error) {
	for {
		var payments []string
		if result.Misfit != nil {
			payments = slices.Clone(result.Misfit.Payments)
		}
		for _, f := range result.Findings {
			payment, ok := c.rules.PaymentOf(f.Key)
			switch {
			case f.Kind == audit.ReceiptMissing:
				payments = append(payments, f.Key)
			case f.Kind == audit.ReceiptOrphan && ok:
				payments = append(payments, payment)
			}
		}
		more, err := c.explain(ctx, in, payments)
		if err != nil || !more {
			return result, err
		}
		result = auditor.Audit(*in)
	}
}
