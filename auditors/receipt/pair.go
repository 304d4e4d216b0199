package receipt

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// pair is what both regions hold under one key.
type pair struct {
	key     string
	payment string
	sides   [2][]record.Object // versions, the latest first
}

// group sorts the objects by key and region. One version seen twice counts once: the live answer wins, and keeps from
// the inventory what a listing does not tell.
func (c *comparison) group() []pair {
	byKey := map[string]*pair{}
	for _, o := range c.in.Objects {
		side := slices.Index(c.rules.Regions[:], o.Region)
		if side < 0 {
			c.exclude("object of a region that is not configured")
			continue
		}
		p := byKey[o.Key]
		if p == nil {
			payment, ok := c.rules.PaymentOf(o.Key)
			if !ok {
				c.exclude(notAReceipt)
				continue
			}
			p = &pair{key: o.Key, payment: payment}
			byKey[o.Key] = p
		}
		p.sides[side] = merge(p.sides[side], o)
	}
	pairs := make([]pair, 0, len(byKey))
	for _, key := range slices.Sorted(maps.Keys(byKey)) {
		p := byKey[key]
		for i := range p.sides {
			order(p.sides[i])
		}
		if p.live() != nil {
			c.receipts[p.payment] = true
		} else if p.replaced() {
			c.unread[p.payment] = true
		}
		pairs = append(pairs, *p)
	}
	return pairs
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

func merge(versions []record.Object, o record.Object) []record.Object {
	for i, v := range versions {
		if v.VersionID != o.VersionID {
			continue
		}
		if v.Live == o.Live && !o.SeenAt.After(v.SeenAt) || v.Live && !o.Live {
			v, o = o, v
		}
		// o is the newer word, v the older.
		o.ReplicationStatus = cmp.Or(o.ReplicationStatus, v.ReplicationStatus)
		o.Encryption = cmp.Or(o.Encryption, v.Encryption)
		o.Multipart = o.Multipart || v.Multipart
		versions[i] = o
		return versions
	}
	return append(versions, o)
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

// latest is the current version of a side; nil if none was read, or only versions that a newer one has replaced.
func (p pair) latest(side int) *record.Object {
	if len(p.sides[side]) == 0 || !p.sides[side][0].IsLatest {
		return nil
	}
	return &p.sides[side][0]
}

// live is the receipt as a client gets it in either region; nil if there is none.
func (p pair) live() *record.Object {
	for i := range p.sides {
		if o := p.latest(i); o != nil && !o.DeleteMarker {
			return o
		}
	}
	return nil
}

// replaced reports whether a side has only versions that a newer one, which was not read, has replaced.
func (p pair) replaced() bool {
	for i := range p.sides {
		if len(p.sides[i]) > 0 && p.latest(i) == nil {
			return true
		}
	}
	return false
}

// holds reports whether a side has a version.
func (p pair) holds(side int, id string) bool {
	return slices.ContainsFunc(p.sides[side], func(o record.Object) bool { return o.VersionID == id })
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

func byReason(a, b audit.Exclusion) int { return strings.Compare(a.Reason, b.Reason) }

func byAge(a, b Stuck) int {
	return cmp.Or(a.Since.Compare(b.Since), strings.Compare(a.Key, b.Key), cmp.Compare(a.From, b.From))
}

// seen is when a side was seen as far as an object tells: a live answer is younger than the scan.
func (c *comparison) seen(side int, o *record.Object) time.Time {
	if o != nil && o.Live && o.SeenAt.After(c.scanned[side]) {
		return o.SeenAt
	}
	return c.scanned[side]
}
