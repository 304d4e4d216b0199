package pgserver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// postmaster is what a server says of itself in postmaster.pid.
// Source: PostgreSQL's src/include/utils/pidfile.h (line 1 pid, 4 port, 5 socket folder).
type postmaster struct {
	pid       int
	port      int
	socketDir string
}

// readPostmaster reads postmaster.pid of a data folder. No file, or one cut short by a crash, is the zero postmaster.
func readPostmaster(dir string) (postmaster, error) {
	raw, err := os.ReadFile(filepath.Join(dir, "postmaster.pid"))
	if errors.Is(err, fs.ErrNotExist) {
		return postmaster{}, nil
	}
	if err != nil {
		return postmaster{}, err
	}
	lines := strings.Split(string(raw), "\n")
	var pm postmaster
	pm.pid, _ = strconv.Atoi(strings.TrimSpace(lines[0])) // unreadable is 0: nobody
	if pm.pid < 0 {
		pm.pid = -pm.pid // a single-user server writes its pid negated
	}
	if len(lines) >= 5 {
		pm.port, _ = strconv.Atoi(strings.TrimSpace(lines[3]))
		pm.socketDir = strings.TrimSpace(lines[4])
	}
	return pm, nil
}

// runs reports whether the process lives and is the server of the data folder. A pid alone proves nothing: after a restart
// of the machine or the container another program may wear it. The server's command line names the data folder or the
// socket's folder, which belongs to this data folder alone; every program may read it.
func (pm postmaster) runs(dir string) bool {
	if pm.pid == 0 || !alive(pm.pid) {
		return false
	}
	if !hasProc() {
		return true // nothing better to go by than the pid
	}
	raw, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pm.pid), "cmdline"))
	if err != nil {
		return false
	}
	args := strings.Split(string(raw), "\x00")
	if filepath.Base(args[0]) != "postgres" {
		return false
	}
	return slices.Contains(args, dir) || pm.socketDir != "" && slices.Contains(args, pm.socketDir)
}

// alive reports whether a process exists and is not merely waiting for its parent to take note of its end.
func alive(pid int) bool {
	if err := syscall.Kill(pid, 0); err != nil && !errors.Is(err, syscall.EPERM) {
		return false
	}
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist) || !hasProc()
	}
	// The name in brackets may itself hold brackets; the state follows the last one.
	_, after, _ := strings.Cut(string(stat[bytes.LastIndexByte(stat, ')')+1:]), " ")
	return !strings.HasPrefix(after, "Z")
}

func hasProc() bool {
	_, err := os.Stat("/proc/self/stat")
	return err == nil
}

// dropStale removes what a dead server left behind and a new one would stumble over: a pid file whose pid now belongs to
// another program, and the sockets. The caller has seen that no server runs.
func dropStale(dir string, pm postmaster, socketDir string) error {
	if pm.pid != 0 && alive(pm.pid) {
		if err := os.Remove(filepath.Join(dir, "postmaster.pid")); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return dropSockets(socketDir)
}

// awaitStarting waits while a server that a killed program had just begun to start has not yet said all of itself in
// postmaster.pid: until then it looks like none, and its sockets like those of a dead one.
func awaitStarting(ctx context.Context, dir string) error {
	acct, err := account()
	if err != nil {
		return err
	}
	socketDir, err := acct.socketDir(dir)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	for {
		pid := serverOf(socketDir)
		if pid == 0 {
			return nil
		}
		pm, err := readPostmaster(dir)
		if err != nil {
			return err
		}
		if pm.pid == pid && pm.socketDir != "" {
			return nil
		}
		if stopped := pause(ctx); stopped != nil {
			return fmt.Errorf("wait for server process %d, which is starting: %w", pid, stopped)
		}
	}
}

// serverOf is the first process of the server that was told to keep its socket in a folder; 0 if there is none. Its
// children show another command line.
func serverOf(socketDir string) int {
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline") // the pattern is well formed
	for _, path := range lines {
		raw, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		args := strings.Split(string(raw), "\x00")
		if filepath.Base(args[0]) == "postgres" && slices.Contains(args, socketDir) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			return pid
		}
	}
	return 0
}
