package aurora

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// DB is the lab's own access to one server, as its superuser. It keeps free connections for the next statement and may
// be used from several goroutines.
type DB struct {
	dsn string

	mu   sync.Mutex
	free []*pgx.Conn
}

// Exec runs one statement, or several without arguments.
func (d *DB) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	conn, err := d.take(ctx)
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	defer d.give(conn)
	return conn.Exec(ctx, sql, args...)
}

// Query runs a statement that returns rows; the connection is free again when they are closed.
func (d *DB) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	conn, err := d.take(ctx)
	if err != nil {
		return nil, err
	}
	result, err := conn.Query(ctx, sql, args...)
	if err != nil {
		d.give(conn)
		return nil, err
	}
	return &rows{Rows: result, release: func() { d.give(conn) }}, nil
}

// QueryRow runs a statement that returns one row; its Scan must be called.
func (d *DB) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	result, err := d.Query(ctx, sql, args...)
	return oneRow{result, err}
}

// Begin begins a transaction.
func (d *DB) Begin(ctx context.Context) (pgx.Tx, error) {
	conn, err := d.take(ctx)
	if err != nil {
		return nil, err
	}
	begun, err := conn.Begin(ctx)
	if err != nil {
		d.give(conn)
		return nil, err
	}
	return &tx{Tx: begun, release: func() { d.give(conn) }}, nil
}

// close drops the free connections.
func (d *DB) close() {
	d.mu.Lock()
	free := d.free
	d.free = nil
	d.mu.Unlock()
	for _, conn := range free {
		drop(conn)
	}
}

func (d *DB) take(ctx context.Context) (*pgx.Conn, error) {
	d.mu.Lock()
	var conn *pgx.Conn
	if n := len(d.free); n > 0 {
		conn, d.free = d.free[n-1], d.free[:n-1]
	}
	d.mu.Unlock()
	if conn != nil {
		return conn, nil
	}
	conn, err := pgx.Connect(ctx, d.dsn)
	if err != nil {
		return nil, fmt.Errorf("connect to the lab's database: %w", err)
	}
	return conn, nil
}

func (d *DB) give(conn *pgx.Conn) {
	if conn.IsClosed() || conn.PgConn().TxStatus() != 'I' {
		drop(conn)
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.free = append(d.free, conn)
}

func drop(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = conn.Close(ctx) // the server may be dead
}

// rows frees the connection once.
type rows struct {
	pgx.Rows
	once    sync.Once
	release func()
}

func (r *rows) Next() bool {
	more := r.Rows.Next()
	if !more {
		r.once.Do(r.release)
	}
	return more
}

func (r *rows) Close() {
	r.Rows.Close()
	r.once.Do(r.release)
}

type oneRow struct {
	rows pgx.Rows
	err  error
}

func (r oneRow) Scan(into ...any) error {
	if r.err != nil {
		return r.err
	}
	defer r.rows.Close()
	if !r.rows.Next() {
		if err := r.rows.Err(); err != nil {
			return err
		}
		return pgx.ErrNoRows
	}
	if err := r.rows.Scan(into...); err != nil {
		return err
	}
	r.rows.Close()
	return r.rows.Err()
}

type tx struct {
	pgx.Tx
	once    sync.Once
	release func()
}

func (t *tx) Commit(ctx context.Context) error {
	defer t.once.Do(t.release)
	return t.Tx.Commit(ctx)
}

func (t *tx) Rollback(ctx context.Context) error {
	defer t.once.Do(t.release)
	return t.Tx.Rollback(ctx)
}
