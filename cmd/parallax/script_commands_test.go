package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"parallax/internal/pgserver"
)

// exitCodeOf is how a process ended; -1 if it was killed.
func exitCodeOf(ts *testscript.TestScript, err error) int {
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		ts.Fatalf("run: %v", err)
	}
	if exit == nil {
		return 0
	}
	return exit.ExitCode()
}

func number(ts *testscript.TestScript, text string) int {
	n, err := strconv.Atoi(text)
	ts.Check(err)
	return n
}

func ends(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: ends CODE PROGRAM ARG...")
	}
	if got := exitCodeOf(ts, ts.Exec(args[1], args[2:]...)); got != number(ts, args[0]) {
		ts.Fatalf("exit code %d, want %s", got, args[0])
	}
}

// interruptProgram runs outside of testscript's own Exec, because only the process tells when it may be interrupted.
func interruptProgram(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 4 {
		ts.Fatalf("usage: interrupt COUNT CODE TEXT PROGRAM ARG...")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	stderr := &watched{text: args[2], seen: make(chan struct{})}
	cmd := exec.CommandContext(ctx, args[3], args[4:]...)
	cmd.Dir, cmd.Stderr, cmd.Env = ts.MkAbs("."), stderr, scriptEnv(ts)
	ts.Check(cmd.Start())
	select {
	case <-stderr.seen:
	case <-ctx.Done():
	}
	for range number(ts, args[0]) {
		ts.Check(cmd.Process.Signal(syscall.SIGINT))
		time.Sleep(100 * time.Millisecond) // two signals at once may arrive as one
	}
	err := cmd.Wait()
	ts.Check(os.WriteFile(ts.MkAbs("interrupted"), stderr.all.Bytes(), 0o600))
	if got := exitCodeOf(ts, err); got != number(ts, args[1]) {
		ts.Fatalf("exit code %d, want %s\n%s", got, args[1], stderr.all.String())
	}
}

// scriptEnv is what the script has set of all that the program looks at.
func scriptEnv(ts *testscript.TestScript) []string {
	env := []string{}
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "PG_BINDIR", "AWS_EC2_METADATA_DISABLED", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "SILENT"} {
		env = append(env, name+"="+ts.Getenv(name))
	}
	return env
}

// watched keeps all that is written and closes seen once text has been. One goroutine writes, and nobody reads before it
// has ended.
type watched struct {
	all  bytes.Buffer
	text string
	seen chan struct{}
	done bool
}

func (w *watched) Write(p []byte) (int, error) {
	n, err := w.all.Write(p)
	if !w.done && strings.Contains(w.all.String(), w.text) {
		w.done = true
		close(w.seen)
	}
	return n, err
}

func wantJSON(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: json stdout|FILE")
	}
	if text := ts.ReadFile(args[0]); !json.Valid([]byte(text)) {
		ts.Fatalf("%s is not JSON", args[0])
	}
}

func absent(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: absent stdout|stderr TEXT")
	}
	if strings.Contains(ts.ReadFile(args[0]), args[1]) {
		ts.Fatalf("%s shows %q", args[0], args[1])
	}
}

func silent(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: silent NAME")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		var held []net.Conn
		for {
			c, err := l.Accept()
			if err != nil {
				break
			}
			held = append(held, c)
		}
		for _, c := range held {
			_ = c.Close() // nothing was written
		}
	}()
	ts.Defer(func() {
		_ = l.Close() // the test is over
		<-ended
	})
	ts.Setenv(args[0], l.Addr().String())
}

func ambiguous(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: ambiguous NAME FILE")
	}
	var findings []struct{ Fingerprint string }
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[1])), &findings))
	first := map[byte]bool{}
	for _, f := range findings {
		if first[f.Fingerprint[0]] {
			ts.Setenv(args[0], f.Fingerprint[:1])
			return
		}
		first[f.Fingerprint[0]] = true
	}
	ts.Fatalf("no two of %d findings begin with the same digit", len(findings))
}

// postgres starts a server that asks for passwords nobody has been given.
func postgres(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: postgres NAME")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	address, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		ts.Fatalf("listening on %s", l.Addr())
	}
	ts.Check(l.Close()) // the port is the server's now
	server, err := pgserver.Open(context.Background(), pgserver.Options{Ephemeral: true, Port: address.Port})
	ts.Check(err)
	ts.Defer(func() { ts.Check(server.Close()) })
	ts.Setenv(args[0], address.String())
}
