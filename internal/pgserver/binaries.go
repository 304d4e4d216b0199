package pgserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// ErrNotInstalled says that no PostgreSQL server was found on this machine.
var ErrNotInstalled = errors.New("no PostgreSQL server binaries found (install them with `apt-get install postgresql`, " +
	"or set PG_BINDIR to the folder that holds initdb and postgres)")

// installed is where Debian and Ubuntu put the binaries, one folder per major version.
const installed = "/usr/lib/postgresql/*/bin"

// Binaries is a folder that holds postgres, initdb and their siblings, all of one major version.
type Binaries struct {
	Dir   string
	Major int // 15, 16, ...
}

// Find looks for the server binaries: in explicit if that is set, else in PG_BINDIR, in the folder a postgres on PATH really
// lies in, and in /usr/lib/postgresql/*/bin from the newest version down. A folder that is named must hold them.
func Find(explicit string) (Binaries, error) { return find(explicit, 0) }

// find is Find for one major version; 0 takes any.
func find(explicit string, major int) (Binaries, error) {
	for _, named := range []struct{ what, dir string }{
		{"folder", explicit}, {"PG_BINDIR", os.Getenv("PG_BINDIR")},
	} {
		if named.dir == "" {
			continue
		}
		b, err := inspect(named.dir)
		if err != nil {
			return Binaries{}, fmt.Errorf("find postgresql: %s %s: %w", named.what, named.dir, err)
		}
		return b, fits(b, major)
	}
	var seen []string
	for _, dir := range candidates() {
		b, err := inspect(dir)
		if err != nil {
			continue
		}
		if fits(b, major) == nil {
			return b, nil
		}
		seen = append(seen, strconv.Itoa(b.Major))
	}
	if len(seen) > 0 {
		return Binaries{}, fmt.Errorf("find postgresql: the data folder was made by version %d, installed is %s "+
			"(install it with `apt-get install postgresql-%d`, or move the folder away)", major, strings.Join(seen, ", "), major)
	}
	return Binaries{}, fmt.Errorf("find postgresql: %w", ErrNotInstalled)
}

func fits(b Binaries, major int) error {
	if major == 0 || b.Major == major {
		return nil
	}
	return fmt.Errorf("find postgresql: the data folder was made by version %d, %s holds version %d", major, b.Dir, b.Major)
}

// candidates lists the folders worth a look when none is named.
func candidates() []string {
	var dirs []string
	// A postgres on PATH is often a link; its siblings lie where it points.
	if onPath, err := exec.LookPath("postgres"); err == nil {
		if actual, err := filepath.EvalSymlinks(onPath); err == nil {
			dirs = append(dirs, filepath.Dir(actual))
		}
	}
	found, _ := filepath.Glob(installed) // the pattern is a constant and well formed
	slices.SortFunc(found, func(a, b string) int { return folderVersion(b) - folderVersion(a) })
	return append(dirs, found...)
}

// folderVersion reads 15 from /usr/lib/postgresql/15/bin.
func folderVersion(dir string) int {
	v, _ := strconv.Atoi(filepath.Base(filepath.Dir(dir)))
	return v
}

var versionLine = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// inspect checks that a folder holds the server and asks it for its version.
func inspect(dir string) (Binaries, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return Binaries{}, err
	}
	for _, name := range []string{"postgres", "initdb"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			return Binaries{}, fmt.Errorf("no server binary: %w", err)
		}
		if info.IsDir() || info.Mode().Perm()&0o111 == 0 {
			return Binaries{}, fmt.Errorf("%s is not a program", filepath.Join(dir, name))
		}
	}
	out, err := exec.Command(filepath.Join(dir, "postgres"), "--version").Output() //nolint:noctx // it answers at once
	if err != nil {
		return Binaries{}, fmt.Errorf("postgres --version: %w", err)
	}
	m := versionLine.FindSubmatch(out)
	if m == nil {
		return Binaries{}, fmt.Errorf("postgres --version says %q", strings.TrimSpace(string(out)))
	}
	major, err := strconv.Atoi(string(m[1]))
	return Binaries{Dir: dir, Major: major}, err
}

// Initdb makes an empty database cluster in dir, with the superuser postgres, UTF-8 and the C locale. The folder is created
// if need be and must be empty. Further arguments go to initdb; a throw-away cluster wants "--no-sync".
// The error carries the last lines initdb printed, a full disk among them.
func (b Binaries) Initdb(ctx context.Context, dir string, args ...string) error {
	args = append([]string{
		"--username=" + superuser, "--auth-local=trust", "--auth-host=scram-sha-256",
		"--encoding=UTF8", "--no-locale", "--no-instructions",
	}, args...)
	if err := b.fill(ctx, "initdb", dir, args); err != nil {
		return fmt.Errorf("make database cluster %s: %w", dir, err)
	}
	return nil
}

// fill runs a tool that fills an empty data folder.
func (b Binaries) fill(ctx context.Context, tool, dir string, args []string) error {
	acct, err := account()
	if err != nil {
		return err
	}
	if err := acct.own(dir); err != nil {
		return err
	}
	folder, err := acct.reach(dir)
	if err != nil {
		return err
	}
	defer folder.close()
	cmd := exec.CommandContext(ctx, filepath.Join(b.Dir, tool), append(args, "-D", folder.path)...)
	cmd.Env = environment()
	cmd.Dir = "/" // the caller's folder may be closed to the account
	cmd.ExtraFiles = folder.files
	cmd.SysProcAttr = acct.attr()
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // lets the tool remove what it made
	cmd.WaitDelay = stopPatience
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", tool, errors.Join(context.Cause(ctx), err), lastLines(string(out)))
	}
	return nil
}

// environment is that of this program without PostgreSQL's own variables, which would steer the server elsewhere, and with
// untranslated messages, which are read here.
func environment() []string {
	env := slices.DeleteFunc(os.Environ(), func(kv string) bool {
		return strings.HasPrefix(kv, "PG") || strings.HasPrefix(kv, "LC_") || strings.HasPrefix(kv, "LANG")
	})
	return append(env, "LC_ALL=C")
}

// lastLines keeps what a person needs of a program's output.
func lastLines(out string) string {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) > 8 {
		lines = lines[len(lines)-8:]
	}
	return strings.Join(lines, " | ")
}
