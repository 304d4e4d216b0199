package store

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"parallax/internal/audit"
	"parallax/internal/pgserver"
	"parallax/internal/pipeline"
)

var _ pipeline.Store = (*Store)(nil)

// server is the one PostgreSQL of this test binary; each test has a database of its own.
var server *pgserver.Server

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	var err error
	if server, err = pgserver.Open(context.Background(), pgserver.Options{Ephemeral: true}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() {
		if err := server.Close(); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}()
	return m.Run()
}

var databases atomic.Int64

// blank is a store without tables.
func blank(t *testing.T) *Store {
	t.Helper()
	name := fmt.Sprintf("t%d", databases.Add(1))
	admin, err := pgx.Connect(t.Context(), server.DSN("", ""))
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(t.Context())
	if _, err := admin.Exec(t.Context(), "create database "+name); err != nil {
		t.Fatal(err)
	}
	return connect(t, name)
}

func connect(t *testing.T, database string) *Store {
	t.Helper()
	s, err := Open(t.Context(), Options{DSN: server.DSN(database, "")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func fresh(t *testing.T) *Store {
	t.Helper()
	s := blank(t)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *Store) exec(t *testing.T, sql string, args ...any) error {
	t.Helper()
	return s.pool.with(t.Context(), func(c *pgx.Conn) error {
		_, err := c.Exec(t.Context(), sql, args...)
		return err
	})
}

func commit(t *testing.T, s *Store, o audit.Outcome) {
	t.Helper()
	if err := s.Commit(t.Context(), o); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, s *Store, f audit.Finding) audit.StoredFinding {
	t.Helper()
	stored, _, err := s.Finding(t.Context(), string(f.Fingerprint))
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

// actions spells a finding's history as "detected:open reopened:cleared>open".
func actions(t *testing.T, s *Store, f audit.Finding) string {
	t.Helper()
	_, events, err := s.Finding(t.Context(), string(f.Fingerprint))
	if err != nil {
		t.Fatal(err)
	}
	said := mapped(events, func(e audit.Event) string {
		if e.From == "" {
			return fmt.Sprintf("%s:%s", e.Action, e.To)
		}
		return fmt.Sprintf("%s:%s>%s", e.Action, e.From, e.To)
	})
	return strings.Join(said, " ")
}

// noon is an instant all tests count from.
var noon = time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC)

func minutes(n int) time.Time { return noon.Add(time.Duration(n) * time.Minute) }

func lost(key string) audit.Finding {
	return audit.Finding{
		Fingerprint: audit.NewFingerprint(audit.LedgerLostRow, "payments", key), Kind: audit.LedgerLostRow,
		Severity: audit.Critical, Verdict: audit.Proven, Status: audit.Open, Scope: "payments", Key: key, Region: "eu-west-2",
		Amounts: []audit.Money{{Minor: 13750, Currency: "EUR"}}, Window: audit.At(minutes(7)),
		Reason: "The row is in Dublin only.", Rule: "row absent after the settle delay",
		Evidence: []audit.Evidence{{Source: "ledger payments", Region: "eu-west-1", Ref: "id 7", At: minutes(7), Field: "status", Value: "captured"}},
	}
}

// outcome is a complete run over 12:00 to 13:00 that speaks for asOf.
func outcome(id string, asOf time.Time, findings ...audit.Finding) audit.Outcome {
	w := audit.Window{From: noon, To: noon.Add(time.Hour)}
	return audit.Outcome{
		RunID: id, Job: "ledger", Window: w, AsOf: asOf, Findings: findings,
		Coverage: []audit.Coverage{{Source: "aurora", Scope: "payments", Region: "eu-west-1", Window: w, Records: 10, Matched: 9}},
	}
}
