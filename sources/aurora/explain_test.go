package aurora_test

import (
	"context"
	"errors"
	"strings"
	"testing"

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
