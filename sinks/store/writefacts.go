package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"parallax/internal/audit"
)

func writeCoverage(ctx context.Context, tx pgx.Tx, o audit.Outcome) error {
	rows := make([][]any, 0, len(o.Coverage))
	for i, c := range o.Coverage {
		extents, err := jsonOf(c.Extents)
		if err != nil {
			return err
		}
		excluded, err := jsonOf(c.Excluded)
		if err != nil {
			return err
		}
		gaps, err := jsonOf(c.Gaps)
		if err != nil {
			return err
		}
		rows = append(rows, []any{
			o.RunID, int32(i + 1), c.Source, c.Scope, string(c.Region), c.Window.From.UTC(), c.Window.To.UTC(),
			c.Records, c.Matched, c.Complete(), moment(c.Watermark), extents, excluded, gaps,
		})
	}
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"parallax", "coverage"}, []string{
		"run_id", "line", "source", "scope", "region", "window_from", "window_to",
		"records", "matched", "complete", "watermark", "extents", "excluded", "gaps",
	}, pgx.CopyFromRows(rows))
	return err
}

func writeSegments(ctx context.Context, tx pgx.Tx, o audit.Outcome) error {
	var rows [][]any
	for _, s := range last(o.Segments, func(s audit.Segment) string { return s.Name }) {
		rows = append(rows, []any{
			s.Name, s.Table, string(s.Region), s.Shard, s.First, s.Last, s.Records,
			s.Window.From.UTC(), s.Window.To.UTC(), s.SHA256, o.RunID,
		})
	}
	return upsert(ctx, tx, staged{
		table: "archive_segment",
		columns: []string{
			"name", "table_name", "region", "shard", "first_seq", "last_seq", "records", "window_from", "window_to", "sha256", "run_id",
		},
		// Written anew, a segment may differ in its bytes though not in its name: the newest file is the one on disk.
		conflict: `(name) do update set records = excluded.records, window_from = excluded.window_from,
			window_to = excluded.window_to, sha256 = excluded.sha256, run_id = excluded.run_id`,
		rows: rows,
	})
}

func writeFiles(ctx context.Context, tx pgx.Tx, o audit.Outcome) error {
	type key struct{ feed, name, sum string }
	var rows [][]any
	for _, f := range last(o.Files, func(f audit.SettlementFile) key { return key{safe(f.Feed), safe(f.Name), f.SHA256} }) {
		totals, err := jsonOf(cleanMap(f.Totals))
		if err != nil {
			return err
		}
		rows = append(rows, []any{
			safe(f.Feed), safe(f.Name), f.SHA256, safe(f.FileID), f.BusinessDate, f.Records, f.Rejected, f.Status, safe(f.Reason),
			totals, moment(f.SeenAt), o.AsOf, o.RunID,
		})
	}
	return upsert(ctx, tx, staged{
		table: "settlement_file",
		columns: []string{
			"feed", "name", "sha256", "file_id", "business_date", "records", "rejected", "status", "reason",
			"totals", "seen_at", "as_of", "run_id",
		},
		conflict: `(feed, name, sha256) do update set file_id = excluded.file_id, business_date = excluded.business_date,
			records = excluded.records, rejected = excluded.rejected, status = excluded.status, reason = excluded.reason,
			totals = excluded.totals, seen_at = coalesce(t.seen_at, excluded.seen_at), as_of = excluded.as_of,
			run_id = excluded.run_id where t.as_of <= excluded.as_of`,
		rows: rows,
	})
}

func writeMatches(ctx context.Context, tx pgx.Tx, o audit.Outcome) error {
	type key struct {
		scope, file, payment string
		line                 int64
	}
	var rows [][]any
	for _, m := range last(o.Matches, func(m audit.Match) key { return key{safe(m.Scope), safe(m.File), safe(m.PaymentID), m.Line} }) {
		rows = append(rows, []any{
			safe(m.Scope), safe(m.File), m.Line, safe(m.PaymentID), safe(m.Reference), safe(m.Rule),
			m.Amount.Minor, safe(m.Amount.Currency), o.AsOf, o.RunID,
		})
	}
	return upsert(ctx, tx, staged{
		table: "match",
		columns: []string{
			"scope", "file", "line", "payment_id", "reference", "rule", "amount_minor", "currency", "as_of", "run_id",
		},
		// A line may settle several payments. What an older run paired it with stays, and is not read any more.
		conflict: `(scope, file, line, payment_id) do update set reference = excluded.reference,
			rule = excluded.rule, amount_minor = excluded.amount_minor, currency = excluded.currency, as_of = excluded.as_of,
			run_id = excluded.run_id where t.as_of <= excluded.as_of`,
		rows: rows,
	})
}

func writeSamples(ctx context.Context, tx pgx.Tx, o audit.Outcome) error {
	type key struct {
		layer, scope string
		from, to     audit.Region
		at           time.Time
	}
	var rows [][]any
	for _, s := range last(o.Samples, func(s audit.LagSample) key { return key{safe(s.Layer), safe(s.Scope), s.From, s.To, micro(s.At)} }) {
		rows = append(rows, []any{
			safe(s.Layer), safe(s.Scope), string(s.From), string(s.To), micro(s.At), int64(s.Lag), int64(s.Error), safe(s.Method), o.RunID,
		})
	}
	return upsert(ctx, tx, staged{
		table:   "lag_sample",
		columns: []string{"layer", "scope", "from_region", "to_region", "at", "lag_ns", "error_ns", "method", "run_id"},
		// One moment is measured once; a run that reads the same record again finds the same.
		conflict: `(layer, scope, from_region, to_region, at) do nothing`,
		rows:     rows,
	})
}
