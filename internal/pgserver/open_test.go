package pgserver_test

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"parallax/internal/pgserver"
)

func connect(t *testing.T, s *pgserver.Server) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.DSN("", ""))
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func query[T any](t *testing.T, s *pgserver.Server, sql string) T {
	t.Helper()
	var v T
	if err := connect(t, s).QueryRow(t.Context(), sql).Scan(&v); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}

func statement(t *testing.T, s *pgserver.Server, sql string) {
	t.Helper()
	if _, err := connect(t, s).Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func open(t *testing.T, o pgserver.Options) *pgserver.Server {
	t.Helper()
	s, err := pgserver.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// unsynced spares the tests the disk; the folder is a lasting one all the same.
var unsynced = pgserver.Throwaway()

func TestOpenKeepsWhatWasWritten(t *testing.T) {
	dir := t.TempDir()
	s := open(t, pgserver.Options{DataDir: dir, Settings: unsynced})
	statement(t, s, "create table kept as select 42 as v")
	first := s.DSN("", "")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := pgx.Connect(t.Context(), first); err == nil {
		t.Error("the server still answers after its last user left")
	}
	again := open(t, pgserver.Options{DataDir: dir, Settings: unsynced})
	if got := query[int](t, again, "select v from kept"); got != 42 {
		t.Errorf("kept %d, want 42", got)
	}
	if again.DSN("", "") != first {
		t.Errorf("DSN changed from %s to %s", first, again.DSN("", ""))
	}
}

func TestOpenEphemeralLeavesNothing(t *testing.T) {
	tmp := t.TempDir()
	if err := os.Chmod(tmp, 0o711); err != nil { // tmp is the system's temporary folder here
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", tmp)
	s := open(t, pgserver.Options{Ephemeral: true})
	if got := query[string](t, s, "show fsync"); got != "off" {
		t.Errorf("fsync = %s", got)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(tmp)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind %v, %v", left, err)
	}
}

func TestOpenEphemeralSparesALastingFolder(t *testing.T) {
	dir := t.TempDir()
	s := open(t, pgserver.Options{DataDir: dir, Settings: unsynced})
	statement(t, s, "create table kept as select 42 as v")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := open(t, pgserver.Options{DataDir: dir, Ephemeral: true}).Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "data", "PG_VERSION")); err != nil {
		t.Errorf("the lasting cluster is gone: %v", err)
	}
}

func TestOpenSharesWithinOneProgram(t *testing.T) {
	dir := t.TempDir()
	a := open(t, pgserver.Options{DataDir: dir, Settings: unsynced})
	b := open(t, pgserver.Options{DataDir: dir})
	if a.DSN("", "") != b.DSN("", "") {
		t.Fatalf("two servers: %s and %s", a.DSN("", ""), b.DSN("", ""))
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	query[int](t, b, "select 1")
}

func TestOpenRecoversAKilledServer(t *testing.T) {
	dir := t.TempDir()
	s := open(t, pgserver.Options{DataDir: dir, Settings: unsynced})
	statement(t, s, "create table kept as select 42 as v")
	held := connect(t, s) // its process holds the shared memory for a moment
	if err := s.Kill(); err != nil {
		t.Fatal(err)
	}
	again := open(t, pgserver.Options{DataDir: dir, Settings: unsynced})
	if got := query[int](t, again, "select v from kept"); got != 42 {
		t.Errorf("kept %d, want 42", got)
	}
	if err := held.Ping(t.Context()); err == nil {
		t.Error("the killed server's session still answers")
	}
	// The killed server's handle must not take the new one away.
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	query[int](t, again, "select 1")
}

// TestOpenWaitsForTheSharedMemory stops a session's process, so that it outlives its server and holds the shared memory.
func TestOpenWaitsForTheSharedMemory(t *testing.T) {
	dir := t.TempDir()
	s := open(t, pgserver.Options{DataDir: dir, Settings: unsynced})
	held := connect(t, s)
	var pid int
	if err := held.QueryRow(t.Context(), "select pg_backend_pid()").Scan(&pid); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if err := s.Kill(); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(time.Second, func() { _ = syscall.Kill(pid, syscall.SIGCONT) })
	query[int](t, open(t, pgserver.Options{DataDir: dir, Settings: unsynced}), "select 1")
}

func TestOpenStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	dir := t.TempDir()
	if s, err := pgserver.Open(ctx, pgserver.Options{DataDir: dir}); err == nil {
		s.Close()
		t.Fatal("opened in 50 ms, including initdb")
	}
	// Nothing half made stands in the way.
	query[int](t, open(t, pgserver.Options{DataDir: dir, Settings: unsynced}), "select 1")
}
