package receipts

import (
	"fmt"
	"time"

	"parallax/internal/money"
	"parallax/internal/record"
)

// play lets every key have its plot: most are in order.
func (w *World) play() {
	for side, y := range w.ways { // the first object of each rule, which is copied as it should be
		if y.rule != nil {
			from := later(y.since, Now().Add(-60*24*time.Hour))
			if y.rule.Prefix != "" {
				from = later(from, time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))
			}
			o := w.pay(from.Add(time.Minute), true)
			v := w.write(o, side, o.writtenAt(), false)
			v.tagged, v.kms = true, false
			if v.copied, v.owed = y.at(v, o.Key); v.copied {
				v.life[1-side].from = v.created.Add(time.Minute)
			}
		}
	}
	plots := []func(){
		w.fine, w.fine, w.fine, w.fine, w.rewritten, w.deleted, w.again, w.stuck, w.failing, w.silent, w.sourceGone, w.erased,
		w.markerStuck, w.markerUndone, w.cutShort, w.altered, w.drifted, w.fresh, w.expired, w.synced, w.syncedApart, w.old,
		w.missing, w.missingDeleted, w.orphan, w.declined, w.late, w.disagreed, w.rewrittenStuck, w.deletedBeforeCopied,
	}
	for range 160 {
		plots[w.rng.IntN(len(plots))]()
	}
}

// when draws when a receipt is written: mostly within the last days, some of them a month ago.
func (w *World) when() time.Time {
	switch {
	case w.chance(0.3):
		return Now().Add(-w.upTo(45 * 24 * time.Hour))
	case w.chance(0.1):
		return Now().Add(-w.upTo(3 * time.Hour))
	default:
		return Now().Add(-w.upTo(60 * time.Hour))
	}
}

// pay makes a payment and its key. One that the ledger knows was charged.
func (w *World) pay(at time.Time, known bool) *Object {
	w.serial++
	at = at.Truncate(time.Millisecond)
	o := &Object{Payment: fmt.Sprintf("pay-%05d", w.serial), written: at}
	o.Key = "receipts/" + at.Format("2006/01/02/") + o.Payment + ".json"
	w.Objects = append(w.Objects, o)
	if known {
		w.enter(o, at, "captured")
	}
	return o
}

func (w *World) enter(o *Object, at time.Time, status string) {
	w.Entries = append(w.Entries, record.Entry{
		Region: Dublin, Witness: record.Writer, PaymentID: o.Payment, CreatedAt: at, Status: status,
		Amount: money.Amount{Minor: 100 + w.rng.Int64N(10000), Currency: "EUR"},
	})
}

// writtenAt is a little after the payment.
func (o *Object) writtenAt() time.Time { return o.written.Add(500 * time.Millisecond) }

func (w *World) side() int { return w.rng.IntN(2) }

// one is a payment with its receipt.
func (w *World) one() (*Object, *Version) {
	o := w.pay(w.when(), true)
	return o, w.write(o, w.side(), o.writtenAt(), false)
}

// since draws a moment after another, until now: often between the two inventories.
func (w *World) since(t time.Time) time.Time {
	if w.chance(0.3) {
		t = later(t, earlier(w.Scans[0], w.Scans[1]))
	}
	if !t.Before(Now()) {
		return t
	}
	return t.Add(w.upTo(Now().Sub(t)) + time.Millisecond)
}

func (w *World) fine() { w.one() }

func (w *World) rewritten() {
	o, v := w.one()
	for range 1 + w.rng.IntN(3) {
		at := v.created.Add(20*time.Minute + w.upTo(6*time.Hour))
		if at.Before(Now()) {
			v = w.write(o, v.origin, at, false)
		}
	}
}

func (w *World) deleted() {
	o, v := w.one()
	if at := v.created.Add(20*time.Minute + w.upTo(20*time.Hour)); at.Before(Now()) {
		w.write(o, v.origin, at, true)
	}
}

func (w *World) again() {
	o, v := w.one()
	for i := range 2 {
		if at := v.created.Add(time.Duration(i+1) * (20*time.Minute + w.upTo(5*time.Hour))); at.Before(Now()) {
			w.write(o, v.origin, at, i == 0)
		}
	}
}

// keep leaves a version where it was written.
func (v *Version) keep() { v.life[1-v.origin] = life{} }

func (w *World) stuck() {
	_, v := w.one()
	v.keep()
}

func (w *World) rewrittenStuck() {
	o, v := w.one()
	if at := v.created.Add(20*time.Minute + w.upTo(20*time.Hour)); at.Before(Now()) {
		w.write(o, w.side(), at, false).keep()
	}
}

func (w *World) failing() {
	_, v := w.one()
	if v.copied {
		v.keep()
		v.failed = v.created.Add(time.Second)
	}
}

// silent: the copy is deleted by its version id, behind replication's back.
func (w *World) silent() {
	_, v := w.one()
	if v.copied {
		v.life[1-v.origin].to = w.since(v.life[1-v.origin].from)
	}
}

