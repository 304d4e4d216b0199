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
	"parallax/internal/pipeline"
	"parallax/internal/record"
	"parallax/sources/inventory"
)

// receiptContext is how far around a window ledger rows are read, so that an object near its ends finds its payment.
const receiptContext = 24 * time.Hour

// receiptsJob compares the buckets of every configured pair with one another and with the ledger.
func (a *App) receiptsJob(ctx context.Context, t task) (audit.Outcome, error) {
	var o audit.Outcome
	if len(a.cfg.Receipts) == 0 {
		o.Coverage = append(o.Coverage, notConfigured("inventory", t.window, "receipts"))
	}
	for _, r := range a.cfg.Receipts {
		result, coverage, err := a.auditReceipts(ctx, r, t)
		if err != nil {
			return o, err
		}
		add(&o, result.Judgement, coverage)
	}
	return o, nil
}

// auditReceipts reads the ledger in force and holds both inventories against it.
func (a *App) auditReceipts(ctx context.Context, r config.Receipts, t task) (receipt.Result, []audit.Coverage, error) {
	l, _ := a.ledgerNamed(r.Ledger)
	around := t.window.Around(receiptContext)
	copies, err := a.readLedger(ctx, l, around)
	if err != nil {
		return receipt.Result{}, nil, err
	}
	copies.checkStatuses(l)
	result, coverage, err := a.holdReceipts(ctx, r, l, copies.writer, around, false, t)
	return result, append(coverage, inForce(l, copies, t.window)...), err
}

// holdReceipts reads both inventories and judges them by the rows of the ledger in force, which cover a window. Where the
// rows are nil, for they could not be read, the buckets are still held against one another; what makes them the wrong
// buckets, or the wrong objects, is a gap and no finding. With trace it tells of each payment by itself.
func (a *App) holdReceipts(
	ctx context.Context, r config.Receipts, l config.Ledger, rows []record.Entry, cover audit.Window, trace bool, t task,
) (receipt.Result, []audit.Coverage, error) {
	in := receipt.Input{Window: t.window, AsOf: t.asOf, Complete: map[audit.Region]bool{}, Trace: trace}
	objects, coverage, err := a.readBuckets(ctx, r, t, in.Complete)
	if err != nil {
		return receipt.Result{}, nil, err
	}
	if gap := a.sameBucket(r, t.window); gap != nil {
		coverage[0].Gaps = append(coverage[0].Gaps, *gap)
		return receipt.Result{}, coverage, nil
	}
	in.Entries, in.Cover = rows, cover
	rules := receiptRules(r, l)
	if gap := unmatched(rules, objects, t.window); gap != nil {
		coverage[0].Gaps = append(coverage[0].Gaps, *gap)
		in.NoReceipts = true
	}
	in.Pairs, in.Scanned = slices.Values(pairsOf(rules, objects)), scansOf(objects)
	in.Ties = receipt.NewTies(rules, rows, cover.From, 100_000).Within(t.window)
	in.Ties.See(objects)
	return receipt.Auditor{Rules: rules}.Audit(in), coverage, nil
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

// unmatched is the gap of objects of which not one is a receipt: then the pattern is wrong, not every receipt missing.
func unmatched(rules receipt.Rules, objects []record.Object, w audit.Window) *audit.Gap {
	if len(objects) == 0 {
		return nil
	}
	for _, o := range objects {
		if _, ok := rules.PaymentOf(o.Key); ok {
			return nil
		}
	}
	return &audit.Gap{
		Window: w, Reason: fmt.Sprintf("no object of %d matches receipts.key_pattern of %s, the first is %q", len(objects), rules.Scope, objects[0].Key),
		Remedy: "correct receipts[].key_pattern: it must match a whole object key and have a group payment_id",
	}
}

func (a *App) readBuckets(
	ctx context.Context, r config.Receipts, t task, complete map[audit.Region]bool,
) ([]record.Object, []audit.Coverage, error) {
	var objects []record.Object
	var coverage []audit.Coverage
	for _, region := range slices.Sorted(maps.Keys(r.Regions)) {
		reading, err := a.readInventory(ctx, r, region, t)
		if err != nil {
			return nil, nil, err
		}
		objects = append(objects, reading.Records...)
		coverage = append(coverage, reading.Coverage)
		complete[region] = reading.Coverage.Complete()
	}
	return objects, coverage, nil
}

func (a *App) readInventory(ctx context.Context, r config.Receipts, region audit.Region, t task) (pipeline.Reading[record.Object], error) {
	a.progress("reading the inventory of "+r.Regions[region].Bucket, 0, 0)
	at := r.Regions[region]
	src := inventory.Source{
		Client: a.aws.s3(region), Region: region, Bucket: at.Bucket,
		Inventory: inventory.Location{Bucket: at.Inventory.Bucket, Prefix: at.Inventory.Prefix, ID: at.Inventory.ID},
		AsOf:      t.asOf, Settings: inventory.Settings{Timeout: a.cfg.AWS.Timeout},
	}
	return pipeline.Collect(ctx, src, audit.Coverage{Source: "inventory", Scope: r.Name, Region: region, Window: t.window}, audit.Cursor{})
}

// pairsOf groups objects by their keys.
func pairsOf(rules receipt.Rules, objects []record.Object) []receipt.Pair {
	byKey := map[string]*receipt.Pair{}
	for _, o := range objects {
		if byKey[o.Key] == nil {
			byKey[o.Key] = &receipt.Pair{Key: o.Key}
		}
		if side := slices.Index(rules.Regions[:], o.Region); side >= 0 {
			byKey[o.Key].Sides[side] = append(byKey[o.Key].Sides[side], o)
		}
	}
	var pairs []receipt.Pair
	for _, key := range slices.Sorted(maps.Keys(byKey)) {
		pairs = append(pairs, *byKey[key])
	}
	return pairs
}

// scansOf finds when each region's inventory was made.
func scansOf(objects []record.Object) map[audit.Region]time.Time {
	scans := map[audit.Region]time.Time{}
	for _, o := range objects {
		if at := scans[o.Region]; !o.Live && (at.IsZero() || o.SeenAt.Before(at)) {
			scans[o.Region] = o.SeenAt
		}
	}
	return scans
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
	regions := slices.Sorted(maps.Keys(r.Regions))
	rules := receipt.Rules{Scope: r.Name, Grace: r.Grace, KeyPattern: r.Pattern(), Charged: l.Statuses.Charged}
	copy(rules.Regions[:], regions)
	return rules
}
