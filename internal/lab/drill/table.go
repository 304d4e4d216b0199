package drill

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// row is one row of the ledger as the player wrote it.
type row struct {
	id               int64
	minor            int64
	currency, status string
	created, updated time.Time // as the row says
	committedAt      time.Time // true time of its last change
	changedAfterCut  bool      // on the old primary: a change that never left it
	insertedAfterCut bool      // on the old primary: a row that never left it
	protected        bool      // the only trace of a moment that the truth rests on; never changed again
}

// table is what one server must hold, by payment.
type table map[string]row

// write is one commit: when it was made and what its row says about that.
type write struct {
	payment  string
	at, says time.Time
}

// log is the commits of one server since the beginning or a promotion, in their order.
type log []write

func (l log) newest() time.Time {
	var newest time.Time
	for _, w := range l {
		if w.says.After(newest) {
			newest = w.says
		}
	}
	return newest
}

func (l log) oldest() time.Time {
	var oldest time.Time
	for _, w := range l {
		if oldest.IsZero() || w.says.Before(oldest) {
			oldest = w.says
		}
	}
	return oldest
}

// hand writes to one server.
type hand struct {
	db     *pgxpool.Pool
	region string
	skew   time.Duration // of the region's clock
	rows   table
	log    *log
}

const insertSQL = `insert into payments
	(payment_id, idempotency_key, region, amount_minor, currency, status, network, network_reference, created_at, updated_at)
	values ($1, 'key-' || $1, $2, $3, $4, $5, $6, 'ref-' || $1, $7, $7) returning id`

// insert commits one payment.
func (h hand) insert(ctx context.Context, payment string, r row, at, says time.Time) error {
	r.created, r.updated, r.committedAt = says, says, at
	network := "visa"
	if r.minor%2 == 0 {
		network = "mastercard"
	}
	err := h.db.QueryRow(ctx, insertSQL, payment, h.region, r.minor, r.currency, r.status, network, says).Scan(&r.id)
	if err != nil {
		return fmt.Errorf("write %s in %s: %w", payment, h.region, err)
	}
	h.rows[payment] = r
	*h.log = append(*h.log, write{payment, at, says})
	return nil
}

// restatus commits one change of a payment.
func (h hand) restatus(ctx context.Context, payment, status string, at, says time.Time, mark func(*row)) error {
	r := h.rows[payment]
	r.status, r.updated, r.committedAt = status, says, at
	mark(&r)
	_, err := h.db.Exec(ctx, "update payments set status = $2, updated_at = $3 where payment_id = $1", payment, status, says)
	if err != nil {
		return fmt.Errorf("change %s in %s: %w", payment, h.region, err)
	}
	h.rows[payment] = r
	*h.log = append(*h.log, write{payment, at, says})
	return nil
}

// remove deletes a payment; no row says when.
func (h hand) remove(ctx context.Context, payment string) error {
	if _, err := h.db.Exec(ctx, "delete from payments where payment_id = $1", payment); err != nil {
		return fmt.Errorf("delete %s in %s: %w", payment, h.region, err)
	}
	delete(h.rows, payment)
	return nil
}

// payments are the ids for which keep is true, in order.
func (t table) payments(keep func(row) bool) []string {
	var out []string
	for _, p := range slices.Sorted(maps.Keys(t)) {
		if keep(t[p]) {
			out = append(out, p)
		}
	}
	return out
}
