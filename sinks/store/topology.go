package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// writeTopology keeps what was said and seen of the databases. The first sighting stays; of a state it is noted until when it
// was last seen so.
func writeTopology(ctx context.Context, tx pgx.Tx, o audit.Outcome) error {
	type key struct {
		cluster, source, kind, message string
		region                         audit.Region
		at                             time.Time
	}
	if err := forgetNotes(ctx, tx, o); err != nil {
		return err
	}
	var rows [][]any
	for _, e := range last(o.Topology, func(e audit.TopologyEvent) key {
		return key{safe(e.Cluster), safe(e.Source), safe(e.Type), safe(e.Message), e.Region, micro(e.At)}
	}) {
		rows = append(rows, []any{
			safe(e.Cluster), safe(string(e.Region)), safe(e.Source), micro(e.At), safe(e.Type), safe(e.Message), moment(e.Until), o.RunID,
		})
	}
	return upsert(ctx, tx, staged{
		table:    "topology_event",
		columns:  []string{"cluster", "region", "source", "at", "type", "message", "until", "run_id"},
		conflict: `(cluster, region, source, at, type, message) do update set until = greatest(t.until, excluded.until)`,
		rows:     rows,
	})
}

// forgetNotes takes away the notes of the users' own incident file that a run has read anew: a note that they have corrected or
// taken back must not stand beside what they say now. Nothing else that was said is ever taken away.
func forgetNotes(ctx context.Context, tx pgx.Tx, o audit.Outcome) error {
	for _, c := range o.Coverage {
		if c.Source != record.IncidentFile || !c.Complete() {
			continue
		}
		if _, err := tx.Exec(ctx, `delete from parallax.topology_event
			where cluster = $1 and type = $2 and at >= $3 and at < $4 and at <= $5`,
			c.Scope, string(record.IncidentNote), c.Window.From.UTC(), c.Window.To.UTC(), o.AsOf); err != nil {
			return err
		}
	}
	return nil
}

// TopologyEvents returns what was said and seen of a cluster's databases, and of what stands before them, inside a window: what
// happened in it, and the states seen in it. They come in the order of time.
func (s *Store) TopologyEvents(ctx context.Context, cluster string, w audit.Window) ([]audit.TopologyEvent, error) {
	events, err := collect(ctx, s.pool, func(row pgx.CollectableRow) (e audit.TopologyEvent, err error) {
		var until *time.Time
		err = row.Scan(&e.Cluster, &e.Region, &e.Type, &e.Source, &e.At, &e.Message, &until)
		utc(&e.At)
		e.Until = instant(until)
		return e, err
	}, `select cluster, region, type, source, at, message, until from parallax.topology_event
		where cluster = $1 and at < $3 and (at >= $2 or until >= $2) order by at, region, source, type, message`,
		safe(cluster), w.From.UTC(), w.To.UTC())
	if err != nil {
		return nil, fmt.Errorf("read topology events of %q: %w", cluster, err)
	}
	return events, nil
}
