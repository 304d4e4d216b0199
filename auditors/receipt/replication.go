package receipt

import (
	"strings"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// Replication statuses (Amazon S3 User Guide, "Getting replication status information").
const (
	pending   = "PENDING"
	completed = "COMPLETED"
	failed    = "FAILED"
	replica   = "REPLICA"
)

// replication reports the gravest thing that is wrong between the two copies, or counts the pair as matched.
func (c *comparison) replication(p pair) {
	if side, o := p.failing(); o != nil {
		c.report(replicationFailed(c.rules, p, side, *o))
		return
	}
	a, b := p.latest(0), p.latest(1)
	switch {
	case a == nil && b == nil:
		c.exclude("receipt whose latest version was not read")
	case a == nil:
		c.oneSided(p, 1, b)
	case b == nil:
		c.oneSided(p, 0, a)
	case a.DeleteMarker && b.DeleteMarker:
		c.out.Matched++
	case a.DeleteMarker:
		c.deletedHere(p, 0, a, b)
	case b.DeleteMarker:
		c.deletedHere(p, 1, b, a)
	default:
		c.bothLive(p, a, b)
	}
}

// failing is a current version whose replication has failed and which the other side does not hold.
func (p pair) failing() (int, *record.Object) {
	for i := range p.sides {
		if o := p.latest(i); o != nil && o.ReplicationStatus == failed && !p.has(1-i, *o) {
			return i, o
		}
	}
	return 0, nil
}

// has reports whether a side holds a version. Version ids are compared where both have them; a null version counts as
// held when the other side has a current object at all.
func (p pair) has(side int, o record.Object) bool {
	if p.holds(side, o.VersionID) {
		return true
	}
	other := p.latest(side)
	return other != nil && !other.DeleteMarker && (o.VersionID == "" || other.VersionID == "")
}

// oneSided judges a key of which only one side has a current version.
func (c *comparison) oneSided(p pair, side int, o *record.Object) {
	switch {
	case len(p.sides[1-side]) > 0:
		c.exclude("receipt whose latest version was not read in one region")
	case o.DeleteMarker:
		c.exclude("receipt deleted in one region, absent in the other")
	default:
		c.absent(p, side, o)
	}
}

// absent judges a live version that the other side does not hold.
func (c *comparison) absent(p pair, side int, o *record.Object) {
	seen := c.pairSeen(p)
	waiting := o.ReplicationStatus == pending || o.ReplicationStatus == ""
	if waiting && (o.ReplicationStatus == pending || c.complete(1-side)) {
		c.out.Stuck = append(c.out.Stuck, Stuck{
			From: c.rules.Regions[side], To: c.rules.Regions[1-side], Key: p.key, Since: o.LastModified, Scanned: seen,
		})
	}
	switch {
	case !c.settled(o.LastModified, seen):
		c.exclude("receipt too young at the scan, its replica may still be on its way")
	case !c.complete(1-side) && o.ReplicationStatus != pending:
		c.exclude("receipt in one region, the other was not read completely")
	default:
		c.report(notReplicated(c.rules, p, side, *o, c.complete(1-side), seen))
	}
}

// deletedHere judges a key that is deleted on one side and live on the other.
func (c *comparison) deletedHere(p pair, side int, marker, live *record.Object) {
	other := 1 - side
	replaced := marker.VersionID != "" && p.holds(other, marker.VersionID) || marker.LastModified.Before(live.LastModified)
	if replaced && !p.has(side, *live) {
		c.absent(p, other, live) // written again after the delete, and the new version has not arrived
		return
	}
	last := marker.LastModified
	if live.LastModified.After(last) {
		last = live.LastModified
	}
	if !c.settled(last, c.pairSeen(p)) {
		c.exclude("delete too young at the scan, its marker may still be on its way")
		return
	}
	c.report(deleteDiverged(c.rules, p, side, *marker, *live))
}

// bothLive compares two live objects: the same version, or else the version that has not arrived.
func (c *comparison) bothLive(p pair, a, b *record.Object) {
	if a.VersionID != "" && b.VersionID != "" && a.VersionID != b.VersionID {
		c.versionsApart(p, a, b)
		return
	}
	switch {
	case a.Size != b.Size:
		c.report(mismatch(c.rules, p, *a, *b, sizeDiffers))
	case a.ETag != b.ETag && byMD5(*a) && byMD5(*b):
		c.report(mismatch(c.rules, p, *a, *b, contentDiffers))
	case a.StorageClass != b.StorageClass && a.StorageClass != "" && b.StorageClass != "":
		c.report(storageDrift(c.rules, p, *a, *b))
	case a.ETag != b.ETag:
		c.exclude("size agrees, the ETag of a multipart or KMS-encrypted object says nothing")
	default:
		c.out.Matched++
	}
}

// versionsApart judges two live objects of different versions. The newer one has not arrived, or, if both sides hold
// both, the two disagree which of them is current.
func (c *comparison) versionsApart(p pair, a, b *record.Object) {
	hasA, hasB := p.has(1, *a), p.has(0, *b)
	switch {
	case !hasA && (hasB || !a.LastModified.Before(b.LastModified)):
		c.absent(p, 0, a)
	case !hasB:
		c.absent(p, 1, b)
	case !c.settled(later(a.LastModified, b.LastModified), c.pairSeen(p)):
		c.exclude("receipt too young at the scan, its replica may still be on its way")
	default:
		c.report(mismatch(c.rules, p, *a, *b, versionDiffers))
	}
}

// pairSeen is the moment up to which both sides are known: the earlier of the two, each moved on by a live answer.
func (c *comparison) pairSeen(p pair) time.Time {
	one, two := c.seen(0, p.latest(0)), c.seen(1, p.latest(1))
	if two.Before(one) {
		return two
	}
	return one
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// byMD5 reports whether the ETag is the MD5 of the body: neither multipart nor encrypted with a key of its own
// (Amazon S3 API reference, "Object"). Where the inventory has no encryption column the finding is only probable.
func byMD5(o record.Object) bool {
	encryption := strings.ToUpper(o.Encryption)
	return o.ETag != "" && !o.Multipart && !strings.Contains(o.ETag, "-") &&
		!strings.Contains(encryption, "KMS") && !strings.Contains(encryption, "SSE-C")
}

func plain(o record.Object) bool { return strings.EqualFold(o.Encryption, "SSE-S3") }

func etagVerdict(a, b record.Object) audit.Verdict {
	if plain(a) && plain(b) {
		return audit.Proven
	}
	return audit.Probable
}
