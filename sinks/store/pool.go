package store

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	maxConns = 8

	// restful is how long a connection may rest before it is asked whether it still lives.
	restful = time.Second
)

var errClosed = errors.New("the store is closed")

// pool keeps a few connections for the next user.
type pool struct {
	config   *pgx.ConnConfig
	password func(context.Context) (string, error)
	slots    chan struct{} // one for each connection in use

	mu     sync.Mutex
	closed bool
	idle   []resting // newest last
}

type resting struct {
	conn  *pgx.Conn
	since time.Time
}

func newPool(config *pgx.ConnConfig, password func(context.Context) (string, error)) *pool {
	return &pool{config: config, password: password, slots: make(chan struct{}, maxConns)}
}

// with lends f a connection. One that f leaves broken or inside a transaction is not used again.
func (p *pool) with(ctx context.Context, f func(*pgx.Conn) error) error {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-p.slots }()
	conn, err := p.take(ctx)
	if err != nil {
		return err
	}
	defer p.put(ctx, conn)
	return f(conn)
}

// begin lends f a transaction, which ends with a rollback unless f commits it.
func (p *pool) begin(ctx context.Context, o pgx.TxOptions, f func(pgx.Tx) error) error {
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
func (p *pool) transact(ctx context.Context, o pgx.TxOptions, f func(pgx.Tx) error) error {
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

func (p *pool) take(ctx context.Context) (*pgx.Conn, error) {
	for {
		r, err := p.pop()
		if err != nil {
			return nil, err
		}
		if r.conn == nil {
			return p.connect(ctx)
		}
		if time.Since(r.since) < restful || r.conn.Ping(ctx) == nil {
			return r.conn, nil
		}
		hangUp(ctx, r.conn)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
	}
}

// pop takes the connection that was used last; the zero one if none rests.
func (p *pool) pop() (resting, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return resting{}, errClosed
	}
	if len(p.idle) == 0 {
		return resting{}, nil
	}
	r := p.idle[len(p.idle)-1]
	p.idle = p.idle[:len(p.idle)-1]
	return r, nil
}

func (p *pool) connect(ctx context.Context) (*pgx.Conn, error) {
	config := p.config.Copy()
	if p.password != nil {
		var err error
		if config.Password, err = p.password(ctx); err != nil {
			return nil, err
		}
	}
	return pgx.ConnectConfig(ctx, config)
}

func (p *pool) put(ctx context.Context, conn *pgx.Conn) {
	const idleStatus = 'I' // ReadyForQuery outside a transaction, PostgreSQL protocol 3.0
	if conn.IsClosed() {
		return
	}
	p.mu.Lock()
	reuse := !p.closed && conn.PgConn().TxStatus() == idleStatus
	if reuse {
		p.idle = append(p.idle, resting{conn: conn, since: time.Now()})
	}
	p.mu.Unlock()
	if !reuse {
		hangUp(ctx, conn)
	}
}

// close disconnects what rests now and whatever is in use when it is given back.
func (p *pool) close() {
	p.mu.Lock()
	idle := p.idle
	p.idle, p.closed = nil, true
	p.mu.Unlock()
	for _, r := range idle {
		hangUp(context.Background(), r.conn)
	}
}

func hangUp(ctx context.Context, conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = conn.Close(ctx) // nothing is under way on it
}

// collect reads every row of a query.
func collect[T any](ctx context.Context, p *pool, to pgx.RowToFunc[T], sql string, args ...any) (all []T, err error) {
	err = p.with(ctx, func(conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, sql, args...)
		if err != nil {
			return err
		}
		all, err = pgx.CollectRows(rows, to)
		return err
	})
	return all, err
}
