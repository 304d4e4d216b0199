package aurora

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"parallax/internal/audit"
)

// passing reports whether the same statement may well succeed a moment later: it conflicted with replay on a replica
// (PostgreSQL manual, "Hot Standby"), or its connection was lost on the way.
func passing(err error) bool {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		switch refused.Code {
		case "40001", "40P01", "25P02", "57P01", "57P02", "57P03", "53300":
			return true // conflict with recovery, deadlock, its aftermath; shut down, crashed, starting; no connection free
		case "57014":
			return strings.Contains(refused.Message, "conflict with recovery")
		}
		return strings.HasPrefix(refused.Code, "08")
	}
	var unopened *pgconn.ConnectError
	var noPassword *passwordError
	if errors.As(err, &unopened) || errors.As(err, &noPassword) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return false
	}
	var broken *net.OpError
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &broken) ||
		pgconn.SafeToRetry(err) // the driver noticed before it sent anything: "conn closed"
}

// explain turns an error into the reason of a gap and what to do about it. Codes: PostgreSQL manual, "Error Codes".
func (s Source) explain(err error) (reason, remedy string) {
	where := fmt.Sprintf("%s in %s: ", s.Mapping.name(), s.Region)
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		message := refused.Message
		if strings.HasPrefix(refused.Code, "22") { // such a message quotes the value
			message = "a value cannot be converted"
		}
		return where + message + " (" + refused.Code + ")", s.remedy(refused)
	}
	var unopened *pgconn.ConnectError
	var noPassword *passwordError
	switch {
	case errors.As(err, &noPassword):
		return where + explainPassword(noPassword), passwordRemedy
	case errors.As(err, &unopened):
		return where + "database cannot be reached: " + strings.Join(rootCauses(unopened), "; "),
			"check the dsn of the region, its security group and that the cluster runs"
	case errors.Is(err, context.DeadlineExceeded):
		return where + fmt.Sprintf("no answer within %s", s.Settings.StatementTimeout+s.Settings.AnswerGrace), "check the network path to the database; raise limits.statement_timeout if it is only slow"
	default:
		return where + oneLine(err), "run again; if it persists, read the database's log"
	}
}

func (s Source) remedy(e *pgconn.PgError) string {
	switch e.Code {
	case "42P01", "3F000":
		return "check ledgers[].table, with its schema, in the configuration"
	case "42703":
		return "check ledgers[].columns in the configuration; columns used: " + s.Mapping.Columns.list()
	case "42501":
		if e.Routine == "check_enable_rls" { // its message is translated, the name of the routine is not
			return "row-level security would hide rows: give the role Parallax connects as bypassrls, or have the ledger read through a view that is owned by the table's owner"
		}
		return "grant select on " + s.Mapping.name() + " (and usage on its schema) to the role Parallax connects as"
	case "42601":
		return "check ledgers[].query in the configuration: it must be one SELECT"
	case "28P01", "28000":
		if strings.Contains(e.Message, "PAM") { // RDS checks its tokens through PAM
			return "allow rds-db:connect for this database user, and grant rds_iam to it in the database"
		}
		return "check user and password of the dsn, and that the role may connect"
	case "3D000":
		return "check the database name in the dsn"
	case "57014":
		return "create an index on " + s.Mapping.Columns.CreatedAt + ", audit a shorter window, or raise limits.statement_timeout"
	case "55P03":
		return "wait until the statement that locks the table has ended, then run again"
	case "40001", "40P01", "25P02":
		return "lower limits.page_rows, or raise max_standby_streaming_delay on the replica"
	case "42883", "42804", "22P02", "22007", "42846":
		return "check the types of the mapped columns: " + s.Mapping.Columns.list()
	default:
		return "run again; if it persists, read the database's log"
	}
}

// list names the needed columns as they are mapped.
func (c Columns) list() string {
	var named []string
	for _, pair := range [][2]string{
		{"payment_id", c.PaymentID}, {"created_at", c.CreatedAt}, {"currency", c.Currency}, {"amount_minor", c.AmountMinor},
		{"amount", c.Amount}, {"status", c.Status}, {"id", c.ID}, {"idempotency_key", c.IdempotencyKey}, {"network", c.Network},
		{"network_reference", c.NetworkReference}, {"rrn", c.RRN}, {"auth_code", c.AuthCode}, {"owner_region", c.OwnerRegion},
		{"updated_at", c.UpdatedAt},
	} {
		if pair[1] != "" {
			named = append(named, pair[0]+"="+pair[1])
		}
	}
	return strings.Join(named, " ")
}

// gap explains why a part of the window was not read.
func (s Source) gap(w audit.Window, err error) audit.Gap {
	reason, remedy := s.explain(err)
	return audit.Gap{Window: w, Reason: reason, Remedy: remedy}
}

// ReadError says why a database could not be asked, in the words of a gap.
type ReadError struct {
	Reason, Remedy string
	err            error
}

func (e *ReadError) Error() string { return e.Reason }

// Unwrap returns the driver's error.
func (e *ReadError) Unwrap() error { return e.err }

func (s Source) readError(err error) error {
	reason, remedy := s.explain(err)
	return &ReadError{Reason: reason, Remedy: remedy, err: err}
}

// oneLine joins the lines of an error, each once: the driver repeats itself when it tries with and without TLS.
func oneLine(err error) string {
	return strings.Join(slices.Compact(strings.Split(err.Error(), "\n")), "; ")
}

// rootCauses leaves out the driver's layers, which repeat user, database and address; each cause once, as the driver tries
// every address, with and without TLS.
func rootCauses(err error) []string {
	if network, ok := err.(*net.OpError); ok { //nolint:errorlint // the layer itself is asked for, not what it wraps
		return []string{network.Error()} // names the address, what it wraps does not
	}
	var causes []string
	switch layer := err.(type) { //nolint:errorlint // see above
	case interface{ Unwrap() []error }:
		for _, cause := range layer.Unwrap() {
			for _, text := range rootCauses(cause) {
				if !slices.Contains(causes, text) {
					causes = append(causes, text)
				}
			}
		}
	case interface{ Unwrap() error }:
		if next := layer.Unwrap(); next != nil {
			return rootCauses(next)
		}
	}
	if causes == nil {
		return []string{oneLine(err)}
	}
	return causes
}

const passwordRemedy = "with rds_iam: set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run under a role that allows " +
	"rds-db:connect; else check the password of the connection"

// explainPassword says why there is no password, without the layers of the AWS SDK.
func explainPassword(err *passwordError) string {
	text := oneLine(err.err)
	for _, sign := range []string{"get credentials", "retrieve credentials", "failed to refresh cached credentials", "no EC2 IMDS role found"} {
		if strings.Contains(text, sign) {
			return "not asked, no RDS IAM token could be made: no AWS credentials were found"
		}
	}
	return "not asked, its password could not be had: " + text
}
