package app

import (
	"context"
	"slices"

	"parallax/auditors/receipt"
	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/record"
)

// lookUpOwners makes the audit look up, by their ids, the payments of receipts that no row read of the ledger explains: a receipt
// may be written again long after its payment.
func (c *receiptAudit) lookUpOwners(l config.Ledger, copies ledgerCopies) {
	c.owners = func(ctx context.Context, payments []string) ([]record.Entry, error) {
		return c.App.lookUp(ctx, l, copies, payments)
	}
}

// ownersOf are the ledger's rows of the payments whose receipts were found without one, also of those that are not reported for they
// are too many. What cannot be looked up is a gap.
func (c *receiptAudit) ownersOf(ctx context.Context, result receipt.Result) []record.Entry {
	var payments []string
	if result.Misfit != nil {
		payments = slices.Clone(result.Misfit.Payments)
	}
	for _, f := range result.Findings {
		if payment, ok := c.rules.PaymentOf(f.Key); ok && f.Kind == audit.ReceiptOrphan {
			payments = append(payments, payment)
		}
	}
	if len(payments) == 0 || c.owners == nil || c.rows == nil {
		return nil
	}
	slices.Sort(payments)
	payments = slices.Compact(payments)
	rows, err := c.owners(ctx, payments)
	if err != nil {
		c.line.Gaps = append(c.line.Gaps, audit.Gap{
			Window: c.window, Reason: "payments of receipts could not be looked up: " + err.Error(), Remedy: "run parallax doctor",
		})
		return nil
	}
	return slices.DeleteFunc(rows, func(e record.Entry) bool {
		_, wanted := slices.BinarySearch(payments, e.PaymentID)
		return !wanted
	})
}

// withOwners judges again with the rows of payments that were looked up, where there are any.
func (c *receiptAudit) withOwners(ctx context.Context, auditor receipt.Auditor, in *receipt.Input, result receipt.Result) receipt.Result {
	rows := c.ownersOf(ctx, result)
	if len(rows) == 0 {
		return result
	}
	in.Entries = slices.Concat(in.Entries, rows)
	return auditor.Audit(*in)
}
