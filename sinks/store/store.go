// Package store keeps what runs have said, in PostgreSQL. It is the only writer of findings.
//
// A run's outcome is committed in one transaction or not at all. Commits follow one another under an advisory lock, so
// each decides on what the one before has left; reading takes no lock.
package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Errors callers branch on.
var (
	// ErrStale says that another worker has moved a cursor since this run read it. Nothing was written; read again.
	ErrStale = errors.New("cursor has moved on")
	// ErrNotFound says that the store holds nothing by that name.
	ErrNotFound = errors.New("not found")
	// ErrAmbiguous says that a fingerprint's prefix fits several findings.
	ErrAmbiguous = errors.New("ambiguous")
	// ErrUnknown says that the connection was lost while committing and the store cannot be asked whether it did.
	ErrUnknown = errors.New("unknown whether it was committed")
)

// Options say where the store is.
type Options struct {
	DSN      string                                // of PostgreSQL 13 or newer, as URL or as key=value words
	Password func(context.Context) (string, error) // asked for each connection, for tokens that expire; nil: the DSN's own
}

// Store is a few connections to a findings store. It may be used from several goroutines.
type Store struct {
	pool pool
	wrap func(pgx.Tx) pgx.Tx // around a commit's transaction; a test puts a faulty connection here
}

// recheckPatience bounds the question after a lost acknowledgement.
const recheckPatience = 15 * time.Second

// Open connects to a store. The error never shows the password. Migrate makes the tables.
func Open(ctx context.Context, o Options) (*Store, error) {
	config, err := pgxpool.ParseConfig(o.DSN)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err) // pgx takes the password out of its message
	}
	if params := config.ConnConfig.RuntimeParams; params["application_name"] == "" {
		params["application_name"] = "parallax"
	}
	pool, err := newPool(ctx, config, o.Password)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("open store: %w", err)
	}
	return &Store{pool: pool, wrap: func(tx pgx.Tx) pgx.Tx { return tx }}, nil
}

// Close waits for what is under way and disconnects.
func (s *Store) Close() { s.pool.Close() }

// commitLock serialises commits: its holder alone writes findings and events. The number is arbitrary and fixed.
const commitLock = 0x70617278_0001

// migrateLock serialises migrations.
const migrateLock = 0x70617278_0002

func lockCommits(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `select pg_advisory_xact_lock($1)`, int64(commitLock))
	return err
}
