package aurora

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// FullColumn is one column of a whole row.
type FullColumn struct {
	Name      string
	Type      string  // as SQL writes it: numeric(12,2), timestamp with time zone
	Value     *string // as text of that type; nil is null
	NotNull   bool    // declared so
	Generated bool    // computed by the database (GENERATED ALWAYS AS ... STORED): it cannot be inserted
	Identity  string  // "always" or "by default" where the column is an identity, else empty
	Default   string  // the default's expression, such as nextval('payments_id_seq'::regclass); empty without one
}

// FullRow is a row with all columns of its table, in the table's order, as they stand now.
type FullRow struct {
	PaymentID string
	Columns   []FullColumn
}

// ErrQuery says that whole rows were asked of a ledger that is the result of a query: what it leaves out nobody can know.
var ErrQuery = errors.New("the ledger is mapped by a query; only the rows of a table can be read whole")

// columnsQuery lists the columns of table $1 that may be read. Source: PostgreSQL manual, "pg_attribute", "pg_attrdef".
const columnsQuery = `select a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attgenerated <> '',
	case a.attidentity when 'a' then 'always' when 'd' then 'by default' else '' end,
	case when a.attgenerated = '' then coalesce(pg_get_expr(d.adbin, d.adrelid), '') else '' end
from pg_catalog.pg_attribute a left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where a.attrelid = to_regclass($1) and a.attnum > 0 and not a.attisdropped order by a.attnum`

// FullRows reads the rows of the given payments with every column of the table, ordered by payment id and creation time. A
// payment without a row is simply absent. It takes the right to read all columns; the error is in the words of a gap.
func (s Source) FullRows(ctx context.Context, ids []string) ([]FullRow, error) {
	s.Settings = s.Settings.withDefaults()
	err := s.Mapping.check()
	if err == nil && s.Mapping.Table == "" {
		err = ErrQuery
	}
	if err != nil {
		return nil, fmt.Errorf("read whole rows of ledger %s in %s: %w", s.Scope, s.Region, err)
	}
	var out []FullRow
	for chunk := range slices.Chunk(unique(ids), lookupChunk) {
		rows, err := s.fullRows(ctx, chunk)
		if err != nil {
			return nil, s.readError(err)
		}
		out = append(out, rows...)
	}
	return out, nil
}

// fullRows reads the columns and the rows in one transaction, so that both speak of the same table.
func (s Source) fullRows(ctx context.Context, ids []string) (found []FullRow, err error) {
	err = s.lookup(ctx, column(s.Mapping.Columns.PaymentID), ids, func(ctx context.Context, tx pgx.Tx, condition string, ids []string) error {
		columns, err := s.columns(ctx, tx)
		if err != nil {
			return err
		}
		c := s.Mapping.Columns
		list := []string{column(c.PaymentID) + "::text"}
		for _, one := range columns {
			list = append(list, column(one.Name)+"::text")
		}
		result, err := tx.Query(ctx, fmt.Sprintf("select array[%s] from %s where %s order by %s, %s",
			strings.Join(list, ", "), s.Mapping.relation(), condition, c.order(), column(c.CreatedAt)), ids)
		if err != nil {
			return err
		}
		found, err = pgx.CollectRows(result, func(row pgx.CollectableRow) (FullRow, error) {
			var values []*string
			if err := row.Scan(&values); err != nil {
				return FullRow{}, err
			}
			full := FullRow{PaymentID: text(values[0]), Columns: slices.Clone(columns)}
			for i, value := range values[1:] {
				full.Columns[i].Value = value
			}
			return full, nil
		})
		return err
	})
	return found, err
}

// columns are those of the table, without values.
func (s Source) columns(ctx context.Context, tx pgx.Tx) ([]FullColumn, error) {
	rows, err := tx.Query(ctx, columnsQuery, quoteTable(s.Mapping.Table))
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (c FullColumn, err error) {
		err = row.Scan(&c.Name, &c.Type, &c.NotNull, &c.Generated, &c.Identity, &c.Default)
		return c, err
	})
}

func unique(ids []string) []string { return slices.Compact(slices.Sorted(slices.Values(ids))) }
