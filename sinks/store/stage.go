package store

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"
)

// querier is a connection or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// staged is a set of rows on their way into a table, each with a value for every column, no two of them in conflict.
type staged struct {
	table    string
	columns  []string
	conflict string // what follows "on conflict"
	rows     [][]any
}

// upsert copies rows beside a table and merges them into it, which takes four round trips however many they are.
func upsert(ctx context.Context, tx pgx.Tx, s staged) error {
	if len(s.rows) == 0 {
		return nil
	}
	columns, stage := strings.Join(s.columns, ", "), "parallax_stage_"+s.table
	if _, err := tx.Exec(ctx, `create temporary table `+stage+` on commit drop as select `+columns+
		` from parallax.`+s.table+` with no data`); err != nil {
		return err
	}
	if _, err := tx.CopyFrom(ctx, pgx.Identifier{stage}, s.columns, pgx.CopyFromRows(s.rows)); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `insert into parallax.`+s.table+` as t (`+columns+`) select `+columns+` from `+stage+
		` on conflict `+s.conflict)
	return err
}

// last keeps the last of the items that share a key, in the place of the first.
func last[T any, K comparable](items []T, key func(T) K) []T {
	at := make(map[K]int, len(items))
	out := make([]T, 0, len(items))
	for _, item := range items {
		if i, seen := at[key(item)]; seen {
			out[i] = item
			continue
		}
		at[key(item)] = len(out)
		out = append(out, item)
	}
	return out
}
