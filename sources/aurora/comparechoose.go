package aurora

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// signature is all that the hash of a row depends on but its values.
type signature struct {
	major    int
	encoding string
	columns  []columnType
}

// columnType is a column, by the field it is mapped to.
type columnType struct {
	field, name, kind string
	counts            bool // its value is compared; amount and currency are summed up in any case
	notNull           bool // declared so
}

// sign asks a database for its signature.
func (s *side) sign(ctx context.Context, o CompareOptions) error {
	columns := s.Mapping.signed(o)
	return s.retry(ctx, func(ctx context.Context, tx pgx.Tx) error {
		s.signature = signature{columns: columns}
		err := tx.QueryRow(ctx, "select current_setting('server_version_num')::int / 10000, current_setting('server_encoding')").
			Scan(&s.signature.major, &s.signature.encoding)
		if err != nil {
			return err
		}
		if err := s.types(ctx, tx); err != nil || s.Mapping.Table == "" {
			return err
		}
		return s.nulls(ctx, tx)
	})
}

// signed are the columns that are compared or summed up.
func (m Mapping) signed(o CompareOptions) []columnType {
	c := m.Columns
	columns := []columnType{
		{field: "payment_id", name: c.PaymentID, counts: true}, {field: "created_at", name: c.CreatedAt, counts: true},
		{field: "id", name: c.ID, counts: !o.IgnoreID}, {field: "currency", name: c.Currency}, {field: "amount", name: c.AmountMinor + c.Amount},
	}
	for _, field := range o.Fields {
		columns = append(columns, columnType{field: field, name: c.Named(field), counts: true})
	}
	return columns
}

// types has the columns described by a statement without rows; names of types are alike in all databases, their numbers are not.
func (s *side) types(ctx context.Context, tx pgx.Tx) error {
	list := []string{"null"}
	for _, c := range s.signature.columns {
		if c.name != "" {
			list = append(list, column(c.name))
		}
	}
	rows, err := tx.Query(ctx, "select "+strings.Join(list, ", ")+" from "+s.Mapping.relation()+" limit 0")
	if err != nil {
		return err
	}
	rows.Close()
	described := rows.FieldDescriptions()
	if err := rows.Err(); err != nil {
		return err
	}
	next := 1
	for i := range s.signature.columns {
		if s.signature.columns[i].name == "" {
			continue
		}
		field := described[next]
		next++
		err := tx.QueryRow(ctx, "select format_type($1::oid, $2::int)", field.DataTypeOID, field.TypeModifier).Scan(&s.signature.columns[i].kind)
		if err != nil {
			return err
		}
	}
	return nil
}

// nulls learns which columns of a table are never null.
func (s *side) nulls(ctx context.Context, tx pgx.Tx) error {
	rows, err := tx.Query(ctx, notNullsQuery, quoteTable(s.Mapping.Table))
	if err != nil {
		return err
	}
	never, err := pgx.CollectRows(rows, pgx.RowTo[string])
	for i := range s.signature.columns {
		s.signature.columns[i].notNull = slices.Contains(never, s.signature.columns[i].name)
	}
	return err
}

// choose decides for a method: checksums need databases that hash alike.
func (c *comparison) choose() {
	c.method, c.why = MethodChecksums, "both servers hash alike"
	if c.options.Method != "" {
		c.why = "as asked for"
	}
	if reason := c.unlike(); reason != "" {
		c.method, c.why = MethodMerge, reason
	} else if c.options.Method == MethodMerge {
		c.method = MethodMerge
	}
}

// unlike says why the databases' hashes cannot be held against each other, or is empty. The hash function is that of the
// server's version and sees the bytes of the database's encoding; collations do not count, as "C" is asked for.
// Source: PostgreSQL, src/common/hashfn.c and src/backend/access/hash/hashfunc.c.
func (c *comparison) unlike() string {
	l, r := c.sides[0].signature, c.sides[1].signature
	here, there := c.sides[0].Region, c.sides[1].Region
	if l.major != r.major {
		return fmt.Sprintf("PostgreSQL %d in %s and %d in %s need not hash alike", l.major, here, r.major, there)
	}
	if l.encoding != r.encoding {
		return fmt.Sprintf("the database is in %s in %s and in %s in %s", l.encoding, here, r.encoding, there)
	}
	for i, column := range l.columns {
		if other := r.columns[i]; column.kind != other.kind && (column.counts || column.field != "id") {
			return fmt.Sprintf("%s is %s in %s and %s in %s", column.field, column.typed(), here, other.typed(), there)
		}
		if column.field == "amount" && amountKindOf(column.kind) == amountOther {
			return fmt.Sprintf("the amount is of type %s, and which values are no amounts is only seen by reading them", column.kind)
		}
	}
	if (c.sides[0].Mapping.Columns.Amount == "") != (c.sides[1].Mapping.Columns.Amount == "") {
		return "one copy has minor units, the other a decimal amount"
	}
	return ""
}

func (c columnType) typed() string {
	if c.kind == "" {
		return "not mapped"
	}
	return "of type " + c.kind
}

func (s signature) amount() amountKind {
	for _, column := range s.columns {
		if column.field == "amount" {
			return amountKindOf(column.kind)
		}
	}
	return amountOther
}
