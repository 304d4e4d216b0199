package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"parallax/internal/audit"
)

// Commit writes the whole outcome of a run in one transaction, or nothing of it. Committing the same RunID again changes
// nothing. ErrStale says that a cursor has moved since the run read it; ErrUnknown, that the connection was lost at the very
// end and the store cannot be asked: commit the same outcome again later.
//
// Text that PostgreSQL cannot hold is spelled out, and what looks like a full card number is cut to six and four digits.
func (s *Store) Commit(ctx context.Context, o audit.Outcome) error {
	if err := s.commit(ctx, o); err != nil {
		return fmt.Errorf("commit outcome of run %s: %w", text(o.RunID), err)
	}
	return nil
}

func (s *Store) commit(ctx context.Context, o audit.Outcome) error {
	o, err := prepare(o)
	if err != nil {
		return err
	}
	// Read committed: each statement sees what the commits before this one have left, once the lock is held.
	return s.pool.begin(ctx, readCommitted, func(tx pgx.Tx) error {
		tx = s.wrap(tx)
		fresh, err := write(ctx, tx, o)
		if err != nil || !fresh {
			return err
		}
		if err := tx.Commit(ctx); err != nil {
			hangUp(ctx, tx.Conn()) // nobody knows what it would still say
			return s.recheck(ctx, o, err)
		}
		return nil
	})
}

var readCommitted = pgx.TxOptions{IsoLevel: pgx.ReadCommitted}

// recheck finds out what became of a commit whose acknowledgement did not arrive. The commit lock makes the answer final: it
// is free only when the transaction in question has ended.
func (s *Store) recheck(ctx context.Context, o audit.Outcome, lost error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recheckPatience)
	defer cancel()
	var there bool
	err := s.pool.begin(ctx, readCommitted, func(tx pgx.Tx) (err error) {
		if err := lockCommits(ctx, tx); err != nil {
			return err
		}
		there, err = committed(ctx, tx, o)
		return err
	})
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrUnknown, errors.Join(lost, err))
	case there:
		return nil
	default:
		return fmt.Errorf("nothing was written: %w", lost)
	}
}

// write does everything of a commit but its end. fresh is false if the run was committed before.
func write(ctx context.Context, tx pgx.Tx, o audit.Outcome) (fresh bool, err error) {
	if err := lockCommits(ctx, tx); err != nil {
		return false, err
	}
	if there, err := committed(ctx, tx, o); err != nil || there {
		return false, err
	}
	for _, step := range []struct {
		name string
		do   func(context.Context, pgx.Tx, audit.Outcome) error
	}{
		{"run", writeRun}, {"cursors", moveCursors}, {"coverage", writeCoverage}, {"findings", writeFindings},
		{"segments", writeSegments}, {"files", writeFiles}, {"matches", writeMatches}, {"samples", writeSamples},
		{"failovers", writeFailovers}, {"topology", writeTopology}, {"chains", writeChains},
		{"replications", writeReplications}, {"end of run", sealRun},
	} {
		if err := step.do(ctx, tx, o); err != nil {
			return false, fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return true, nil
}

// committed reports whether the run is in the store. Another run under the same id is an error.
func committed(ctx context.Context, tx pgx.Tx, o audit.Outcome) (bool, error) {
	var job string
	var asOf time.Time
	err := tx.QueryRow(ctx, `select job, as_of from parallax.run where run_id = $1`, o.RunID).Scan(&job, &asOf)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return false, nil
	case err != nil:
		return false, err
	case job != o.Job || !asOf.Equal(o.AsOf):
		return false, fmt.Errorf("the id belongs to another run, of %s as of %s", job, asOf.UTC().Format(time.RFC3339))
	}
	return true, nil
}

func writeRun(ctx context.Context, tx pgx.Tx, o audit.Outcome) error {
	prints := mapped(o.Findings, func(f audit.Finding) string { return string(f.Fingerprint) })
	_, err := tx.Exec(ctx, `insert into parallax.run (run_id, job, window_from, window_to, as_of, verdict, fingerprints)
		values ($1, $2, $3, $4, $5, $6, $7)`,
		o.RunID, o.Job, o.Window.From.UTC(), o.Window.To.UTC(), o.AsOf, string(o.Verdict()), prints)
	return err
}

// sealRun notes the end of the history in the run, so that an end that is cut off later leaves a mark.
func sealRun(ctx context.Context, tx pgx.Tx, o audit.Outcome) error {
	_, err := tx.Exec(ctx, `update parallax.run set events_head =
		(select hash from parallax.finding_event order by seq desc limit 1) where run_id = $1`, o.RunID)
	return err
}

// moveCursors moves each cursor from the version the run read to the next. A cursor no longer at that version fails the commit.
func moveCursors(ctx context.Context, tx pgx.Tx, o audit.Outcome) error {
	if len(o.Cursors) == 0 {
		return nil
	}
	at, err := readCursors(ctx, tx, o.Job)
	if err != nil {
		return err
	}
	rows := make([][]any, 0, len(o.Cursors))
	for _, c := range o.Cursors {
		if now := at[c.Stream].Version; now != c.Version {
			return fmt.Errorf("%w: stream %s was read at version %d and is at version %d", ErrStale, c.Stream, c.Version, now)
		}
		rows = append(rows, []any{o.Job, c.Stream, string(c.Pos), c.Version + 1, o.RunID})
	}
	return upsert(ctx, tx, staged{
		table: "cursor", columns: []string{"job", "stream", "position", "version", "run_id"},
		conflict: `(job, stream) do update set position = excluded.position, version = excluded.version, run_id = excluded.run_id`,
		rows:     rows,
	})
}

func readCursors(ctx context.Context, q querier, job string) (map[string]audit.Cursor, error) {
	rows, err := q.Query(ctx, `select stream, position, version from parallax.cursor where job = $1`, job)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[audit.Cursor])
	if err != nil {
		return nil, err
	}
	cursors := make(map[string]audit.Cursor, len(all))
	for _, c := range all {
		cursors[c.Stream] = c
	}
	return cursors, nil
}

// Cursors returns the committed cursors of a job, by stream.
func (s *Store) Cursors(ctx context.Context, job string) (map[string]audit.Cursor, error) {
	var cursors map[string]audit.Cursor
	err := s.pool.with(ctx, func(conn *pgx.Conn) (err error) {
		cursors, err = readCursors(ctx, conn, job)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read cursors of %s: %w", job, err)
	}
	return cursors, nil
}
