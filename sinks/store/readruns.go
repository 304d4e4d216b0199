package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"parallax/internal/audit"
)

const runColumns = `run_id, job, window_from, window_to, as_of, verdict, cardinality(fingerprints)`

// Run returns one run with its certificate. ErrNotFound says that it was never committed.
func (s *Store) Run(ctx context.Context, id string) (audit.RunRecord, error) {
	runs, err := s.runs(ctx, `select `+runColumns+` from parallax.run where run_id = $1`, text(id))
	if err == nil && len(runs) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return audit.RunRecord{}, fmt.Errorf("read run %q: %w", id, err)
	}
	return runs[0], nil
}

// LastRuns returns the newest run of each job, by its as-of time, with its certificate; the jobs in alphabetical order.
func (s *Store) LastRuns(ctx context.Context) ([]audit.RunRecord, error) {
	runs, err := s.runs(ctx, `select distinct on (job) `+runColumns+` from parallax.run order by job, as_of desc, seq desc`)
	if err != nil {
		return nil, fmt.Errorf("read last runs: %w", err)
	}
	return runs, nil
}

// runs reads runs and then their lines of coverage, which are written with them and never change.
func (s *Store) runs(ctx context.Context, sql string, args ...any) ([]audit.RunRecord, error) {
	runs, err := collect(ctx, s.pool, scanRun, sql, args...)
	if err != nil {
		return nil, err
	}
	at := make(map[string]int, len(runs))
	ids := make([]string, 0, len(runs))
	for i, r := range runs {
		at[r.RunID] = i
		ids = append(ids, r.RunID)
	}
	lines, err := collect(ctx, s.pool, scanLine, `select run_id, `+coverageColumns+` from parallax.coverage
		where run_id = any($1) order by run_id, line`, ids)
	if err != nil {
		return nil, err
	}
	for _, l := range lines {
		runs[at[l.run]].Coverage = append(runs[at[l.run]].Coverage, l.coverage)
	}
	return runs, nil
}

func scanRun(row pgx.CollectableRow) (audit.RunRecord, error) {
	r := audit.RunRecord{Coverage: []audit.Coverage{}}
	err := row.Scan(&r.RunID, &r.Job, &r.Window.From, &r.Window.To, &r.AsOf, &r.Verdict, &r.Findings)
	utc(&r.Window.From, &r.Window.To, &r.AsOf)
	return r, err
}

const coverageColumns = `source, scope, region, window_from, window_to, records, matched, watermark, extents, excluded, gaps`

type line struct {
	run      string
	coverage audit.Coverage
}

func scanLine(row pgx.CollectableRow) (line, error) {
	var l line
	c := &l.coverage
	var watermark *time.Time
	var extents, excluded, gaps []byte
	err := row.Scan(&l.run, &c.Source, &c.Scope, &c.Region, &c.Window.From, &c.Window.To, &c.Records, &c.Matched,
		&watermark, &extents, &excluded, &gaps)
	if err != nil {
		return l, err
	}
	utc(&c.Window.From, &c.Window.To)
	c.Watermark = instant(watermark)
	return l, errors.Join(
		json.Unmarshal(extents, &c.Extents), json.Unmarshal(excluded, &c.Excluded), json.Unmarshal(gaps, &c.Gaps))
}

// instant is the zero time for null.
func instant(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

// Coverage returns every line of coverage that runs of a job have written for a scope, oldest run first by its as-of time.
func (s *Store) Coverage(ctx context.Context, job, scope string) ([]audit.Coverage, error) {
	lines, err := collect(ctx, s.pool, scanLine, `select run_id, `+coverageColumns+` from (
			select r.as_of, r.seq, c.* from parallax.coverage c join parallax.run r using (run_id) where r.job = $1 and c.scope = $2
		) of_job order by as_of, seq, line`, text(job), safe(scope))
	if err != nil {
		return nil, fmt.Errorf("read coverage of %s %q: %w", job, scope, err)
	}
	return mapped(lines, func(l line) audit.Coverage { return l.coverage }), nil
}

// RunsOver returns every run whose window touches w, with its certificate, in the order of the moments they speak for.
func (s *Store) RunsOver(ctx context.Context, w audit.Window) ([]audit.RunRecord, error) {
	runs, err := s.runs(ctx, `select `+runColumns+` from parallax.run where window_from < $2 and window_to > $1
		order by as_of, seq`, w.From.UTC(), w.To.UTC())
	if err != nil {
		return nil, fmt.Errorf("read runs over %s: %w", w, err)
	}
	return runs, nil
}

// FirstRun returns the moment that the first run of a job to be committed speaks for; the zero time if it never ran.
func (s *Store) FirstRun(ctx context.Context, job string) (time.Time, error) {
	first, err := collect(ctx, s.pool, pgx.RowTo[time.Time], `select as_of from parallax.run where job = $1 order by seq limit 1`, text(job))
	if err != nil {
		return time.Time{}, fmt.Errorf("read first run of %s: %w", job, err)
	}
	if len(first) == 0 {
		return time.Time{}, nil
	}
	return first[0].UTC(), nil
}
