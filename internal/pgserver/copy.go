package pgserver

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Copy copies the data folder of a server that has ended, to be started as a server of its own: faster than Initdb by the
// time initdb takes. The copy keeps the system identifier. to must not exist, or be empty.
func Copy(from, to string) error {
	acct, err := account()
	if err != nil {
		return fmt.Errorf("copy data folder: %w", err)
	}
	if err := acct.own(to); err != nil {
		return fmt.Errorf("copy data folder: %w", err)
	}
	err = filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rest, err := filepath.Rel(from, path)
		if err != nil || rest == "." {
			return err
		}
		return acct.copyOne(path, filepath.Join(to, rest), entry)
	})
	if err != nil {
		return fmt.Errorf("copy data folder %s: %w", from, err)
	}
	return nil
}

// copyOne copies one folder or file of a data folder. A server without tablespaces has nothing else.
func (o owner) copyOne(from, to string, entry fs.DirEntry) error {
	if entry.IsDir() {
		return o.own(to)
	}
	if !entry.Type().IsRegular() {
		return fmt.Errorf("%s is neither a folder nor a file", from)
	}
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close() //nolint:errcheck // it was only read
	target, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	if closed := target.Close(); err == nil {
		err = closed
	}
	if err == nil && o.switched {
		err = os.Lchown(to, int(o.uid), int(o.gid))
	}
	return err
}

// Follow makes a data folder that is a copy of a server's, or that of a server which has ended in order, the standby of a
// server: started, it replays what that one commits, until it is promoted.
func Follow(dir, primaryDSN string) error {
	acct, err := account()
	if err != nil {
		return fmt.Errorf("follow: %w", err)
	}
	signal := filepath.Join(dir, "standby.signal")
	if err := os.WriteFile(signal, nil, 0o600); err != nil {
		return fmt.Errorf("follow: %w", err)
	}
	if acct.switched {
		if err := os.Lchown(signal, int(acct.uid), int(acct.gid)); err != nil {
			return fmt.Errorf("follow: %w", err)
		}
	}
	auto, err := os.OpenFile(filepath.Join(dir, "postgresql.auto.conf"), os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("follow: %w", err)
	}
	_, err = fmt.Fprintf(auto, "primary_conninfo = '%s'\n", primaryDSN)
	if closed := auto.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("follow: %w", err)
	}
	return nil
}

// Address is the connection string that a server of a data folder will have once Start has started it.
func Address(dir, db, user string) (string, error) {
	acct, err := account()
	if err == nil {
		dir, err = filepath.Abs(dir)
	}
	if err != nil {
		return "", fmt.Errorf("name the address of a server: %w", err)
	}
	socket, err := acct.socketDir(dir)
	if err != nil {
		return "", fmt.Errorf("name the address of a server: %w", err)
	}
	s := Server{socketDir: socket, port: defaultPort}
	return s.DSN(db, user), removeSocketDir(socket)
}
