package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"parallax/migrations"
)

const versionTable = `
create schema if not exists parallax;
create table parallax.schema_version (
    version    integer primary key check (version > 0),
    name       text not null,
    checksum   text not null,
    applied_at timestamptz not null default now()
);
comment on table parallax.schema_version is 'migrations applied, with the SHA-256 of each file';`

// hasVersions reads the catalogue's rows. A lookup by name (to_regclass) may answer from a cache that has not heard of what
// another program made while this one waited for the lock.
const hasVersions = `select exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
	where n.nspname = 'parallax' and c.relname = 'schema_version')`

// Migrate brings the tables up to date. Programs that migrate at the same time wait for one another. A store migrated by a
// newer program, or by a file that was edited since, is an error and stays as it is. A store that is up to date needs no
// right to create tables.
func (s *Store) Migrate(ctx context.Context) error {
	all, err := migrations.All()
	if err != nil {
		return fmt.Errorf("migrate store: %w", err)
	}
	for {
		version, err := s.step(ctx, all)
		if err != nil {
			return fmt.Errorf("migrate store: %w", err)
		}
		if version == len(all) {
			return nil
		}
	}
}

// step applies the next migration, in a transaction of its own, and returns the version reached.
func (s *Store) step(ctx context.Context, all []migrations.Migration) (version int, err error) {
	err = s.pool.transact(ctx, readCommitted, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock($1)`, int64(migrateLock)); err != nil {
			return err
		}
		version, err = applied(ctx, tx, all)
		if err != nil || version == len(all) {
			return err
		}
		if version == 0 {
			if err := script(ctx, tx, versionTable); err != nil {
				return err
			}
		}
		next := all[version]
		if err := script(ctx, tx, next.SQL); err != nil {
			return fmt.Errorf("%s: %w", next.Name, err)
		}
		version++
		_, err := tx.Exec(ctx, `insert into parallax.schema_version (version, name, checksum) values ($1, $2, $3)`,
			next.Version, next.Name, next.Checksum)
		return err
	})
	return version, err
}

// applied returns the version of the schema after holding what was applied against the files.
func applied(ctx context.Context, tx pgx.Tx, all []migrations.Migration) (int, error) {
	var exists bool
	if err := tx.QueryRow(ctx, hasVersions).Scan(&exists); err != nil || !exists {
		return 0, err
	}
	rows, err := tx.Query(ctx, `select version, name, checksum from parallax.schema_version order by version`)
	if err != nil {
		return 0, err
	}
	done, err := pgx.CollectRows(rows, pgx.RowToStructByPos[struct {
		Version        int
		Name, Checksum string
	}])
	if err != nil {
		return 0, err
	}
	for i, d := range done {
		switch {
		case d.Version != i+1:
			return 0, fmt.Errorf("version %d is missing in parallax.schema_version", i+1)
		case i >= len(all):
			return 0, fmt.Errorf("the store is at version %d (%s), this program knows %d: use a newer program",
				done[len(done)-1].Version, d.Name, len(all))
		case d.Checksum != all[i].Checksum:
			return 0, fmt.Errorf("%s was applied with another content (checksum %.12s, here %.12s)",
				d.Name, d.Checksum, all[i].Checksum)
		}
	}
	return len(done), nil
}

// script runs several statements at once, which only the simple protocol does.
func script(ctx context.Context, tx pgx.Tx, sql string) error {
	return tx.Conn().PgConn().Exec(ctx, sql).Close()
}

// Version is the version of the schema in the store; 0 before the first Migrate.
func (s *Store) Version(ctx context.Context) (version int, err error) {
	err = s.pool.with(ctx, func(conn *pgx.Conn) error {
		var exists bool
		err := conn.QueryRow(ctx, hasVersions).Scan(&exists)
		if err != nil || !exists {
			return err
		}
		return conn.QueryRow(ctx, `select coalesce(max(version), 0) from parallax.schema_version`).Scan(&version)
	})
	if err != nil {
		return 0, fmt.Errorf("read schema version: %w", err)
	}
	return version, nil
}
