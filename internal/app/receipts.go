package app

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"parallax/auditors/receipt"
	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/record"
)

// receiptContext is how far around a window ledger rows are read, so that an object near its ends finds its payment.
const receiptContext = 24 * time.Hour

// receiptsJob compares the buckets of every configured pair with one another, whole, and the receipts of the window with the
// ledger.
func (a *App) receiptsJob(ctx context.Context, t task) (audit.Outcome, error) {
	var o audit.Outcome
	if len(a.cfg.Receipts) == 0 {
		o.Coverage = append(o.Coverage, notConfigured("inventory", t.window, "receipts"))
	}
	for _, r := range a.cfg.Receipts {
		if err := a.auditWhole(ctx, &o, r, t); err != nil {
			return o, err
		}
	}
	return o, nil
}

// auditWhole compares all that two buckets hold. What earlier runs have found is judged again with it: what is mended clears.
func (a *App) auditWhole(ctx context.Context, o *audit.Outcome, r config.Receipts, t task) error {
	l, _ := a.ledgerNamed(r.Ledger)
	copies, coverage, err := a.readReceiptLedger(ctx, l, t)
	if err != nil {
		return err
	}
	again, err := a.receiptsAgain(ctx, r, l, copies, t)
	if err != nil {
		return err
	}
	c := a.newReceiptAudit(r, l, t)
	c.rows, c.cover, c.again, c.rules.Whole = copies.writer, t.window.Around(receiptContext), again, true
	defer c.keep()()
	c.lookUpOwners(copies)
	result, err := c.run(ctx)
	if err != nil {
		return err
	}
	if err := a.explainFailures(ctx, r, result.Findings, t); err != nil {
		return err
	}
	rejudged, held := c.judgedAgain(result)
	o.Rejudged, o.Held = append(o.Rejudged, rejudged...), append(o.Held, held...)
	c.certifyHeld(len(held))
	o.Samples = append(o.Samples, stuckSamples(r, result.Stuck)...)
	add(o, result.Judgement, append(c.coverage(), coverage...))
	return nil
}

// auditReceipts holds the receipts of a window, and no others, against one another and against the ledger in force.
func (a *App) auditReceipts(ctx context.Context, r config.Receipts, t task) (receipt.Result, []audit.Coverage, error) {
	l, _ := a.ledgerNamed(r.Ledger)
	copies, coverage, err := a.readReceiptLedger(ctx, l, t)
	if err != nil {
		return receipt.Result{}, nil, err
	}
	result, lines, err := a.holdReceipts(ctx, r, l, copies, t.window.Around(receiptContext), false, t)
	return result, append(lines, coverage...), err
}

// readReceiptLedger reads the ledger in force around a window.
func (a *App) readReceiptLedger(ctx context.Context, l config.Ledger, t task) (ledgerCopies, []audit.Coverage, error) {
	copies, err := a.readLedger(ctx, l, t.window.Around(receiptContext))
	if err != nil {
		return copies, nil, err
	}
	copies.checkStatuses(l)
	return copies, inForce(l, copies, t.window), nil
}

// holdReceipts judges the receipts of a window by the rows of the ledger in force, which cover a window. Where there are no
// rows, for they could not be read, the buckets are still held against one another; what makes them the wrong buckets, or the
// wrong objects, is a gap and no finding. With trace it tells of each payment by itself.
func (a *App) holdReceipts(
	ctx context.Context, r config.Receipts, l config.Ledger, copies ledgerCopies, cover audit.Window, trace bool, t task,
) (receipt.Result, []audit.Coverage, error) {
	c := a.newReceiptAudit(r, l, t)
	c.rows, c.cover, c.trace = copies.writer, cover, trace
	c.lookUpOwners(copies)
	result, err := c.run(ctx)
	return result, c.coverage(), err
}

// sameBucket is the gap of a pair whose two sides are one bucket, which always agrees with itself.
func (a *App) sameBucket(r config.Receipts, w audit.Window) *audit.Gap {
	type side struct{ bucket, endpoint string }
	seen := map[side]audit.Region{}
	for _, region := range slices.Sorted(maps.Keys(r.Regions)) {
		s := side{r.Regions[region].Bucket, a.cfg.AWS.Endpoints[region].S3}
		if other, twice := seen[s]; twice {
			return &audit.Gap{
				Window: w, Reason: fmt.Sprintf("receipts %s: %s and %s name the same bucket %s", r.Name, other, region, s.bucket),
				Remedy: "name each region's own bucket in receipts[].regions",
			}
		}
		seen[s] = region
	}
	return nil
}

func (a *App) ledgerNamed(name string) (config.Ledger, bool) {
	for _, l := range a.cfg.Ledgers {
		if l.Name == name {
			return l, true
		}
	}
	return config.Ledger{}, false
}

func receiptRules(r config.Receipts, l config.Ledger) receipt.Rules {
	rules := receipt.Rules{
		Scope: r.Name, Grace: r.Grace, Settle: r.Settle, KeyPattern: r.Pattern(), KeyOf: keyOf(r), Charged: l.Statuses.Charged,
		DeleteMarkers: r.DeleteMarkers, Slack: r.StorageSlack,
	}
	for _, s := range r.Storage {
		rules.Storage = append(rules.Storage, record.StorageStep{After: s.After, Class: s.Class})
	}
	copy(rules.Regions[:], slices.Sorted(maps.Keys(r.Regions)))
	return rules
}

// keyOf tells the object key of a payment's receipt; nil where the configuration does not say it.
func keyOf(r config.Receipts) func(record.Entry) string {
	switch {
	case r.KeyColumn != "":
		return func(e record.Entry) string { return e.Extra[r.KeyColumn] }
	case r.Key != nil:
		return func(e record.Entry) string { return r.Key.Of(e.PaymentID, e.CreatedAt) }
	default:
		return nil
	}
}
