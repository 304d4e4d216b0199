package pgserver_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"parallax/internal/pgserver"
)

func TestKilledProgramsEphemeralServerIsSweptUp(t *testing.T) {
	tmp := t.TempDir()
	if err := os.Chmod(tmp, 0o711); err != nil { // tmp is the system's temporary folder here
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", tmp)
	p := launch(t, ephemeral, nil)
	dsn := p.dsn(t)

	inUse := open(t, pgserver.Options{Ephemeral: true}) // sweeps, and must spare the living
	if got := folders(t, tmp); len(got) != 2 {
		t.Fatalf("with two programs there are %v", got)
	}
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = p.cmd.Wait()
	// The server dies with its program; then the next to open one finds its folder.
	for deadline := time.Now().Add(20 * time.Second); len(folders(t, tmp)) != 1; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s was not swept up: %v", dsn, folders(t, tmp))
		}
		if err := open(t, pgserver.Options{Ephemeral: true}).Close(); err != nil {
			t.Fatal(err)
		}
	}
	query[int](t, inUse, "select 1")
}

func folders(t *testing.T, tmp string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(tmp, "parallax-postgres-*"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}
