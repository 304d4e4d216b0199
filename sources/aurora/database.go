package aurora

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// DB begins transactions: a pool does. Only READ ONLY ones are asked for.
type DB interface {
	BeginTx(ctx context.Context, options pgx.TxOptions) (pgx.Tx, error)
}

// Options say how to reach a database.
type Options struct {
	DSN      string                                // postgres://... or key=value words
	Password func(context.Context) (string, error) // asked before each connection, where set: a file, a secret or an RDS IAM token
	Settings Settings
}

// passwordError says that a connection was not even tried, as its password could not be had.
type passwordError struct{ err error }

func (e *passwordError) Error() string { return "get password: " + e.err.Error() }

// Unwrap returns what went wrong.
func (e *passwordError) Unwrap() error { return e.err }

// maxSessions bounds what one reader takes of a production database's connections.
const maxSessions = 2

// Open prepares read-only sessions to a database; none is opened before the first transaction begins. An error never
// shows a password.
func Open(ctx context.Context, o Options) (*pgxpool.Pool, error) {
	settings := o.Settings.withDefaults()
	config, err := pgxpool.ParseConfig(o.DSN)
	if err != nil {
		return nil, fmt.Errorf("read dsn: %w", err) // pgx takes the password out of its message
	}
	config.MaxConns = maxSessions
	config.ConnConfig.ConnectTimeout = settings.ConnectTimeout
	config.ConnConfig.RuntimeParams["application_name"] = "parallax"
	config.ConnConfig.DialFunc = counting(config.ConnConfig.DialFunc)
	if o.Password != nil {
		config.BeforeConnect = func(ctx context.Context, c *pgx.ConnConfig) error {
			password, err := o.Password(ctx)
			if err != nil {
				return &passwordError{err: err}
			}
			c.Password = password
			return nil
		}
	}
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error { return restrict(ctx, conn, settings) }
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open sessions: %w", err)
	}
	return pool, nil
}
