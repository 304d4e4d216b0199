package delivery

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

// errSilent is of a server that let the time for a request pass without an answer.
var errSilent = errors.New("no answer within the time allowed")

// session is one connection to a server.
type session struct {
	conn net.Conn
	ssh  *ssh.Client
	sftp *sftp.Client

	done  chan struct{} // closed to end the signs of life
	alive sync.WaitGroup
}

func dial(ctx context.Context, address string, config *ssh.ClientConfig, limits SFTPLimits) (*session, error) {
	conn, err := (&net.Dialer{Timeout: limits.Timeout}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	s := &session{conn: conn, done: make(chan struct{})}
	err = s.within(ctx, limits.Timeout, func() error {
		transport, channels, requests, err := ssh.NewClientConn(conn, address, config)
		if err != nil {
			return err
		}
		s.ssh = ssh.NewClient(transport, channels, requests)
		if s.sftp, err = sftp.NewClient(s.ssh); err != nil {
			return fmt.Errorf("start sftp: %w", err)
		}
		return nil
	})
	if err != nil {
		if s.ssh != nil {
			_ = s.ssh.Close()
		}
		_ = conn.Close()
		return nil, err
	}
	s.alive.Go(func() { s.keepAlive(limits.Keepalive) })
	return s, nil
}

// within does what has no time limit of its own, and cuts the connection when its time is up or the context ends.
func (s *session) within(ctx context.Context, limit time.Duration, do func() error) error {
	var late atomic.Bool
	timer := time.AfterFunc(limit, func() {
		late.Store(true)
		_ = s.conn.Close()
	})
	stop := context.AfterFunc(ctx, func() { _ = s.conn.Close() })
	err := do()
	timer.Stop()
	stop()
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case late.Load():
		return errSilent
	}
	return err
}

// keepAlive keeps what stands between here and the server from forgetting the connection while nothing is asked.
func (s *session) keepAlive(every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-s.done:
			return
		case <-ticker.C:
			if _, _, err := s.ssh.SendRequest("keepalive@openssh.com", false, nil); err != nil {
				return // the next request says what is wrong
			}
		}
	}
}

// close ends the connection, without waiting for the server's consent.
func (s *session) close() {
	close(s.done)
	_ = s.conn.Close()
	_ = s.sftp.Close()
	_ = s.ssh.Close()
	s.alive.Wait()
}
