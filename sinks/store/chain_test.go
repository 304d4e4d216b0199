package store

import (
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"parallax/internal/audit"
	"parallax/migrations"
)

func TestHistoryIsAppendOnly(t *testing.T) {
	s := fresh(t)
	commit(t, s, outcome("run-1", minutes(90), lost("pay-1")))
	for _, sql := range []string{
		`update parallax.finding_event set note = 'x'`, `delete from parallax.finding_event`, `truncate parallax.finding_event`,
	} {
		if err := s.exec(t, sql); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

// TestVerifyEventsFindsTampering does what only the owner of the tables could do.
func TestVerifyEventsFindsTampering(t *testing.T) {
	for name, sql := range map[string]string{
		"untouched":          ``,
		"note changed":       `update parallax.finding_event set note = 'x' where seq = 2`,
		"time changed":       `update parallax.finding_event set at = at + interval '1 us' where seq = 1`,
		"run taken away":     `update parallax.finding_event set run_id = null where seq = 1`,
		"middle removed":     `delete from parallax.finding_event where seq = 2`,
		"end cut off":        `delete from parallax.finding_event where seq = 4`,
		"renumbered":         `update parallax.finding_event set seq = 9 where seq = 4`,
		"slipped in":         `insert into parallax.finding_event select seq + 1, fingerprint, run_id, at, actor, action, from_status, to_status, 'x', hash, sha256('x') from parallax.finding_event where seq = 4`,
		"status unexplained": `update parallax.finding set status = 'resolved' where key = 'pay-1'`,
	} {
		t.Run(name, func(t *testing.T) {
			s := fresh(t)
			commit(t, s, outcome("run-1", minutes(90), lost("pay-1"), lost("pay-2")))
			d := Decision{Status: audit.Acknowledged, Actor: "finance", At: minutes(91)}
			if err := s.SetStatus(t.Context(), lost("pay-1").Fingerprint, d); err != nil {
				t.Fatal(err)
			}
			commit(t, s, outcome("run-2", minutes(92), lost("pay-1")))
			if sql != "" {
				if err := s.exec(t, `alter table parallax.finding_event disable trigger user`); err != nil {
					t.Fatal(err)
				}
				if err := s.exec(t, sql); err != nil {
					t.Fatal(err)
				}
			}
			chain, err := s.VerifyEvents(t.Context())
			if sql == "" {
				if err != nil || chain.Events != 4 || len(chain.Head) != 64 {
					t.Errorf("%+v, %v", chain, err)
				}
			} else if !errors.Is(err, ErrTampered) {
				t.Errorf("not noticed: %+v, %v", chain, err)
			}
		})
	}
}

func TestProgramsMigrateAtOnce(t *testing.T) {
	all, err := migrations.All()
	if err != nil {
		t.Fatal(err)
	}
	s := blank(t)
	results := make(chan error)
	for range maxConns {
		go func() { results <- s.Migrate(t.Context()) }()
	}
	for range maxConns {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	if v, err := s.Version(t.Context()); err != nil || v != len(all) {
		t.Fatalf("version %d, %v", v, err)
	}
}

// TestMigrateSeesWhatItWaitedFor lets a program that has found no tables wait for one that makes them.
func TestMigrateSeesWhatItWaitedFor(t *testing.T) {
	all, err := migrations.All()
	if err != nil {
		t.Fatal(err)
	}
	first := blank(t)
	second, err := Open(t.Context(), Options{DSN: first.pool.Config().ConnString()})
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if v, err := second.Version(t.Context()); err != nil || v != 0 { // on the connection that will migrate
		t.Fatalf("version %d, %v", v, err)
	}
	result := make(chan error, 1)
	err = first.pool.transact(t.Context(), readCommitted, func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), `select pg_advisory_xact_lock($1)`, int64(migrateLock)); err != nil {
			return err
		}
		go func() { result <- second.Migrate(t.Context()) }()
		for waiting := false; !waiting; {
			err := tx.QueryRow(t.Context(), `select exists (select from pg_locks where locktype = 'advisory' and not granted
				and database = (select oid from pg_database where datname = current_database()))`).Scan(&waiting)
			if err != nil {
				return err
			}
		}
		// No more than this: a busier transaction would wake the waiting one's caches.
		if err := script(t.Context(), tx, versionTable); err != nil {
			return err
		}
		for _, m := range all {
			if _, err := tx.Exec(t.Context(), `insert into parallax.schema_version (version, name, checksum) values ($1, $2, $3)`,
				m.Version, m.Name, m.Checksum); err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(err, <-result); err != nil {
		t.Error(err)
	}
}

func TestMigrateRefusesAForeignHistory(t *testing.T) {
	for sql, want := range map[string]string{
		`update parallax.schema_version set checksum = 'x' where version = 1`:                                         "another content",
		`insert into parallax.schema_version select max(version) + 1, '9999_x.sql', 'x' from parallax.schema_version`: "newer program",
	} {
		s := fresh(t)
		if err := s.exec(t, sql); err != nil {
			t.Fatal(err)
		}
		if err := s.Migrate(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

func TestMigrateNeedsNoRightsWhenUpToDate(t *testing.T) {
	s := fresh(t)
	writer := "writer_" + s.pool.Config().ConnConfig.Database // roles are the whole server's
	for _, sql := range []string{
		`create role ` + writer + ` login`, `grant usage on schema parallax to ` + writer,
		`grant select, insert, update on all tables in schema parallax to ` + writer,
	} {
		if err := s.exec(t, sql); err != nil {
			t.Fatal(err)
		}
	}
	w, err := Open(t.Context(), Options{DSN: strings.Replace(s.pool.Config().ConnString(), "postgres@", writer+"@", 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := w.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	commit(t, w, everything("run-1"))
}

func TestColumnsAreExplainedAndChecked(t *testing.T) {
	s := fresh(t)
	for _, sql := range []string{
		`insert into parallax.task (job, window_from, window_to, state) values ('j', now(), now(), 'odd')`,
		`insert into parallax.task (job, window_from, window_to, state) values ('j', now(), now(), 'done')`,
		`insert into parallax.task (job, window_from, window_to, state) values ('j', now(), now() - interval '1 s', 'due')`,
	} {
		if err := s.exec(t, sql); err == nil || !strings.Contains(err.Error(), "check constraint") {
			t.Errorf("%s: %v", sql, err)
		}
	}
	if err := s.exec(t, `insert into parallax.task (job, window_from, window_to, state) values ('j', now(), now(), 'due')`); err != nil {
		t.Error(err)
	}
}
