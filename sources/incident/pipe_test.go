package incident_test

import (
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"parallax/sources/incident"
)

// TestReadWaitsForNoPipe: nobody writes to this pipe, ever.
func TestReadWaitsForNoPipe(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "notes.yaml")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := incident.Read(pipe)
		done <- err
	}()
	select {
	case err := <-done:
		if err == nil {
			t.Error("a pipe was read")
		}
	case <-time.After(5 * time.Second):
		t.Error("still waiting for a writer")
	}
}
