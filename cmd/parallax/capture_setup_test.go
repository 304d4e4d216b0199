package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"parallax/internal/pgserver"
)

// capturing is a configuration and what captures with it leave.
type capturing struct {
	captured
	config string
}

// openServer starts a PostgreSQL for the stores of a test.
func openServer(t *testing.T) *pgserver.Server {
	t.Helper()
	server, err := pgserver.Open(t.Context(), pgserver.Options{Ephemeral: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return server
}

// createDatabase returns the address of a new database, over the server's Unix socket.
func createDatabase(t *testing.T, server *pgserver.Server, name string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), server.DSN("", ""))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context()) //nolint:errcheck // it has done its work
	if _, err := conn.Exec(t.Context(), "create database "+name); err != nil {
		t.Fatal(err)
	}
	return server.DSN(name, "")
}

// configureCapture writes a configuration for captures of some tables. own is the store's address for the test, given the
// one for the program.
func configureCapture(t *testing.T, folder, name, own, given string, endpoints map[string]string, tables ...string) capturing {
	t.Helper()
	regions := slices.Sorted(maps.Keys(endpoints))
	var text bytes.Buffer
	fmt.Fprintf(&text, "data_dir: %s\nstore: {dsn: %q}\nregions: [%s]\naws:\n  timeout: 20s\n  endpoints:\n", name, given, strings.Join(regions, ", "))
	for _, region := range regions {
		fmt.Fprintf(&text, "    %s: {dynamodb: %q, dynamodbstreams: %q}\n", region, endpoints[region], endpoints[region])
	}
	fmt.Fprintf(&text, "tables:\n  - name: %s\n", strings.Join(tables, "\n  - name: "))
	c := capturing{captured{openStore(t, own), filepath.Join(folder, name, "archive")}, filepath.Join(folder, name+".yaml")}
	if err := os.WriteFile(c.config, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return c
}

func exampleCredentials() []string {
	return []string{
		"AWS_ACCESS_KEY_ID=" + exampleKey, "AWS_SECRET_ACCESS_KEY=example", "AWS_SESSION_TOKEN=", "AWS_PROFILE=",
		"AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull, "AWS_EC2_METADATA_DISABLED=true",
	}
}
