package aurora_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"parallax/internal/audit"
	"parallax/sources/aurora"
)

func TestUnreachableNamesItsAddressOnce(t *testing.T) {
	_, src := newLedger(t)
	src.DB = open(t, "postgres://parallax_ro@127.0.0.1:1/payments")
	reason := read(t, src, window, audit.Cursor{}).last.Gaps[0].Reason
	if strings.Count(reason, "127.0.0.1") != 1 || !strings.Contains(reason, "127.0.0.1:1: connect: connection refused") {
		t.Errorf("reason: %s", reason)
	}
}

func TestPasswordThatCannotBeHadSaysSo(t *testing.T) {
	_, src := newLedger(t)
	for _, test := range []struct{ cause, says string }{
		{"build RDS IAM token for db:5432: failed to refresh cached credentials, no EC2 IMDS role found, operation error ec2imds", "no RDS IAM token could be made: no AWS credentials were found"},
		{"read password file: permission denied", "password could not be had: read password file: permission denied"},
	} {
		asked := 0
		db, err := aurora.Open(t.Context(), aurora.Options{
			DSN: "postgres://parallax_ro@127.0.0.1:1/payments", Settings: quick(),
			Password: func(context.Context) (string, error) { asked++; return "", errors.New(test.cause) },
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(db.Close)
		src.DB = db
		wantGap(t, read(t, src, window, audit.Cursor{}).last.Gaps, test.says, "rds-db:connect", "AWS_PROFILE")
		if asked != 1 {
			t.Errorf("asked %d times", asked)
		}
	}
}

// closedFirst gives out a connection that was closed while nobody looked, and then good ones.
type closedFirst struct {
	*pgxpool.Pool
	closed bool
}

func (c *closedFirst) BeginTx(ctx context.Context, options pgx.TxOptions) (pgx.Tx, error) {
	if c.closed {
		return c.Pool.BeginTx(ctx, options)
	}
	c.closed = true
	conn, err := c.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Release()
	if err := conn.Conn().Close(ctx); err != nil {
		return nil, err
	}
	return conn.BeginTx(ctx, options)
}

func TestConnectionThatWasClosedIsOpenedAgain(t *testing.T) {
	_, src := newLedger(t)
	pool, ok := src.DB.(*pgxpool.Pool)
	if !ok {
		t.Fatalf("%T", src.DB)
	}
	src.DB = &closedFirst{Pool: pool}
	if gaps := read(t, src, window, audit.Cursor{}).last.Gaps; len(gaps) != 0 {
		t.Errorf("%+v", gaps)
	}
}
