package aurora

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// ClockOffset measures how far the database's clock is ahead of this process's own. The offset is exact to the error, half of
// the shortest round trip of three: the server read its clock somewhere in between. What failed is in the words of a gap.
func (s Source) ClockOffset(ctx context.Context) (offset, accuracy time.Duration, err error) {
	s.Settings = s.Settings.withDefaults()
	accuracy = -1
	err = s.retry(ctx, func(ctx context.Context, tx pgx.Tx) error {
		for range 3 {
			var there time.Time
			sent := time.Now()
			if err := tx.QueryRow(ctx, "select clock_timestamp()").Scan(&there); err != nil {
				return err
			}
			half := time.Since(sent) / 2
			if accuracy < 0 || half < accuracy {
				offset, accuracy = there.Sub(sent.Add(half)), half
			}
		}
		return nil
	})
	if err != nil {
		return 0, 0, s.readError(err)
	}
	return offset, accuracy, nil
}

// Identity tells clusters apart. A replica and a restored snapshot have the system identifier of the cluster they come from;
// what the role may not see is empty.
type Identity struct {
	System   string // identifier given when the cluster was made; pg_control_system() takes the role pg_monitor or a grant
	Timeline int64  // raised by each promotion of plain PostgreSQL; 0 where not seen
	Version  string // "16.4"
	Major    int    // 16
	Encoding string // of the database: UTF8
	Database string
	Replays  bool // it replays another's changes
}

const identityQuery = `select current_setting('server_version'), current_setting('server_version_num')::int / 10000,
	current_setting('server_encoding'), current_database(), pg_is_in_recovery()`

// Identity asks a database who it is. What the role may not see, or a service does not offer, is no error.
func (s Source) Identity(ctx context.Context) (Identity, error) {
	s.Settings = s.Settings.withDefaults()
	var id Identity
	err := s.retry(ctx, func(ctx context.Context, tx pgx.Tx) error {
		return tx.QueryRow(ctx, identityQuery).Scan(&id.Version, &id.Major, &id.Encoding, &id.Database, &id.Replays)
	})
	if err == nil {
		err = s.optional(ctx, "select system_identifier::text from pg_control_system()", &id.System)
	}
	if err == nil {
		err = s.optional(ctx, "select timeline_id::bigint from pg_control_checkpoint()", &id.Timeline)
	}
	if err != nil {
		return Identity{}, s.readError(err)
	}
	return id, nil
}

// optional reads a value that a role may lack the right to, or a service the function for.
func (s Source) optional(ctx context.Context, query string, into any) error {
	err := s.retry(ctx, func(ctx context.Context, tx pgx.Tx) error { return tx.QueryRow(ctx, query).Scan(into) })
	var refused *pgconn.PgError
	if errors.As(err, &refused) && (refused.Code == "42501" || refused.Code == "42883" || refused.Code == "0A000") {
		return nil
	}
	return err
}
