package drill

import (
	"context"
	"fmt"
	"maps"
	"time"

	"parallax/internal/lab/aurora"
)

// Play plays the drill from its beginning to its end and writes down what is true.
func (w *World) Play(ctx context.Context) error {
	first := opening.Add(w.moves.duration(56*time.Minute, 60*time.Minute))
	if err := w.upTo(ctx, w.busy(), first); err != nil {
		return err
	}
	if w.Scenario.Deletes > 0 {
		for _, payment := range w.some(w.hand.rows, 1, captured) {
			if err := w.hand.remove(ctx, payment); err != nil {
				return err
			}
		}
	}
	if err := w.Pair.WaitReplicated(ctx); err != nil {
		return err
	}
	if err := w.observe(ctx, Before); err != nil {
		return err
	}
	for i, move := range w.Scenario.Moves {
		if i > 0 {
			if err := w.upTo(ctx, w.busy()/2, first.Add(w.Scenario.Apart)); err != nil {
				return err
			}
		}
		if err := w.move(ctx, move); err != nil {
			return fmt.Errorf("%s: %w", move, err)
		}
	}
	if err := w.end(ctx); err != nil {
		return err
	}
	return w.settle()
}

// busy is how many writes show what is usual before a move.
func (w *World) busy() int { return 120 }

func (w *World) move(ctx context.Context, m Move) error {
	if m == Switchover {
		return w.switchover(ctx)
	}
	return w.failover(ctx, m)
}

// switchover moves the writer and loses nothing.
func (w *World) switchover(ctx context.Context) error {
	from := w.hand
	began := w.at.Add(w.moves.duration(time.Second, 5*time.Second))
	if err := w.Pair.Switchover(ctx); err != nil {
		return err
	}
	promoted := began.Add(w.moves.duration(10*time.Second, 40*time.Second))
	w.takeOver(maps.Clone(from.rows))
	w.announceSwitchover(from.region, w.hand.region, began, promoted)
	w.Truth.Moves = append(w.Truth.Moves, MoveTruth{Move: Switchover, From: from.region, To: w.hand.region, Promoted: promoted})
	w.at = promoted
	return w.forward(ctx, w.busy()/3, promoted.Add(20*time.Minute))
}

// takeOver lets the present writer be the hand that writes, with the rows it has.
func (w *World) takeOver(rows table) {
	region := w.Pair.WriterRegion()
	w.hand = hand{db: w.Pair.Writer(), region: region, rows: rows, log: &log{}}
	if region == London {
		w.hand.skew = w.Scenario.Skew
	}
}

// failover loses what the writer commits after the cut.
func (w *World) failover(ctx context.Context, m Move) error {
	if err := w.Pair.Cut(ctx); err != nil {
		return err
	}
	from, arrived := w.hand, maps.Clone(w.hand.rows)
	truth := MoveTruth{Move: m, From: from.region, Survived: from.log.newest().Add(-from.skew)}
	if err := w.loseWrites(ctx); err != nil {
		return err
	}
	truth.LastWrite = from.log.newest().Add(-from.skew)
	from.protect(from.log, 3, arrived)
	split := w.Scenario.Split
	if split == 0 {
		if err := w.Pair.KillWriter(); err != nil {
			return err
		}
	}
	truth.Promoted = w.at.Add(w.moves.duration(5*time.Second, 60*time.Second))
	if err := w.Pair.Promote(ctx); err != nil {
		return err
	}
	w.takeOver(arrived)
	truth.To = w.hand.region
	if m == Failover {
		w.announceFailover(from.region, truth.To, truth.Promoted)
	}
	w.at = truth.Promoted
	if err := w.afterPromotion(ctx, from, &truth); err != nil {
		return err
	}
	w.Truth.Moves = append(w.Truth.Moves, truth)
	return w.oldRegionReturns(ctx, from, truth)
}

