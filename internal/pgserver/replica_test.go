package pgserver_test

import (
	"path/filepath"
	"testing"
	"time"

	"parallax/internal/pgserver"
)

func TestStandbyFollowsAndIsPromoted(t *testing.T) {
	b, err := pgserver.Find("")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	first, second := filepath.Join(dir, "first"), filepath.Join(dir, "second")
	if err := b.Initdb(t.Context(), first, "--no-sync"); err != nil {
		t.Fatal(err)
	}
	primary, err := b.Start(t.Context(), first, pgserver.Throwaway())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { primary.Close() })
	if err := b.BaseBackup(t.Context(), primary, second); err != nil {
		t.Fatal(err)
	}
	standby, err := b.Start(t.Context(), second, pgserver.Throwaway())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { standby.Close() })

	statement(t, primary, "create table rows as select 1 as v")
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if query[bool](t, standby, "select to_regclass('rows') is not null") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the standby does not follow")
		}
	}
	if err := primary.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := standby.Promote(t.Context()); err != nil {
		t.Fatal(err)
	}
	statement(t, standby, "insert into rows values (2)")

	// The old primary comes back read-only, as a restored snapshot.
	old, err := b.Start(t.Context(), first, pgserver.Throwaway(), pgserver.Settings{"default_transaction_read_only": "on"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { old.Close() })
	if n := query[int](t, old, "select count(*) from rows"); n != 1 {
		t.Errorf("old primary has %d rows, want 1", n)
	}
}
