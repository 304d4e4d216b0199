package aurora

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

// retry runs one short READ ONLY transaction, again after a pause where the cause passes, and then leaves the database alone
// for as long as Pace asks.
func (s Source) retry(ctx context.Context, do func(context.Context, pgx.Tx) error) error {
	pause := s.Settings.Backoff
	for attempt := 0; ; attempt++ {
		start := time.Now()
		err := s.transact(ctx, do)
		s.rest(ctx, time.Since(start))
		if err == nil || ctx.Err() != nil || attempt >= s.Settings.Retries || !passing(err) {
			return err
		}
		if !wait(ctx, pause) {
			return errors.Join(ctx.Err(), err)
		}
		pause *= 2
	}
}

// rest waits after statements that took so long. A Source without defaults has no pace.
func (s Source) rest(ctx context.Context, took time.Duration) {
	if s.Settings.Pace > 0 && s.Settings.Pace < 100 {
		wait(ctx, took*time.Duration(100-s.Settings.Pace)/time.Duration(s.Settings.Pace))
	}
}

// wait reports false if ctx ended first.
func wait(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

func (s Source) transact(ctx context.Context, do func(context.Context, pgx.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, s.Settings.StatementTimeout+s.Settings.AnswerGrace)
	defer cancel()
	tx, err := s.DB.BeginTx(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly})
	if err != nil {
		return err
	}
	defer s.count(tx)()
	defer func() { _ = tx.Rollback(ctx) }() // nothing was written; after a commit it does nothing
	if err := s.limit(ctx, tx); err != nil {
		return err
	}
	if err := do(ctx, tx); err != nil {
		return err
	}
	return tx.Commit(ctx)
}
