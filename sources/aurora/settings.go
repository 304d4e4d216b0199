package aurora

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
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
	Pace             int           // how much of the time a statement may run, in percent: after one that took t it waits t*(100-Pace)/Pace; 100
	AnswerGrace      time.Duration // what an answer may take beyond StatementTimeout before the silence counts as one; 5 s
	Margin           time.Duration // rows younger than the youngest one read less this may still be followed by older ones; 0
}

func (s Settings) withDefaults() Settings {
	s.StatementTimeout = cmp.Or(s.StatementTimeout, 30*time.Second)
	s.LockTimeout = cmp.Or(s.LockTimeout, 5*time.Second)
	s.ConnectTimeout = cmp.Or(s.ConnectTimeout, 10*time.Second)
	s.PageRows = cmp.Or(max(s.PageRows, 0), 10_000)
	s.Retries = cmp.Or(s.Retries, 5)
	s.Backoff = cmp.Or(s.Backoff, 100*time.Millisecond)
	s.AnswerGrace = cmp.Or(s.AnswerGrace, 5*time.Second)
	if s.Pace < 1 || s.Pace > 100 {
		s.Pace = 100
	}
	return s
}

// fixed are the settings on which the text of a value depends, alike in every session: what is compared as text must be
// written alike. The time zone is fixed also because a column without one is compared as UTC. With row_security off PostgreSQL
// refuses a statement from which a policy would hide rows, where it else leaves them out in silence.
// Source: PostgreSQL manual, "Client Connection Defaults" and "Row Security Policies".
var fixed = [][2]string{
	{"timezone", "UTC"}, {"datestyle", "ISO, YMD"}, {"intervalstyle", "postgres"}, {"extra_float_digits", "1"},
	{"bytea_output", "hex"}, {"lc_monetary", "C"}, {"client_encoding", "UTF8"}, {"row_security", "off"},
}

// restrict sets up a session by statements, not by start-up parameters, which proxies in front of a database refuse.
func restrict(ctx context.Context, conn *pgx.Conn, s Settings) error {
	for _, setting := range append([][2]string{
		{"default_transaction_read_only", "on"},
		{"statement_timeout", milliseconds(s.StatementTimeout)},
		{"lock_timeout", milliseconds(s.LockTimeout)},
		{"idle_in_transaction_session_timeout", milliseconds(2 * s.StatementTimeout)},
	}, fixed...) {
		if _, err := conn.Exec(ctx, "select set_config($1, $2, false)", setting[0], setting[1]); err != nil {
			return fmt.Errorf("set %s: %w", setting[0], err)
		}
	}
	return nil
}

// limit sets the bounds once more for a transaction, as the pool may be the caller's own.
func (s Source) limit(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, limitQuery, milliseconds(s.Settings.StatementTimeout), milliseconds(s.Settings.LockTimeout))
	return err
}

var limitQuery = func() string {
	list := []string{"set_config('statement_timeout', $1, true)", "set_config('lock_timeout', $2, true)"}
	for _, setting := range fixed {
		list = append(list, "set_config('"+setting[0]+"', '"+setting[1]+"', true)")
	}
	return "select " + strings.Join(list, ", ")
}()

func milliseconds(d time.Duration) string { return strconv.FormatInt(max(d.Milliseconds(), 1), 10) }
