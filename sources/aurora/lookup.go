package aurora

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

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
		err := r.lookup(ctx, column(name), chunk, func(ctx context.Context, tx pgx.Tx, condition string, ids []string) (err error) {
			rows, err = r.lookupAs(ctx, tx, condition, ids)
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

// lookup has rows read whose key is one of ids, which the condition takes as $1, a text[]. It compares in the column's own
// type, so that its index serves, and as text where an id is none of that type or the type cannot be cast to without a loss.
func (s Source) lookup(ctx context.Context, key string, ids []string, read func(ctx context.Context, tx pgx.Tx, condition string, ids []string) error) error {
	kind, err := s.kindOf(ctx, key)
	if err != nil {
		return err
	}
	ids = possible(ids, kind)
	if len(ids) == 0 {
		return nil
	}
	asText := key + "::text = any($1::text[])"
	condition := key + " = any($1::text[]::" + kind + "[])"
	if kind == "name" || kind == `"char"` { // both cut what is longer
		condition = asText
	}
	err = s.retry(ctx, func(ctx context.Context, tx pgx.Tx) error { return read(ctx, tx, condition, ids) })
	if condition != asText && notOfType(err) {
		err = s.retry(ctx, func(ctx context.Context, tx pgx.Tx) error { return read(ctx, tx, asText, ids) })
	}
	return err
}

// kindOf is the name of a column's type without a length, which a cast would cut to: bpchar where the column is char(36), whose
// plain name, character, stands for char(1). Of a domain the server describes the type below, whose cast checks and cuts nothing.
// Sources: PostgreSQL manual, "System Catalog Information Functions", format_type; src/backend/access/common/printtup.c.
func (s Source) kindOf(ctx context.Context, key string) (kind string, err error) {
	err = s.retry(ctx, func(ctx context.Context, tx pgx.Tx) error {
		rows, err := tx.Query(ctx, "select "+key+" from "+s.Mapping.relation()+" limit 0")
		if err != nil {
			return err
		}
		rows.Close()
		if err := rows.Err(); err != nil {
			return err
		}
		return tx.QueryRow(ctx, "select format_type($1::oid, -1)", rows.FieldDescriptions()[0].DataTypeOID).Scan(&kind)
	})
	return kind, err
}

// possible leaves out ids that no column of the type can hold: text without form, of which PostgreSQL refuses the whole list,
// and what is no whole number or too large a one, so that one such id does not cost the others their index.
func possible(ids []string, kind string) []string {
	bits := map[string]int{"smallint": 16, "integer": 32, "bigint": 64}[kind]
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool {
		if strings.ContainsRune(id, 0) || !utf8.ValidString(id) {
			return true
		}
		if bits == 0 {
			return false
		}
		_, err := strconv.ParseInt(strings.TrimSpace(id), 10, bits)
		return err != nil
	})
}

// notOfType reports that an id could not be cast to the column's type, or that the type knows no equality.
func notOfType(err error) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && (strings.HasPrefix(refused.Code, "22") || refused.Code == "42883")
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
