package aurora

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"parallax/internal/audit"
)

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

// countUnplaced reports rows that no page can hold: those without a business key, and those without a creation time or
// with an endless one, which belong to no window. Whether a column is null is not asked of what the catalogue declares
// NOT NULL, for that may read the whole table.
func (r *reading) countUnplaced(ctx context.Context) {
	c := r.Mapping.Columns
	_ = r.countNulls(ctx, c.PaymentID, r.Mapping.keylessQuery(), microsecond(r.window.From), microsecond(r.window.To)) &&
		r.countNulls(ctx, c.CreatedAt, r.Mapping.timelessQuery()) &&
		r.count(ctx, "an infinite "+c.CreatedAt, "correct "+c.CreatedAt+" of these rows", func(ctx context.Context, tx pgx.Tx) (n int64, err error) {
			err = tx.QueryRow(ctx, r.Mapping.endlessQuery()).Scan(&n)
			return n, err
		})
}

func (r *reading) countNulls(ctx context.Context, name, query string, args ...any) bool {
	return r.count(ctx, "no "+name, "fill in "+name+" and declare it not null", func(ctx context.Context, tx pgx.Tx) (n int64, err error) {
		var never bool
		if r.Mapping.Table != "" {
			if err := tx.QueryRow(ctx, notNullQuery, quoteTable(r.Mapping.Table), name).Scan(&never); err != nil {
				return 0, err
			}
		}
		if never {
			return 0, nil
		}
		err = tx.QueryRow(ctx, query, args...).Scan(&n)
		return n, err
	})
}

// count makes a gap of rows that have what keeps them from being read. It reports false where the database is silent: asking
// on would only wait as long again.
func (r *reading) count(ctx context.Context, what, remedy string, ask func(context.Context, pgx.Tx) (int64, error)) bool {
	var rows int64
	err := r.retry(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
		rows, err = ask(ctx, tx)
		return err
	})
	if err != nil {
		r.gaps = append(r.gaps, r.gap(r.window, fmt.Errorf("count rows with %s: %w", what, err)))
		return !errors.Is(err, context.DeadlineExceeded)
	}
	if rows > 0 {
		r.gaps = append(r.gaps, audit.Gap{
			Window: r.window, Remedy: remedy,
			Reason: fmt.Sprintf("%s in %s: %d rows have %s and were not read", r.Mapping.name(), r.Region, rows, what),
		})
	}
	return true
}
