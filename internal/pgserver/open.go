package pgserver

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Options say which server to open. The zero Options open a throw-away server only if Ephemeral is set.
type Options struct {
	DataDir   string   // folder of the server; made if absent. Empty with Ephemeral: a folder of the system's temporary one
	BinDir    string   // folder of the binaries; empty searches (see Find)
	Settings  Settings // further PostgreSQL settings; they hold for the program that starts the server
	Ephemeral bool     // without fsync; Close removes the folder; the server dies with this program
	Port      int      // also listen on 127.0.0.1, where passwords are asked for; 0: Unix socket only
}

// share is this program's part in a server several programs use.
//
// Two locks decide: whoever starts or stops the server holds start.lock alone; whoever uses it shares users.lock. The last
// one out finds users.lock free and stops the server. The kernel gives back the locks of a program that is killed, the
// server lives on, and the next program attaches to it.
type share struct {
	base  string
	users *os.File
}

func (h *share) startLock() string { return filepath.Join(h.base, "start.lock") }
func (h *share) usersLock() string { return filepath.Join(h.base, "users.lock") }

// Open attaches to the server of a data folder, or starts it, making the database cluster first if there is none. A server
// that was killed is recovered. Programs that name the same folder share one server; see Server.Close.
func Open(ctx context.Context, o Options) (*Server, error) {
	base, err := o.base()
	if err != nil {
		return nil, fmt.Errorf("open postgresql: %w", err)
	}
	sweep()
	s, err := open(ctx, o, base)
	if err != nil {
		if o.Ephemeral && o.DataDir == "" {
			err = errors.Join(err, os.RemoveAll(base))
		}
		return nil, fmt.Errorf("open postgresql in %s: %w", base, err)
	}
	return s, nil
}

// base makes the folder that holds the locks, the log and PostgreSQL's data folder.
func (o Options) base() (string, error) {
	acct, err := account()
	if err != nil {
		return "", err
	}
	if o.DataDir == "" {
		if !o.Ephemeral {
			return "", errors.New("no data folder")
		}
		base, err := os.MkdirTemp("", basePrefix)
		if err != nil {
			return "", err
		}
		return base, os.Chmod(base, acct.parentMode())
	}
	base, err := filepath.Abs(o.DataDir)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(base, acct.parentMode()); err != nil {
		return "", err
	}
	// Two names of one folder must lead to one socket.
	return filepath.EvalSymlinks(base)
}

