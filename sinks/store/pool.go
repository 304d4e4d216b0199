package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// maxConns bounds the connections one program takes of a store.
const maxConns = 8

// pool lends connections and transactions for the length of a function.
type pool struct{ *pgxpool.Pool }

func newPool(ctx context.Context, config *pgxpool.Config, password func(context.Context) (string, error)) (pool, error) {
	config.MaxConns = maxConns
	if password != nil {
		config.BeforeConnect = func(ctx context.Context, c *pgx.ConnConfig) (err error) {
			c.Password, err = password(ctx)
			return err
		}
	}
	p, err := pgxpool.NewWithConfig(ctx, config)
	return pool{p}, err
}

// with lends f a connection. One that f leaves broken or inside a transaction is not used again.
func (p pool) with(ctx context.Context, f func(*pgx.Conn) error) error {
	return p.AcquireFunc(ctx, func(c *pgxpool.Conn) error { return f(c.Conn()) })
}

// begin lends f a transaction, which ends with a rollback unless f commits it.
func (p pool) begin(ctx context.Context, o pgx.TxOptions, f func(pgx.Tx) error) error {
	return p.with(ctx, func(conn *pgx.Conn) error {
		tx, err := conn.BeginTx(ctx, o)
		if err != nil {
			return err
		}
		defer abandon(ctx, tx)
		return f(tx)
	})
}

// transact is begin with a commit at the end.
func (p pool) transact(ctx context.Context, o pgx.TxOptions, f func(pgx.Tx) error) error {
	return p.begin(ctx, o, func(tx pgx.Tx) error {
		if err := f(tx); err != nil {
			return err
		}
		return tx.Commit(ctx)
	})
}

// abandon rolls back what is still open. Its own context lets the connection live when the caller's has ended.
func abandon(ctx context.Context, tx pgx.Tx) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = tx.Rollback(ctx) // after a commit there is nothing to roll back; a lost connection rolls back by itself
}

// hangUp ends a connection that nobody can say the state of.
func hangUp(ctx context.Context, conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = conn.Close(ctx)
}

// collect reads every row of a query.
func collect[T any](ctx context.Context, p pool, to pgx.RowToFunc[T], sql string, args ...any) ([]T, error) {
	rows, err := p.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, to)
}
