package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"parallax/internal/audit"
)

// Decision is what a person says of a finding.
type Decision struct {
	Status audit.Status // open, acknowledged, resolved or suppressed
	Actor  string
	Note   string
	At     time.Time
}

// SetStatus records a person's decision. Later runs keep it: an acknowledged, resolved or suppressed finding stays so when it
// is seen again; an open one is the auditors' again. ErrNotFound says that there is no finding of that whole fingerprint.
func (s *Store) SetStatus(ctx context.Context, fingerprint audit.Fingerprint, d Decision) error {
	if err := d.check(); err != nil {
		return fmt.Errorf("set status of finding %s: %w", fingerprint, err)
	}
	err := s.pool.transact(ctx, readCommitted, func(tx pgx.Tx) error {
		if err := lockCommits(ctx, tx); err != nil {
			return err
		}
		var was audit.Status
		err := tx.QueryRow(ctx, `select status from parallax.finding where fingerprint = $1`, string(fingerprint)).Scan(&was)
		if errors.Is(err, pgx.ErrNoRows) {
			return ErrNotFound
		}
		if err != nil {
			return err
		}
		if was == audit.Cleared {
			return errors.New("it is cleared; it opens again when a run sees it again")
		}
		by := &d.Actor
		if d.Status == audit.Open {
			by = nil
		}
		if _, err := tx.Exec(ctx, `update parallax.finding set status = $2, status_by = $3 where fingerprint = $1`,
			string(fingerprint), string(d.Status), by); err != nil {
			return err
		}
		return appendEvents(ctx, tx, []event{{
			Fingerprint: fingerprint, At: micro(d.At), Actor: d.Actor, Action: statusSet, From: was, To: d.Status, Note: safe(d.Note),
		}})
	})
	if err != nil {
		return fmt.Errorf("set status of finding %s: %w", fingerprint, err)
	}
	return nil
}

func (d *Decision) check() error {
	d.Actor = safe(d.Actor)
	switch {
	case !slices.Contains([]audit.Status{audit.Open, audit.Acknowledged, audit.Resolved, audit.Suppressed}, d.Status):
		return fmt.Errorf("status %q is not a person's to set", d.Status)
	case d.Actor == "":
		return errors.New("nobody is named as the one who decides")
	case d.At.IsZero():
		return errors.New("no time")
	}
	return nil
}
