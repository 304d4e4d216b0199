package store

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"parallax/internal/audit"
)

// Errors of drills that callers branch on.
var (
	// ErrDeclared says that a drill of that name exists with another declaration, which is never changed.
	ErrDeclared = errors.New("already declared")
	// ErrUnderWay says that a drill has not been stopped yet.
	ErrUnderWay = errors.New("under way")
)

const drillColumns = `name, cluster, started_at, stopped_at, note, expected, late, score`

// Drills returns every drill, in the order of their starts.
func (s *Store) Drills(ctx context.Context) ([]audit.Drill, error) {
	drills, err := collect(ctx, s.pool, scanDrill, `select `+drillColumns+` from parallax.drill order by started_at, name`)
	if err != nil {
		return nil, fmt.Errorf("read drills: %w", err)
	}
	return drills, nil
}

// Drill returns one drill. ErrNotFound says that there is none of that name.
func (s *Store) Drill(ctx context.Context, name string) (audit.Drill, error) {
	drills, err := collect(ctx, s.pool, scanDrill, `select `+drillColumns+` from parallax.drill where name = $1`, safe(name))
	if err == nil && len(drills) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return audit.Drill{}, fmt.Errorf("read drill %q: %w", safe(name), err)
	}
	return drills[0], nil
}

func scanDrill(row pgx.CollectableRow) (audit.Drill, error) {
	var d audit.Drill
	var stopped *time.Time
	var expected, score []byte
	if err := row.Scan(&d.Name, &d.Cluster, &d.Started, &stopped, &d.Note, &expected, &d.Late, &score); err != nil {
		return d, err
	}
	utc(&d.Started)
	d.Stopped = instant(stopped)
	if score != nil {
		d.Score = &audit.DrillScore{}
		if err := json.Unmarshal(score, d.Score); err != nil {
			return d, err
		}
	}
	return d, json.Unmarshal(expected, &d.Expected)
}

// StartDrill records a drill and what it declares, and returns it as it is kept: keys cleaned, and Late set where a run has
// already looked at what follows the start. Starting the same drill again changes nothing. ErrDeclared says that the name is
// taken by another declaration, ErrUnderWay that another drill has not been stopped.
func (s *Store) StartDrill(ctx context.Context, d audit.Drill) (audit.Drill, error) {
	d = cleanDrill(d)
	kept := d
	err := s.pool.transact(ctx, readCommitted, func(tx pgx.Tx) (err error) {
		if err := lockCommits(ctx, tx); err != nil {
			return err
		}
		kept, err = startDrill(ctx, tx, d)
		return err
	})
	if err != nil {
		return audit.Drill{}, fmt.Errorf("start drill %q: %w", d.Name, err)
	}
	return kept, nil
}

func startDrill(ctx context.Context, tx pgx.Tx, d audit.Drill) (audit.Drill, error) {
	rows, err := tx.Query(ctx, `select `+drillColumns+` from parallax.drill where name = $1 or stopped_at is null
		order by name <> $1`, d.Name)
	if err != nil {
		return d, err
	}
	there, err := pgx.CollectRows(rows, scanDrill)
	switch {
	case err != nil:
		return d, err
	case len(there) > 0 && there[0].Name == d.Name:
		if !sameDeclaration(there[0], d) {
			return d, fmt.Errorf("%w: it was started at %s", ErrDeclared, there[0].Started.Format(time.RFC3339))
		}
		return there[0], nil
	case len(there) > 0:
		return d, fmt.Errorf("drill %q is %w since %s", there[0].Name, ErrUnderWay, there[0].Started.Format(time.RFC3339))
	}
	expected, err := jsonOf(d.Expected)
	if err != nil {
		return d, err
	}
	err = tx.QueryRow(ctx, `insert into parallax.drill (name, cluster, started_at, note, expected, late)
		values ($1, $2, $3, $4, $5, exists (select from parallax.run where window_to > $3)) returning late`,
		d.Name, d.Cluster, d.Started, d.Note, expected).Scan(&d.Late)
	return d, err
}

// cleanDrill makes a drill fit for the store, in the order in which its declaration is compared.
func cleanDrill(d audit.Drill) audit.Drill {
	d.Name, d.Cluster, d.Note, d.Started = safe(d.Name), safe(d.Cluster), safe(d.Note), micro(d.Started)
	d.Stopped, d.Score, d.Late = time.Time{}, nil, false
	d.Expected = mapped(d.Expected, func(e audit.Expectation) audit.Expectation {
		e.Key = safe(e.Key)
		return e
	})
	slices.SortFunc(d.Expected, func(a, b audit.Expectation) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Count, b.Count))
	})
	return d
}

func sameDeclaration(a, b audit.Drill) bool {
	return a.Cluster == b.Cluster && a.Note == b.Note && a.Started.Equal(b.Started) && slices.Equal(a.Expected, b.Expected)
}

// StopDrill records the end of a drill and returns it. ErrNotFound says that there is none of that name, ErrDeclared that it
// was stopped before, at another moment.
func (s *Store) StopDrill(ctx context.Context, name string, at time.Time) (audit.Drill, error) {
	return s.changeDrill(ctx, "stop", name, func(ctx context.Context, tx pgx.Tx, d *audit.Drill) error {
		at = micro(at)
		switch {
		case at.Before(d.Started):
			return fmt.Errorf("%s lies before its start at %s", at.Format(time.RFC3339), d.Started.Format(time.RFC3339))
		case !d.Stopped.IsZero() && !d.Stopped.Equal(at):
			return fmt.Errorf("%w: it was stopped at %s", ErrDeclared, d.Stopped.Format(time.RFC3339))
		}
		d.Stopped = at
		_, err := tx.Exec(ctx, `update parallax.drill set stopped_at = $2 where name = $1`, d.Name, at)
		return err
	})
}

// ScoreDrill keeps what was found of a drill, and returns the drill. A score of a later moment replaces an earlier one; an
// earlier one is not kept. ErrUnderWay says that the drill has not been stopped.
func (s *Store) ScoreDrill(ctx context.Context, name string, score audit.DrillScore) (audit.Drill, error) {
	return s.changeDrill(ctx, "score", name, func(ctx context.Context, tx pgx.Tx, d *audit.Drill) error {
		if d.Stopped.IsZero() {
			return fmt.Errorf("it is %w since %s", ErrUnderWay, d.Started.Format(time.RFC3339))
		}
		score.AsOf = micro(score.AsOf)
		if d.Score != nil && d.Score.AsOf.After(score.AsOf) {
			return nil
		}
		body, err := jsonOf(score)
		if err != nil {
			return err
		}
		d.Score = &score
		_, err = tx.Exec(ctx, `update parallax.drill set score = $2 where name = $1`, d.Name, body)
		return err
	})
}

// changeDrill lets one change of a drill follow another.
func (s *Store) changeDrill(
	ctx context.Context, verb, name string, change func(context.Context, pgx.Tx, *audit.Drill) error,
) (audit.Drill, error) {
	var d audit.Drill
	err := s.pool.transact(ctx, readCommitted, func(tx pgx.Tx) error {
		if err := lockCommits(ctx, tx); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `select `+drillColumns+` from parallax.drill where name = $1`, safe(name))
		if err != nil {
			return err
		}
		d, err = pgx.CollectExactlyOneRow(rows, scanDrill)
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrNotFound
		}
		if err != nil {
			return err
		}
		return change(ctx, tx, &d)
	})
	if err != nil {
		return audit.Drill{}, fmt.Errorf("%s drill %q: %w", verb, safe(name), err)
	}
	return d, nil
}
