package store

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"parallax/internal/audit"
)

// Why a finding stays that a complete run did not see.
const (
	keptNote = "not cleared: the configuration has changed since it was seen"
	heldNote = "not cleared: the run could not judge it anew"
)

// unseen is a living finding that a run would have seen again and did not.
type unseen struct {
	Fingerprint audit.Fingerprint
	Status      audit.Status
	SameBasis   bool // the run looked as the last one did that saw it
	Noted       bool // the history says already, since it was last seen, that it was kept
	Held        bool // the run says that it could not judge it anew
}

// settleUnseen closes the findings that a complete run would have seen again and did not. A run that looked by other rules
// or with other witnesses may only have been blind to them: those stay as they are, and so does what it says it could not judge. Their history says so once.
func settleUnseen(ctx context.Context, tx pgx.Tx, o audit.Outcome) ([]event, error) {
	all, err := unseenBy(ctx, tx, o)
	if err != nil {
		return nil, err
	}
	var events []event
	gone := []string{}
	for _, u := range all {
		e := event{Fingerprint: u.Fingerprint, Run: &o.RunID, At: o.AsOf, From: u.Status}
		switch {
		case u.SameBasis && !u.Held:
			gone = append(gone, string(u.Fingerprint))
			e.Action, e.To = cleared, audit.Cleared
		case !u.Noted:
			e.Action, e.To, e.Note = kept, u.Status, keptNote
			if u.Held {
				e.Note = heldNote
			}
		default:
			continue
		}
		events = append(events, e)
	}
	if len(gone) == 0 {
		return events, nil
	}
	_, err = tx.Exec(ctx, `update parallax.finding set status = 'cleared', status_by = null, cleared_by = $2, cleared_at = $3
		where fingerprint = any($1)`, gone, o.RunID, o.AsOf)
	return events, err
}

// unseenBy lists the living findings of the run's job, of a scope it read, due wholly inside its window or judged again by
// name, and not seen by a run that speaks for a later moment. An inconclusive run says nothing by its silence.
func unseenBy(ctx context.Context, tx pgx.Tx, o audit.Outcome) ([]unseen, error) {
	if o.Verdict() == audit.RunInconclusive {
		return nil, nil
	}
	rows, err := tx.Query(ctx, `select fingerprint, status, basis = $7, exists (select from parallax.finding_event e
			where e.fingerprint = f.fingerprint and e.action = 'kept' and e.at >= f.last_seen),
			fingerprint = any($9)
		from parallax.finding f
		where job = $1 and scope = any($2) and last_seen <= $5 and last_run <> $6
		and (coalesce(shown, window_from) >= $3 and coalesce(shown + interval '1 microsecond', window_to) <= $4 or fingerprint = any($8))
		and status in ('expected', 'overdue', 'open', 'acknowledged') order by kind, scope, key, fingerprint`,
		o.Job, scopes(o), o.Window.From.UTC(), o.Window.To.UTC(), o.AsOf, o.RunID, o.Basis,
		printsOf(o.Rejudged), printsOf(o.Held))
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[unseen])
	if err != nil {
		return nil, err
	}
	// A finding this run reported late has another last_run and is not gone.
	reported := make(map[audit.Fingerprint]bool, len(o.Findings))
	for _, f := range o.Findings {
		reported[f.Fingerprint] = true
	}
	return slices.DeleteFunc(all, func(u unseen) bool { return reported[u.Fingerprint] }), nil
}

func printsOf(all []audit.Fingerprint) []string {
	return mapped(all, func(f audit.Fingerprint) string { return string(f) })
}
