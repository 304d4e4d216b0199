package aurora

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Columns names the ledger's columns. PaymentID, CreatedAt, Currency and one of AmountMinor and Amount are needed; the
// fields of columns that are not named stay empty. A name is taken as it is written, upper and lower case included.
type Columns struct {
	ID, PaymentID, IdempotencyKey   string
	AmountMinor                     string // a whole number of minor units, or
	Amount                          string // a decimal number of major units: 12.50
	Currency                        string // ISO 4217 letters
	Status, Network                 string
	NetworkReference, RRN, AuthCode string
	OwnerRegion                     string
	CreatedAt, UpdatedAt            string            // timestamptz; one without time zone is taken as UTC
	Extra                           map[string]string // further columns to compare, by the name they get in the record
}

// Mapping says where the ledger is: in a table or view, or in the result of a query.
type Mapping struct {
	Table   string // name or schema.name; a part that holds a dot is written in double quotes
	Query   string // a SELECT instead of Table
	Columns Columns
}

// check reports a mapping that no database could satisfy.
func (m Mapping) check() error {
	c := m.Columns
	switch {
	case (m.Table == "") == (m.Query == ""):
		return errors.New("a ledger needs a table or a query, and not both")
	case c.PaymentID == "" || c.CreatedAt == "" || c.Currency == "":
		return errors.New("a ledger needs the columns payment_id, created_at and currency")
	case (c.AmountMinor == "") == (c.Amount == ""):
		return errors.New("a ledger needs the column amount_minor or amount, and not both")
	}
	return nil
}

// name is what people call the relation in messages.
func (m Mapping) name() string {
	if m.Table != "" {
		return "table " + m.Table
	}
	return "the ledger's query"
}

// relation is the FROM item. A query stands in parentheses, so that it cannot be more than one statement.
func (m Mapping) relation() string {
	if m.Query != "" {
		return "(" + strings.TrimRight(strings.TrimSpace(m.Query), "; \t\n") + "\n) as ledger"
	}
	return quoteTable(m.Table) + " as ledger"
}

// TableSQL is the table's name as SQL writes it, each part in double quotes.
func (m Mapping) TableSQL() string { return quoteTable(m.Table) }

// quoteTable quotes each part of a dotted name that is not quoted already.
func quoteTable(name string) string {
	var parts []string
	var part strings.Builder
	quoted := false
	for _, c := range name {
		switch {
		case c == '"':
			quoted = !quoted
		case c == '.' && !quoted:
			parts = append(parts, part.String())
			part.Reset()
		default:
			part.WriteRune(c)
		}
	}
	return pgx.Identifier(append(parts, part.String())).Sanitize()
}

func column(name string) string { return "ledger." + pgx.Identifier{name}.Sanitize() }

// order is the sort key's second half: the business key as text in byte order, which every database shares whatever
// its collation.
func (c Columns) order() string { return "(" + column(c.PaymentID) + `::text collate "C")` }

// selectList is in the order that scanRow expects.
func (c Columns) selectList() string {
	amount := c.AmountMinor
	if amount == "" {
		amount = c.Amount
	}
	list := []string{column(c.CreatedAt) + "::timestamptz", asTime(c.UpdatedAt)}
	for _, name := range []string{
		c.PaymentID, c.ID, c.IdempotencyKey, amount, c.Currency, c.Status, c.Network,
		c.NetworkReference, c.RRN, c.AuthCode, c.OwnerRegion,
	} {
		list = append(list, asText(name))
	}
	for _, name := range slices.Sorted(maps.Keys(c.Extra)) {
		list = append(list, asText(c.Extra[name]))
	}
	return strings.Join(list, ", ")
}

func asText(name string) string {
	if name == "" {
		return "null::text"
	}
	return column(name) + "::text"
}

func asTime(name string) string {
	if name == "" {
		return "null::timestamptz"
	}
	return column(name) + "::timestamptz"
}

// pageQuery selects one page: $1 and $2 bound the window, $3 the page; with after, rows begin behind ($1, $4).
// The plain comparison of created_at lets an index on it alone serve; the business key is compared within one instant.
func (m Mapping) pageQuery(after bool) string {
	c := m.Columns
	created, seek := column(c.CreatedAt), ""
	if after {
		seek = fmt.Sprintf(" and (%s > $1::timestamptz or %s > $4)", created, c.order())
	}
	return fmt.Sprintf("select %s from %s where %s >= $1::timestamptz and %s < $2::timestamptz and %s is not null%s order by %s, %s limit $3",
		c.selectList(), m.relation(), created, created, column(c.PaymentID), seek, created, c.order())
}

// keylessQuery counts rows of the window that have no business key.
func (m Mapping) keylessQuery() string {
	created := column(m.Columns.CreatedAt)
	return fmt.Sprintf("select count(*) from %s where %s >= $1::timestamptz and %s < $2::timestamptz and %s is null",
		m.relation(), created, created, column(m.Columns.PaymentID))
}

// timelessQuery counts rows that belong to no window.
func (m Mapping) timelessQuery() string {
	return fmt.Sprintf("select count(*) from %s where %s is null", m.relation(), column(m.Columns.CreatedAt))
}

// endlessQuery counts rows whose creation time is no moment, which belong to no window either. An index on it serves.
func (m Mapping) endlessQuery() string {
	return fmt.Sprintf("select count(*) from %s where %s in ('infinity', '-infinity')", m.relation(), column(m.Columns.CreatedAt))
}

// notNullsQuery are the columns of table $1 that hold no null, by the catalogue: they are declared NOT NULL in the table and in
// all that inherit from it, where the declaration may have been dropped. It proves nothing of a foreign table, whose server
// need not keep to it, nor while it is not validated.
// Sources: PostgreSQL manual, "Inheritance", "CREATE FOREIGN TABLE", and "pg_constraint" of version 18.
const notNullsQuery = `with recursive family (id) as (
	select to_regclass($1)::oid union select inhrelid from pg_catalog.pg_inherits join family on inhparent = id
)
select attname::text from family join pg_catalog.pg_class c on c.oid = id join pg_catalog.pg_attribute on attrelid = id
where attnum > 0 and not attisdropped group by attname
having bool_and(attnotnull and relkind in ('r', 'p') and not exists (
	select from pg_catalog.pg_constraint where conrelid = id and contype = 'n' and not convalidated and attnum = any(conkey)))`

// notNullQuery asks whether $2 is one of them.
const notNullQuery = "select $2 in (" + notNullsQuery + ")"
