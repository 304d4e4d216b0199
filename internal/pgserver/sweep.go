package pgserver

import (
	"os"
	"path/filepath"
	"syscall"
	"time"
)

const (
	// basePrefix begins the names of folders Open makes for ephemeral servers.
	basePrefix = "parallax-postgres-"

	// settled is how old an empty socket folder must be before nobody can be about to put a socket there.
	settled = 2 * startPatience
)

// sweep removes what killed programs of this user have left in the temporary folder: ephemeral servers' data and empty
// socket folders. It is a courtesy; what cannot be removed stays for the next.
func sweep() {
	acct, err := account()
	if err != nil {
		return
	}
	bases, _ := filepath.Glob(filepath.Join(os.TempDir(), basePrefix+"*")) // the pattern is well formed
	for _, base := range bases {
		if ownedBy(base, uint32(os.Geteuid())) && isEphemeral(base) { //nolint:gosec // ids are 32 bits wide
			removeAbandoned(base)
		}
	}
	sockets, _ := filepath.Glob(filepath.Join(os.TempDir(), socketPrefix+"*"))
	for _, dir := range sockets {
		if info, err := os.Lstat(dir); err == nil && time.Since(info.ModTime()) > settled && ownedBy(dir, acct.uid) {
			_ = os.Remove(dir) // refuses a folder that holds a socket
		}
	}
}

// removeAbandoned removes an ephemeral folder that no program starts, uses or stops, and whose server is gone.
func removeAbandoned(base string) {
	h := &share{base: base}
	starting, err := tryLock(h.startLock(), syscall.LOCK_EX)
	if err != nil {
		return
	}
	defer unlock(starting)
	users, err := tryLock(h.usersLock(), syscall.LOCK_EX)
	if err != nil {
		return
	}
	defer unlock(users)
	dir := dataDir(base)
	if pm, err := readPostmaster(dir); err != nil || pm.runs(dir) {
		return
	}
	_ = os.RemoveAll(base) // the next sweep tries again
}

func ownedBy(path string, uid uint32) bool {
	info, err := os.Lstat(path)
	if err != nil || !info.IsDir() {
		return false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && st.Uid == uid
}
