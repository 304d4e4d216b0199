package aurora_test

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"parallax/internal/pgserver"
)

var (
	server    *pgserver.Server // shared by the tests, which take a database each
	databases atomic.Int64
)

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	var err error
	server, err = pgserver.Open(context.Background(), pgserver.Options{Ephemeral: true})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = server.Close() }() // a throw-away server
	return m.Run()
}

// newDatabase makes a database; its owner's connection and the address of the role with SELECT only.
func newDatabase(t *testing.T) (owner *pgx.Conn, dsn string) {
	t.Helper()
	name := fmt.Sprintf("test%d", databases.Add(1))
	admin := connect(t, server.DSN("", ""))
	mustExec(t, admin, "create database "+name)
	mustExec(t, admin, "do $$ begin create role parallax_ro login; exception when duplicate_object then null; end $$")
	return connect(t, server.DSN(name, "")), server.DSN(name, "parallax_ro")
}

func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}
