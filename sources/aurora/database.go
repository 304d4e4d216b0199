package aurora

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// DB begins transactions: *Database does, and so does a pool. Only READ ONLY ones are asked for.
type DB interface {
	BeginTx(ctx context.Context, options pgx.TxOptions) (pgx.Tx, error)
}

// Options say how to reach a database.
type Options struct {
	DSN      string                                // postgres://... or key=value words
	Password func(context.Context) (string, error) // asked before each connection, where set: a file, a secret or an RDS IAM token
	Settings Settings
}

// Database hands out read-only sessions to one database and keeps those that are free for the next transaction. It may
// be used from several goroutines; each transaction under way has a connection of its own.
type Database struct {
	config   *pgx.ConnConfig
	password func(context.Context) (string, error)
	settings Settings

	mu     sync.Mutex
	free   []*pgx.Conn
	closed bool
}

// Open reads the dsn; a connection is opened when the first transaction begins. An error never shows a password.
func Open(o Options) (*Database, error) {
	config, err := pgx.ParseConfig(o.DSN)
	if err != nil {
		return nil, fmt.Errorf("read dsn: %w", err)
	}
	settings := o.Settings.withDefaults()
	config.ConnectTimeout = settings.ConnectTimeout
	config.RuntimeParams["application_name"] = "parallax"
	return &Database{config: config, password: o.Password, settings: settings}, nil
}

// BeginTx begins a transaction in a read-only session.
func (d *Database) BeginTx(ctx context.Context, options pgx.TxOptions) (pgx.Tx, error) {
	for {
		conn, reused, err := d.take(ctx)
		if err != nil {
			return nil, err
		}
		tx, err := conn.BeginTx(ctx, options)
		if err == nil {
			return &transaction{Tx: tx, conn: conn, home: d}, nil
		}
		d.give(conn)
		if !reused || ctx.Err() != nil || !conn.IsClosed() {
			return nil, err
		}
		// A session that lay idle was closed by the other side meanwhile; the next one may be alive.
	}
}

// Close ends the sessions that are free; those in use end with their transactions.
func (d *Database) Close() {
	d.mu.Lock()
	free := d.free
	d.free, d.closed = nil, true
	d.mu.Unlock()
	for _, conn := range free {
		closeSession(conn)
	}
}

func (d *Database) take(ctx context.Context) (conn *pgx.Conn, reused bool, err error) {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return nil, false, errors.New("database is closed")
	}
	if n := len(d.free); n > 0 {
		conn, d.free = d.free[n-1], d.free[:n-1]
	}
	d.mu.Unlock()
	if conn != nil {
		return conn, true, nil
	}
	conn, err = d.connect(ctx)
	return conn, false, err
}

func (d *Database) connect(ctx context.Context) (*pgx.Conn, error) {
	config := d.config.Copy()
	if d.password != nil {
		password, err := d.password(ctx)
		if err != nil {
			return nil, fmt.Errorf("get password: %w", err)
		}
		config.Password = password
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	if err := restrict(ctx, conn, d.settings); err != nil {
		closeSession(conn)
		return nil, err
	}
	return conn, nil
}

// give takes a session back, unless it is broken or still in a transaction.
func (d *Database) give(conn *pgx.Conn) {
	d.mu.Lock()
	keep := !d.closed && !conn.IsClosed() && conn.PgConn().TxStatus() == 'I'
	if keep {
		d.free = append(d.free, conn)
	}
	d.mu.Unlock()
	if !keep {
		closeSession(conn)
	}
}

// closeSession says goodbye, for a moment at most: the other side may be gone.
func closeSession(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = conn.Close(ctx)
}

// transaction gives its session back when it ends.
type transaction struct {
	pgx.Tx
	conn *pgx.Conn
	home *Database
	once sync.Once
}

func (t *transaction) Commit(ctx context.Context) error {
	defer t.once.Do(func() { t.home.give(t.conn) })
	return t.Tx.Commit(ctx)
}

func (t *transaction) Rollback(ctx context.Context) error {
	defer t.once.Do(func() { t.home.give(t.conn) })
	return t.Tx.Rollback(ctx)
}
