package buckets

import (
	"maps"
	"slices"
	"time"
)

// The answers of S3 Batch Operations to a task that it refuses, as its completion report names them.
// Source: Amazon S3 User Guide, "Amazon S3 replication failure reasons"; Amazon S3 API reference, "CopyObject", errors.
const (
	HardDeleted = "DstObjectHardDeleted"
	NoVersion   = "NoSuchVersion"
	NotAllowed  = "MethodNotAllowed" // a delete marker has no content
	TooLarge    = "InvalidRequest"   // the source is larger than CopyObject takes
	NotActive   = "ObjectNotInActiveTierError"
	SrcArchived = "SrcObjectNotEligible"
)

// maxCopy is the most bytes of one CopyObject.
const maxCopy = 5 << 30

// Replicate is what S3 Batch Replication does with one version named in a manifest: it arrives in the other region, whatever
// kept it from there before. What it has replicated already and finds deleted by its version id it does not replicate again.
// It reports whether there was anything to do, and the reason of a refusal.
// Source: Amazon S3 User Guide, "Replicating existing objects with Batch Replication", considerations.
func (p *Pair) Replicate(region, key, id string) (changed bool, refusal string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v := p.sides[region].find(key, id)
	switch {
	case v == nil:
		return false, NoVersion
	case p.sides[p.other(region)].find(key, id) != nil:
		return false, ""
	case v.status == "COMPLETED" || v.status == "REPLICA":
		return false, HardDeleted
	case archived(p.classAt(v, p.now)):
		return false, SrcArchived
	}
	delete(p.stuck, place{region, key})
	delete(p.failing, place{region, key})
	p.arrive(transfer{from: region, key: key, v: v})
	return true, ""
}

// Copy is what S3 Batch Copy does with one version named in a manifest: a bucket, its own or the other one, gets a version with
// a new id and the same content, which is replicated like any other write. It reports the reason of a refusal.
func (p *Pair) Copy(from, key, id, into, class string, at time.Time) (refusal string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v := p.sides[from].find(key, id)
	switch {
	case v == nil:
		return NoVersion
	case v.marker:
		return NotAllowed
	case v.size > maxCopy:
		return TooLarge
	case archived(p.classAt(v, p.now)):
		return NotActive
	}
	delete(p.damage, place{p.other(into), key}) // what spoiled the other copy is not said of new ones
	written := p.newVersion(key, at)
	written.fill(v.body)
	written.class = class
	if v.encryption == KMS {
		written.encryption, written.etag = KMS, p.sealed(into, written)
	}
	p.write(into, key, written)
	return ""
}

func archived(class string) bool { return class == "GLACIER" || class == "DEEP_ARCHIVE" }

// HardDelete deletes versions of a key in a region by their ids, all of them where none is given. It is told to nobody: the
// other region goes on saying COMPLETED.
func (p *Pair) HardDelete(region, key string, ids ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.sides[region]
	s.versions[key] = slices.DeleteFunc(s.versions[key], func(v *version) bool { return len(ids) == 0 || slices.Contains(ids, v.id) })
	if len(s.versions[key]) == 0 {
		delete(s.versions, key)
	}
}

// Version is a version of an object as a region holds it.
type Version struct {
	Key, ID, Status, Class string // ID is empty for the null version
	Marker                 bool
	Size                   int64
}

// Versions lists what a region's bucket holds, in order of the keys, the oldest version of each first.
func (p *Pair) Versions(region string) []Version {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []Version
	all := p.sides[region].versions
	for _, key := range slices.Sorted(maps.Keys(all)) {
		for _, v := range all[key] {
			out = append(out, Version{Key: key, ID: v.id, Status: v.status, Class: v.class, Marker: v.marker, Size: v.size})
		}
	}
	return out
}
