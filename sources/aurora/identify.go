package aurora

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// Identify tells as which witness the database speaks: Reader while it replays another's changes and Writer while it does
// not. A configured role never beats that answer; only a snapshot is one because it is configured as such. The error is in
// the words of a gap.
func (s Source) Identify(ctx context.Context) (record.Witness, error) {
	s.Settings = s.Settings.withDefaults()
	witness, err := s.witness(ctx)
	if err != nil {
		return "", s.readError(err)
	}
	return witness, nil
}

func (s Source) witness(ctx context.Context) (record.Witness, error) {
	if s.Witness == record.Snapshot {
		return s.Witness, nil
	}
	var replays bool
	err := s.retry(ctx, func(ctx context.Context, tx pgx.Tx) error {
		return tx.QueryRow(ctx, "select pg_is_in_recovery()").Scan(&replays)
	})
	switch {
	case err != nil:
		return "", err
	case replays:
		return record.Reader, nil
	default:
		return record.Writer, nil
	}
}

func (r *reading) identify(ctx context.Context) (err error) {
	r.Witness, err = r.witness(ctx)
	return err
}

// contradiction is the gap of a database that is not what the configuration says.
func (r *reading) contradiction(expected record.Witness) audit.Gap {
	return audit.Gap{
		Window: r.window,
		Reason: fmt.Sprintf("%s in %s: role_hint says %s, but the database says that it is the %s", r.Mapping.name(), r.Region, expected, r.Witness),
		Remedy: "remove role_hint, or correct it or the dsn of the region",
	}
}

// serverQuery tells one running server and database from every other. A restored snapshot and a replica share the system
// identifier with their origin, so what counts is the moment the server was started, in microseconds; both functions are
// open to every role (PostgreSQL manual, "System Information Functions").
const serverQuery = "select extract(epoch from pg_postmaster_start_time())::text || ' ' || current_database()"

// Server names the running server and database behind an address: two addresses with the same name lead to the same
// copy. The error is in the words of a gap.
func (s Source) Server(ctx context.Context) (string, error) {
	s.Settings = s.Settings.withDefaults()
	var name string
	err := s.retry(ctx, func(ctx context.Context, tx pgx.Tx) error { return tx.QueryRow(ctx, serverQuery).Scan(&name) })
	if err != nil {
		return "", s.readError(err)
	}
	return name, nil
}
