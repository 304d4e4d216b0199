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

func writeFailovers(ctx context.Context, tx pgx.Tx, o audit.Outcome) error {
	type key struct {
		cluster string
		to      audit.Region
		at      time.Time
	}
	var rows [][]any
	for _, f := range last(o.Failovers, func(f audit.Failover) key { return key{safe(f.Cluster), f.To, micro(f.At)} }) {
		measures, marks, unmeasured, err := figuresOf(f)
		if err != nil {
			return err
		}
		rows = append(rows, []any{
			safe(f.Cluster), string(f.To), micro(f.At), safe(f.Key), string(f.From), f.Planned, seenAs(f.Seen), moment(f.Promoted),
			int64(f.PromotedError), safe(f.Snapshot), moment(f.SnapshotExpires), measures, marks, unmeasured, o.AsOf, o.RunID,
		})
	}
	return upsert(ctx, tx, staged{
		table: "failover",
		columns: []string{
			"cluster", "to_region", "at", "name", "from_region", "planned", "seen", "promoted",
			"promoted_error_ns", "snapshot", "snapshot_expires", "measures", "marks", "unmeasured", "as_of", "run_id",
		},
		// RDS forgets its events: what an earlier run knew of the promotion and the snapshot stays known.
		conflict: `(cluster, to_region, at) do update set name = coalesce(nullif(t.name, ''), excluded.name),
			from_region = coalesce(nullif(excluded.from_region, ''), t.from_region), planned = excluded.planned, seen = excluded.seen,
			promoted = coalesce(excluded.promoted, t.promoted), promoted_error_ns = excluded.promoted_error_ns,
			snapshot = coalesce(nullif(excluded.snapshot, ''), t.snapshot),
			snapshot_expires = coalesce(excluded.snapshot_expires, t.snapshot_expires), measures = excluded.measures,
			marks = excluded.marks, unmeasured = excluded.unmeasured, as_of = excluded.as_of, run_id = excluded.run_id
			where t.as_of <= excluded.as_of`,
		rows: rows,
	})
}

// figuresOf are what was measured of a failover, as JSON arrays.
func figuresOf(f audit.Failover) (measures, marks, unmeasured json.RawMessage, err error) {
	measures, err = jsonOf(mapped(f.Measures, func(m audit.Measure) audit.Measure {
		m.Layer, m.Figure, m.Basis = safe(m.Layer), safe(m.Figure), safe(m.Basis)
		return m
	}))
	if err != nil {
		return nil, nil, nil, err
	}
	marks, err = jsonOf(mapped(f.Marks, func(m audit.Mark) audit.Mark {
		m.Layer, m.Name, m.Basis = safe(m.Layer), safe(m.Name), safe(m.Basis)
		return m
	}))
	if err != nil {
		return nil, nil, nil, err
	}
	unmeasured, err = jsonOf(mapped(f.Unmeasured, safe))
	return measures, marks, unmeasured, err
}

func seenAs(s audit.Seen) string {
	if s == "" {
		return string(audit.SeenInEvents)
	}
	return string(s)
}

// Failovers returns every failover known, oldest first.
func (s *Store) Failovers(ctx context.Context) ([]audit.Failover, error) {
	failovers, err := collect(ctx, s.pool, scanFailover, `select cluster, name, from_region, to_region, planned, seen, at, promoted,
			promoted_error_ns, snapshot, snapshot_expires, measures, marks, unmeasured
		from parallax.failover order by at, cluster, to_region`)
	if err != nil {
		return nil, fmt.Errorf("read failovers: %w", err)
	}
	return failovers, nil
}

func scanFailover(row pgx.CollectableRow) (audit.Failover, error) {
	var f audit.Failover
	var promoted, expires *time.Time
	var measures, marks, unmeasured []byte
	err := row.Scan(&f.Cluster, &f.Key, &f.From, &f.To, &f.Planned, &f.Seen, &f.At, &promoted, &f.PromotedError, &f.Snapshot,
		&expires, &measures, &marks, &unmeasured)
	if err != nil {
		return f, err
	}
	utc(&f.At)
	f.Promoted, f.SnapshotExpires = instant(promoted), instant(expires)
	return f, errors.Join(json.Unmarshal(measures, &f.Measures), json.Unmarshal(marks, &f.Marks), json.Unmarshal(unmeasured, &f.Unmeasured))
}
