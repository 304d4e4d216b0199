package pgserver

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	superuser = "postgres"

	// stopPatience is how long a polite request to end may take before a rougher one follows.
	stopPatience = 30 * time.Second

	// startPatience bounds a start; the recovery after a crash replays at most the log of one checkpoint interval.
	startPatience = 2 * time.Minute
)

// Server is a running PostgreSQL. Its methods may be called from several goroutines.
type Server struct {
	dir       string // PostgreSQL's data folder
	socketDir string
	port      int
	pid       int
	child     *child // nil if another program started it
	ephemeral bool

	share *share // nil for a server of this program alone

	closing sync.Once
	closed  error
}

// Dir is PostgreSQL's data folder. It belongs to the account the server runs as.
func (s *Server) Dir() string { return s.dir }

// DSN is a connection string over the Unix socket. An empty db or user means postgres, the superuser and its database.
// It stays the same when the server of the same data folder is started again.
func (s *Server) DSN(db, user string) string {
	if db == "" {
		db = superuser
	}
	if user == "" {
		user = superuser
	}
	query := url.Values{"host": {s.socketDir}, "port": {strconv.Itoa(s.port)}, "sslmode": {"disable"}}
	dsn := url.URL{Scheme: "postgres", User: url.User(user), Path: "/" + db, RawQuery: query.Encode()}
	return dsn.String()
}

// Close ends this program's use of the server. The server itself stops when it serves nobody else, and what an ephemeral
// one has written is removed. Only the first call does anything; every call returns what that one came to.
func (s *Server) Close() error {
	s.closing.Do(func() {
		if s.share != nil {
			s.closed = s.leave()
		} else {
			s.closed = s.stop()
		}
		if s.closed != nil {
			s.closed = fmt.Errorf("stop postgresql in %s: %w", s.dir, s.closed)
		}
	})
	return s.closed
}

// Kill ends the server without warning, as a crash would, and returns when its first process is gone. What was committed
// is recovered by the next start on the same folder. Close must still be called.
func (s *Server) Kill() error {
	if err := syscall.Kill(s.pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("kill postgresql %d: %w", s.pid, err)
	}
	if !s.gone(stopPatience) {
		return fmt.Errorf("kill postgresql %d: still there after %s", s.pid, stopPatience)
	}
	return nil
}

// Promote ends a standby's recovery and returns when it accepts writes.
func (s *Server) Promote(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, s.DSN("", ""))
	if err != nil {
		return fmt.Errorf("promote: %w", err)
	}
	defer conn.Close(ctx) //nolint:errcheck // nothing is in flight
	var done bool
	if err := conn.QueryRow(ctx, "select pg_promote(true, $1)", int(startPatience.Seconds())).Scan(&done); err != nil {
		return fmt.Errorf("promote: %w", err)
	}
	if !done {
		return fmt.Errorf("promote: still a standby after %s", startPatience)
	}
	return nil
}

// stop ends the server and removes its socket's folder, unless a successor on the same data folder uses it by now.
func (s *Server) stop() error {
	if err := s.halt(); err != nil {
		return err
	}
	if pm, err := readPostmaster(s.dir); err != nil || pm.runs(s.dir) {
		return err
	}
	return removeSocketDir(s.socketDir)
}

// halt shuts the server down: in order, else at once (the next start recovers), else by force. Data that will be thrown
// away is not worth the checkpoint of an orderly end.
func (s *Server) halt() error {
	steps := []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGKILL}
	if s.ephemeral {
		steps = steps[1:]
	}
	for _, signal := range steps {
		if !s.running() {
			break
		}
		if err := syscall.Kill(s.pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
		if s.gone(stopPatience) {
			break
		}
	}
	if s.running() {
		return fmt.Errorf("process %d does not end", s.pid)
	}
	return nil
}

// running reports whether the server's first process lives. A pid this program has not started may be somebody else's by now.
func (s *Server) running() bool {
	if s.child != nil {
		return !s.child.ended()
	}
	return postmaster{pid: s.pid, socketDir: s.socketDir}.runs(s.dir)
}

// gone waits for the end of the server's first process.
func (s *Server) gone(patience time.Duration) bool {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for s.running() {
		if pause(ctx) != nil {
			return false
		}
	}
	return true
}

// ping connects once and asks something.
func (s *Server) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.DSN("", ""))
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}
