package lab

import (
	"context"
	"time"
)

// The quiet part of the morning, in which most faults happen: both regions are well, and all replication ends long
// before the outage.
var (
	quietFrom = clock(13, 57, 0)
	quietTo   = clock(14, 4, 0)
)

// quiet is a payment in that part of the day.
func (w *World) quiet(region string) *payment {
	return w.orders.new(region, w.accident.between(quietFrom, quietTo))
}

// somewhere is either region.
func (w *World) somewhere() string {
	if w.accident.IntN(2) == 0 {
		return dublin
	}
	return london
}

// later is a while after a payment, when its key has reached both regions.
func (w *World) later(p *payment) time.Time {
	return p.at.Add(w.accident.duration(5*time.Second, 60*time.Second))
}

// racesForOneKey: an order is sent to both regions at once, each finds its key free, and both charge it.
func (w *World) racesForOneKey() {
	for range 3 {
		first := w.quiet(dublin)
		second := w.orders.again(first, london, first.at.Add(w.accident.duration(60*time.Millisecond, 200*time.Millisecond)))
		w.take(first)
		w.take(second)
		w.truth.note("lww.double_accept", first.key, "", first.money)
		w.truth.note("chain.double_charge", first.key, "", first.money)
	}
}

// retriesOfLostPayments: an order is charged in Dublin in the last moment, its row and its key never leave Dublin, and
// the client tries again in London, where it is charged once more.
func (w *World) retriesOfLostPayments() {
	for range 2 {
		first := w.orders.new(dublin, w.accident.between(degrades.Add(-250*time.Millisecond), degrades.Add(-130*time.Millisecond)))
		first.retried = true
		again := w.orders.again(first, london, w.accident.between(clock(14, 7, 55), moved))
		w.take(first)
		w.take(again)
		w.truth.note("lww.double_accept", first.key, "", first.money)
		w.truth.note("chain.double_charge", first.key, "", first.money)
	}
}

// keysWithoutLedger: Dublin accepts keys and cannot write the payments. Two clients try again in London, two give up.
func (w *World) keysWithoutLedger() {
	for i := range 4 {
		p := w.orders.new(dublin, w.accident.between(clock(14, 7, 2), clock(14, 7, 40)))
		p.abandoned = true
		w.take(p)
		if i < 2 {
			w.take(w.orders.again(p, london, w.accident.between(clock(14, 7, 55), moved)))
			w.truth.note("lww.double_accept", p.key, "", p.money)
		} else {
			w.truth.note("chain.key_without_entry", p.key, dublin, p.money)
		}
	}
}

// lostWrites: a refund in one region and a dispute in the other within 50 ms; the later one wins everywhere.
func (w *World) lostWrites() {
	for range 5 {
		p, here := w.quiet(w.somewhere()), w.somewhere()
		w.take(p)
		at := w.later(p)
		w.rewrites(p, here, at, "refunded")
		w.rewrites(p, other(here), at.Add(w.accident.duration(10*time.Millisecond, 50*time.Millisecond)), "disputed")
		w.truth.note("lww.lost_write", p.key, "", p.money)
	}
}

// lostDelete: Dublin deletes a key, London changes it a moment later, and it comes back.
func (w *World) lostDelete() {
	p := w.quiet(dublin)
	w.take(p)
	at := w.later(p)
	w.agenda.add(at, func(_ context.Context, at time.Time) error { return w.forget(p, dublin, at) })
	w.rewrites(p, london, at.Add(w.accident.duration(20*time.Millisecond, 60*time.Millisecond)), "disputed")
	w.truth.note("lww.lost_delete", p.key, "", p.money)
}

// lostMessages: a change that never leaves Dublin, and two concurrent ones of which neither leaves its region.
func (w *World) lostMessages() {
	p := w.quiet(dublin)
	w.take(p)
	at := w.later(p)
	w.loseNext(p, dublin, at)
	w.rewrites(p, dublin, at, "refunded")
	w.truth.note("lww.not_replicated", p.key, "", p.money)

	p = w.quiet(dublin)
	w.take(p)
	at = w.later(p)
	w.loseNext(p, dublin, at)
	w.loseNext(p, london, at)
	w.rewrites(p, dublin, at, "refunded")
	w.rewrites(p, london, at.Add(w.accident.duration(10*time.Millisecond, 50*time.Millisecond)), "disputed")
	w.truth.note("lww.diverged", p.key, "", p.money)
}

// rewrites enters a change of a key's status into the agenda.
func (w *World) rewrites(p *payment, region string, at time.Time, status string) {
	w.agenda.add(at, func(_ context.Context, at time.Time) error { return w.rewrite(p, region, at, status) })
}

// loseNext loses the key's next replication message out of a region.
func (w *World) loseNext(p *payment, region string, at time.Time) {
	w.agenda.add(at, func(context.Context, time.Time) error {
		w.table.LoseNext(region, p.key)
		return nil
	})
}
