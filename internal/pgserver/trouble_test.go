package pgserver_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parallax/internal/pgserver"
)

func TestLongPath(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("a-rather-long-name/", 12))
	if len(dir) < 200 {
		t.Fatal("not long")
	}
	query[int](t, open(t, pgserver.Options{DataDir: dir, Settings: unsynced}), "select 1")
}

func TestTwoNamesOfOneFolderAreOneServer(t *testing.T) {
	dir := t.TempDir()
	other := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, other); err != nil {
		t.Fatal(err)
	}
	a := open(t, pgserver.Options{DataDir: dir, Settings: unsynced})
	b := open(t, pgserver.Options{DataDir: other})
	if a.DSN("", "") != b.DSN("", "") {
		t.Errorf("%s and %s", a.DSN("", ""), b.DSN("", ""))
	}
}

// TestStaleFiles leaves what a machine that lost power leaves: a pid file and a socket's lock whose pid now belongs to
// another program, and the socket itself.
func TestStaleFiles(t *testing.T) {
	dir := t.TempDir()
	s := open(t, pgserver.Options{DataDir: dir, Settings: unsynced})
	pidFile := filepath.Join(dir, "data", "postmaster.pid")
	raw, err := os.ReadFile(pidFile)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitN(string(raw), "\n", 6)
	socketDir := lines[4]
	if err := s.Kill(); err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(raw), "\n")
	mine := fmt.Sprintf("%d\n%s", os.Getpid(), rest)
	for path, content := range map[string]string{pidFile: mine, filepath.Join(socketDir, ".s.PGSQL.5432.lock"): mine} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	query[int](t, open(t, pgserver.Options{DataDir: dir, Settings: unsynced}), "select 1")
}

func TestErrorsCarryTheServersWords(t *testing.T) {
	dir := t.TempDir()
	_, err := pgserver.Open(t.Context(), pgserver.Options{DataDir: dir, Settings: pgserver.Settings{"shared_buffers": "lots"}})
	if err == nil || !strings.Contains(err.Error(), `invalid value for parameter "shared_buffers": "lots"`) {
		t.Errorf("start: %v", err)
	}
	// The mistake is no obstacle once it is corrected.
	query[int](t, open(t, pgserver.Options{DataDir: dir, Settings: unsynced}), "select 1")

	b, err := pgserver.Find("")
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Initdb(t.Context(), filepath.Join(t.TempDir(), "d"), "--encoding=odd"); err == nil || !strings.Contains(err.Error(), "odd") {
		t.Errorf("initdb: %v", err)
	}
}

// TestFullDisk stands a small program in for initdb that says what the real one says on a full disk.
func TestFullDisk(t *testing.T) {
	installed, err := pgserver.Find("")
	if err != nil {
		t.Fatal(err)
	}
	bin, err := os.MkdirTemp("", "parallax-bin-") //nolint:usetesting // PostgreSQL's account cannot reach a folder of the test
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(bin) })
	script := "#!/bin/sh\necho 'initdb: error: could not write file: No space left on device' >&2\nexit 1\n"
	err = errors.Join(os.Chmod(bin, 0o755), os.Symlink(filepath.Join(installed.Dir, "postgres"), filepath.Join(bin, "postgres")),
		os.WriteFile(filepath.Join(bin, "initdb"), []byte(script), 0o755))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	_, err = pgserver.Open(t.Context(), pgserver.Options{DataDir: dir, BinDir: bin})
	if err == nil || !strings.Contains(err.Error(), "No space left on device") {
		t.Errorf("%v", err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "data*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
}

func TestFind(t *testing.T) {
	installed, err := pgserver.Find("")
	if err != nil {
		t.Fatal(err)
	}
	t.Run("PG_BINDIR", func(t *testing.T) {
		t.Setenv("PG_BINDIR", installed.Dir)
		t.Setenv("PATH", "")
		if b, err := pgserver.Find(""); err != nil || b != installed {
			t.Errorf("%+v, %v", b, err)
		}
	})
	t.Run("a named folder must hold the server", func(t *testing.T) {
		if b, err := pgserver.Find(t.TempDir()); err == nil {
			t.Errorf("found %+v", b)
		}
		t.Setenv("PG_BINDIR", t.TempDir())
		if b, err := pgserver.Find(""); err == nil || !strings.Contains(err.Error(), "PG_BINDIR") {
			t.Errorf("found %+v, %v", b, err)
		}
	})
	t.Run("the client alone on PATH is not a server", func(t *testing.T) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "psql"), []byte("#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		t.Setenv("PATH", dir)
		if b, err := pgserver.Find(""); err == nil && filepath.Dir(b.Dir) == dir {
			t.Errorf("found %+v", b)
		}
	})
	t.Run("the error names the package", func(t *testing.T) {
		if !strings.Contains(pgserver.ErrNotInstalled.Error(), "apt-get install postgresql") {
			t.Error(pgserver.ErrNotInstalled)
		}
	})
}

func TestForeignFolder(t *testing.T) {
	dir := t.TempDir()
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "data"), 0o755), os.WriteFile(filepath.Join(dir, "data", "mine.txt"), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	if _, err := pgserver.Open(t.Context(), pgserver.Options{DataDir: dir}); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("%v", err)
	}
}

func TestClusterOfAnotherVersion(t *testing.T) {
	dir := t.TempDir()
	if err := open(t, pgserver.Options{DataDir: dir, Settings: unsynced}).Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "data", "PG_VERSION"), []byte("9\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := pgserver.Open(t.Context(), pgserver.Options{DataDir: dir})
	if err == nil || !strings.Contains(err.Error(), "version 9") {
		t.Errorf("%v", err)
	}
}
