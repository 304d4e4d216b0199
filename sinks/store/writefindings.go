package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"parallax/internal/audit"
)

// writeFindings brings the findings to what the run says of them: reported ones, then those it no longer sees.
func writeFindings(ctx context.Context, tx pgx.Tx, o audit.Outcome) error {
	have, err := knownOf(ctx, tx, o)
	if err != nil {
		return err
	}
	var rows, alerts [][]any
	var events []event
	late := []string{}
	for _, f := range o.Findings {
		c := decide(o, f, have[f.Fingerprint])
		if c.late {
			late = append(late, string(f.Fingerprint))
			continue
		}
		row, err := findingRow(o, c.finding)
		if err != nil {
			return err
		}
		rows = append(rows, row)
		if c.event != nil {
			events = append(events, *c.event)
		}
		if c.alert {
			alerts = append(alerts, []any{string(f.Fingerprint), o.RunID, c.event.Action, o.AsOf})
		}
	}
	if err := upsert(ctx, tx, staged{table: "finding", columns: findingColumns, conflict: findingConflict, rows: rows}); err != nil {
		return err
	}
	if err := countLate(ctx, tx, o, late); err != nil {
		return err
	}
	gone, err := settleUnseen(ctx, tx, o)
	if err != nil {
		return err
	}
	if err := appendEvents(ctx, tx, append(events, gone...)); err != nil {
		return err
	}
	_, err = tx.CopyFrom(ctx, pgx.Identifier{"parallax", "alert_outbox"},
		[]string{"fingerprint", "run_id", "cause", "as_of"}, pgx.CopyFromRows(alerts))
	return err
}

func knownOf(ctx context.Context, tx pgx.Tx, o audit.Outcome) (map[audit.Fingerprint]*known, error) {
	prints := mapped(o.Findings, func(f audit.Finding) string { return string(f.Fingerprint) })
	rows, err := tx.Query(ctx, `select fingerprint, status, status_by, severity, verdict, last_seen, cleared_at
		from parallax.finding where fingerprint = any($1)`, prints)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByPos[known])
	if err != nil {
		return nil, err
	}
	have := make(map[audit.Fingerprint]*known, len(all))
	for _, k := range all {
		have[k.Fingerprint] = k
	}
	return have, nil
}

var findingColumns = []string{
	"fingerprint", "kind", "job", "severity", "verdict", "status", "scope", "key", "region", "amount_minor", "currency", "amounts",
	"window_from", "window_to", "shown", "reason", "rule", "evidence", "first_seen", "last_seen", "runs", "first_run", "last_run",
	"basis",
}

// findingConflict leaves first_seen, first_run and job as they were. A status that is no longer the old one was set by this
// run; status_by stays with an unchanged one.
const findingConflict = `(fingerprint) do update set severity = excluded.severity, verdict = excluded.verdict,
	status = excluded.status, status_by = case when t.status = excluded.status then t.status_by end,
	scope = excluded.scope, key = excluded.key, region = excluded.region,
	amount_minor = excluded.amount_minor, currency = excluded.currency, amounts = excluded.amounts,
	window_from = excluded.window_from, window_to = excluded.window_to, shown = excluded.shown, reason = excluded.reason, rule = excluded.rule,
	evidence = excluded.evidence, last_seen = excluded.last_seen, runs = t.runs + 1, last_run = excluded.last_run,
	basis = excluded.basis,
	cleared_by = null, cleared_at = null`

func findingRow(o audit.Outcome, f audit.Finding) ([]any, error) {
	amounts, err := jsonOf(f.Amounts)
	if err != nil {
		return nil, err
	}
	evidence, err := jsonOf(f.Evidence)
	if err != nil {
		return nil, err
	}
	var minor *int64
	var currency *string
	if len(f.Amounts) > 0 {
		minor, currency = &f.Amounts[0].Minor, &f.Amounts[0].Currency
	}
	return []any{
		string(f.Fingerprint), string(f.Kind), o.Job, string(f.Severity), string(f.Verdict), string(f.Status), f.Scope, f.Key,
		string(f.Region), minor, currency, amounts, f.Window.From.UTC(), f.Window.To.UTC(), moment(f.Shown), f.Reason, f.Rule, evidence,
		o.AsOf, o.AsOf, int64(1), o.RunID, o.RunID, o.Basis,
	}, nil
}

// countLate counts a run that speaks for an earlier moment than the store already knows.
func countLate(ctx context.Context, tx pgx.Tx, o audit.Outcome, late []string) error {
	if len(late) == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, `update parallax.finding set runs = runs + 1, last_seen = greatest(last_seen, $2)
		where fingerprint = any($1)`, late, o.AsOf)
	return err
}
