package lab

import (
	"context"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
)

// paymentsAroundTheCut makes sure that someone pays just before the stream is cut, that several do between the cut and
// the end, and that someone is refused at once. With many payments that happens by itself.
func (w *World) paymentsAroundTheCut() {
	w.take(w.orders.new(dublin, w.day.cut.Add(-toLedger-w.accident.duration(5*time.Millisecond, 30*time.Millisecond))))
	from, to := w.day.cut.Add(5*time.Millisecond), degrades.Add(-10*time.Millisecond)
	const n = 6
	pause := to.Sub(from) / n
	for i := range n {
		rowFrom := from.Add(time.Duration(i) * pause)
		row := w.accident.between(rowFrom, rowFrom.Add(pause))
		w.take(w.orders.new(dublin, row.Add(-toLedger)))
	}
	w.take(w.orders.new(london, degrades.Add(-toLedger+w.accident.duration(5*time.Millisecond, 20*time.Millisecond))))
}

// loses notes a row that was committed after the cut. The network charged it all the same, and its receipt survives.
func (w *World) loses(p *payment) {
	w.lost = append(w.lost, p)
	w.truth.note("ledger.lost_row", p.id, dublin, p.money)
	w.truth.note("settlement.missing_in_ledger", p.reference, "", p.money)
	w.truth.note("receipt.orphan", p.receiptKey(), p.region)
	if !p.retried {
		w.truth.note("chain.key_without_entry", p.key, p.region, p.money)
	}
}

// splitBrain: before it died, the old primary took two updates that never left it.
func (w *World) splitBrain() {
	for range 2 {
		p := w.quiet(w.somewhere())
		w.take(p)
		at := w.accident.between(degrades.Add(-400*time.Millisecond), degrades.Add(-5*time.Millisecond))
		w.agenda.add(at, func(ctx context.Context, at time.Time) error {
			return w.ledger.restatus(ctx, p, "refunded", at)
		})
		w.truth.note("ledger.changed_row", p.id, dublin, p.money)
	}
}

// paymentsNotReplayed: three payments that London takes while Dublin's standby replays nothing.
func (w *World) paymentsNotReplayed() {
	for range 3 {
		p := w.orders.new(london, w.accident.between(clock(15, 1, 0), clock(15, 2, 0)))
		w.take(p)
		w.truth.note("ledger.not_replicated", p.id, dublin, p.money)
	}
}

// collisions looks up which ids of lost rows the new writer gave to other payments.
func (w *World) collisions(ctx context.Context) error {
	lost := map[string]*payment{}
	ids := make([]string, 0, len(w.lost))
	for _, p := range w.lost {
		lost[p.id] = p
		ids = append(ids, p.id)
	}
	old, err := rowIDs(ctx, w.ledger.pair.DSN("snapshot"), "select payment_id, id from payments where payment_id = any($1)", ids)
	if err != nil {
		return err
	}
	numbers := make([]int64, 0, len(old))
	owner := map[int64]*payment{}
	for payment, id := range old {
		numbers = append(numbers, id)
		owner[id] = lost[payment]
	}
	taken, err := rowIDs(ctx, w.ledger.pair.DSN(london), "select payment_id, id from payments where id = any($1)", numbers)
	if err != nil {
		return err
	}
	for _, id := range taken {
		w.truth.note("ledger.id_collision", strconv.FormatInt(id, 10), dublin, owner[id].money)
	}
	return nil
}

// rowIDs asks one of the ledgers for payment ids and row ids.
func rowIDs(ctx context.Context, dsn, query string, arg any) (map[string]int64, error) {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return nil, wrap(err, "look up ledger rows")
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // read only
	rows, err := conn.Query(ctx, query, arg)
	if err != nil {
		return nil, wrap(err, "look up ledger rows")
	}
	found := map[string]int64{}
	var payment string
	var id int64
	_, err = pgx.ForEachRow(rows, []any{&payment, &id}, func() error {
		found[payment] = id
		return nil
	})
	return found, wrap(err, "look up ledger rows")
}