// sourceGone: the original is deleted by its version id, which is not replicated.
func (w *World) sourceGone() {
	_, v := w.one()
	if v.copied {
		v.life[v.origin].to = w.since(v.life[1-v.origin].from)
	}
}

// erased: deleted by version id on both sides, at nearly the same time.
func (w *World) erased() {
	_, v := w.one()
	if v.copied {
		at := w.since(v.life[1-v.origin].from)
		v.life[0].to, v.life[1].to = at, at.Add(time.Minute)
	}
}

func (w *World) markerStuck() {
	o, v := w.one()
	if at := w.since(v.created.Add(20 * time.Minute)); at.Before(Now()) {
		w.write(o, w.side(), at, true).keep()
	}
}

// markerUndone: the delete marker is taken away where it was set, and stays where it was copied to.
func (w *World) markerUndone() {
	o, v := w.one()
	if at := w.since(v.created.Add(20 * time.Minute)); at.Before(Now()) {
		m := w.write(o, v.origin, at, true)
		if m.copied {
			m.life[m.origin].to = w.since(m.life[1-m.origin].from)
		}
	}
}

// deletedBeforeCopied: deleted on the other side, which never had it.
func (w *World) deletedBeforeCopied() {
	o, v := w.one()
	v.keep()
	if v.copied && w.chance(0.5) {
		v.failed = v.created.Add(time.Second)
	}
	if at := v.created.Add(20*time.Minute + w.upTo(20*time.Hour)); at.Before(Now()) {
		w.write(o, 1-v.origin, at, true).keep()
	}
}

func (w *World) cutShort() {
	_, v := w.one()
	v.cut[w.side()] = true
}

func (w *World) altered() {
	_, v := w.one()
	w.serial++
	v.spoilt[w.side()] = w.serial
}

func (w *World) drifted() {
	_, v := w.one()
	v.classes[w.side()] = []change{{v.created, []string{"STANDARD", "GLACIER", "STANDARD_IA"}[w.rng.IntN(3)]}}
}

func (w *World) fresh() {
	o := w.pay(Now().Add(-w.upTo(90*time.Minute)), true)
	v := w.write(o, w.side(), o.writtenAt(), false)
	if w.chance(0.3) {
		v.keep()
	}
}

// expired: an old version is gone on one side; lifecycles run in their own time.
func (w *World) expired() {
	o, v := w.one()
	at := v.created.Add(20*time.Minute + w.upTo(10*time.Hour))
	if !v.copied || !at.Before(Now()) {
		return
	}
	if next := w.write(o, v.origin, at, false); next.copied {
		v.life[w.side()].to = later(w.since(at), next.life[1-v.origin].from)
	}
}

// synced: from before there was versioning, put on both sides by hand.
func (w *World) synced() { w.byHand() }

func (w *World) syncedApart() { w.byHand().cut[w.side()] = true }

func (w *World) byHand() *Version {
	o := w.pay(Now().Add(-4*24*time.Hour-w.upTo(40*24*time.Hour)), true)
	v := w.write(o, 0, o.writtenAt(), false)
	v.id, v.copied, v.owed = "", false, false
	v.origin, v.moved, v.kms, v.parts = bySync, v.created.Add(w.upTo(10*time.Minute)), false, false
	v.life = [2]life{{from: v.created}, {from: v.moved}}
	v.classes[1] = v.classes[0]
	return v
}

// old: from before the rule.
func (w *World) old() {
	y := w.ways[w.side()]
	if y.since.IsZero() {
		return
	}
	o := w.pay(y.since.Add(-w.upTo(5*24*time.Hour)), true)
	w.write(o, w.side(), o.writtenAt(), false)
}

func (w *World) missing() { w.pay(w.when(), true) }

func (w *World) missingDeleted() {
	o, v := w.one()
	at := v.created.Add(30*time.Minute + w.upTo(10*time.Hour))
	if v.copied && at.Before(Now()) {
		m := w.write(o, v.origin, at, true)
		m.life[1-m.origin] = life{from: at.Add(time.Minute)}
		m.copied, m.owed = true, true
	}
}

func (w *World) orphan() {
	o := w.pay(w.when(), false)
	w.write(o, w.side(), o.writtenAt(), false)
}

func (w *World) declined() { w.enter(w.pay(w.when(), false), Now().Add(-time.Hour), "declined") }

// late: the receipt is written long after its payment.
func (w *World) late() {
	o := w.pay(w.when(), true)
	w.write(o, w.side(), w.since(o.written), false)
}

// disagreed: both sides hold both versions, and each takes another for the current one.
func (w *World) disagreed() {
	o, v := w.one()
	next := w.write(o, v.origin, v.created.Add(time.Minute), false)
	if !v.copied || !next.copied {
		return
	}
	v.life[1-v.origin].from, next.life[1-v.origin].from = next.created.Add(time.Minute), next.created.Add(time.Minute)
	v.first[1-v.origin] = true
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
