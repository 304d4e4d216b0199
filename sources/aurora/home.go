package aurora

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Home is how a file that is to be run on a ledger's database can tell that database and its table from others.
type Home struct {
	Database string
	System   string // as Identity has it
	Table    string // with its schema, as SQL writes it
	Columns  []FullColumn
	Newest   string // payment id of the newest row; empty for an empty table
}

// homeQuery resolves table $1 as the search path of the session has it.
const homeQuery = `select current_database(), quote_ident(n.nspname) || '.' || quote_ident(c.relname)
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.oid = to_regclass($1)`

// Home reads where the ledger's table is. An index on the creation time serves. The error is in the words of a gap.
func (s Source) Home(ctx context.Context) (Home, error) {
	s.Settings = s.Settings.withDefaults()
	if s.Mapping.Table == "" {
		return Home{}, fmt.Errorf("find the table of ledger %s in %s: %w", s.Scope, s.Region, ErrQuery)
	}
	var home Home
	c := s.Mapping.Columns
	newest := fmt.Sprintf("select %s::text from %s where %s is not null and %s < 'infinity' order by %s desc limit 1",
		column(c.PaymentID), s.Mapping.relation(), column(c.PaymentID), column(c.CreatedAt), column(c.CreatedAt))
	err := s.retry(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
		if err := tx.QueryRow(ctx, homeQuery, quoteTable(s.Mapping.Table)).Scan(&home.Database, &home.Table); err != nil {
			return err
		}
		if home.Columns, err = s.columns(ctx, tx); err != nil {
			return err
		}
		err = tx.QueryRow(ctx, newest).Scan(&home.Newest)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	if err == nil {
		err = s.optional(ctx, "select system_identifier::text from pg_control_system()", &home.System)
	}
	if err != nil {
		return Home{}, s.readError(err)
	}
	return home, nil
}
