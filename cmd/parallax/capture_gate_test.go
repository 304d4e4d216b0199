package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"parallax/internal/lab/globaltable"
	"parallax/internal/lab/loopback"
)

// gate lets pass what a capture says to DynamoDB and to its store. It knows when each message came, and tells when one came
// at which the capture is to be killed.
type gate struct {
	mu     sync.Mutex
	began  time.Time
	came   []message
	strike strike
	struck chan struct{} // closed when the strike is due
}

// message is one that a capture has sent.
type message struct {
	after time.Duration // since the run began
	to    kind
}

// kind tells messages apart.
type kind int

const (
	toDynamoDB kind = iota // a request
	toStore                // a piece of the conversation with the store
	toCommit               // one of those: the end of a transaction
)

// strike says when a run is killed: some time after so many messages, or at the commit of that number. A commit's
// message then either never reaches the server, or does its work there and is never answered.
type strike struct {
	messages int
	wait     time.Duration
	commit   int // 0: not at a commit
	obeyed   bool
}

func (s strike) String() string {
	switch {
	case s.commit == 0:
		return fmt.Sprintf("%s after message %d", s.wait.Round(10*time.Microsecond), s.messages)
	case s.obeyed:
		return fmt.Sprintf("commit %d done and not acknowledged", s.commit)
	default:
		return fmt.Sprintf("commit %d not sent", s.commit)
	}
}

// begin forgets the run before. A strike that is not due before any message comes with one.
func (g *gate) begin(s strike) <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.began, g.came, g.strike, g.struck = time.Now(), nil, s, make(chan struct{})
	if s.commit == 0 && s.messages == 0 {
		close(g.struck)
	}
	return g.struck
}

// messages are those of the run.
func (g *gate) messages() []message {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.came
}

// verdict is what becomes of a message.
type verdict int

const (
	passes verdict = iota
	lost           // it does not reach the server
	mute           // it does, and the answer does not reach the program
)

func (g *gate) hear(to kind) verdict {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.came = append(g.came, message{time.Since(g.began), to})
	if g.strike.commit == 0 {
		if len(g.came) == g.strike.messages {
			close(g.struck)
		}
		return passes
	}
	if to != toCommit {
		return passes
	}
	switch g.strike.commit--; {
	case g.strike.commit > 0:
		return passes
	case g.strike.obeyed:
		g.strike = strike{messages: -1}
		return mute // the proxy tells when the server has answered
	}
	g.strike = strike{messages: -1}
	close(g.struck)
	return lost
}

// tell is for the proxy: the answer that a program shall not have is there.
func (g *gate) tell() {
	g.mu.Lock()
	defer g.mu.Unlock()
	close(g.struck)
}

// dynamodb is an endpoint of one region behind the gate.
func (g *gate) dynamodb(t *testing.T, c *globaltable.Cluster, region string) string {
	t.Helper()
	behind := c.Handler(region)
	address, stop, err := loopback.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.hear(toDynamoDB)
		behind.ServeHTTP(w, r)
	}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return address
}

// postgres is an address of a database behind the gate; dsn is the database's own, over a Unix socket.
func (g *gate) postgres(t *testing.T, dsn string) string {
	t.Helper()
	own, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(own.Query().Get("host"), ".s.PGSQL."+own.Query().Get("port"))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var pairs sync.WaitGroup
	pairs.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return // closed
			}
			server, err := net.Dial("unix", socket)
			if err != nil {
				_ = client.Close() // the program says what became of its store
				continue
			}
			pairs.Go(func() { g.join(client, server) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		pairs.Wait()
	})
	behind := *own
	behind.Host, behind.RawQuery = listener.Addr().String(), "sslmode=disable"
	return behind.String()
}

// join carries a conversation with the store until one of the two ends it.
func (g *gate) join(client, server net.Conn) {
	var muted atomic.Bool
	var down sync.WaitGroup
	down.Go(func() {
		_, _ = io.Copy(writerFunc(func(answer []byte) (int, error) {
			if muted.Load() {
				g.tell()
				return 0, net.ErrClosed
			}
			return client.Write(answer)
		}), server)
		if !muted.Load() {
			_ = client.Close()
		}
	})
	_, _ = io.Copy(writerFunc(func(words []byte) (int, error) {
		to := toStore
		if bytes.Contains(words, commitWords) {
			to = toCommit
		}
		switch g.hear(to) {
		case lost:
			return len(words), nil
		case mute:
			muted.Store(true)
		}
		return server.Write(words)
	}), client)
	_ = server.Close()
	down.Wait()
	_ = client.Close()
}

// commitWords end a simple query that commits (PostgreSQL manual, "Message Formats": Query).
var commitWords = []byte("commit\x00")

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
