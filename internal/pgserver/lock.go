package pgserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// pollEvery is how often a state that announces nothing is looked at again.
const pollEvery = 10 * time.Millisecond

// errBusy says that another program holds the lock.
var errBusy = errors.New("held by another program")

// lock takes an advisory lock on a file, which the kernel gives back when the program ends, however it ends.
// how is syscall.LOCK_SH or LOCK_EX; it waits until ctx ends.
func lock(ctx context.Context, path string, how int) (*os.File, error) {
	for {
		f, err := tryLock(path, how)
		if !errors.Is(err, errBusy) {
			return f, err
		}
		if err := pause(ctx); err != nil {
			return nil, fmt.Errorf("wait for %s: %w", path, err)
		}
	}
}

// tryLock is lock without waiting; a lock held elsewhere is errBusy.
func tryLock(path string, how int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err == nil {
		return f, nil
	}
	_ = f.Close() // nothing was written
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, errBusy
	}
	return nil, fmt.Errorf("lock %s: %w", path, err)
}

// unlock gives a lock back; closing the file does.
func unlock(f *os.File) {
	if f != nil {
		_ = f.Close() // a lock file holds no data
	}
}

// pause waits for the next look, or returns why ctx ended.
func pause(ctx context.Context) error {
	t := time.NewTimer(pollEvery)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}
