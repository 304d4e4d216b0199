//go:build peers

package minio

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// server is one MinIO process over a folder, at an address it keeps when it is started again.
type server struct {
	program, dir, address string

	process *os.Process   // nil while it does not run
	ended   chan struct{} // closed when the process has
	hung    bool
}

func newServer(program, dir string) (*server, error) {
	if err := os.MkdirAll(filepath.Join(dir, "data"), 0o700); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("find a free port: %w", err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		return nil, fmt.Errorf("find a free port: %w", err)
	}
	return &server{program: program, dir: dir, address: address}, nil
}

func (s *server) url() string { return "http://" + s.address }

// environment is all that the programs get to know of this machine.
func environment(home string) []string {
	return []string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "TMPDIR=" + os.TempDir()}
}

// start runs the server and waits until it answers.
func (s *server) start(ctx context.Context) error {
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()                                          // the process has its own
	cmd := exec.Command(s.program, "server", "--quiet", "--address", s.address, //nolint:gosec,noctx // it ends with kill
		"--config-dir", filepath.Join(s.dir, "config"), filepath.Join(s.dir, "data"))
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.dir, log, log
	cmd.Env = append(environment(s.dir), "MINIO_ROOT_USER="+AccessKey, "MINIO_ROOT_PASSWORD="+SecretKey,
		"MINIO_BROWSER=off", "MINIO_UPDATE=off", "MINIO_SCANNER_SPEED=fastest", "GOMAXPROCS=2")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started, ended := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(ended)
		runtime.LockOSThread() // the kernel ends the process with the thread that began it
		err := cmd.Start()
		if started <- err; err == nil {
			_ = cmd.Wait() // how it ended is in the log
		}
	}()
	if err := <-started; err != nil {
		return err
	}
	s.process, s.ended, s.hung = cmd.Process, ended, false
	return s.ready(ctx)
}

// ready waits until the server takes writes, at most a minute.
func (s *server) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url()+"/minio/health/cluster", nil)
		if err != nil {
			return err
		}
		if answer, err := http.DefaultClient.Do(request); err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-s.ended:
			s.process = nil
			return fmt.Errorf("it has ended: %s", s.lastWords())
		case <-ctx.Done():
			return fmt.Errorf("it does not answer: %w: %s", context.Cause(ctx), s.lastWords())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// lastWords is the end of the server's log.
func (s *server) lastWords() string {
	text, err := os.ReadFile(filepath.Join(s.dir, "log"))
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-1000):])
}

func (s *server) stop() error { return s.end(syscall.SIGTERM) }

func (s *server) kill() error { return s.end(syscall.SIGKILL) }

func (s *server) end(signal syscall.Signal) error {
	if s.process == nil {
		return nil
	}
	if err := s.process.Signal(signal); err != nil {
		return fmt.Errorf("end minio: %w", err)
	}
	select {
	case <-s.ended:
	case <-time.After(20 * time.Second):
		if err := s.process.Kill(); err != nil {
			return fmt.Errorf("end minio: %w", err)
		}
		<-s.ended
	}
	s.process = nil
	return nil
}

func (s *server) hang() error {
	if s.process == nil {
		return fmt.Errorf("hang minio: %w", os.ErrProcessDone)
	}
	if err := s.process.Signal(syscall.SIGSTOP); err != nil {
		return fmt.Errorf("hang minio: %w", err)
	}
	s.hung = true
	return nil
}

func (s *server) resume(ctx context.Context) error {
	if s.process == nil {
		return s.start(ctx)
	}
	if s.hung {
		if err := s.process.Signal(syscall.SIGCONT); err != nil {
			return fmt.Errorf("resume minio: %w", err)
		}
		s.hung = false
	}
	return s.ready(ctx)
}
