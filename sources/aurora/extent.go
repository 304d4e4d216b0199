package aurora

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"parallax/internal/audit"
)

// Readable reports in the words of a gap what keeps the ledger's rows from being read: a relation or a mapped column that is not
// there, a right that is not granted, a lock. It reads no row.
func (s Source) Readable(ctx context.Context) error {
	if err := s.Mapping.check(); err != nil {
		return fmt.Errorf("read ledger %s in %s: %w", s.Scope, s.Region, err)
	}
	s.Settings = s.Settings.withDefaults()
	query := "select " + s.Mapping.Columns.selectList() + " from " + s.Mapping.relation() + " limit 0"
	err := s.retry(ctx, func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, query)
		return err
	})
	if err != nil {
		return s.readError(err)
	}
	return nil
}

// Newest is when the newest row was created; zero where there is none. Rows without a moment do not count. An index on the
// creation time serves. The error is in the words of a gap.
func (s Source) Newest(ctx context.Context) (time.Time, error) {
	created := column(s.Mapping.Columns.CreatedAt)
	query := fmt.Sprintf("select max(%s)::timestamptz from %s where %s < 'infinity'", created, s.Mapping.relation(), created)
	var newest pgtype.Timestamptz
	err := s.ask(ctx, query, nil, &newest)
	return finite(newest), err
}

// Count is how many rows were created in a window, in the words of a gap where that cannot be told.
func (s Source) Count(ctx context.Context, w audit.Window) (rows int64, err error) {
	created := column(s.Mapping.Columns.CreatedAt)
	query := fmt.Sprintf("select count(*) from %s where %s >= $1::timestamptz and %s < $2::timestamptz", s.Mapping.relation(), created, created)
	err = s.ask(ctx, query, []any{microsecond(w.From), microsecond(w.To)}, &rows)
	return rows, err
}

// Before are the payment ids of the newest rows created before a moment, at most n, newest first. An index on the creation
// time serves. The error is in the words of a gap.
func (s Source) Before(ctx context.Context, at time.Time, n int) ([]string, error) {
	created, payment := column(s.Mapping.Columns.CreatedAt), column(s.Mapping.Columns.PaymentID)
	query := fmt.Sprintf("select %s::text from %s where %s < $1::timestamptz and %s is not null order by %s desc limit $2",
		payment, s.Mapping.relation(), created, payment, created)
	s.Settings = s.Settings.withDefaults()
	var ids []string
	err := s.retry(ctx, func(ctx context.Context, tx pgx.Tx) error {
		rows, err := tx.Query(ctx, query, microsecond(at), n)
		if err != nil {
			return err
		}
		ids, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	if err != nil {
		return nil, s.readError(err)
	}
	return ids, nil
}

// indexQuery asks the catalogue whether a valid index of a table begins with a column; $1 is the table, $2 the column. The
// indexes of a partitioned table are listed with it.
const indexQuery = `select exists (select from pg_catalog.pg_index i
	join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
	where i.indrelid = to_regclass($1) and a.attname = $2 and i.indisvalid and i.indpred is null)`

// Indexed reports whether an index on the creation time can serve the reading of a window, true where the ledger is a query,
// of which nothing is known. The error is in the words of a gap.
func (s Source) Indexed(ctx context.Context) (bool, error) {
	if s.Mapping.Table == "" {
		return true, nil
	}
	found := false
	err := s.ask(ctx, indexQuery, []any{quoteTable(s.Mapping.Table), s.Mapping.Columns.CreatedAt}, &found)
	return found, err
}

// ask reads one value.
func (s Source) ask(ctx context.Context, query string, args []any, into any) error {
	s.Settings = s.Settings.withDefaults()
	err := s.retry(ctx, func(ctx context.Context, tx pgx.Tx) error { return tx.QueryRow(ctx, query, args...).Scan(into) })
	if err != nil {
		return s.readError(err)
	}
	return nil
}
