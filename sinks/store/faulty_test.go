package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

var errCrash = errors.New("connection lost")

// faulty is a transaction on a connection that breaks at one step. persisted says whether the server has done the step
// when the connection breaks; for all steps but the commit it is undone either way.
type faulty struct {
	pgx.Tx
	left      *int
	persisted bool
}

func (f faulty) step(ctx context.Context, do func() error) error {
	*f.left--
	switch {
	case *f.left > 0:
		return do()
	case *f.left < 0:
		return errCrash
	}
	if f.persisted {
		if err := do(); err != nil {
			return err
		}
	}
	f.Tx.Conn().PgConn().Conn().Close()
	return errCrash
}

func (f faulty) Exec(ctx context.Context, sql string, args ...any) (tag pgconn.CommandTag, err error) {
	err = f.step(ctx, func() error { tag, err = f.Tx.Exec(ctx, sql, args...); return err })
	return tag, err
}

func (f faulty) CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, rows pgx.CopyFromSource) (n int64, err error) {
	err = f.step(ctx, func() error { n, err = f.Tx.CopyFrom(ctx, table, columns, rows); return err })
	return n, err
}

func (f faulty) Query(ctx context.Context, sql string, args ...any) (rows pgx.Rows, err error) {
	if err = f.step(ctx, func() error { return nil }); err != nil {
		return nil, err
	}
	return f.Tx.Query(ctx, sql, args...)
}

func (f faulty) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	if err := f.step(ctx, func() error { return nil }); err != nil {
		return brokenRow{err}
	}
	return f.Tx.QueryRow(ctx, sql, args...)
}

func (f faulty) Commit(ctx context.Context) error {
	return f.step(ctx, func() error { return f.Tx.Commit(ctx) })
}

type brokenRow struct{ err error }

func (r brokenRow) Scan(...any) error { return r.err }

// vanishing takes the whole store away at the commit.
type vanishing struct {
	pgx.Tx
	s *Store
}

func (v vanishing) Commit(ctx context.Context) error {
	go v.s.pool.Close() // it waits for this very connection to be given back
	for v.s.pool.Ping(ctx) == nil {
		time.Sleep(time.Millisecond)
	}
	return errCrash
}
