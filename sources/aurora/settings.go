package aurora

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
)

// Settings bound what a read may cost the database and this process. A zero field takes its default.
type Settings struct {
	StatementTimeout time.Duration // of one statement; 30 s
	LockTimeout      time.Duration // of waiting for a lock; 5 s
	ConnectTimeout   time.Duration // of opening a connection; 10 s
	PageRows         int           // rows in one page and one transaction; 10,000
	Retries          int           // of a page that recovery or a lost connection broke off; 5, none where negative
	Backoff          time.Duration // before the first retry, doubled each time; 100 ms
	Margin           time.Duration // rows younger than the youngest one read less this may still be followed by older ones; 0
}

func (s Settings) withDefaults() Settings {
	s.StatementTimeout = cmp.Or(s.StatementTimeout, 30*time.Second)
	s.LockTimeout = cmp.Or(s.LockTimeout, 5*time.Second)
	s.ConnectTimeout = cmp.Or(s.ConnectTimeout, 10*time.Second)
	s.PageRows = cmp.Or(max(s.PageRows, 0), 10_000)
	s.Retries = cmp.Or(s.Retries, 5)
	s.Backoff = cmp.Or(s.Backoff, 100*time.Millisecond)
	return s
}

// restrict sets up a session by statements, not by start-up parameters, which proxies in front of a database refuse.
// The time zone is fixed because a column without one is compared as UTC.
func restrict(ctx context.Context, conn *pgx.Conn, s Settings) error {
	for name, value := range map[string]string{
		"default_transaction_read_only":       "on",
		"statement_timeout":                   milliseconds(s.StatementTimeout),
		"lock_timeout":                        milliseconds(s.LockTimeout),
		"idle_in_transaction_session_timeout": milliseconds(2 * s.StatementTimeout),
		"timezone":                            "UTC",
	} {
		if _, err := conn.Exec(ctx, "select set_config($1, $2, false)", name, value); err != nil {
			return fmt.Errorf("set %s: %w", name, err)
		}
	}
	return nil
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(max(d.Milliseconds(), 1), 10) }
