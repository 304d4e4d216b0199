package app

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// demoMark is a file that a demo leaves in its folder, so that only such a folder is ever replaced. The demo that runs
// holds a lock on it.
const demoMark = ".parallax-demo"

// demoFolder makes the folder, replacing what an earlier demo left there and nothing else. release lets another demo in.
func demoFolder(dir string) (path string, release func(), err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return "", nil, fmt.Errorf("demo folder: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", nil, fmt.Errorf("demo folder (choose another with --dir): %w", err)
	}
	if len(entries) > 0 {
		if _, err := os.Stat(filepath.Join(dir, demoMark)); err != nil {
			return "", nil, fmt.Errorf("demo folder %s is not empty and was not made by a demo: give another one with --dir", dir)
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // PostgreSQL's account must pass through it
		return "", nil, fmt.Errorf("demo folder (choose another with --dir): %w", err)
	}
	release, err = lockDemo(filepath.Join(dir, demoMark))
	if err != nil {
		return "", nil, err
	}
	for _, e := range entries {
		if e.Name() == demoMark {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			release()
			return "", nil, fmt.Errorf("replace the earlier demo: %w", err)
		}
	}
	return dir, release, nil
}

// lockDemo takes the mark's lock, which ends with the process at the latest.
func lockDemo(mark string) (release func(), err error) {
	f, err := os.OpenFile(mark, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // in the demo's own folder
	if err != nil {
		return nil, fmt.Errorf("demo folder (choose another with --dir): %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil { //nolint:gosec // a file descriptor is small
		return nil, errors.Join(fmt.Errorf("another demo is running in %s: wait for it, or choose another folder with --dir", filepath.Dir(mark)), f.Close())
	}
	return func() { _ = f.Close() }, nil
}
