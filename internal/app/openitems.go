package app

import (
	"context"
	"fmt"
	"slices"

	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/record"
	"parallax/reconcile"
	"parallax/sinks/store"
	"parallax/sources/aurora"
)

// maxOpenItems bounds how many payments of earlier windows one run holds against new files.
const maxOpenItems = 10_000

// openItems are what earlier runs have found of a ledger's settlement and what new files may explain: findings that were due
// before a window, and the ledger's rows, as they stand now, of the payments among them.
type openItems struct {
	findings []audit.StoredFinding
	entries  []record.Entry
	gaps     []audit.Gap
}

// openKinds are the findings that a later file or a later row of the ledger may settle.
func openKinds() []audit.Kind {
	return []audit.Kind{audit.SettlementMissingInNetwork, audit.SettlementMissingInLedger}
}

func (a *App) openItems(ctx context.Context, l config.Ledger, copies ledgerCopies, w audit.Window) (openItems, error) {
	var o openItems
	found, total, err := a.store.Findings(ctx, store.Filter{
		Kinds: openKinds(), Jobs: []string{"settlement"}, Scope: l.Name, Limit: maxOpenItems,
		Status: []audit.Status{audit.Expected, audit.Overdue, audit.Open, audit.Acknowledged},
	})
	if err != nil {
		return o, err
	}
	if more := total - len(found); more > 0 {
		o.gaps = append(o.gaps, audit.Gap{
			Window: w, Reason: fmt.Sprintf("%d open items of ledger %s were not held against the files again: one run takes the gravest %d", more, l.Name, maxOpenItems),
			Remedy: "run settlement over the windows of the others, or close what is dealt with by parallax findings",
		})
	}
	o.findings = slices.DeleteFunc(found, func(f audit.StoredFinding) bool { return !f.Due().From.Before(w.From) })
	var ids []string
	for _, f := range o.findings {
		if f.Kind == audit.SettlementMissingInNetwork {
			ids = append(ids, f.Key)
		}
	}
	if len(ids) == 0 || copies.writer == nil {
		return o, nil
	}
	if o.entries, err = a.lookUp(ctx, l, copies.writerRegion, ids); err != nil {
		if ctx.Err() != nil {
			return o, err
		}
		o.gaps = append(o.gaps, audit.Gap{
			Window: w, Reason: "payments of earlier windows could not be read again: " + err.Error(), Remedy: "run parallax doctor",
		})
	}
	return o, nil
}

// lookUp reads the rows of some payments from one copy of a ledger.
func (a *App) lookUp(ctx context.Context, l config.Ledger, region audit.Region, ids []string) ([]record.Entry, error) {
	src, err := a.ledgerAt(ctx, l, region)
	if err != nil {
		return nil, err
	}
	return src.Lookup(ctx, ids)
}

func (a *App) ledgerAt(ctx context.Context, l config.Ledger, region audit.Region) (aurora.Source, error) {
	pool, err := a.ledgerPool(ctx, l.Regions[region].Connection, region)
	if err != nil {
		return aurora.Source{}, err
	}
	return aurora.Source{Scope: l.Name, Region: region, Witness: record.Writer, Mapping: mapping(l), DB: pool, Settings: a.ledgerSettings()}, nil
}

// originals are the ledger's rows that refunds, chargebacks and the like speak of and that are older than what was read of
// the ledger: a chargeback comes months after its payment.
func (a *App) originals(ctx context.Context, l config.Ledger, copies ledgerCopies, lines []record.SettlementLine, w audit.Window) ([]record.Entry, []audit.Gap, error) {
	if copies.writer == nil {
		return nil, nil, nil
	}
	here := map[string]bool{"": true}
	for _, e := range copies.writer {
		here[e.PaymentID], here[e.NetworkReference] = true, true
	}
	var payments, references []string
	for _, l := range lines {
		switch {
		case l.Type != record.Refund && l.Type != record.Chargeback && l.Type != record.Representment:
		case here[l.PaymentID] && here[l.Original] && here[l.Reference]:
		case len(payments)+len(references) >= maxOpenItems:
			return nil, []audit.Gap{{
				Window: w, Reason: fmt.Sprintf("more than %d refunds and chargebacks are of payments older than what was read of the ledger", maxOpenItems),
				Remedy: "run settlement over a shorter window",
			}}, nil
		default:
			payments = append(payments, l.PaymentID)
			references = append(references, l.Original, l.Reference)
		}
	}
	if len(payments) == 0 {
		return nil, nil, nil
	}
	src, err := a.ledgerAt(ctx, l, copies.writerRegion)
	var found, more []record.Entry
	if err == nil {
		found, err = src.Lookup(ctx, payments)
	}
	if err == nil {
		more, err = src.LookupReferences(ctx, references)
	}
	if err != nil {
		if ctx.Err() != nil {
			return nil, nil, err
		}
		return nil, []audit.Gap{{Window: w, Reason: "payments of refunds and chargebacks could not be looked up: " + err.Error(), Remedy: "run parallax doctor"}}, nil
	}
	return slices.DeleteFunc(append(found, more...), func(e record.Entry) bool {
		again := here["id "+e.ID+" "+e.PaymentID] || here[e.PaymentID]
		here["id "+e.ID+" "+e.PaymentID] = true
		return again
	}), nil, nil
}

// of are the open payments and lines of one feed: its findings are known by their fingerprints.
func (o openItems) of(feed config.Settlement, lines []record.SettlementLine) (entries []record.Entry, open []record.SettlementLine) {
	known := map[audit.Fingerprint]bool{}
	for _, f := range o.findings {
		known[f.Fingerprint] = true
	}
	carried, _ := ofNetwork(o.entries, feed.Name)
	for _, e := range carried {
		if known[audit.NewFingerprint(audit.SettlementMissingInNetwork, feed.Ledger, e.PaymentID, feed.Name)] {
			entries = append(entries, e)
		}
	}
	if len(known) == 0 {
		return nil, nil
	}
	for _, l := range lines {
		if known[audit.NewFingerprint(audit.SettlementMissingInLedger, feed.Ledger, reconcile.KeyOfLine(l), feed.Name)] {
			open = append(open, l)
		}
	}
	return entries, open
}

// resettle takes out of a result what earlier runs have found and what still stands; it returns the findings that were judged
// again and are gone or have changed.
func (o openItems) resettle(result *reconcile.Result) []audit.Fingerprint {
	var judged []audit.StoredFinding
	for _, f := range o.findings {
		if _, again := slices.BinarySearch(result.Rejudged, f.Fingerprint); again {
			judged = append(judged, f)
		}
	}
	var moved []audit.Fingerprint
	result.Findings, moved = news(result.Findings, judged, ranksAlike) // reasons name the newest file, and so change every day
	return moved
}
