// Package receipt compares the receipts of two linked buckets with one another and with the ledger: every charged
// payment has a receipt, every receipt a payment, and both regions hold the same.
//
// Two inventories are never of the same moment, and each is a rolling list (Amazon S3 User Guide, "Amazon S3 Inventory
// list"). So what is younger than the earlier of the two scans less the grace is undetermined: it is counted, never
// alarmed. Replicas keep the creation time and the version id of their source ("What does Amazon S3 replicate?").
package receipt

import (
	"regexp"
	"slices"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// Rules say what a receipt is and how long one may be on its way.
type Rules struct {
	Scope      string          // the configured pair of buckets
	Grace      time.Duration   // replication may take this long (S3 RTC: 15 minutes)
	Lead       time.Duration   // a receipt is written within this time of its ledger entry; one minute where zero
	KeyPattern *regexp.Regexp  // of a whole object key, with a group payment_id
	Charged    []string        // ledger statuses that must have a receipt
	Regions    [2]audit.Region // the two sides
}

// Input is what was read of both buckets and of the ledger in force. Objects and Entries reach beyond Window, so that
// what lies at its edges finds its counterpart; findings are reported for what happened inside it.
type Input struct {
	Window   audit.Window
	AsOf     time.Time
	Objects  []record.Object
	Entries  []record.Entry
	Cover    audit.Window               // what Entries cover without a gap; Window where zero, nothing where Entries is nil
	Complete map[audit.Region]bool      // whether the region's objects were read without a gap
	Scanned  map[audit.Region]time.Time // when the region was seen; the scan its objects name where missing
	Trace    bool                       // whether each payment is to be told of by itself, which takes memory for each
}

// Stuck is an object that had not reached the other region when it was seen: a candidate for a lag breach, for an
// inventory cannot tell how long a replica took, only that it had not arrived.
type Stuck struct {
	From, To audit.Region
	Key      string
	Since    time.Time // its creation
	Scanned  time.Time // when it was seen not to have arrived
}

// Result is the judgement, and what had not arrived, in order of age.
type Result struct {
	audit.Judgement
	Stuck []Stuck
	Trace *Trace // nil unless asked for
}

// Auditor applies Rules.
type Auditor struct{ Rules Rules }

// Audit returns the receipt.* findings of the window. An object gets at most one finding about its replication; the
// gravest is kept: failed, delete diverged, mismatch, not replicated, storage drift.
func (a Auditor) Audit(in Input) Result {
	if a.Rules.Lead == 0 {
		a.Rules.Lead = time.Minute
	}
	if in.Cover.Empty() {
		in.Cover = in.Window
	}
	c := comparison{
		rules: a.Rules, in: in,
		receipts: map[string]bool{}, unread: map[string]bool{}, ledger: map[string]bool{}, excluded: map[string]int64{},
	}
	for _, e := range in.Entries {
		c.ledger[e.PaymentID] = true
	}
	c.when()
	pairs := c.group()
	for _, p := range pairs {
		if p.inside(in.Window) {
			c.replication(p)
			c.orphan(p)
		}
	}
	c.missing()
	if in.Trace {
		c.out.Trace = c.trace(pairs)
	}
	return c.result()
}

// notAReceipt is why an object is left out whose key does not match the pattern.
const notAReceipt = "key is not that of a receipt"

type comparison struct {
	rules    Rules
	in       Input
	scanned  [2]time.Time
	earlier  time.Time       // of the two scans
	receipts map[string]bool // payments with a live receipt in either region
	unread   map[string]bool // payments with a receipt whose latest version was not read
	ledger   map[string]bool // payments the ledger knows
	excluded map[string]int64
	out      Result
}

// when finds the moment each side was seen. A side without any object names no scan; a complete one was seen after the
// end of the window.
func (c *comparison) when() {
	for i, region := range c.rules.Regions {
		at := c.in.Scanned[region]
		if at.IsZero() {
			for _, o := range c.in.Objects {
				if o.Region == region && !o.Live && (at.IsZero() || o.SeenAt.Before(at)) {
					at = o.SeenAt
				}
			}
		}
		if at.IsZero() {
			at = c.in.Window.To
		}
		c.scanned[i] = at
	}
	c.earlier = c.scanned[0]
	if c.scanned[1].Before(c.earlier) {
		c.earlier = c.scanned[1]
	}
}

// settled reports whether something that happened at t must have reached both regions when the pair was seen.
func (c *comparison) settled(t, seen time.Time) bool { return !t.After(seen.Add(-c.rules.Grace)) }

func (c *comparison) exclude(reason string) { c.excluded[reason]++ }

// strange reports whether there are objects and not one of them is a receipt.
func (c *comparison) strange() bool {
	return len(c.in.Objects) > 0 && c.excluded[notAReceipt] == int64(len(c.in.Objects))
}

// missing reports charged payments without a live receipt in either region. Where there are objects and not one of them is a
// receipt, the pattern is wrong and says nothing about what is missing.
func (c *comparison) missing() {
	if c.in.Entries == nil || c.strange() {
		return
	}
	reported := map[string]bool{}
	for _, e := range c.in.Entries {
		due := c.in.Window.Holds(e.CreatedAt) && slices.Contains(c.rules.Charged, e.Status)
		if !due || c.receipts[e.PaymentID] || reported[e.PaymentID] {
			continue
		}
		switch {
		case !c.settled(e.CreatedAt, c.earlier):
			c.exclude("payment too young at the scan, its receipt may still be on its way")
		case c.unread[e.PaymentID]:
			c.exclude("payment whose receipt's latest version was not read")
		case !c.complete(0) || !c.complete(1):
			c.exclude("payment without a receipt in what was read, but a region was not read completely")
		default:
			reported[e.PaymentID] = true
			c.report(missingReceipt(c.rules, e, c.scanned))
		}
	}
}

// orphan reports a live receipt whose payment the ledger does not know.
func (c *comparison) orphan(p pair) {
	o := p.live()
	if o == nil {
		return
	}
	switch {
	case c.known(p.payment):
	case c.in.Entries == nil || !c.in.Cover.Covers(c.around(o.LastModified)):
		c.exclude("receipt from a time the ledger was not read for, its payment is not known")
	default:
		c.report(orphanReceipt(c.rules, p, *o))
	}
}

// around is when the payment of a receipt written at t may have been entered; S3 shows whole seconds.
func (c *comparison) around(t time.Time) audit.Window {
	return audit.Window{From: t.Add(-c.rules.Lead), To: t.Add(time.Second)}
}

// known reports whether the ledger has an entry of the payment, charged or not.
func (c *comparison) known(payment string) bool { return c.ledger[payment] }

func (c *comparison) complete(i int) bool { return c.in.Complete[c.rules.Regions[i]] }

func (c *comparison) report(f audit.Finding) { c.out.Findings = append(c.out.Findings, f) }

func (c *comparison) result() Result {
	audit.Sort(c.out.Findings)
	for reason, n := range c.excluded {
		c.out.Excluded = append(c.out.Excluded, audit.Exclusion{Reason: reason, Records: n})
	}
	slices.SortFunc(c.out.Excluded, byReason)
	slices.SortFunc(c.out.Stuck, byAge)
	return c.out
}
