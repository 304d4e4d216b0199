package receipts

import (
	"fmt"
	"time"
)

// Object is all that happened under one key.
type Object struct {
	Key      string
	Payment  string
	Versions []*Version // in the order in which they were written
	written  time.Time  // of the payment
}

// Version is one version, or delete marker, and its life on each side.
type Version struct {
	id      string // empty for the null version
	origin  int    // the side it was written on; bySync for one that was put on both by hand
	created time.Time
	marker  bool
	tagged  bool
	kms     bool
	parts   bool // uploaded in parts
	columns bool // the inventory says so
	size    int64
	content int

	copied, owed bool        // by the rules of the moment it was written
	life         [2]life     // where it is when
	failed       time.Time   // when replication gave up
	spoilt       [2]int      // another content on a side; 0: none
	cut          [2]bool     // its size differs there too
	classes      [2][]change // storage classes
	first        [2]bool     // it is current on a side, though a newer one is there
	moved        time.Time   // of a copy put by hand: its creation on the other side
}

const bySync = -1

// life is when a version is on a side: from a moment on, to another; zero: never, for ever.
type life struct{ from, to time.Time }

func (l life) holds(t time.Time) bool {
	return !l.from.IsZero() && !t.Before(l.from) && (l.to.IsZero() || t.Before(l.to))
}

// change is the storage class from a moment on.
type change struct {
	at    time.Time
	class string
}

// write puts a version on a side, and has it copied if the rules of the moment say so.
func (w *World) write(o *Object, side int, at time.Time, marker bool) *Version {
	w.serial++
	v := &Version{
		id: fmt.Sprintf("v%06d", w.serial), origin: side, created: at.Truncate(time.Millisecond), marker: marker, tagged: w.chance(0.5),
		kms: w.chance(0.2), parts: w.chance(0.15), columns: w.chance(0.7), size: 100 + w.rng.Int64N(900), content: w.serial,
	}
	v.life[side].from = v.created
	v.copied, v.owed = w.ways[side].at(v, o.Key)
	if v.copied {
		v.life[1-side].from = w.arrival(v.created)
	}
	for i := range v.classes {
		v.classes[i] = []change{{v.created, "STANDARD"}}
		if w.Policy && !marker {
			v.classes[i] = append(v.classes[i], change{v.created.Add(Cold + w.upTo(Slack-time.Hour)), "GLACIER_IR"})
		}
	}
	o.Versions = append(o.Versions, v)
	return v
}

// arrival is when a copy arrives: within minutes, but not while replication is out.
func (w *World) arrival(at time.Time) time.Time {
	if w.outage.Holds(at) {
		at = w.outage.To
	}
	return at.Add(time.Second + w.upTo(10*time.Minute))
}

// current is what a client gets from a side at a moment: the version written last of those that are there.
func (o *Object) current(side int, t time.Time) *Version {
	var last *Version
	for _, v := range o.Versions {
		if !v.life[side].holds(t) {
			continue
		}
		if v.first[side] {
			return v
		}
		if last == nil || !v.at(side).Before(last.at(side)) {
			last = v
		}
	}
	return last
}

// at is when a version was created, as a side has it.
func (v *Version) at(side int) time.Time {
	if v.origin == bySync && side == 1 {
		return v.moved
	}
	return v.created
}

// class is the storage class on a side at a moment.
func (v *Version) class(side int, t time.Time) string {
	out := ""
	for _, c := range v.classes[side] {
		if !c.at.After(t) {
			out = c.class
		}
	}
	return out
}

func (v *Version) sizeOn(side int) int64 {
	if v.cut[side] {
		return v.size / 2
	}
	return v.size
}

func (v *Version) contentOn(side int) int {
	if v.spoilt[side] != 0 {
		return v.spoilt[side]
	}
	return v.content
}
