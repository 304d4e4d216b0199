package receipts

import (
	"slices"
	"time"

	"parallax/internal/audit"
)

// Truth is what is wrong with a key at a moment: at most one kind about its copies. It is read from what was done to its versions.
func (w *World) Truth(o *Object, t time.Time) (audit.Kind, bool) {
	a, b := o.current(0, t), o.current(1, t)
	switch {
	case a == nil && b == nil:
		return "", false
	case a == b:
		return w.spoilt(o, a, t)
	case a == nil:
		return w.alone(o, b, 1, t)
	case b == nil:
		return w.alone(o, a, 0, t)
	case a.marker && b.marker:
		return "", false
	case a.marker:
		return w.deletedOn(o, 0, a, b, t)
	case b.marker:
		return w.deletedOn(o, 1, b, a, t)
	default:
		return w.apart(o, a, b, t)
	}
}

// spoilt: one version, and what was done to one of its copies.
func (w *World) spoilt(_ *Object, v *Version, t time.Time) (audit.Kind, bool) {
	switch {
	case v.marker:
	case v.cut[0] != v.cut[1], v.contentOn(0) != v.contentOn(1):
		return audit.ReceiptMismatch, true
	case !w.Policy && v.class(0, t) != v.class(1, t):
		return audit.ReceiptStorageDrift, true
	}
	return "", false
}

// Drifted reports whether a receipt breaks the declared policy on a side.
func (w *World) Drifted(o *Object, side int, t time.Time) bool {
	v := o.current(side, t)
	if !w.Policy || v == nil || v.marker {
		return false
	}
	age, class := t.Sub(v.at(side)), v.class(side, t)
	return class != "STANDARD" && class != "GLACIER_IR" || class == "GLACIER_IR" && age < Cold || class == "STANDARD" && age >= Cold+Slack
}

// alone: a key that only one side has.
func (w *World) alone(o *Object, v *Version, side int, t time.Time) (audit.Kind, bool) {
	if v.marker || len(o.there(1-side, t)) > 0 {
		return "", false
	}
	return w.lacks(v, side, t)
}

func (o *Object) there(side int, t time.Time) (out []*Version) {
	for _, v := range o.Versions {
		if v.life[side].holds(t) {
			out = append(out, v)
		}
	}
	return out
}

// lacks: a version that should be on the other side and is not.
func (w *World) lacks(v *Version, _ int, t time.Time) (audit.Kind, bool) {
	switch {
	case !v.owed:
		return "", false
	case !v.failed.IsZero() && !t.Before(v.failed):
		return audit.ReceiptReplicationFailed, true
	case t.Sub(v.created) >= Grace:
		return audit.ReceiptNotReplicated, true
	default:
		return "", false
	}
}

// deletedOn: deleted on a side, live on the other.
func (w *World) deletedOn(o *Object, side int, m, live *Version, t time.Time) (audit.Kind, bool) {
	owed := m.owed
	switch w.Markers {
	case "kept":
		owed = false
	case "replicated":
		owed = true
	}
	never := !slices.Contains(o.there(side, t), live)
	after := live.created.After(m.created) || slices.Contains(o.there(1-side, t), m)
	failed := !live.failed.IsZero() && live.copied
	came := !live.life[side].from.IsZero() && !t.Before(live.life[side].from) // and is gone after its delete, as versions expire
	switch {
	case never && (after || failed || !owed && !came):
		return w.lacks(live, 1-side, t)
	case !owed || t.Sub(later(m.created, live.created)) < MarkerGrace:
		return "", false
	default:
		return audit.ReceiptDeleteDiverged, true
	}
}

// apart: each side has another current version.
func (w *World) apart(o *Object, a, b *Version, t time.Time) (audit.Kind, bool) {
	type copyOf struct {
		v    *Version
		side int
	}
	first, then := copyOf{a, 0}, copyOf{b, 1}
	if b.created.After(a.created) {
		first, then = then, first
	}
	excused := false
	for _, c := range []copyOf{first, then} {
		if slices.Contains(o.there(1-c.side, t), c.v) {
			continue
		}
		if c.v.owed {
			return w.lacks(c.v, c.side, t)
		}
		excused = true
	}
	if excused || t.Sub(first.v.created) < Grace {
		return "", false
	}
	return audit.ReceiptMismatch, true
}

// Receipted reports whether a payment's receipt can be read in either region at a moment.
func (w *World) Receipted(o *Object, t time.Time) bool {
	for side := range 2 {
		if v := o.current(side, t); v != nil && !v.marker {
			return true
		}
	}
	return false
}

// Moments are those at which anything may change for a key, from one moment to another, with both.
func (w *World) Moments(o *Object, from, to time.Time) []time.Time {
	out := []time.Time{from, to, w.Scans[0], w.Scans[1]}
	add := func(t time.Time) {
		for _, at := range []time.Time{t, t.Add(Grace), t.Add(MarkerGrace)} {
			if at.After(from) && at.Before(to) {
				out = append(out, at, at.Add(-time.Millisecond))
			}
		}
	}
	for _, v := range o.Versions {
		add(v.created)
		for side := range 2 {
			add(v.life[side].from)
			add(v.life[side].to)
			for _, c := range v.classes[side] {
				add(c.at)
			}
		}
	}
	slices.SortFunc(out, time.Time.Compare)
	return slices.DeleteFunc(out, func(t time.Time) bool { return t.Before(from) || t.After(to) })
}

// Told reports whether inventories alone can tell what is wrong. Another content of the same size shows only where the ETag is known
// to be the MD5 of it; what was never copied may have been left out for its encryption where that is not listed; and a failure that
// is fresh may be that of a copy to a third bucket.
func (w *World) Told(o *Object, kind audit.Kind) bool {
	for _, v := range o.Versions {
		altered := v.contentOn(0) != v.contentOn(1) && v.cut[0] == v.cut[1] && !v.first[0] && !v.first[1]
		if kind == audit.ReceiptMismatch && altered && (v.kms || v.parts || !w.Column) {
			return false
		}
		if v.origin == bySync || v.marker {
			continue
		}
		y := w.ways[v.origin]
		unlisted := v.owed && !w.Column && !y.rule.KMS && (!v.copied || y.others)
		fresh := y.others && v.created.After(earlier(w.Scans[0], w.Scans[1]).Add(-Grace))
		if kind == audit.ReceiptNotReplicated && unlisted || kind == audit.ReceiptReplicationFailed && (unlisted || fresh) {
			return false
		}
	}
	return true
}

// Erased reports whether a version was deleted by its id between two moments.
func (w *World) Erased(o *Object, from, to time.Time) bool {
	return slices.ContainsFunc(o.Versions, func(v *Version) bool {
		return within(v.life[0].to, from, to) || within(v.life[1].to, from, to)
	})
}

// Arrived reports whether a copy arrived after a moment, which a list of that moment cannot tell from one that never will.
func (w *World) Arrived(o *Object, after time.Time) bool {
	return slices.ContainsFunc(o.Versions, func(v *Version) bool {
		return v.origin != bySync && within(v.life[1-v.origin].from, after, Now())
	})
}

func within(t, from, to time.Time) bool { return !t.Before(from) && !t.After(to) }
