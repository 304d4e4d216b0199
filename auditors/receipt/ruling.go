package receipt

import (
	"slices"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// ruling is what is said of one pair: a finding, or how it stands and why.
type ruling struct {
	state   standing
	finding audit.Finding
	reason  string // why it is left out, young or doubtful
	stuck   *Stuck
}

// standing says how a pair stands.
type standing int

const (
	none  standing = iota // nothing to say: the current versions agree
	agree                 // the same on both sides
	left                  // counted with the reason, for what cannot be known or is not to be judged
	young                 // undetermined: it may still be on its way
	doubt                 // what it holds could not be compared
	wrong                 // a finding
)

func finding(f audit.Finding) ruling           { return ruling{state: wrong, finding: f} }
func standingAs(s standing, why string) ruling { return ruling{state: s, reason: why} }

// What is counted, and why.
const (
	notAReceipt     = "version that the buckets do not agree on, and whose key is not that of a receipt"
	strangeKey      = "live object of the window whose key is not that of a receipt"
	replicaOnItsWay = "receipt too young at the scan, its replica may still be on its way"
	markerOnItsWay  = "delete too young at the scan, its marker may still be on its way"
	otherNotRead    = "receipt in one region, the other was not read completely"
	latestNotRead   = "receipt whose latest version was not read in one region"
	deletedOrAbsent = "receipt deleted in one region, absent in the other"
	deletedSince    = "receipt deleted in one region since the inventories, and not looked up in the buckets themselves"
	oldVersion      = "old version in one region only: its expiry is not replicated"
	saidTwice       = "receipt of which one list says two things of one version (size, ETag or delete marker): which is so cannot be told"
	inOrderSince    = "receipt that the inventories show apart, in order when the buckets themselves were asked"
)

// take judges one pair that the inventories do not agree on.
func (c *comparison) take(p Pair) {
	payment, ok := c.paymentOf(p.Key)
	if !ok {
		c.count(notAReceipt, int64(len(p.Sides[0])+len(p.Sides[1])))
		return
	}
	listed := c.listed(p, payment)
	told, asked := c.toldOf(p.Key)
	if !asked {
		c.enter(listed, c.judge(listed))
		return
	}
	c.judged[p.Key] = true
	now := c.asTold(listed, told)
	before, after := c.judge(listed), c.judge(now)
	if (before.state == wrong || before.state == young) && (after.state == agree || after.state == none) {
		after = standingAs(left, inOrderSince)
	}
	c.enter(now, after)
}

// toldOf is what both buckets themselves told of a key. What only one of them told cannot be held against a list that leaves
// out what both agree on.
func (c *comparison) toldOf(key string) ([2][]record.Object, bool) {
	told, ok := c.in.Live[key]
	return told, ok && told[0] != nil && told[1] != nil
}

// asked judges the keys that the buckets themselves were asked for and no inventory shows apart: what is too young for them.
func (c *comparison) asked() {
	for _, key := range sortedKeys(c.in.Live) {
		payment, ok := c.paymentOf(key)
		told, both := c.toldOf(key)
		if !ok || !both || c.judged[key] {
			continue
		}
		now := c.asTold(pair{key: key, payment: payment}, told)
		r := c.judge(now)
		if r.state == agree {
			r.state = none // the inventories' rows are counted already
		}
		c.enter(now, r)
	}
}

// enter puts a ruling into the result.
func (c *comparison) enter(p pair, r ruling) {
	c.mark(p)
	c.between(p)
	if !c.rules.Whole && !p.inside(c.in.Window) {
		return
	}
	c.countOld(p)
	if r.stuck != nil {
		c.wait(*r.stuck)
	}
	switch r.state {
	case wrong:
		c.report(r.finding)
	case agree:
		c.out.Matched++
	case none:
	default:
		c.exclude(r.reason)
		c.holdAll(p.key)
		if r.reason == saidTwice {
			c.out.Torn++
		}
	}
	c.suspect(p, r)
}

// wait keeps what has not arrived, the oldest where there is too much of it.
func (c *comparison) wait(s Stuck) {
	c.out.Stuck = append(c.out.Stuck, s)
	if len(c.out.Stuck) > 2*c.in.Max {
		c.oldest()
	}
}

func (c *comparison) oldest() {
	slices.SortFunc(c.out.Stuck, byAge)
	if beyond := len(c.out.Stuck) - c.in.Max; beyond > 0 {
		c.count("receipt waiting for its copy beyond those whose lag is noted", int64(beyond))
		c.out.Stuck = slices.Clip(c.out.Stuck[:c.in.Max])
	}
}

// holdAll holds the living findings of a key, for it is not known how it stands.
func (c *comparison) holdAll(key string) {
	if len(c.in.Living) == 0 {
		return
	}
	for _, kind := range []audit.Kind{
		audit.ReceiptNotReplicated, audit.ReceiptReplicationFailed, audit.ReceiptMismatch, audit.ReceiptDeleteDiverged, audit.ReceiptStorageDrift,
	} {
		c.hold(audit.NewFingerprint(kind, c.rules.Scope, key))
	}
}

// countOld counts replaced versions that one side has and the other has not.
func (c *comparison) countOld(p pair) {
	for i, versions := range p.sides {
		n := 0
		for _, o := range versions {
			if !o.IsLatest && !p.has(1-i, o) && p.whole[1-i] {
				n++
			}
		}
		c.count(oldVersion, int64(n))
	}
}

// between notes a payment whose receipt was copied and is deleted where it was listed later, while the region that was listed
// earlier does not show it: the copy may have reached that one since.
func (c *comparison) between(p pair) {
	if p.asked || p.live() != nil || c.in.Ties == nil || c.in.Ties.payments[p.payment] == nil {
		return
	}
	for i, versions := range p.sides {
		if p.latest(i) == nil || p.latest(1-i) != nil || !p.seen[1-i].Before(p.seen[i]) {
			continue
		}
		for _, o := range versions {
			if o.ReplicationStatus == completed && !o.DeleteMarker && !p.has(1-i, o) && c.coverOf(i, o).why == "" {
				c.passing[p.payment] = true
			}
		}
	}
}

// mark remembers for the trace where a receipt is deleted.
func (c *comparison) mark(p pair) {
	if !c.in.Trace {
		return
	}
	for i := range p.sides {
		if o := p.latest(i); o != nil && o.DeleteMarker {
			m := c.marked[p.payment]
			m[i] = true
			c.marked[p.payment] = m
		}
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
