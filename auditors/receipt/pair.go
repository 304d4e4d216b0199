package receipt

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// pair is what both regions hold under one key, as far as they do not agree.
type pair struct {
	key     string
	payment string
	sides   [2][]record.Object // versions, the latest first
	byID    [2][]record.Object // the same, ascending by version id
	seen    [2]time.Time       // the moment each side is known up to
	whole   [2]bool            // all of the side is known, for this key at least
	asked   bool               // both buckets themselves told all their versions
	torn    bool               // one list says two things of one version
	late    [2]bool            // the side was asked at the moment it was seen, or later
}

// listed is a pair as the inventories have it, and what was listed since of all keys.
func (c *comparison) listed(p Pair, payment string) pair {
	out := pair{key: p.Key, payment: payment, seen: c.scanned, whole: [2]bool{c.complete(0), c.complete(1)}}
	for i, versions := range p.Sides {
		out.fill(i, versions)
		if o := out.latest(i); o != nil && o.Live {
			out.seen[i] = later(o.SeenAt, c.scanned[i])
		}
	}
	return out
}

// asTold is a pair as the buckets themselves tell it. A listing does not tell all that an inventory does: that is kept. An answer
// without any version tells no time itself; it was given after the moment that the audit speaks for.
func (c *comparison) asTold(listed pair, told [2][]record.Object) pair {
	out := pair{key: listed.key, payment: listed.payment, whole: [2]bool{true, true}, asked: true}
	for i := range told {
		out.seen[i], out.late[i] = c.in.AsOf, len(told[i]) == 0
		if at := c.in.Answered[listed.key][i]; len(told[i]) == 0 && !at.IsZero() {
			out.seen[i], out.late[i] = at, false
		}
		all := slices.Clone(told[i])
		for n := range all {
			all[n].Live = true
			if n == 0 || all[n].SeenAt.Before(out.seen[i]) {
				out.seen[i] = all[n].SeenAt
			}
		}
		out.fill(i, all)
		for _, o := range listed.sides[i] {
			if out.version(i, o.VersionID) != nil {
				all = append(all, o)
			}
		}
		out.fill(i, all)
	}
	return out
}

// fill takes the versions of a side, each once. A key may have very many.
func (p *pair) fill(side int, all []record.Object) {
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b record.Object) int { return strings.Compare(a.VersionID, b.VersionID) })
	once := sorted[:0]
	for _, o := range sorted {
		if last := len(once) - 1; last >= 0 && once[last].VersionID == o.VersionID {
			p.torn = p.torn || contradict(once[last], o)
			once[last] = merge(once[last], o)
		} else {
			once = append(once, o)
		}
	}
	p.byID[side], p.sides[side] = once, once
	if len(once) > 1 {
		p.sides[side] = slices.Clone(once)
		order(p.sides[side])
	}
}

// contradict reports whether one list says of one version what cannot both be so: a version never changes. A null version may
// have been written over while the list was made.
func contradict(a, b record.Object) bool {
	if a.Live != b.Live || !a.SeenAt.Equal(b.SeenAt) || a.VersionID == "" && !a.LastModified.Equal(b.LastModified) {
		return false
	}
	return a.DeleteMarker != b.DeleteMarker || a.Size != b.Size || sayable(a) && sayable(b) && a.ETag != b.ETag
}

// merge makes one of what is told twice of one version: the live answer wins, and keeps from the inventory what a listing does
// not tell; of two of a kind the newer, or the one that is the latest.
func merge(v, o record.Object) record.Object {
	if older(o, v) {
		v, o = o, v
	}
	if o.VersionID != "" || sameTime(v, o) { // a null version may have been written over
		o.ReplicationStatus = cmp.Or(o.ReplicationStatus, v.ReplicationStatus)
		o.Encryption = cmp.Or(o.Encryption, v.Encryption)
		o.ETag = cmp.Or(o.ETag, v.ETag)
		o.StorageClass = cmp.Or(o.StorageClass, v.StorageClass)
		o.Checksum = cmp.Or(o.Checksum, v.Checksum)
		o.Multipart = o.Multipart || v.Multipart
	}
	return o
}

// older reports whether a says less of one version than b.
func older(a, b record.Object) bool {
	switch {
	case a.Live != b.Live:
		return b.Live
	case !a.SeenAt.Equal(b.SeenAt):
		return a.SeenAt.Before(b.SeenAt)
	default:
		return b.IsLatest && !a.IsLatest || a.IsLatest == b.IsLatest && a.LastModified.Before(b.LastModified)
	}
}

// order puts the latest version first. A version that a live answer calls the latest beats one an older inventory does.
func order(versions []record.Object) {
	rank := func(o record.Object) int {
		switch {
		case o.IsLatest && o.Live:
			return 0
		case o.IsLatest:
			return 1
		default:
			return 2
		}
	}
	slices.SortStableFunc(versions, func(a, b record.Object) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), b.LastModified.Compare(a.LastModified), cmp.Compare(a.VersionID, b.VersionID))
	})
}

// latest is the current version of a side, if it is known.
func (p pair) latest(side int) *record.Object {
	if len(p.sides[side]) == 0 || !p.sides[side][0].IsLatest {
		return nil
	}
	return &p.sides[side][0]
}

// live is the receipt as a client gets it in either region; nil if there is none, or the regions agree on it.
func (p pair) live() *record.Object {
	for i := range p.sides {
		if o := p.latest(i); o != nil && !o.DeleteMarker {
			return o
		}
	}
	return nil
}

// version is a version of a side by its id; nil where the side does not have it.
func (p pair) version(side int, id string) *record.Object {
	i, found := slices.BinarySearchFunc(p.byID[side], id, func(o record.Object, id string) int { return strings.Compare(o.VersionID, id) })
	if !found {
		return nil
	}
	return &p.byID[side][i]
}

// has reports whether a side holds a version. A null version has no id of its own: it is the one that was written at the same
// time, for replicas keep it.
func (p pair) has(side int, o record.Object) bool {
	if p.version(side, o.VersionID) != nil {
		return true
	}
	if o.VersionID == "" {
		return slices.ContainsFunc(p.byID[side], func(v record.Object) bool { return sameVersion(v, o) })
	}
	null := p.version(side, "")
	return null != nil && sameVersion(*null, o)
}

func sameVersion(a, b record.Object) bool {
	if a.VersionID == b.VersionID {
		return true
	}
	return (a.VersionID == "" || b.VersionID == "") && sameTime(a, b) && a.DeleteMarker == b.DeleteMarker
}

// sameTime compares two creation times; a listing shows whole seconds.
func sameTime(a, b record.Object) bool {
	return a.LastModified.Sub(b.LastModified).Abs() < time.Second
}

// inside reports whether the receipt was written inside the window: its live copy, or else what there is of it.
func (p pair) inside(w audit.Window) bool {
	if o := p.live(); o != nil {
		return w.Holds(o.LastModified)
	}
	for _, versions := range p.sides {
		if len(versions) > 0 {
			return w.Holds(versions[0].LastModified)
		}
	}
	return false
}

// known is the moment up to which both sides are known.
func (p pair) known() time.Time { return earlier(p.seen[0], p.seen[1]) }

func byReason(a, b audit.Exclusion) int { return strings.Compare(a.Reason, b.Reason) }

func byAge(a, b Stuck) int {
	return cmp.Or(a.Since.Compare(b.Since), strings.Compare(a.Key, b.Key), cmp.Compare(a.From, b.From))
}
