package aurora

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"parallax/internal/record"
)

// lookupChunk is how many ids one statement asks for: without an index each statement reads the whole table.
const lookupChunk = 5000

// LookupReferences is Lookup by the network's reference. Without a column that holds it nothing is found.
func (s Source) LookupReferences(ctx context.Context, references []string) ([]record.Entry, error) {
	if s.Mapping.Columns.NetworkReference == "" {
		return nil, nil
	}
	return s.lookupBy(ctx, s.Mapping.Columns.NetworkReference, references)
}

// Lookup reads the rows of the given payments as they stand now, whenever they were created, ordered by payment id: a
// suspect is read again before it is reported. An id without a row is simply absent. Any error, a row whose amount
// cannot be used included, means that the answer proves nothing; the entries are then nil.
func (s Source) Lookup(ctx context.Context, ids []string) ([]record.Entry, error) {
	return s.lookupBy(ctx, s.Mapping.Columns.PaymentID, ids)
}

// LookupIDs is Lookup by the row's own id. Without a column that holds it nothing is found.
func (s Source) LookupIDs(ctx context.Context, ids []string) ([]record.Entry, error) {
	if s.Mapping.Columns.ID == "" {
		return nil, nil
	}
	return s.lookupBy(ctx, s.Mapping.Columns.ID, ids)
}

func (s Source) lookupBy(ctx context.Context, name string, ids []string) ([]record.Entry, error) {
	s.Settings = s.Settings.withDefaults()
	if err := s.Mapping.check(); err != nil {
		return nil, fmt.Errorf("look up payments of ledger %s in %s: %w", s.Scope, s.Region, err)
	}
	r := &reading{Source: s}
	if err := r.identify(ctx); err != nil {
		return nil, r.readError(err)
	}
	var found []record.Entry
	for chunk := range slices.Chunk(unique(ids), lookupChunk) {
		var rows []row
		err := r.lookup(ctx, column(name), func(ctx context.Context, tx pgx.Tx, condition string) (err error) {
			rows, err = r.lookupAs(ctx, tx, condition, chunk)
			return err
		})
		if err != nil {
			return nil, r.readError(err)
		}
		for i := range rows {
			entry := &rows[i].entry
			if err := rows[i].understand(s.Mapping.Columns.AmountMinor != ""); err != nil {
				return nil, r.readError(fmt.Errorf("payment %s: %w", entry.PaymentID, err))
			}
			entry.Region, entry.Witness = r.Region, r.Witness
			found = append(found, *entry)
		}
	}
	return found, nil
}

// lookup has rows read whose key is one of $1, a text[]. It compares in the column's own type, so that its index serves, and
// as text where an id is none of that type.
func (s Source) lookup(ctx context.Context, key string, read func(ctx context.Context, tx pgx.Tx, condition string) error) error {
	var kind string
	err := s.retry(ctx, func(ctx context.Context, tx pgx.Tx) error {
		err := tx.QueryRow(ctx, "select pg_typeof("+key+")::text from "+s.Mapping.relation()+" limit 1").Scan(&kind)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	if err != nil || kind == "" {
		return err
	}
	err = s.retry(ctx, func(ctx context.Context, tx pgx.Tx) error { return read(ctx, tx, key+" = any($1::text[]::"+kind+"[])") })
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Code == "22P02" {
		err = s.retry(ctx, func(ctx context.Context, tx pgx.Tx) error { return read(ctx, tx, key+"::text = any($1::text[])") })
	}
	return err
}

func (r *reading) lookupAs(ctx context.Context, tx pgx.Tx, condition string, ids []string) ([]row, error) {
	c := r.Mapping.Columns
	query := fmt.Sprintf("select %s from %s where %s order by %s, %s", c.selectList(), r.Mapping.relation(), condition, c.order(), column(c.CreatedAt))
	result, err := tx.Query(ctx, query, ids)
	if err != nil {
		return nil, err
	}
	names := c.extraNames()
	return pgx.CollectRows(result, func(cr pgx.CollectableRow) (row, error) { return scanRow(cr, names) })
}
