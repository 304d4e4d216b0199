package deliverytest

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// Server is an SFTP server that serves the machine's file system. User "acquirer" may log in with Password or Key.
type Server struct {
	Address  string // host:port
	Password string
	Key      []byte // PEM
	Host     []ssh.PublicKey

	mu       sync.Mutex
	accepted int
	conns    []net.Conn
	cut      func(connection int) int // bytes after which a connection breaks; 0: never
	stall    bool
}

// NewServer serves until the test ends. It has two keys, of which a client that does not choose is shown the first.
func NewServer(t *testing.T) *Server {
	t.Helper()
	s := &Server{Password: "hunter2"}
	config := &ssh.ServerConfig{}
	for _, key := range []any{rsaKey(t), edKey(t)} {
		signer, err := ssh.NewSignerFromKey(key)
		if err != nil {
			t.Fatal(err)
		}
		config.AddHostKey(signer)
		s.Host = append(s.Host, signer.PublicKey())
	}
	own := edKey(t)
	block, err := ssh.MarshalPrivateKey(own, "")
	if err != nil {
		t.Fatal(err)
	}
	s.Key = pem.EncodeToMemory(block)
	public, err := ssh.NewPublicKey(own.Public())
	if err != nil {
		t.Fatal(err)
	}
	config.PublicKeyCallback = func(c ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
		if c.User() != "acquirer" || !bytes.Equal(key.Marshal(), public.Marshal()) {
			return nil, errors.New("unknown key")
		}
		return &ssh.Permissions{}, nil
	}
	config.KeyboardInteractiveCallback = func(c ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
		answers, err := ask("", "", []string{"Password: "}, []bool{false})
		if err != nil || c.User() != "acquirer" || len(answers) != 1 || answers[0] != s.Password {
			return nil, errors.New("wrong password")
		}
		return &ssh.Permissions{}, nil
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Address = listener.Addr().String()
	var done sync.WaitGroup
	done.Go(func() { s.accept(listener, config, &done) })
	t.Cleanup(func() {
		_ = listener.Close()
		s.Drop()
		done.Wait()
	})
	return s
}

func edKey(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func rsaKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// KnownHosts writes a file that names keys as the server's.
func (s *Server) KnownHosts(t *testing.T, keys ...ssh.PublicKey) string {
	t.Helper()
	var lines []byte
	for _, key := range keys {
		lines = append(lines, knownhosts.Line([]string{knownhosts.Normalize(s.Address)}, key)+"\n"...)
	}
	file := filepath.Join(t.TempDir(), "known_hosts")
	if err := os.WriteFile(file, lines, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// Drop breaks all connections.
func (s *Server) Drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		_ = c.Close()
	}
	s.conns = nil
}

// Cut sets after how many bytes sent the nth connection, from 1, breaks; 0 for never.
func (s *Server) Cut(after func(connection int) int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cut = after
}

// Stall makes the server say nothing at all on connections to come.
func (s *Server) Stall() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stall = true
}

// Connections is how many were accepted.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accepted
}

func (s *Server) accept(listener net.Listener, config *ssh.ServerConfig, done *sync.WaitGroup) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.accepted++
		s.conns = append(s.conns, conn)
		stall := s.stall
		if s.cut != nil {
			if n := s.cut(s.accepted); n > 0 {
				conn = &cutConn{Conn: conn, left: n}
			}
		}
		s.mu.Unlock()
		if !stall {
			done.Go(func() { serve(conn, config) })
		}
	}
}

// serve answers one connection with the sftp subsystem, read only, as a sender's server is for its readers.
func serve(conn net.Conn, config *ssh.ServerConfig) {
	defer conn.Close() //nolint:errcheck // nothing was written
	_, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	for wanted := range channels {
		if wanted.ChannelType() != "session" {
			_ = wanted.Reject(ssh.UnknownChannelType, "sessions only")
			continue
		}
		channel, asked, err := wanted.Accept()
		if err != nil {
			return
		}
		go func() {
			for r := range asked {
				_ = r.Reply(r.Type == "subsystem", nil)
			}
		}()
		server, err := sftp.NewServer(channel, sftp.ReadOnly())
		if err != nil {
			return
		}
		if err := server.Serve(); err != nil && !errors.Is(err, io.EOF) {
			return
		}
	}
}

// cutConn breaks after some bytes.
type cutConn struct {
	net.Conn

	left int
}

func (c *cutConn) Write(p []byte) (int, error) {
	if c.left -= len(p); c.left < 0 {
		_ = c.Close()
		return 0, net.ErrClosed
	}
	return c.Conn.Write(p)
}
