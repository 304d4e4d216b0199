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

const caseColumns = `cluster, to_region, at, window_from, window_to, state, next_due, questions, runs, evidence, opened_at, closed_at, as_of`

// Cases returns every case, oldest failover first.
func (s *Store) Cases(ctx context.Context) ([]audit.Case, error) {
	cases, err := collect(ctx, s.pool, scanCase, `select `+caseColumns+` from parallax.failover_case order by at, cluster, to_region`)
	if err != nil {
		return nil, fmt.Errorf("read cases: %w", err)
	}
	return cases, nil
}

func scanCase(row pgx.CollectableRow) (audit.Case, error) {
	var c audit.Case
	var due, closed *time.Time
	var questions, runs []byte
	err := row.Scan(&c.Cluster, &c.To, &c.At, &c.Window.From, &c.Window.To, &c.State, &due, &questions, &runs, &c.Evidence, &c.OpenedAt, &closed, &c.AsOf)
	if err != nil {
		return c, err
	}
	utc(&c.At, &c.Window.From, &c.Window.To, &c.OpenedAt, &c.AsOf)
	c.NextDue, c.ClosedAt = instant(due), instant(closed)
	return c, errors.Join(json.Unmarshal(questions, &c.Questions), json.Unmarshal(runs, &c.Runs))
}

// OpenCase enters a case unless one of the same failover is there; opened is false then, and nothing changes.
func (s *Store) OpenCase(ctx context.Context, c audit.Case) (opened bool, err error) {
	return s.changeCase(ctx, c, `insert into parallax.failover_case (`+caseColumns+`)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) on conflict (cluster, to_region, at) do nothing`)
}

// SaveCase writes a case over the one that the caller has read as of read. saved is false, and nothing changes, if another has
// written it since: read it again.
func (s *Store) SaveCase(ctx context.Context, c audit.Case, read time.Time) (saved bool, err error) {
	return s.changeCase(ctx, c, `update parallax.failover_case set window_from = $4, window_to = $5, state = $6, next_due = $7,
		questions = $8, runs = $9, evidence = $10, opened_at = $11, closed_at = $12, as_of = $13
		where cluster = $1 and to_region = $2 and at = $3 and as_of = $14`, micro(read))
}

func (s *Store) changeCase(ctx context.Context, c audit.Case, sql string, more ...any) (changed bool, err error) {
	questions, err := jsonOf(mapped(c.Questions, func(q audit.Question) audit.Question {
		return audit.Question{About: safe(q.About), Text: safe(q.Text), Remedy: safe(q.Remedy)}
	}))
	if err != nil {
		return false, fmt.Errorf("write case of %s: %w", micro(c.At).Format(time.RFC3339), err)
	}
	runs, err := jsonOf(mapped(c.Runs, func(r audit.CaseRun) audit.CaseRun { return r }))
	if err != nil {
		return false, fmt.Errorf("write case of %s: %w", micro(c.At).Format(time.RFC3339), err)
	}
	args := append([]any{
		safe(c.Cluster), string(c.To), micro(c.At), micro(c.Window.From), micro(c.Window.To), string(c.State), moment(c.NextDue),
		questions, runs, mapped(c.Evidence, safe), micro(c.OpenedAt), moment(c.ClosedAt), micro(c.AsOf),
	}, more...)
	err = s.pool.transact(ctx, readCommitted, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, sql, args...)
		changed = err == nil && tag.RowsAffected() == 1
		return err
	})
	if err != nil {
		return false, fmt.Errorf("write case of %s: %w", micro(c.At).Format(time.RFC3339), err)
	}
	return changed, nil
}