func open(ctx context.Context, o Options, base string) (*Server, error) {
	h := &share{base: base}
	starting, err := lock(ctx, h.startLock(), syscall.LOCK_EX)
	if err != nil {
		return nil, err
	}
	defer unlock(starting)
	if err := awaitStarting(ctx, dataDir(base)); err != nil {
		return nil, err
	}
	s, err := attach(ctx, base)
	if err != nil {
		return nil, err
	}
	if s == nil {
		if s, err = boot(ctx, o, base); err != nil {
			return nil, err
		}
	}
	s.share, s.ephemeral = h, isEphemeral(base)
	if h.users, err = lock(ctx, h.usersLock(), syscall.LOCK_SH); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

// attach returns the running server of a folder, nil if none runs.
func attach(ctx context.Context, base string) (*Server, error) {
	dir := dataDir(base)
	pm, err := readPostmaster(dir)
	if err != nil {
		return nil, err
	}
	if !pm.runs(dir) {
		return nil, nil
	}
	s := &Server{dir: dir, pid: pm.pid, port: pm.port, socketDir: pm.socketDir}
	// It may still be starting, or on its way down because it was told to end from outside.
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	for {
		err := s.ping(ctx)
		if err == nil {
			return s, nil
		}
		if !s.running() {
			return nil, nil
		}
		if stopped := pause(ctx); stopped != nil {
			return nil, errors.Join(fmt.Errorf("attach to server process %d: %w", s.pid, stopped), err)
		}
	}
}

// boot starts the server of a folder, making its cluster first if there is none.
func boot(ctx context.Context, o Options, base string) (*Server, error) {
	dir := dataDir(base)
	major, err := clusterMajor(dir)
	if err != nil {
		return nil, err
	}
	binaries, err := find(o.BinDir, major)
	if err != nil {
		return nil, err
	}
	if major == 0 {
		if err := create(ctx, o, binaries, dir); err != nil {
			return nil, err
		}
	}
	settings := Settings{}
	if o.Ephemeral && isEphemeral(base) {
		settings = Throwaway()
	}
	maps.Copy(settings, o.Settings)
	l := launch{
		binaries: binaries, dir: dir, log: filepath.Join(base, "server.log"),
		settings: settings, port: o.Port, dependent: o.Ephemeral && isEphemeral(base),
	}
	return l.start(ctx)
}

// create makes the cluster beside its place and moves it there when it is whole: a program killed meanwhile leaves no half.
// The place beside is this program's own, for the initdb of a killed one may still be at work in its.
func create(ctx context.Context, o Options, b Binaries, dir string) error {
	half := dir + ".new-" + strconv.Itoa(os.Getpid())
	left, _ := filepath.Glob(dir + ".new-*") // the pattern is well formed
	for _, other := range left {
		_ = os.RemoveAll(other) // whoever is at work there loses a race that it could not have won
	}
	var args []string
	if o.Ephemeral {
		args = append(args, "--no-sync")
	}
	if err := b.Initdb(ctx, half, args...); err != nil {
		return errors.Join(err, os.RemoveAll(half))
	}
	if o.Ephemeral {
		if err := os.WriteFile(ephemeralMark(filepath.Dir(dir)), nil, 0o600); err != nil {
			return err
		}
	}
	return os.Rename(half, dir)
}

// ephemeralMark is the file that tells a folder to be removed after use. Options alone must not: they may be given for a
// folder that holds somebody's findings.
func ephemeralMark(base string) string { return filepath.Join(base, "ephemeral") }

func isEphemeral(base string) bool {
	_, err := os.Stat(ephemeralMark(base))
	return err == nil
}

func dataDir(base string) string { return filepath.Join(base, "data") }

// clusterMajor is the version that made a cluster, 0 if there is none.
func clusterMajor(dir string) (int, error) {
	raw, err := os.ReadFile(filepath.Join(dir, "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
			return 0, fmt.Errorf("%s is not empty and holds no database cluster (move it away)", dir)
		}
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(raw)))
	if err != nil {
		return 0, fmt.Errorf("%s: no version number: %w", filepath.Join(dir, "PG_VERSION"), err)
	}
	return major, nil
}

// leave gives up this program's use and stops the server if nobody else uses it.
func (s *Server) leave() error {
	h := s.share
	ctx, cancel := context.WithTimeout(context.Background(), startPatience)
	defer cancel()
	starting, err := lock(ctx, h.startLock(), syscall.LOCK_EX)
	if err != nil {
		return errors.Join(err, h.users.Close())
	}
	defer unlock(starting)
	unlock(h.users)
	last, err := tryLock(h.usersLock(), syscall.LOCK_EX)
	if errors.Is(err, errBusy) {
		return nil // others go on using it
	}
	if err != nil {
		return err
	}
	defer unlock(last)
	// The server may have been killed and started again by another program since.
	if pm, err := readPostmaster(s.dir); err == nil && pm.pid != s.pid && pm.runs(s.dir) {
		s.pid, s.child = pm.pid, nil
	}
	if err := s.stop(); err != nil {
		return err
	}
	if s.ephemeral {
		return removeAll(h.base)
	}
	return nil
}

// removeAll removes a folder in which a process that has been stopped may still put something while it is being removed.
func removeAll(folder string) error {
	err := os.RemoveAll(folder)
	for range 20 {
		if err == nil {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
		err = os.RemoveAll(folder)
	}
	return err
}