// loseWrites commits what will be lost, in an order of the seed.
func (w *World) loseWrites(ctx context.Context) error {
	inserts, updates := w.Scenario.LostRows, w.Scenario.LostUpdates
	usual := min(w.Scenario.Spacing, 2*time.Second)
	for inserts+updates > 0 {
		w.at = w.at.Add(w.traffic.pause(usual))
		if w.traffic.IntN(inserts+updates) < inserts {
			inserts--
			payment, err := w.pay(ctx, w.hand, w.at)
			if err != nil {
				return err
			}
			w.hand.rows.mark(payment, func(r *row) { r.insertedAfterCut = true })
			continue
		}
		updates--
		for _, payment := range w.some(w.hand.rows, 1, func(r row) bool { return captured(r) && !r.insertedAfterCut }) {
			err := w.hand.restatus(ctx, payment, "refunded", w.at, w.says(w.hand, w.at), func(r *row) { r.changedAfterCut = true })
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// protect keeps the newest of a server's commits from being overwritten: without their rows nothing tells of the moments.
func (h hand) protect(l *log, n int, also ...table) {
	for _, c := range (*l)[max(0, len(*l)-n):] {
		for _, t := range append(also, h.rows) {
			t.mark(c.payment, func(r *row) { r.protected = true })
		}
	}
}

func (t table) mark(payment string, change func(*row)) {
	if r, ok := t[payment]; ok {
		change(&r)
		t[payment] = r
	}
}

// afterPromotion lets the new writer take writes, some of them of payments that were lost, and the old one go on where there
// is a split brain.
func (w *World) afterPromotion(ctx context.Context, from hand, truth *MoveTruth) error {
	if w.Scenario.Collide {
		if _, err := w.hand.db.Exec(ctx, "select setval('payments_id_seq', (select max(id) from payments))"); err != nil {
			return err
		}
	}
	w.at = truth.Promoted.Add(w.moves.duration(time.Second, 30*time.Second))
	for range 3 { // the first of them ends the outage
		if _, err := w.pay(ctx, w.hand, w.at); err != nil {
			return err
		}
		w.at = w.at.Add(w.traffic.pause(w.Scenario.Spacing))
	}
	w.hand.protect(w.hand.log, 3)
	if w.Scenario.Split > 0 {
		if err := w.splitBrain(ctx, from); err != nil {
			return err
		}
	}
	if err := w.touchLost(ctx, from); err != nil {
		return err
	}
	if err := w.forward(ctx, w.busy()/4, truth.Promoted.Add(15*time.Minute)); err != nil {
		return err
	}
	truth.LastLost = lastLost(from, truth.Survived)
	truth.FirstGood = w.hand.log.oldest().Add(-w.hand.skew)
	return nil
}

// lastLost is the moment of the newest commit that the old primary kept to itself.
func lastLost(from hand, survived time.Time) time.Time {
	last := survived
	for _, r := range from.rows {
		if (r.insertedAfterCut || r.changedAfterCut) && r.updated.Add(-from.skew).After(last) {
			last = r.updated.Add(-from.skew)
		}
	}
	return last
}

// touchLost pays some lost payments again, and changes rows on the new writer: some whose change was lost, some that were not.
func (w *World) touchLost(ctx context.Context, from hand) error {
	lost := w.some(from.rows, w.Scenario.Retries, func(r row) bool { return r.insertedAfterCut })
	for i, payment := range lost {
		if _, paid := w.hand.rows[payment]; paid {
			continue
		}
		w.at = w.at.Add(w.traffic.pause(w.Scenario.Spacing))
		r := row{minor: from.rows[payment].minor, currency: from.rows[payment].currency, status: "captured"}
		if i%2 == 1 {
			r.minor += 500
		}
		if err := w.hand.insert(ctx, payment, r, w.at, w.says(w.hand, w.at)); err != nil {
			return err
		}
	}
	changedThere := func(r row) bool { return r.changedAfterCut }
	for _, payment := range append(w.some(from.rows, 2, changedThere), w.some(w.hand.rows, 3, captured)...) {
		if r, ok := w.hand.rows[payment]; !ok || r.protected || w.traffic.IntN(2) == 0 {
			continue
		}
		w.at = w.at.Add(w.traffic.pause(w.Scenario.Spacing))
		err := w.hand.restatus(ctx, payment, "disputed", w.at, w.says(w.hand, w.at), func(*row) {})
		if err != nil {
			return err
		}
	}
	return w.deleteSome(ctx)
}

// deleteSome deletes rows of the new writer that the old primary has as well.
func (w *World) deleteSome(ctx context.Context) error {
	for _, payment := range w.some(w.hand.rows, w.Scenario.Deletes-1, captured) {
		if err := w.hand.remove(ctx, payment); err != nil {
			return err
		}
	}
	return nil
}

// splitBrain lets the old primary go on: payments of its own, payments that the new writer takes as well, and changes.
func (w *World) splitBrain(ctx context.Context, from hand) error {
	for i := range w.Scenario.Split {
		w.at = w.at.Add(w.traffic.pause(w.Scenario.Spacing))
		var err error
		payment := ""
		switch i % 3 {
		case 0:
			payment, err = w.pay(ctx, from, w.at)
		case 1: // the client tries both
			if payment, err = w.pay(ctx, from, w.at); err == nil {
				w.at = w.at.Add(w.traffic.pause(time.Second))
				err = w.payAs(ctx, w.hand, payment, w.at)
			}
		default:
			for _, p := range w.some(from.rows, 1, func(r row) bool { return captured(r) && !r.insertedAfterCut }) {
				err = from.restatus(ctx, p, "refunded", w.at, w.says(from, w.at), func(r *row) { r.changedAfterCut = true })
			}
		}
		if err != nil {
			return err
		}
		from.rows.mark(payment, func(r *row) { r.insertedAfterCut = true })
	}
	if err := w.observe(ctx, Both); err != nil {
		return err
	}
	return w.Pair.KillOld()
}

// oldRegionReturns restores the old primary's data to be looked at, and gives its region a new standby.
func (w *World) oldRegionReturns(ctx context.Context, from hand, truth MoveTruth) error {
	role := []string{aurora.Snapshot, aurora.Snapshot2}[len(w.old)]
	if err := w.Pair.RestoreSnapshot(ctx); err != nil {
		return err
	}
	w.old = append(w.old, old{role: role, region: from.region, rows: from.rows, promoted: truth.Promoted})
	back := truth.Promoted.Add(w.moves.duration(8*time.Minute, 16*time.Minute))
	if truth.Move == Failover {
		w.announceReturn(from.region, back)
	}
	return w.Pair.Rebuild(ctx)
}

// end lets the standby stand still, where the scenario says so, and brings the day to its end.
func (w *World) end(ctx context.Context) error {
	last := w.Truth.Moves[len(w.Truth.Moves)-1].Promoted
	w.AsOf = last.Add(w.moves.duration(70*time.Minute, 90*time.Minute)).Truncate(time.Second)
	if n := w.Scenario.Paused; n > 0 {
		if err := w.Pair.PauseReplay(ctx); err != nil {
			return err
		}
		w.reader = maps.Clone(w.hand.rows)
		w.at = w.AsOf.Add(-time.Duration(n)*time.Minute - 2*Margin)
		for i := range n {
			w.at = w.at.Add(w.moves.duration(10*time.Second, 50*time.Second))
			if err := w.notReplayed(ctx, i); err != nil {
				return err
			}
		}
		w.at = w.AsOf.Add(-Margin / 3) // in flight
		if _, err := w.pay(ctx, w.hand, w.at); err != nil {
			return err
		}
	} else if err := w.Pair.WaitReplicated(ctx); err != nil {
		return err
	}
	w.setPresent(w.AsOf)
	return nil
}

func (w *World) notReplayed(ctx context.Context, i int) error {
	if i%3 == 2 {
		for _, payment := range w.some(w.hand.rows, 1, captured) {
			return w.hand.restatus(ctx, payment, "refunded", w.at, w.says(w.hand, w.at), func(*row) {})
		}
	}
	_, err := w.pay(ctx, w.hand, w.at)
	return err
}
