package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"parallax/internal/audit"
)

// ForgetSegments takes the segments whose records were all created before a moment out of the archive's manifest, and
// notes for each table and region that its archive starts later now (see ArchiveStarts): all in one transaction, or nothing.
// It returns their names, in order: their files may now be removed. Those of a call whose answer was lost are no longer
// named by the manifest, and go as what a killed capture left behind goes.
func (s *Store) ForgetSegments(ctx context.Context, before time.Time) ([]string, error) {
	var names []string
	err := s.pool.transact(ctx, readCommitted, func(tx pgx.Tx) (err error) {
		// No capture may commit a segment of an older time between the two statements.
		if err := lockCommits(ctx, tx); err != nil {
			return err
		}
		// A start never moves back: what was forgotten stays forgotten.
		_, err = tx.Exec(ctx, `insert into parallax.archive_start as t (table_name, region, starts_at)
			select table_name, region, max(window_to) from parallax.archive_segment where window_to <= $1 group by table_name, region
			on conflict (table_name, region) do update set starts_at = greatest(t.starts_at, excluded.starts_at)`, before.UTC())
		if err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `with gone as (delete from parallax.archive_segment where window_to <= $1 returning name)
			select name from gone order by name collate "C"`, before.UTC())
		if err != nil {
			return err
		}
		names, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("forget segments before %s: %w", before.UTC().Format(time.RFC3339), err)
	}
	return names, nil
}

// ArchiveStarts returns, by region, the moment since which a table's archive is complete, as far as segments were
// forgotten; a region is missing if none were. Time before it was read once and can not be read again. Ask after Segments:
// what is forgotten in between is then still known not to be there.
func (s *Store) ArchiveStarts(ctx context.Context, table string) (map[audit.Region]time.Time, error) {
	type start struct {
		Region audit.Region
		At     time.Time
	}
	all, err := collect(ctx, s.pool, pgx.RowToStructByPos[start],
		`select region, starts_at from parallax.archive_start where table_name = $1`, text(table))
	if err != nil {
		return nil, fmt.Errorf("read start of the archive of %q: %w", table, err)
	}
	starts := make(map[audit.Region]time.Time, len(all))
	for _, at := range all {
		starts[at.Region] = at.At.UTC()
	}
	return starts, nil
}

// KnownSegments returns which of the names are segments of the archive's manifest.
func (s *Store) KnownSegments(ctx context.Context, names []string) ([]string, error) {
	known, err := collect(ctx, s.pool, pgx.RowTo[string],
		`select name from parallax.archive_segment where name = any($1)`, mapped(names, text))
	if err != nil {
		return nil, fmt.Errorf("read known segments: %w", err)
	}
	return known, nil
}
