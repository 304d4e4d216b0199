package aurora

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"parallax/internal/audit"
)

// How a lag was measured.
const (
	MethodGlobal = "aurora rpo_lag"                   // aurora_global_db_status()
	MethodReplay = "replica replay timestamp"         // pg_last_xact_replay_timestamp() on a replica that is behind
	MethodIdle   = "replica replayed all it received" // no lag, as far as the replica can know
)

// ErrWriter means that plain PostgreSQL was asked for its lag where nothing lags: ask the replica.
var ErrWriter = errors.New("this database is the writer and replays nothing")

// LagSource measures how far the secondary regions of one cluster are behind.
type LagSource struct {
	Scope    string       // the configured ledger
	Region   audit.Region // the region of the database that is asked
	Writer   audit.Region // the writing region, used where the database cannot tell
	DB       DB
	Settings Settings
}

// Lag reads aurora_global_db_status(), which every instance of an Aurora global database answers for all regions, and
// where there is none asks a plain replica about itself. It is rpo_lag_in_msec that counts: durability lag rises with any
// long transaction, while what would be lost in a failover does not.
//
// A sample's time is the measurement's own (last_lag_calculation_time), so a stale one can be told. A region without a
// figure is an error beside the samples of the others.
// Source: Amazon Aurora User Guide, "aurora_global_db_status".
func (l LagSource) Lag(ctx context.Context) ([]audit.LagSample, error) {
	s := Source{Scope: l.Scope, Region: l.Region, DB: l.DB, Settings: l.Settings.withDefaults(), Mapping: Mapping{Table: "aurora_global_db_status()"}}
	var regions []regionStatus
	err := s.retry(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
		regions, err = globalStatus(ctx, tx)
		return err
	})
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Code == "42883" { // undefined function: not an Aurora global database
		return l.replica(ctx, s)
	}
	if err != nil {
		return nil, fmt.Errorf("measure lag of %s in %s: %w", l.Scope, l.Region, err)
	}
	return l.samples(regions)
}

// regionStatus is one row of aurora_global_db_status().
type regionStatus struct {
	Region string
	RPO    *float64 // milliseconds; -1 on the primary
	At     pgtype.Timestamptz
}

// globalStatus casts every column, as their types are not documented.
func globalStatus(ctx context.Context, tx pgx.Tx) ([]regionStatus, error) {
	rows, err := tx.Query(ctx, `select aws_region::text, rpo_lag_in_msec::float8, last_lag_calculation_time::text::timestamptz
		from aurora_global_db_status() order by 1`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[regionStatus])
}

func (l LagSource) samples(regions []regionStatus) ([]audit.LagSample, error) {
	var primary audit.Region
	for _, r := range regions {
		if r.RPO != nil && *r.RPO == -1 {
			primary = audit.Region(r.Region)
		}
	}
	if primary == "" {
		return nil, fmt.Errorf("measure lag of %s in %s: aurora_global_db_status() names no primary region", l.Scope, l.Region)
	}
	var samples []audit.LagSample
	var missing []error
	for _, r := range regions {
		switch {
		case audit.Region(r.Region) == primary:
		case r.RPO == nil || *r.RPO < 0 || !r.At.Valid:
			missing = append(missing, fmt.Errorf("measure lag of %s: aurora_global_db_status() has no figure for %s", l.Scope, r.Region))
		default:
			samples = append(samples, audit.LagSample{
				Layer: "aurora", Scope: l.Scope, From: primary, To: audit.Region(r.Region), At: finite(r.At),
				Lag: time.Duration(*r.RPO * float64(time.Millisecond)), Error: time.Millisecond, Method: MethodGlobal,
			})
		}
	}
	return samples, errors.Join(missing...)
}

// replicaQuery asks a replica when it replayed the last commit and whether anything received is left to replay. The last
// message of the writer bounds how long the stream may have been silent; without the right to see it, the receiver's
// own timeout does.
const replicaQuery = `select pg_is_in_recovery(), clock_timestamp(), pg_last_xact_replay_timestamp(),
	coalesce(pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn(), false),
	exists (select from pg_stat_wal_receiver where pid is not null),
	extract(epoch from coalesce((select clock_timestamp() - last_msg_receipt_time from pg_stat_wal_receiver),
		nullif(current_setting('wal_receiver_timeout')::interval, interval '0'), interval '1 hour'))::float8`

// replica measures on a plain replica. The trap: while the writer is idle, the age of the last replayed commit grows
// though nothing is missing. So the age counts only while something received waits for replay, or while the stream is
// down, when nobody knows what is missing; else the lag is zero, give or take the silence of the stream.
// Source: PostgreSQL manual, "Recovery Information Functions", "pg_stat_wal_receiver".
func (l LagSource) replica(ctx context.Context, s Source) ([]audit.LagSample, error) {
	var replays, drained, streaming bool
	var now time.Time
	var replayed pgtype.Timestamptz
	var silence float64
	err := s.retry(ctx, func(ctx context.Context, tx pgx.Tx) error {
		return tx.QueryRow(ctx, replicaQuery).Scan(&replays, &now, &replayed, &drained, &streaming, &silence)
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("measure lag of %s in %s: %w", l.Scope, l.Region, err)
	case !replays:
		return nil, fmt.Errorf("measure lag of %s in %s: %w", l.Scope, l.Region, ErrWriter)
	}
	sample := audit.LagSample{Layer: "aurora", Scope: l.Scope, From: l.Writer, To: l.Region, At: now.UTC()}
	if drained && streaming {
		sample.Method, sample.Error = MethodIdle, time.Duration(max(silence, 0)*float64(time.Second))
		return []audit.LagSample{sample}, nil
	}
	if !replayed.Valid {
		return nil, fmt.Errorf("measure lag of %s in %s: the replica has replayed no commit since it started", l.Scope, l.Region)
	}
	sample.Method, sample.Lag = MethodReplay, max(now.Sub(replayed.Time), 0)
	return []audit.LagSample{sample}, nil
}
