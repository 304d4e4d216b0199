package aurora

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"parallax/internal/audit"
)

// answerGrace is what a database may need beyond its own statement timeout before its silence counts as one.
const answerGrace = 5 * time.Second

// retry runs one short READ ONLY transaction, again after a pause where the cause passes.
func (s Source) retry(ctx context.Context, do func(context.Context, pgx.Tx) error) error {
	pause := s.Settings.Backoff
	for attempt := 0; ; attempt++ {
		err := s.transact(ctx, do)
		if err == nil || ctx.Err() != nil || attempt >= s.Settings.Retries || !passing(err) {
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		}
		pause *= 2
	}
}

func (s Source) transact(ctx context.Context, do func(context.Context, pgx.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, s.Settings.StatementTimeout+answerGrace)
	defer cancel()
	tx, err := s.DB.BeginTx(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly})
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(ctx) }() // nothing was written; after a commit it does nothing
	if err := s.limit(ctx, tx); err != nil {
		return err
	}
	if err := do(ctx, tx); err != nil {
		return err
	}
	return tx.Commit(ctx)
}

// limit sets the bounds once more for the transaction, as the pool may be the caller's own.
func (s Source) limit(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `select set_config('statement_timeout', $1, true), set_config('lock_timeout', $2, true), set_config('timezone', 'UTC', true)`,
		milliseconds(s.Settings.StatementTimeout), milliseconds(s.Settings.LockTimeout))
	return err
}

// page reads the rows behind the position, at most PageRows of them unless more share one key, and whether more follow.
// A page ends between two keys, never inside one: one row more than wanted is read, and if the last key may go on, its
// rows are left to the next page. Each retry takes a smaller page, for a conflict hits the longer query.
func (r *reading) page(ctx context.Context) (rows []row, more bool, err error) {
	size := r.Settings.PageRows
	err = r.retry(ctx, func(ctx context.Context, tx pgx.Tx) error {
		for limit := size; ; limit *= 2 {
			var queryErr error
			if rows, queryErr = r.query(ctx, tx, limit+1); queryErr != nil {
				size = max(size/2, 1)
				return queryErr
			}
			if more = len(rows) > limit; !more {
				return nil
			}
			if rows = beforeLastKey(rows); len(rows) > 0 {
				return nil
			}
		}
	})
	return rows, more, err
}

// beforeLastKey cuts off the rows that share the last row's key.
func beforeLastKey(rows []row) []row {
	last := positionOf(rows[len(rows)-1].entry)
	end := len(rows)
	for end > 0 {
		p := positionOf(rows[end-1].entry)
		if !p.at.Equal(last.at) || p.key != last.key {
			break
		}
		end--
	}
	return rows[:end]
}

func (r *reading) query(ctx context.Context, tx pgx.Tx, limit int) ([]row, error) {
	from, to := microsecond(r.window.From), microsecond(r.window.To)
	args := []any{from, to, limit}
	after := r.after != nil && !r.after.at.Before(from)
	if after {
		args = []any{r.after.at, to, limit, r.after.key}
	}
	result, err := tx.Query(ctx, r.Mapping.pageQuery(after), args...)
	if err != nil {
		return nil, err
	}
	names := r.Mapping.Columns.extraNames()
	return pgx.CollectRows(result, func(c pgx.CollectableRow) (row, error) { return scanRow(c, names) })
}

// microsecond rounds up to the database's resolution, so that a half-open bound means the same on both sides.
func microsecond(t time.Time) time.Time {
	cut := t.UTC().Truncate(time.Microsecond)
	if cut.Before(t) {
		return cut.Add(time.Microsecond)
	}
	return cut
}

// countUnplaced reports rows that no page can hold: those without a business key, and those without a creation time,
// which belong to no window. What the catalogue declares NOT NULL is not counted, for that may read the whole table.
func (r *reading) countUnplaced(ctx context.Context) {
	c := r.Mapping.Columns
	r.countNulls(ctx, c.PaymentID, r.Mapping.keylessQuery(), microsecond(r.window.From), microsecond(r.window.To))
	r.countNulls(ctx, c.CreatedAt, r.Mapping.timelessQuery())
}

func (r *reading) countNulls(ctx context.Context, name, query string, args ...any) {
	var count int64
	err := r.retry(ctx, func(ctx context.Context, tx pgx.Tx) error {
		var never bool
		if r.Mapping.Table != "" {
			if err := tx.QueryRow(ctx, notNullQuery, quoteTable(r.Mapping.Table), name).Scan(&never); err != nil {
				return err
			}
		}
		if never {
			return nil
		}
		return tx.QueryRow(ctx, query, args...).Scan(&count)
	})
	if err != nil {
		r.gaps = append(r.gaps, r.gap(r.window, fmt.Errorf("count rows without %s: %w", name, err)))
		return
	}
	if count > 0 {
		r.gaps = append(r.gaps, audit.Gap{
			Window: r.window,
			Reason: fmt.Sprintf("%s in %s: %d rows have no %s and were not read", r.Mapping.name(), r.Region, count, name),
			Remedy: "fill in " + name + " and declare it not null",
		})
	}
}
