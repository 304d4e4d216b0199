package pgserver_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"parallax/internal/pgserver"
)

// The test binary runs itself as another program that opens a server, says so, and closes it when its input ends.
const (
	programFolder = "PARALLAX_TEST_PGSERVER_FOLDER"
	ephemeral     = "ephemeral" // in place of a folder
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(programFolder); dir != "" {
		os.Exit(program(dir))
	}
	os.Exit(m.Run())
}

func program(dir string) int {
	o := pgserver.Options{DataDir: dir, Settings: unsynced}
	if dir == ephemeral {
		o = pgserver.Options{Ephemeral: true}
	}
	s, err := pgserver.Open(context.Background(), o)
	if err != nil {
		fmt.Println("error:", err)
		return 1
	}
	fmt.Println("open", s.DSN("", ""))
	_, _ = io.Copy(io.Discard, os.Stdin)
	if err := s.Close(); err != nil {
		fmt.Println("error:", err)
		return 1
	}
	return 0
}

type running struct {
	cmd   *exec.Cmd
	stdin io.Closer
	says  *bufio.Reader
}

// launch starts another program on a folder.
func launch(t *testing.T, dir string, as *syscall.Credential) *running {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if as != nil { // the binary's own folder may be closed to the account
		binary = copyFile(t, binary)
	}
	cmd := exec.Command(binary, "-test.run=^$")
	cmd.Env = append(os.Environ(), programFolder+"="+dir)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as, Setpgid: true}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	})
	return &running{cmd: cmd, stdin: stdin, says: bufio.NewReader(stdout)}
}

func (r *running) dsn(t *testing.T) string {
	t.Helper()
	said, err := r.says.ReadString('\n')
	dsn, ok := strings.CutPrefix(strings.TrimSpace(said), "open ")
	if !ok {
		t.Fatalf("program says %q, %v", said, err)
	}
	return dsn
}

func (r *running) finish(t *testing.T) {
	t.Helper()
	_ = r.stdin.Close()
	rest, _ := io.ReadAll(r.says)
	if err := r.cmd.Wait(); err != nil {
		t.Errorf("program ended with %v: %s", err, rest)
	}
}

func copyFile(t *testing.T, path string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "parallax-program-") //nolint:usetesting // PostgreSQL's account cannot reach a folder of the test
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(dir, "program")
	if err := errors.Join(os.WriteFile(to, raw, 0o755), os.Chmod(dir, 0o755)); err != nil {
		t.Fatal(err)
	}
	return to
}

// serverPid is the pid in postmaster.pid, 0 if there is none.
func serverPid(t *testing.T, dir string) int {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid"))
	if errors.Is(err, os.ErrNotExist) {
		return 0
	}
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(raw), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func TestProgramsThatStartAtOnceShareOneServer(t *testing.T) {
	dir := t.TempDir()
	var programs []*running
	for range 4 {
		programs = append(programs, launch(t, dir, nil))
	}
	first := programs[0].dsn(t)
	for _, p := range programs[1:] {
		if dsn := p.dsn(t); dsn != first {
			t.Errorf("two servers: %s and %s", first, dsn)
		}
	}
	pid := serverPid(t, dir)
	for i, p := range programs {
		if now := serverPid(t, dir); now != pid {
			t.Fatalf("after %d programs left, process %d became %d", i, pid, now)
		}
		p.finish(t)
	}
	if left := serverPid(t, dir); left != 0 {
		t.Errorf("the last program left the server running as %d", left)
	}
}

func TestKilledProgramLeavesTheServerToTheNext(t *testing.T) {
	dir := t.TempDir()
	killed := launch(t, dir, nil)
	dsn := killed.dsn(t)
	pid := serverPid(t, dir)
	if err := killed.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = killed.cmd.Wait()

	next := open(t, pgserver.Options{DataDir: dir})
	if next.DSN("", "") != dsn || serverPid(t, dir) != pid {
		t.Errorf("did not attach: %s as %d, before %s as %d", next.DSN("", ""), serverPid(t, dir), dsn, pid)
	}
	query[int](t, next, "select 1")
	if err := next.Close(); err != nil {
		t.Fatal(err)
	}
	if left := serverPid(t, dir); left != 0 {
		t.Errorf("the last program left the server running as %d", left)
	}
}

func TestProgramKilledWhileStartingIsNoObstacle(t *testing.T) {
	dir := t.TempDir()
	for i := range 6 {
		p := launch(t, dir, nil)
		time.Sleep(time.Duration(i) * 150 * time.Millisecond)
		if err := p.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = p.cmd.Wait()
	}
	s := open(t, pgserver.Options{DataDir: dir, Settings: unsynced})
	query[int](t, s, "select 1")
}

func TestInterruptOnTheTerminalSparesTheServer(t *testing.T) {
	dir := t.TempDir()
	p := launch(t, dir, nil)
	p.dsn(t)
	before := serverPid(t, dir)
	// Ctrl-C reaches every process of the program's group; the program itself dies of it here.
	if err := syscall.Kill(-p.cmd.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	_ = p.cmd.Wait()
	if group, err := syscall.Getpgid(before); err != nil || group == p.cmd.Process.Pid {
		t.Errorf("the server is in the program's group, or gone: group %d, %v", group, err)
	}
	query[int](t, open(t, pgserver.Options{DataDir: dir}), "select 1")
	if after := serverPid(t, dir); after != before {
		t.Errorf("the server died with the terminal: process %d, now %d", before, after)
	}
}

// TestUnprivilegedProgram is the other half of running as whoever starts the tests.
func TestUnprivilegedProgram(t *testing.T) {
	if os.Geteuid() != 0 {
		query[int](t, open(t, pgserver.Options{DataDir: t.TempDir(), Settings: unsynced}), "select 1")
		return
	}
	const nobody = 65534
	dir, err := os.MkdirTemp("", "parallax-unprivileged-") //nolint:usetesting // PostgreSQL's account cannot reach a folder of the test
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chown(dir, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	p := launch(t, dir, &syscall.Credential{Uid: nobody, Gid: nobody})
	p.dsn(t)
	p.finish(t)
	if left := serverPid(t, dir); left != 0 {
		t.Errorf("left the server running as %d", left)
	}
}
