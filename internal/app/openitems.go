package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/record"
	"parallax/reconcile"
	"parallax/sources/aurora"
)

// openItems are what earlier runs have found of a ledger's settlement and what new files may explain: findings that were due
// before a window, and the ledger's rows, as they stand now, of the payments among them.
type openItems struct {
	findings []audit.StoredFinding
	entries  []record.Entry
	gaps     []audit.Gap
}

// rejudgedKinds are the findings about a payment, which a later file or a change of the ledger may settle.
func rejudgedKinds() []audit.Kind {
	return []audit.Kind{
		audit.SettlementMissingInNetwork, audit.SettlementAmountMismatch, audit.SettlementCurrencyMismatch, audit.SettlementStatusMismatch,
	}
}

// openKinds are all findings that later runs judge again.
func openKinds() []audit.Kind {
	return append(rejudgedKinds(), audit.SettlementMissingInLedger, audit.FileLate, audit.FileRejectedRows, audit.FileDuplicate, audit.FileControlTotal)
}

// fileSettled reports whether a finding about a file of the feed is gone: the file has come, or is read without fault now.
func fileSettled(stored audit.StoredFinding, feed config.Settlement, f *feedFiles) bool {
	if stored.Fingerprint != audit.NewFingerprint(stored.Kind, feed.Ledger, stored.Key, feed.Name) {
		return false // another feed's
	}
	if slices.ContainsFunc(f.src.Findings(), func(now audit.Finding) bool { return now.Fingerprint == stored.Fingerprint }) {
		return false
	}
	_, date, _ := strings.Cut(stored.Key, "/")
	return slices.ContainsFunc(f.src.Files(), func(file audit.SettlementFile) bool {
		if file.Status != "accepted" {
			return false
		}
		return stored.Kind == audit.FileLate && file.BusinessDate == date || stored.Kind != audit.FileLate && file.Name == stored.Key
	})
}

func (a *App) openItems(ctx context.Context, l config.Ledger, copies ledgerCopies, w audit.Window) (openItems, error) {
	var o openItems
	found, total, err := a.standing(ctx, "settlement", l.Name, openKinds())
	if err != nil {
		return o, err
	}
	if more := total - len(found); more > 0 {
		o.gaps = append(o.gaps, audit.Gap{
			Window: w, Reason: fmt.Sprintf("%d open items of ledger %s were not held against the files again: one run takes the gravest %d", more, l.Name, maxUnsettled),
			Remedy: "run settlement over the windows of the others; they stay open until then",
		})
	}
	o.findings = slices.DeleteFunc(found, func(f audit.StoredFinding) bool {
		due := f.Due().From
		missing := f.Kind == audit.SettlementMissingInNetwork || f.Kind == audit.SettlementMissingInLedger
		return !due.Before(w.From) || !missing && due.Before(bankWindow(w).From) // its file may not be read any more
	})
	var ids []string
	for _, f := range o.findings {
		if slices.Contains(rejudgedKinds(), f.Kind) {
			ids = append(ids, f.Key)
		}
	}
	if len(ids) == 0 || copies.writer == nil {
		return o, nil
	}
	if o.entries, err = a.lookUp(ctx, l, copies, ids); err != nil {
		if ctx.Err() != nil {
			return o, err
		}
		o.gaps = append(o.gaps, audit.Gap{
			Window: w, Reason: "payments of earlier windows could not be read again: " + err.Error(), Remedy: "run parallax doctor",
		})
	}
	return o, nil
}

// lookUp reads the rows of some payments, by payment id or by reference, where the ledger is in force.
func (a *App) lookUp(ctx context.Context, l config.Ledger, copies ledgerCopies, keys []string) ([]record.Entry, error) {
	var all []record.Entry
	for _, region := range copies.writerRegions {
		src, err := a.ledgerAt(ctx, l, region)
		if err != nil {
			return nil, err
		}
		found, err := src.Lookup(ctx, keys)
		if err != nil {
			return nil, err
		}
		more, err := src.LookupReferences(ctx, keys)
		if err != nil {
			return nil, err
		}
		all = append(append(all, found...), more...)
	}
	return all, nil
}

func (a *App) ledgerAt(ctx context.Context, l config.Ledger, region audit.Region) (aurora.Source, error) {
	pool, err := a.ledgerPool(ctx, l.Regions[region].Connection, region)
	if err != nil {
		return aurora.Source{}, err
	}
	src := a.regionCopy(l, region, audit.Window{}).src
	src.DB, src.Witness = pool, record.Writer
	return src, nil
}

