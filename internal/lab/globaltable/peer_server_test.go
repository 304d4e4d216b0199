package globaltable_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// startPeer starts dynoxide on a free port and returns its address once it takes connections.
func startPeer(t *testing.T) string {
	t.Helper()
	binary, err := peerBinary()
	must(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	port := listener.Addr().(*net.TCPAddr).Port
	must(t, listener.Close())
	ctx, cancel := context.WithCancel(context.Background())
	peer := exec.CommandContext(ctx, binary, "serve", "--host", "127.0.0.1", "--port", strconv.Itoa(port))
	peer.Dir = t.TempDir()
	must(t, peer.Start())
	ended := make(chan error, 1)
	go func() { ended <- peer.Wait() }()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	for range 100 {
		if conn, err := net.Dial("tcp", address); err == nil {
			must(t, conn.Close())
			return "http://" + address
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("%s took no connection on %s", binary, address)
	return ""
}

// peerBinary finds dynoxide where the Makefile installs it, from the root of the module.
func peerBinary() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find dynoxide: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("find dynoxide: no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
	binary := filepath.Join(dir, ".tools", "npm", "node_modules", "@dynoxide", "linux-x64", "dynoxide")
	if _, err := os.Stat(binary); err != nil {
		return "", fmt.Errorf("dynoxide, a server to compare with, is not installed: run `make tools`: %w", err)
	}
	return binary, nil
}
