// Package receipt compares the receipts of two linked buckets with one another and with the ledger: every charged
// payment has a receipt, every receipt a payment, and both regions hold the same.
//
// Two inventories are never of the same moment, and each is a rolling list (Amazon S3 User Guide, "Amazon S3 Inventory
// list"). So what is younger than the earlier of the two scans less the grace is undetermined: it is counted, never
// alarmed, unless both buckets were asked themselves. Replicas keep the creation time and the version id of their source
// ("What does Amazon S3 replicate?").
//
// What the two inventories agree on is not looked at here: an auditor is given the pairs that differ by Rules.Print, and, from
// Ties and Survey, what only all rows together tell.
package receipt

import (
	"iter"
	"regexp"
	"slices"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// Rules say what a receipt is and how long one may be on its way.
type Rules struct {
	Scope       string                      // the configured pair of buckets
	Grace       time.Duration               // replication may take this long (S3 RTC: 15 minutes)
	MarkerGrace time.Duration               // that of delete markers, which RTC leaves out; Grace, and an hour at least, where zero
	Settle      time.Duration               // a receipt is written within this time of its ledger entry; Grace where zero
	Lead        time.Duration               // how long before a receipt its payment may have been entered, at least; one minute where zero
	KeyPattern  *regexp.Regexp              // of a whole object key, with a group payment_id
	KeyOf       func(e record.Entry) string // the key of a payment's receipt, empty where it is not known; may be nil
	Charged     []string                    // ledger statuses that must have a receipt
	Regions     [2]audit.Region             // the two sides
	Whole       bool                        // every pair is judged, whatever its age; if not, those of the window
	Storage     []record.StorageStep        // the declared policy, ascending by age; without it both sides must be alike
	Slack       time.Duration               // S3 may change a storage class this long after it is due
	// DeleteMarkers says whether a delete in one region must be one in the other: as the replication "rule" says (also where
	// empty), always ("replicated"), never ("kept").
	DeleteMarkers string
}

// Values of Rules.DeleteMarkers beside "rule".
const (
	MarkersReplicated = "replicated"
	MarkersKept       = "kept"
)

// Pair is the versions of one key that the two sides do not agree on. Where they agree on the current version, it is not
// among them; else that of each side is.
type Pair struct {
	Key   string
	Sides [2][]record.Object // with Region, Bucket and SeenAt
}

// Input is what was read of both buckets and of the ledger in force. Entries reach beyond Window, so that what lies at its edges
// finds its counterpart; payments are judged inside it.
type Input struct {
	Window   audit.Window
	AsOf     time.Time
	Pairs    iter.Seq[Pair]                // ascending by key; may be nil
	Equal    int64                         // rows that both sides agree on
	Drifted  []record.Object               // current versions that break the storage policy, see Policy.Broken
	Live     map[string][2][]record.Object // by key: all versions as the buckets themselves told them; nil where one was not asked
	Answered map[string][2]time.Time       // by key of Live: when each side was asked, by its own clock; may be nil
	Ties     *Ties                         // nil: nothing is said of payments
	Survey   *Survey                       // nil: nothing is known of all rows together
	Entries  []record.Entry                // nil: the ledger was not read
	Cover    audit.Window                  // what Entries cover without a gap; Window where zero, nothing where Entries is nil
	Buckets  [2]record.Bucket              // in the order of Rules.Regions; what is not known covers everything
	Complete map[audit.Region]bool         // whether the region's objects were read without a gap
	Scanned  map[audit.Region]time.Time    // when the region was seen; the end of the window where missing
	Listed   map[audit.Region]time.Time    // when all that was written since the scans was listed; missing where it was not
	Unknown  map[string]bool               // payments that could not be looked up, though the ledger may have more rows of them
	// NoReceipts says that not one object that was read has the key of a receipt: then the pattern is wrong, and says nothing
	// about what is missing.
	NoReceipts bool
	Trace      bool                       // whether each payment is to be told of by itself, which takes memory for each
	Living     map[audit.Fingerprint]bool // findings of earlier runs that are not closed, see Result.Held
	Suspects   int                        // how many suspects are wanted; 0: none
	Max        int                        // how many findings of one kind are kept, and of Stuck; 0: 100,000
}

// Stuck is an object that had not reached the other region when it was seen: a candidate for a lag breach, for an
// inventory cannot tell how long a replica took, only that it had not arrived.
type Stuck struct {
	From, To audit.Region
	Key      string
	Since    time.Time // its creation
	Scanned  time.Time // when it was seen not to have arrived
	Asked    bool      // it was the buckets' own answer that showed it, and not an inventory
}

// Result is the judgement, what had not arrived, in order of age, and what the buckets themselves should be asked.
type Result struct {
	audit.Judgement
	Stuck    []Stuck             // the oldest Input.Max
	Trace    *Trace              // nil unless asked for
	Suspects []Suspect           // the gravest first, Input.Suspects at most
	Unasked  int64               // suspects beyond them, where any are wanted
	Unjudged Unjudged            // a gap: no later window holds them
	Held     []audit.Fingerprint // living findings that could not be judged anew: nothing is known against them
	Torn     int64               // keys that are undecided, for one list says two things of one version
	More     int64               // findings beyond Input.Max, which are not kept
	Misfit   *Misfit             // nil where receipts and payments fit one another
}

// Auditor applies Rules.
type Auditor struct{ Rules Rules }

// Audit returns the receipt.* findings. A key gets at most one finding about its replication; the gravest is kept: failed,
// delete diverged, mismatch, not replicated, storage drift.
func (a Auditor) Audit(in Input) Result {
	c := newComparison(a.Rules, in)
	if in.Pairs != nil {
		for p := range in.Pairs {
			c.take(p)
		}
	}
	c.asked()
	c.drifts()
	c.payments()
	if in.Trace {
		c.out.Trace = c.trace()
	}
	return c.result()
}

type comparison struct {
	rules    Rules
	in       Input
	scanned  [2]time.Time
	earlier  time.Time // of the two scans
	excluded map[string]int64
	held     map[audit.Fingerprint]bool
	kept     map[audit.Kind]int
	suspects [ranks][]Suspect
	judged   map[string]bool        // keys of in.Live that were among the pairs
	passing  map[string]bool        // payments whose receipt may be where it was not yet when that region was listed
	marked   map[string][2]bool     // with in.Trace: payments whose receipt is deleted on a side
	live     map[string]liveReceipt // payments whose receipts the buckets themselves were asked for
	ledger   map[string]bool        // payments the ledger knows
	names    names
	apart    map[string]bool // payments without a receipt, from whose key the pattern does not take them back
	out      Result
}

func newComparison(rules Rules, in Input) *comparison {
	rules = rules.withDefaults()
	if in.Cover.Empty() {
		in.Cover = in.Window
	}
	if in.Max <= 0 {
		in.Max = 100_000
	}
	c := &comparison{
		rules: rules, in: in, excluded: map[string]int64{}, held: map[audit.Fingerprint]bool{}, kept: map[audit.Kind]int{},
		judged: map[string]bool{}, passing: map[string]bool{}, marked: map[string][2]bool{}, ledger: make(map[string]bool, len(in.Entries)),
		apart: map[string]bool{},
	}
	for _, e := range in.Entries {
		c.ledger[e.PaymentID] = true
	}
	for i, region := range rules.Regions {
		c.scanned[i] = in.Scanned[region]
		if c.scanned[i].IsZero() {
			c.scanned[i] = in.Window.To
		}
	}
	c.earlier = earlier(c.scanned[0], c.scanned[1])
	c.live = c.liveReceipts()
	if in.Ties != nil {
		in.Ties.settle()
	}
	c.out.Matched = in.Equal
	return c
}

func (r Rules) withDefaults() Rules {
	if r.Lead == 0 {
		r.Lead = time.Minute
	}
	if r.Settle == 0 {
		r.Settle = r.Grace
	}
	if r.MarkerGrace == 0 {
		r.MarkerGrace = max(r.Grace, time.Hour)
	}
	return r
}

// PaymentOf takes the payment out of an object's key; the pattern must match the whole of it.
func (r Rules) PaymentOf(key string) (string, bool) {
	m := r.KeyPattern.FindStringSubmatch(key)
	i := r.KeyPattern.SubexpIndex("payment_id")
	if m == nil || i < 0 || m[0] != key || m[i] == "" {
		return "", false
	}
	return m[i], true
}

func (c *comparison) exclude(reason string) { c.count(reason, 1) }

func (c *comparison) count(reason string, n int64) {
	if n > 0 {
		c.excluded[reason] += n
	}
}

// complete reports whether all of a side was read.
func (c *comparison) complete(i int) bool { return c.in.Complete[c.rules.Regions[i]] }

// report keeps a finding; beyond the bound it is counted only.
func (c *comparison) report(f audit.Finding) {
	if c.kept[f.Kind] >= c.in.Max {
		c.out.More++
		c.hold(f.Fingerprint)
		return
	}
	c.kept[f.Kind]++
	c.out.Findings = append(c.out.Findings, f)
}

// hold notes that nothing is known against a living finding.
func (c *comparison) hold(f audit.Fingerprint) {
	if c.in.Living[f] {
		c.held[f] = true
	}
}

func (c *comparison) result() Result {
	audit.Sort(c.out.Findings)
	c.oldest()
	c.count("object whose ETag says nothing of its content (multipart, or encrypted under a KMS or customer key), compared by its size", c.in.Survey.silent())
	for reason, n := range c.excluded {
		c.out.Excluded = append(c.out.Excluded, audit.Exclusion{Reason: reason, Records: n})
	}
	slices.SortFunc(c.out.Excluded, byReason)
	c.gravest()
	for f := range c.held {
		c.out.Held = append(c.out.Held, f)
	}
	slices.Sort(c.out.Held)
	return c.out
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
