package app

import (
	"os"
	"path/filepath"
	"syscall"
)

// keep lets verified files of the inventories stay for the next run, if this one is killed. The folder is one run's alone until it
// is released, or the process ends: two at the same time would not know whose the files are, so the second keeps none.
func (c *receiptAudit) keep() (release func()) {
	dir := filepath.Join(c.cfg.DataDir, "inventory")
	release = func() {}
	if os.MkdirAll(dir, 0o700) != nil {
		return release // what is not kept is fetched again
	}
	f, err := os.Open(dir)
	if err != nil {
		return release
	}
	release = func() { _ = f.Close() }                                      // only locked
	if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil { //nolint:gosec // a file descriptor is small
		return release
	}
	for _, s := range c.sides {
		s.src.Dir = dir
	}
	return release
}