// maxLookUps bounds how many keys of lines are looked up in the ledger beside what was read of it.
const maxLookUps = 200_000

// lookUpUnknown are the ledger's rows that lines speak of and that are not among those read: a chargeback comes months after
// its payment, and a payment may be settled long after its row was made.
func (a *App) lookUpUnknown(ctx context.Context, l config.Ledger, copies ledgerCopies, f *feedFiles) ([]record.Entry, []audit.Gap, error) {
	if copies.writer == nil || len(f.unknown) == 0 {
		return nil, nil, nil
	}
	keys := f.unknown
	var gaps []audit.Gap
	if len(keys) > maxLookUps {
		gaps = append(gaps, audit.Gap{
			Window: f.window, Reason: fmt.Sprintf("%d references of lines are in no row that was read of the ledger; only %d of them were looked up", len(keys), maxLookUps),
			Remedy: "check that the feed and the ledger are of one business, or run settlement over a shorter window",
		})
		keys = keys[:maxLookUps]
	}
	found, err := a.lookUp(ctx, l, copies, keys)
	if err != nil {
		if ctx.Err() != nil {
			return nil, nil, err
		}
		return nil, append(gaps, audit.Gap{
			Window: f.window, Reason: "payments that lines speak of could not be looked up: " + err.Error(), Remedy: "run parallax doctor",
		}), nil
	}
	known := map[string]bool{}
	for _, e := range copies.writer {
		known[string(e.Region)+" "+e.ID+" "+e.PaymentID] = true
	}
	return slices.DeleteFunc(found, func(e record.Entry) bool {
		row := string(e.Region) + " " + e.ID + " " + e.PaymentID
		again := known[row]
		known[row] = true
		return again
	}), gaps, nil
}

// fingerprints are those of the open findings.
func (o openItems) fingerprints() map[audit.Fingerprint]bool {
	known := map[audit.Fingerprint]bool{}
	for _, f := range o.findings {
		known[f.Fingerprint] = true
	}
	return known
}

// longAgo is how long an open item may keep the files of its time being read.
const longAgo = 366 * 24 * time.Hour

// oldest is when the oldest open payment is due, a year back at most: until then every day's files must have come before
// anything of it is proven to be missing.
func (o openItems) oldest(from time.Time) time.Time {
	oldest := from
	for _, f := range o.findings {
		if due := f.Due().From; f.Kind == audit.SettlementMissingInNetwork && due.Before(oldest) && from.Sub(due) < longAgo {
			oldest = due
		}
	}
	return oldest
}

// entriesOf are the open payments of one feed: those that a finding of the feed names.
func (o openItems) entriesOf(feed config.Settlement) []record.Entry {
	known := o.fingerprints()
	carried, _ := ofNetwork(masked(o.entries), feed.Name)
	return slices.DeleteFunc(carried, func(e record.Entry) bool {
		return !slices.ContainsFunc(rejudgedKinds(), func(k audit.Kind) bool {
			return slices.ContainsFunc([]string{e.PaymentID, e.NetworkReference}, func(key string) bool {
				return key != "" && known[audit.NewFingerprint(k, feed.Ledger, key, feed.Name)]
			})
		})
	})
}

// resettle takes out of a result what earlier runs have found and what still stands; it returns the findings that were judged
// again and are gone or have changed. Nothing is gone for good while part of the files could not be read.
func (o openItems) resettle(feed config.Settlement, result *reconcile.Result, judged []record.Entry, f *feedFiles) []audit.Fingerprint {
	again := map[audit.Fingerprint]bool{}
	for _, fp := range result.Rejudged {
		again[fp] = true
	}
	for _, e := range judged {
		for _, k := range rejudgedKinds() {
			for _, key := range []string{e.PaymentID, e.NetworkReference} {
				again[audit.NewFingerprint(k, feed.Ledger, key, feed.Name)] = true
			}
		}
	}
	var was []audit.StoredFinding
	for _, stored := range o.findings {
		if again[stored.Fingerprint] || fileSettled(stored, feed, f) {
			was = append(was, stored)
		}
	}
	var moved []audit.Fingerprint
	result.Findings, moved = news(result.Findings, was, ranksAlike) // reasons name the newest file, and so change every day
	return moved
}
