package pgserver

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// owner is the account the server runs as and its files belong to.
type owner struct {
	uid, gid uint32
	name     string
	switched bool // this program is root and hands over to the account
}

// account chooses the account: this program's own, or for root the first of postgres and nobody that exists. The server
// looks its account up by uid, so one without a passwd entry would not do.
func account() (owner, error) {
	if os.Geteuid() != 0 {
		return owner{uid: uint32(os.Geteuid()), gid: uint32(os.Getegid())}, nil //nolint:gosec // ids are 32 bits wide
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(err1, err2); err != nil {
			return owner{}, fmt.Errorf("look up account %s: %w", name, err)
		}
		return owner{uid: uint32(uid), gid: uint32(gid), name: name, switched: true}, nil
	}
	return owner{}, errors.New("postgresql refuses to run as root and there is neither an account postgres nor nobody " +
		"(create one, or run as an unprivileged user)")
}

// attr starts a child as the account in a session of its own, so that Ctrl-C on the terminal or the terminal's end reaches
// only this program, which then stops the server in order.
func (o owner) attr() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setsid: true}
	if o.switched {
		attr.Credential = &syscall.Credential{Uid: o.uid, Gid: o.gid}
	}
	return attr
}

// own makes dir a folder of the account that nobody else may enter.
func (o owner) own(dir string) error {
	if err := os.MkdirAll(filepath.Dir(dir), o.parentMode()); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is not a folder", dir)
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !ok || st.Uid == o.uid:
	case o.switched && st.Uid == 0: // ours, freshly made
		if err := os.Lchown(dir, int(o.uid), int(o.gid)); err != nil {
			return err
		}
	default:
		return fmt.Errorf("%s belongs to user %d, not to user %d (remove it, or run as its owner)", dir, st.Uid, o.uid)
	}
	if info.Mode().Perm() == 0o700 {
		return nil
	}
	return os.Chmod(dir, 0o700)
}

// parentMode lets the account pass through folders root makes, and nobody through those of an ordinary user.
func (o owner) parentMode() os.FileMode {
	if o.switched {
		return 0o711
	}
	return 0o700
}

// mayEnter reports whether the account may pass through every parent folder of dir, by owner, group and mode.
func (o owner) mayEnter(dir string) (bool, error) {
	if !o.switched {
		return true, nil
	}
	parent, err := filepath.EvalSymlinks(filepath.Dir(dir))
	if err != nil {
		return false, err
	}
	for {
		info, err := os.Stat(parent)
		if err != nil {
			return false, err
		}
		if !o.passes(info) {
			return false, nil
		}
		if parent == filepath.Dir(parent) {
			return true, nil
		}
		parent = filepath.Dir(parent)
	}
}

func (o owner) passes(info os.FileInfo) bool {
	bit := os.FileMode(0o001)
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		switch {
		case st.Uid == o.uid:
			bit = 0o100
		case st.Gid == o.gid:
			bit = 0o010
		}
	}
	return info.Mode().Perm()&bit != 0
}

// folder is a data folder as a child of the account can name it.
type folder struct {
	path  string
	files []*os.File // to be inherited as descriptor 3
}

func (f folder) close() {
	for _, file := range f.files {
		_ = file.Close() // opened for its descriptor only
	}
}

// reach names dir for a child of the account. Where a parent folder is closed to the account (root's home is, and a test's
// temporary folder), the child inherits the open folder and names it by descriptor: that needs no right on the parents,
// gives the account none, and leaves the data where it was asked to be.
func (o owner) reach(dir string) (folder, error) {
	open, err := o.mayEnter(dir)
	if err != nil {
		return folder{}, err
	}
	if open {
		return folder{path: dir}, nil
	}
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		return folder{}, fmt.Errorf("%s lies in a folder closed to the account %s "+
			"(choose a data folder elsewhere, for example under /var/lib)", dir, o.name)
	}
	file, err := os.Open(dir)
	if err != nil {
		return folder{}, err
	}
	return folder{path: "/proc/self/fd/3", files: []*os.File{file}}, nil
}
