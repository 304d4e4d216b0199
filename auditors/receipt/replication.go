package receipt

import (
	"time"

	"parallax/internal/record"
)

// Replication statuses (Amazon S3 User Guide, "Getting replication status information").
const (
	pending   = "PENDING"
	completed = "COMPLETED"
	failed    = "FAILED"
	replica   = "REPLICA"
)

// judge says the gravest thing that is wrong between the two copies of a key.
func (c *comparison) judge(p pair) ruling {
	if p.torn {
		return standingAs(doubt, saidTwice)
	}
	r := c.current(p)
	if r.state == none || r.state == agree {
		if f, found := c.replaced(p); found {
			return f
		}
	}
	return r
}

// current judges the current versions.
func (c *comparison) current(p pair) ruling {
	a, b := p.latest(0), p.latest(1)
	switch {
	case a == nil && b == nil:
		return ruling{}
	case a == nil:
		return c.oneSided(p, 1, b)
	case b == nil:
		return c.oneSided(p, 0, a)
	case a.DeleteMarker && b.DeleteMarker:
		return ruling{state: agree}
	case a.DeleteMarker:
		return c.deletedHere(p, 0, a, b)
	case b.DeleteMarker:
		return c.deletedHere(p, 1, b, a)
	default:
		return c.bothLive(p, a, b)
	}
}

// oneSided judges a key of which only one side has a current version.
func (c *comparison) oneSided(p pair, side int, o *record.Object) ruling {
	switch {
	case len(p.sides[1-side]) > 0:
		return standingAs(left, latestNotRead)
	case o.DeleteMarker && o.Live && !p.asked: // what both inventories agree on is not here
		return standingAs(young, deletedSince)
	case o.DeleteMarker:
		return standingAs(left, deletedOrAbsent)
	default:
		return c.absent(p, side, o)
	}
}

// absent judges a live version that the other side does not hold.
func (c *comparison) absent(p pair, side int, o *record.Object) ruling {
	cover := c.coverOf(side, *o)
	if cover.why != "" {
		return standingAs(left, cover.why)
	}
	settled := !o.LastModified.After(p.known().Add(-c.rules.Grace))
	r := ruling{}
	switch {
	case o.ReplicationStatus == failed && (settled || !cover.several):
		r = finding(replicationFailed(c.rules, p, side, *o, cover))
	case !settled:
		r = standingAs(young, replicaOnItsWay)
	case !p.whole[1-side] && o.ReplicationStatus != pending:
		r = standingAs(left, otherNotRead)
	default:
		r = finding(notReplicated(c.rules, p, side, *o, cover))
	}
	if waits := o.ReplicationStatus == pending || o.ReplicationStatus == "" && c.in.Survey == nil && p.whole[1-side]; waits && cover.active() {
		r.stuck = &Stuck{
			From: c.rules.Regions[side], To: c.rules.Regions[1-side], Key: p.key, Since: o.LastModified, Scanned: p.known(), Asked: p.asked,
		}
	}
	return r
}

// deletedHere judges a key that is deleted on one side and live on the other.
func (c *comparison) deletedHere(p pair, side int, marker, live *record.Object) ruling {
	other := 1 - side
	again := p.has(other, *marker) || marker.LastModified.Before(live.LastModified)
	policy := c.markersOf(side, *marker)
	came := live.ReplicationStatus == completed || live.ReplicationStatus == replica // what was deleted there may have expired since
	if lacks := !p.has(side, *live); lacks && (again || policy.why != "" && !came || live.ReplicationStatus == failed) {
		return c.absent(p, other, live) // written after the delete, or never copied at all
	}
	if policy.why != "" {
		return standingAs(left, policy.why)
	}
	if last := later(marker.LastModified, live.LastModified); last.After(p.known().Add(-c.rules.MarkerGrace)) {
		return standingAs(young, markerOnItsWay)
	}
	return finding(deleteDiverged(c.rules, p, side, *marker, *live, policy))
}

// bothLive compares two live objects: the same version, or else the version that has not arrived.
func (c *comparison) bothLive(p pair, a, b *record.Object) ruling {
	if !sameVersion(*a, *b) {
		return c.versionsApart(p, a, b)
	}
	what := compare(*a, *b)
	unsettled := a.VersionID == "" && b.VersionID == "" && !sameTime(*a, *b) && c.fresh(p, a, b)
	switch {
	case what.differs() && unsettled: // a null version that was just written over
		return standingAs(young, replicaOnItsWay)
	case what.differs():
		return finding(mismatch(c.rules, p, *a, *b, what))
	case c.classApart(*a, *b):
		return finding(classesDiffer(c.rules, p, *a, *b))
	case what != same:
		return standingAs(doubt, string(what))
	default:
		return ruling{state: agree}
	}
}

// versionsApart judges two live objects of different versions. The newer one has not arrived, or, if it need not, the older
// one; if both sides hold both, the two disagree which of them is current.
func (c *comparison) versionsApart(p pair, a, b *record.Object) ruling {
	first, then := 0, 1
	if b.LastModified.After(a.LastModified) {
		first, then = 1, 0
	}
	said := ruling{}
	for _, side := range []int{first, then} {
		o := p.latest(side)
		if p.has(1-side, *o) {
			continue
		}
		r := c.absent(p, side, o)
		if r.state != left {
			return r
		}
		if said.state == none {
			said = r
		}
	}
	switch {
	case said.state != none:
		return said
	case c.fresh(p, a, b):
		return standingAs(young, replicaOnItsWay)
	default:
		return finding(mismatch(c.rules, p, *a, *b, versionDiffers))
	}
}

// fresh reports whether the newer of two versions was written too shortly before the pair was seen.
func (c *comparison) fresh(p pair, a, b *record.Object) bool {
	return later(a.LastModified, b.LastModified).After(p.known().Add(-c.rules.Grace))
}

// replaced looks for a version that is no longer current and not the same in both regions.
func (c *comparison) replaced(p pair) (ruling, bool) {
	for _, a := range p.sides[0] {
		b := p.version(1, a.VersionID)
		if b == nil || a.VersionID == "" || a.DeleteMarker || b.DeleteMarker || a.IsLatest && b.IsLatest {
			continue
		}
		if what := compare(a, *b); what.differs() {
			return finding(oldMismatch(c.rules, p, a, *b, what)), true
		}
	}
	return ruling{}, false
}

// waited is how long an object had been there when the pair was seen.
func (p pair) waited(o record.Object) time.Duration {
	return p.known().Sub(o.LastModified)
}
