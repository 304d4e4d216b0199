package pgserver

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	defaultPort  = 5432 // names the socket; nothing listens on the network
	socketPrefix = "parallax-pg-"
)

// socketDir makes the folder of the socket, which only the account may enter. A socket's path holds 107 bytes on Linux and
// must be reachable for the account, so it lies in the system's temporary folder under a name hashed from the account and
// the data folder: every program that names the same data folder finds the same socket.
func (o owner) socketDir(dataDir string) (string, error) {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d\x00%s", o.uid, dataDir))
	name := socketPrefix + hex.EncodeToString(sum[:8])
	var firstErr error
	for _, base := range []string{os.TempDir(), "/tmp", "/var/tmp"} {
		dir := filepath.Join(base, name)
		err := o.usableSocketDir(dir)
		if err == nil {
			return dir, nil
		}
		if firstErr == nil {
			firstErr = err
		}
	}
	return "", fmt.Errorf("make folder for the socket: %w", firstErr)
}

func (o owner) usableSocketDir(dir string) error {
	const longest = 107 // sun_path less its final zero
	if socket := filepath.Join(dir, ".s.PGSQL.65535.lock"); len(socket) > longest {
		return fmt.Errorf("%s: the socket's path would be longer than %d bytes", dir, longest)
	}
	open, err := o.mayEnter(dir)
	if err != nil {
		return err
	}
	if !open {
		return fmt.Errorf("%s is closed to the account %s", filepath.Dir(dir), o.name)
	}
	// A folder of somebody else under our name is refused, so nobody can slip us a socket of theirs.
	return o.own(dir)
}

// removeSocketDir removes the folder of a server that has ended, if it is one of ours.
func removeSocketDir(dir string) error {
	if !strings.HasPrefix(filepath.Base(dir), socketPrefix) || serverOf(dir) != 0 {
		return nil // not ours, or another program's server has taken it over
	}
	if err := dropSockets(dir); err != nil {
		return err
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// dropSockets removes the sockets of a server that has ended, and their lock files: a lock file whose pid another program
// wears by now would stop the next start.
func dropSockets(dir string) error {
	left, _ := filepath.Glob(filepath.Join(dir, ".s.PGSQL.*")) // the pattern is well formed
	for _, path := range left {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
