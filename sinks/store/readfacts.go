package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"parallax/internal/audit"
)

// Segments returns the archive's segments of a table whose records touch the window, by region, shard and sequence number.
func (s *Store) Segments(ctx context.Context, table string, w audit.Window) ([]audit.Segment, error) {
	// Sequence numbers are decimal without leading zeros: the longer is the greater.
	segments, err := collect(ctx, s.pool, scanSegment, `select name, table_name, region, shard, first_seq, last_seq, records,
			window_from, window_to, sha256
		from parallax.archive_segment where table_name = $1 and window_from < $3 and window_to > $2
		order by region, shard, length(first_seq), first_seq, name`, text(table), w.From.UTC(), w.To.UTC())
	if err != nil {
		return nil, fmt.Errorf("read segments of %q: %w", table, err)
	}
	return segments, nil
}

func scanSegment(row pgx.CollectableRow) (audit.Segment, error) {
	var s audit.Segment
	err := row.Scan(&s.Name, &s.Table, &s.Region, &s.Shard, &s.First, &s.Last, &s.Records, &s.Window.From, &s.Window.To, &s.SHA256)
	utc(&s.Window.From, &s.Window.To)
	return s, err
}

// Files returns the settlement files a feed has brought, oldest first.
func (s *Store) Files(ctx context.Context, feed string) ([]audit.SettlementFile, error) {
	files, err := collect(ctx, s.pool, scanFile, `select feed, name, sha256, file_id, business_date, records, rejected, status, reason,
			totals, seen_at
		from parallax.settlement_file where feed = $1 order by seen_at nulls first, business_date, name, sha256`, safe(feed))
	if err != nil {
		return nil, fmt.Errorf("read files of %q: %w", feed, err)
	}
	return files, nil
}

func scanFile(row pgx.CollectableRow) (audit.SettlementFile, error) {
	var f audit.SettlementFile
	var totals []byte
	var seen *time.Time
	err := row.Scan(&f.Feed, &f.Name, &f.SHA256, &f.FileID, &f.BusinessDate, &f.Records, &f.Rejected, &f.Status, &f.Reason,
		&totals, &seen)
	if err != nil {
		return f, err
	}
	f.SeenAt = instant(seen)
	return f, json.Unmarshal(totals, &f.Totals)
}

// Matches returns the pairings of a scope, those of one file if file is not empty, in the order of their lines: for each line
// what the newest run has paired it with.
func (s *Store) Matches(ctx context.Context, scope, file string) ([]audit.Match, error) {
	matches, err := collect(ctx, s.pool, func(row pgx.CollectableRow) (m audit.Match, err error) {
		err = row.Scan(&m.Scope, &m.PaymentID, &m.Reference, &m.File, &m.Line, &m.Rule, &m.Amount.Minor, &m.Amount.Currency)
		return m, err
	}, `select scope, payment_id, reference, file, line, rule, amount_minor, currency
		from (select *, max(as_of) over (partition by scope, file, line) as newest
			from parallax.match where scope = $1 and ($2 = '' or file = $2)) m
		where as_of = newest order by file, line, payment_id`, safe(scope), safe(file))
	if err != nil {
		return nil, fmt.Errorf("read matches of %q: %w", scope, err)
	}
	return matches, nil
}

// LagSamples returns the measurements of a layer ("" for all) taken inside a window, by layer, scope, regions and time.
func (s *Store) LagSamples(ctx context.Context, layer string, w audit.Window) ([]audit.LagSample, error) {
	samples, err := collect(ctx, s.pool, func(row pgx.CollectableRow) (m audit.LagSample, err error) {
		err = row.Scan(&m.Layer, &m.Scope, &m.From, &m.To, &m.At, &m.Lag, &m.Error, &m.Method)
		utc(&m.At)
		return m, err
	}, `select layer, scope, from_region, to_region, at, lag_ns, error_ns, method
		from parallax.lag_sample where ($1 = '' or layer = $1) and at >= $2 and at < $3
		order by layer, scope, from_region, to_region, at`, safe(layer), w.From.UTC(), w.To.UTC())
	if err != nil {
		return nil, fmt.Errorf("read lag samples: %w", err)
	}
	return samples, nil
}
