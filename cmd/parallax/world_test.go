package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/internal/lab"
)

// buildWorld starts a world of 300 payments that nothing has happened in yet. hook is called whenever it is time to capture.
func buildWorld(t *testing.T, hook func(context.Context, time.Time) error) *lab.World {
	t.Helper()
	w, err := lab.Build(t.Context(), lab.Options{Dir: t.TempDir(), Seed: 7, Payments: 300, Hook: hook})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// configure writes a further configuration of a world beside its own, with some of the text replaced, and returns its path.
// pairs are old and new text, in turn; text that is not there fails the test.
func configure(t *testing.T, w *lab.World, name string, pairs ...string) string {
	t.Helper()
	raw, err := os.ReadFile(w.ConfigPath())
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("the world's configuration does not say %q", pairs[i])
		}
		text = strings.ReplaceAll(text, pairs[i], pairs[i+1])
	}
	path := filepath.Join(filepath.Dir(w.ConfigPath()), name+".yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// windowFlags are the flags of a run over a window that speaks for a moment.
func windowFlags(from, to, asOf time.Time) []string {
	return []string{
		"--from", from.Format(time.RFC3339), "--to", to.Format(time.RFC3339), "--as-of", asOf.Format(time.RFC3339), "-o", "json",
	}
}

// program is the built binary and the environment it runs in.
type program struct {
	path string
	env  []string
}

func buildProgram(t *testing.T, env []string) program {
	t.Helper()
	path := filepath.Join(t.TempDir(), "parallax")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return program{path: path, env: append(os.Environ(), env...)}
}

// ending is how a process came to its end.
type ending struct {
	code           int // -1 if it was killed
	stdout, stderr string
	took           time.Duration
}

func (p program) run(t *testing.T, args ...string) ending {
	t.Helper()
	return p.runUntil(t, nil, args...)
}

// runUntil starts the program and calls disturb with its process, if it is not nil, while the program runs.
func (p program) runUntil(t *testing.T, disturb func(*os.Process), args ...string) ending {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), p.path, args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = p.env, &stdout, &stderr
	began := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if disturb != nil {
		disturb(cmd.Process)
	}
	err := cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return ending{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String(), time.Since(began)}
}

// listing is what findings list prints: each finding by its fingerprint, all fields but those that name runs.
func listing(t *testing.T, stdout string) map[string]map[string]any {
	t.Helper()
	var all []map[string]any
	if err := json.Unmarshal([]byte(stdout), &all); err != nil {
		t.Fatalf("findings list: %v\n%s", err, stdout)
	}
	out := make(map[string]map[string]any, len(all))
	for _, f := range all {
		for _, name := range []string{"runs", "first_run", "last_run", "cleared_by"} {
			delete(f, name)
		}
		fingerprint, ok := f["fingerprint"].(string)
		if !ok || out[fingerprint] != nil {
			t.Fatalf("finding without a fingerprint of its own: %v", f)
		}
		out[fingerprint] = f
	}
	return out
}

// certificates are the newest runs that report coverage prints, by job.
func certificates(t *testing.T, stdout string) map[string]audit.RunRecord {
	t.Helper()
	var all []audit.RunRecord
	if err := json.Unmarshal([]byte(stdout), &all); err != nil {
		t.Fatalf("report coverage: %v\n%s", err, stdout)
	}
	out := make(map[string]audit.RunRecord, len(all))
	for _, r := range all {
		out[r.Job] = r
	}
	return out
}
