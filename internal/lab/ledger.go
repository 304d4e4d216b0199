package lab

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"parallax/internal/lab/aurora"
)

// ledger writes rows to whichever server is the writer, as the world's API does. Rows whose exact moment of commit does
// not matter are gathered and committed together, in their order.
type ledger struct {
	pair    *aurora.Pair
	waiting [][]any

	cut  bool // commits no longer arrive in the other region
	down bool // no server takes writes
}

// together is how many rows are committed at once.
const together = 500

var ledgerColumns = []string{
	"payment_id", "idempotency_key", "region", "amount_minor", "currency", "status", "network",
	"network_reference", "rrn", "auth_code", "created_at", "updated_at",
}

// insert writes the row of a payment. After the cut each row is a commit of its own.
func (l *ledger) insert(ctx context.Context, p *payment, at time.Time) error {
	reference := &p.reference
	if p.unnamed {
		reference = nil
	}
	l.waiting = append(l.waiting, []any{
		p.id, p.key, p.region, p.money.Minor, p.money.Currency, p.status(), p.network, reference, p.rrn, p.auth, at, at,
	})
	if l.cut || len(l.waiting) >= together {
		return l.flush(ctx)
	}
	return nil
}

// flush commits what is waiting.
func (l *ledger) flush(ctx context.Context) error {
	if len(l.waiting) == 0 {
		return nil
	}
	tx, err := l.pair.Writer().Begin(ctx)
	if err != nil {
		return wrap(err, "write ledger rows")
	}
	defer tx.Rollback(ctx) //nolint:errcheck // nothing to undo after the commit
	if _, err := tx.CopyFrom(ctx, pgx.Identifier{"payments"}, ledgerColumns, pgx.CopyFromRows(l.waiting)); err != nil {
		return wrap(err, "write ledger rows")
	}
	if err := tx.Commit(ctx); err != nil {
		return wrap(err, "write ledger rows")
	}
	l.waiting = nil
	return nil
}

// restatus changes a row's status on the present writer.
func (l *ledger) restatus(ctx context.Context, p *payment, status string, at time.Time) error {
	if err := l.flush(ctx); err != nil {
		return err
	}
	_, err := l.pair.Writer().Exec(ctx, "update payments set status = $1, updated_at = $2 where payment_id = $3", status, at, p.id)
	return wrap(err, "set the ledger status of %s", p.id)
}

// skipIDs lets the next row's id be that of the last row plus one plus ahead, and writes the sequence to the log, so
// that what the other region knows of it does not depend on PostgreSQL's habit of logging sequences ahead.
func (l *ledger) skipIDs(ctx context.Context, ahead int) error {
	if err := l.flush(ctx); err != nil {
		return err
	}
	_, err := l.pair.Writer().Exec(ctx, "select setval('payments_id_seq', (select coalesce(max(id), 1) from payments) + $1)", ahead)
	return wrap(err, "set the ledger's sequence")
}
