package lab

import (
	"context"
	"fmt"
	"time"
)

// script enters the day into the agenda: what happens to the regions, what goes wrong, and who pays.
//
// Of two things at one moment the one entered first happens first, so the day's turns come before the payments.
func (w *World) script() {
	w.agenda.add(opening, w.stage("both regions take payments"))
	w.agenda.add(w.day.cut, w.streamIsCut)
	w.agenda.add(degrades, w.dublinDegrades)
	w.agenda.add(w.day.promoted, w.londonTakesOver)
	w.agenda.add(moved, w.stage("London takes all payments"))
	w.agenda.add(recovers, w.dublinReturns)
	w.agenda.add(healthy, w.notesAreWritten)
	w.agenda.add(evening, w.replayStops)
	for _, at := range captures() {
		w.agenda.add(at, w.hook)
	}

	w.racesForOneKey()        // a
	w.retriesOfLostPayments() // b
	w.keysWithoutLedger()     // c
	w.paymentsAroundTheCut()  // d
	w.receiptsInFlight()      // e
	w.splitBrain()            // g
	w.paymentsNotReplayed()   // h
	w.lostWrites()            // i
	w.lostDelete()            // j
	w.lostMessages()          // k
	w.receiptTrouble()        // l
	w.settlementTrouble()     // m
	w.entryWithoutKey()       // o
	w.keysThatExpire()        // p
	w.sagas()                 // q
	w.ordinaryPayments()
	w.nightAndMornings()
}

// ordinaryPayments fills the workload up to the number asked for, evenly and with jitter. At least one payment of each
// network settles a day later.
func (w *World) ordinaryPayments() {
	for _, network := range []string{"mastercard", "visa"} {
		p := w.quietOf(network)
		p.late = true
		w.take(p)
	}
	n := w.options.Payments - len(w.payments)
	pause := closing.Sub(opening) / time.Duration(n)
	for i := range n {
		from := opening.Add(time.Duration(i) * pause)
		w.take(w.orders.ordinary(w.accident.between(from, from.Add(pause))))
	}
}

// stage announces a part of the day.
func (w *World) stage(name string) step {
	return func(context.Context, time.Time) error {
		w.announce(name)
		return nil
	}
}

// streamIsCut: what Dublin's database commits from now on never leaves it. All before arrives, and so does the state of
// the sequence.
func (w *World) streamIsCut(ctx context.Context, at time.Time) error {
	if err := w.ledger.skipIDs(ctx, 0); err != nil {
		return err
	}
	w.truth.CutAt, w.ledger.cut = at, true
	return w.ledger.pair.Cut(ctx)
}

// dublinDegrades: no replication of keys and receipts, in neither direction, and no ledger.
func (w *World) dublinDegrades(ctx context.Context, at time.Time) error {
	w.announce("Dublin degrades")
	if err := w.ledger.flush(ctx); err != nil {
		return err
	}
	w.ledger.cut, w.ledger.down = false, true
	w.table.Pause()
	w.receipts.Pause()
	w.truth.KeysPaused, w.truth.ReceiptsPaused = at, at
	for _, path := range []string{dublin + ">" + london, london + ">" + dublin} {
		w.truth.note("lag.breach", "dynamodb/"+keyTable+"/"+path, "")
	}
	return w.ledger.pair.KillWriter()
}

// londonTakesOver: the unplanned failover of the global database, as RDS tells it.
func (w *World) londonTakesOver(ctx context.Context, at time.Time) error {
	w.announce("London is promoted")
	if err := w.ledger.pair.Promote(ctx); err != nil {
		return err
	}
	w.ledger.down = false
	if err := w.ledger.skipIDs(ctx, w.skippedIDs()); err != nil {
		return err
	}
	w.truth.Promoted = at
	w.rds.SetWriter(london)
	event := func(at time.Time, sourceType, source, format string, args ...any) {
		w.rds.Event(london, sourceType, source, at, fmt.Sprintf(format, args...), "global-failover")
	}
	event(degrades.Add(31*time.Second), "db-instance", cluster(london)+"-1",
		"Attempt to block writes for DB cluster %s in Region %s timed out.", cluster(dublin), dublin)
	event(at, "db-cluster", cluster(london), "New primary DB cluster %s in Region %s was successfully promoted.", cluster(london), london)
	event(at.Add(6*time.Second), "db-cluster", cluster(london), "Global failover to DB cluster %s in Region %s completed.", cluster(london), london)
	w.truth.note("failover.detected", globalCluster+"/"+london+"/"+at.Format("2006-01-02T15:04Z"), london)
	return nil
}

// skippedIDs is how many ids the new writer leaves out. PostgreSQL logs sequences ahead, so a promoted database may
// begin right behind the last row that arrived, within the ids that were lost, or beyond them.
func (w *World) skippedIDs() int {
	switch w.options.Seed % 3 {
	case 0:
		return 0
	case 1:
		return len(w.lost) / 2
	default:
		return len(w.lost) + 32
	}
}

// dublinReturns: replication goes on, the old database is restored to be looked at, and a new standby is built.
func (w *World) dublinReturns(ctx context.Context, at time.Time) error {
	w.announce("Dublin returns")
	w.table.Resume()
	w.receipts.Resume()
	w.truth.KeysResumed, w.truth.ReceiptsResumed = at, at
	if err := w.ledger.flush(ctx); err != nil {
		return err
	}
	if err := w.ledger.pair.RestoreSnapshot(ctx); err != nil {
		return err
	}
	if err := w.ledger.pair.Rebuild(ctx); err != nil {
		return err
	}
	w.rds.AddSnapshot(dublin, "rds:unplanned-global-failover-"+cluster(dublin)+"-"+at.Format("2006-01-02-15-04"), cluster(dublin), at)
	w.rds.Event(dublin, "db-cluster", cluster(dublin), at.Add(time.Minute),
		fmt.Sprintf("Started resynchronizing members of DB cluster %s in Region %s after global failover.", cluster(dublin), dublin), "global-failover")
	w.rds.Event(dublin, "db-cluster", cluster(dublin), at.Add(9*time.Minute),
		fmt.Sprintf("Finished resynchronizing members of DB cluster %s in Region %s after global failover.", cluster(dublin), dublin), "global-failover")
	return nil
}

// replayStops: the new standby in Dublin has all there is, shows a lag, and from now on replays nothing. The lag is
// written first, for it travels with the replication.
func (w *World) replayStops(ctx context.Context, _ time.Time) error {
	w.announce("Dublin's standby falls behind")
	if err := w.ledger.flush(ctx); err != nil {
		return err
	}
	if err := w.ledger.pair.SetStatus(ctx, dublin, 4800, 4800, ends.Add(-2*time.Second)); err != nil {
		return err
	}
	w.truth.note("lag.breach", "aurora/payments/"+london+">"+dublin, dublin)
	return w.ledger.pair.PauseReplay(ctx)
}

// hook lets the caller look at the world as it stands.
func (w *World) hook(ctx context.Context, at time.Time) error {
	if err := w.ledger.flush(ctx); err != nil {
		return err
	}
	if w.options.Hook == nil {
		return nil
	}
	return wrap(w.options.Hook(ctx, at), "capture at %s", stamp(at))
}
