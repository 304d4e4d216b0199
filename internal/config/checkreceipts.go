package config

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// maxLiveRate is as many requests a second as S3 serves of one prefix, and more than a run needs.
// Source: Amazon S3 User Guide, "Best practices design patterns: optimizing Amazon S3 performance" (5,500 GET and HEAD requests).
const maxLiveRate = 5000

func (d *decoder) checkReceipts(receipts []Receipts, ledgers []Ledger) {
	names := make([]string, len(ledgers))
	for i, l := range ledgers {
		names[i] = l.Name
	}
	of := map[string]string{} // the first pair of buckets of a ledger
	for i, r := range receipts {
		key := join("receipts", nameOr(r.Name, i))
		d.checkLedgerName(r.Ledger, key, names)
		d.checkReceiptKeys(r, key, ledgers)
		d.checkStorage(r.Storage, key+".storage")
		d.checkReads(r, key)
		if len(r.Regions) != 2 {
			d.wrongAt(key+".regions", "receipts are compared between two regions: name the bucket of each of the two")
		}
		if first, twice := of[r.Ledger]; twice && r.Ledger != "" {
			d.wrongAt(key+".ledger", "is the ledger of receipts "+first+" too: each pair of buckets would miss the receipts that lie in the other; "+
				"name a ledger for each, with a query that holds its payments only")
		} else {
			of[r.Ledger] = nameOr(r.Name, i)
		}
		d.checkBuckets(r, key+".regions")
		d.checkEvents(r, key+".events")
	}
}

// checkReceiptKeys wants to know how a payment and its receipt find one another.
func (d *decoder) checkReceiptKeys(r Receipts, key string, ledgers []Ledger) {
	switch {
	case r.KeyPattern != nil && r.KeyPattern.SubexpIndex("payment_id") < 0:
		d.wrongAt(key+".key_pattern", "needs a group that finds the payment: (?P<payment_id>...)")
	case r.Key != nil && strings.HasPrefix(r.Key.String(), "/"):
		d.wrongAt(key+".key", "begins with /: the keys of objects do not, unless they were written so")
	case r.Key == nil && r.KeyPattern == nil && r.KeyColumn != "":
		d.wrongAt(key+".key_column", "needs key_pattern too: how the payment of a receipt is known")
	case r.Key == nil && r.KeyPattern == nil:
		d.wrongAt(key+".key", "must be set, or key_pattern: how a payment and its receipt find one another")
	case r.Key != nil && r.KeyColumn != "":
		d.wrongAt(key+".key_column", "only one of key and key_column can be set")
	case r.Key != nil && r.KeyPattern != nil:
		if why := keyPatternWrong(r.Key, r.KeyPattern); why != "" {
			d.wrongAt(key+".key_pattern", why)
		}
	}
	at := slices.IndexFunc(ledgers, func(l Ledger) bool { return l.Name == r.Ledger })
	if r.KeyColumn == "" || r.Key != nil || at < 0 {
		return
	}
	if _, there := ledgers[at].Columns.Extra[r.KeyColumn]; !there {
		d.wrongAt(key+".key_column", "ledger "+r.Ledger+" has no such column under columns.extra")
	}
}

// checkReads bounds the pace of live reads, and wants a period that S3 Inventory knows: daily or weekly.
// Source: Amazon S3 API reference, InventorySchedule.
func (d *decoder) checkReads(r Receipts, key string) {
	if r.Live.Rate > maxLiveRate {
		d.wrongAt(key+".live.rate", fmt.Sprintf("must be %d at most", maxLiveRate))
	}
	for _, region := range sortedRegions(r.Regions) {
		if every := r.Regions[region].Inventory.Every; every > 0 && every < 24*time.Hour {
			d.wrongAt(key+".regions."+string(region)+".inventory.every", "S3 delivers inventories daily (24h) or weekly (168h)")
		}
	}
}

// checkStorage wants the steps in order of age, the first from the beginning on.
func (d *decoder) checkStorage(steps []StorageStep, key string) {
	for i, s := range steps {
		switch {
		case i == 0 && s.After != 0:
			d.wrongAt(key+".0.after", "the first step holds from the beginning: leave after out")
		case i > 0 && s.After <= steps[i-1].After:
			d.wrongAt(key+"."+nameOr("", i)+".after", "must be later than the step before")
		}
	}
}
