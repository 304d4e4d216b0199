package pgserver

import (
	"os"
	"os/exec"
	"runtime"
)

// child is a server process started by this program.
type child struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended and been waited for
}

// spawn starts a process and waits for it in the background. The goroutine keeps its operating system thread: a child that
// is to die with its parent (Pdeathsig) in truth dies with the thread that started it.
func spawn(cmd *exec.Cmd) (*child, error) {
	c := &child{cmd: cmd, done: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended stands in its log
		}
		close(c.done)
	}()
	return c, <-started
}

func (c *child) ended() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// logTail is the part of a log written since it was opened at an offset.
func logTail(path string, offset int64) string {
	raw, err := os.ReadFile(path)
	if err != nil || int64(len(raw)) < offset {
		return ""
	}
	return string(raw[offset:])
}
