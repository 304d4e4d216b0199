package pgserver

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Settings are PostgreSQL settings by name, as on the server's command line.
type Settings map[string]string

// Throwaway are the settings of a server whose data nobody needs after a crash of the machine. A crash of the server alone
// loses nothing even so.
func Throwaway() Settings { return Settings{"fsync": "off", "full_page_writes": "off"} }

// Start starts a server for this program alone on a data folder made by Initdb or BaseBackup and returns when it answers
// queries. It dies with this program. Its log is the file <dir>.log. The error carries the log's last lines.
func (b Binaries) Start(ctx context.Context, dir string, settings ...Settings) (*Server, error) {
	all := Settings{}
	for _, some := range settings {
		maps.Copy(all, some)
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("start postgresql: %w", err)
	}
	l := launch{binaries: b, dir: dir, log: dir + ".log", settings: all, dependent: true}
	s, err := l.start(ctx)
	if err != nil {
		return nil, fmt.Errorf("start postgresql in %s: %w", dir, err)
	}
	return s, nil
}

// BaseBackup copies a running server into dir as a standby: started, it follows from until promoted.
func (b Binaries) BaseBackup(ctx context.Context, from *Server, dir string) error {
	args := []string{
		"--host=" + from.socketDir, "--port=" + strconv.Itoa(from.port), "--username=" + superuser,
		"--wal-method=stream", "--checkpoint=fast", "--write-recovery-conf", "--no-sync",
	}
	if err := b.fill(ctx, "pg_basebackup", dir, args); err != nil {
		return fmt.Errorf("copy server %s to %s: %w", from.dir, dir, err)
	}
	return nil
}

// launch is one start of a server.
type launch struct {
	binaries  Binaries
	dir       string
	log       string
	settings  Settings
	port      int  // on 127.0.0.1; 0 for the socket only
	dependent bool // dies with this program
}

// start starts the server, again and again while the children of a killed predecessor still hold its shared memory, or while
// nobody has taken note of the predecessor's end: to PostgreSQL a zombie is alive.
func (l launch) start(ctx context.Context) (*Server, error) {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	acct, err := account()
	if err != nil {
		return nil, err
	}
	s := &Server{dir: l.dir, port: l.port}
	if s.port == 0 {
		s.port = defaultPort
	}
	if s.socketDir, err = acct.socketDir(l.dir); err != nil {
		return nil, err
	}
	for {
		said, err := l.once(ctx, acct, s)
		if err == nil {
			return s, nil
		}
		if !strings.Contains(said, "pre-existing shared memory block") && !strings.Contains(said, `lock file "postmaster.pid" already exists`) {
			return nil, errors.Join(err, removeSocketDir(s.socketDir))
		}
		if stopped := pause(ctx); stopped != nil {
			return nil, errors.Join(stopped, err)
		}
	}
}

// once starts the server and waits until it answers; said is what it logged.
func (l launch) once(ctx context.Context, acct owner, s *Server) (said string, err error) {
	pm, err := readPostmaster(l.dir)
	if err != nil {
		return "", err
	}
	if pm.runs(l.dir) {
		return "", fmt.Errorf("a server already runs there, process %d", pm.pid)
	}
	if err := dropStale(l.dir, pm, s.socketDir); err != nil {
		return "", err
	}
	reach, err := acct.reach(l.dir)
	if err != nil {
		return "", err
	}
	defer reach.close()
	log, offset, err := openLog(l.log)
	if err != nil {
		return "", err
	}
	defer log.Close() //nolint:errcheck // the server writes it through its own descriptor

	cmd := exec.Command(filepath.Join(l.binaries.Dir, "postgres"), l.args(reach.path, s)...) //nolint:noctx // the server outlives the context it was started in
	cmd.Env, cmd.Dir = environment(), "/"
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = log, log, reach.files
	cmd.SysProcAttr = acct.attr()
	if l.dependent {
		dieWithParent(cmd.SysProcAttr)
	}
	if s.child, err = spawn(cmd); err != nil {
		return "", err
	}
	s.pid = cmd.Process.Pid
	if err := s.ready(ctx); err != nil {
		err = errors.Join(err, s.halt())
		said = logTail(l.log, offset)
		return said, fmt.Errorf("%w: %s", err, lastLines(said))
	}
	return "", nil
}

// args is the server's command line. log_destination and logging_collector are pinned: start-up problems are read from the log.
func (l launch) args(dir string, s *Server) []string {
	args := []string{"-D", dir, "-k", s.socketDir, "-p", strconv.Itoa(s.port)}
	fixed := Settings{
		"listen_addresses": "", "unix_socket_permissions": "0700",
		"log_destination": "stderr", "logging_collector": "off",
	}
	if l.port != 0 {
		fixed["listen_addresses"] = "127.0.0.1"
	}
	for _, settings := range []Settings{l.settings, fixed} {
		names := make([]string, 0, len(settings))
		for name := range settings {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			args = append(args, "-c", name+"="+settings[name])
		}
	}
	return args
}

// ready waits until the server answers, its process ends or ctx does.
func (s *Server) ready(ctx context.Context) error {
	var last error
	for {
		if s.child.ended() {
			return errors.New("the server ended at once")
		}
		if last = s.ping(ctx); last == nil {
			return nil
		}
		if err := pause(ctx); err != nil {
			return errors.Join(err, last)
		}
	}
}

// openLog opens a server's log for appending; one that has grown large is set aside first.
func openLog(path string) (f *os.File, offset int64, err error) {
	const large = 8 << 20
	if info, err := os.Stat(path); err == nil && info.Size() > large {
		if err := os.Rename(path, path+".1"); err != nil {
			return nil, 0, err
		}
	}
	if f, err = os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	if info.Size() > 0 {
		_, err = fmt.Fprintf(f, "--- start %s\n", time.Now().UTC().Format(time.RFC3339))
	}
	return f, info.Size(), err
}
