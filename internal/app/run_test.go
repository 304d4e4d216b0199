package app

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.uber.org/zap"

	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/pgserver"
	"parallax/sinks/store"
)

// bare is an application with an empty store and nothing configured.
func bare(t *testing.T) *App {
	t.Helper()
	a, _ := bareAt(t)
	return a
}

// bareAt is bare with the address of its store.
func bareAt(t *testing.T) (*App, string) {
	t.Helper()
	server, err := pgserver.Open(t.Context(), pgserver.Options{Ephemeral: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	s, err := store.Open(t.Context(), store.Options{DSN: server.DSN("", "")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return &App{cfg: &config.Config{}, log: zap.NewNop(), store: s, progress: func(string, int64, int64) {}}, server.DSN("", "")
}

var hour = Request{Job: allJobs, AsOf: noon.Add(time.Hour), From: noon, To: noon.Add(time.Hour)}

// cursorJob moves a stream's cursor from the version it reads; before its first commits another run is faster, as often as told.
func cursorJob(name string, faster int, runs *int) job {
	return job{name, func(a *App, ctx context.Context, t task) (audit.Outcome, error) {
		*runs++
		at, err := a.store.Cursors(ctx, name)
		if err != nil {
			return audit.Outcome{}, err
		}
		move := audit.Outcome{
			Window: t.window, Coverage: []audit.Coverage{{Source: "ddbstream", Scope: "keys", Window: t.window}},
			Cursors: []audit.Cursor{{Stream: "s", Pos: "1", Version: at["s"].Version}},
		}
		if *runs <= faster {
			other := move
			other.RunID, other.Job, other.AsOf = name+"-"+string(rune('0'+*runs)), name, t.asOf
			if err := a.store.Commit(ctx, other); err != nil {
				return audit.Outcome{}, err
			}
		}
		return move, nil
	}}
}

func TestAStaleCursorIsReadAgainOnce(t *testing.T) {
	a := bare(t)
	var once, twice, after int
	result, err := a.runJobs(t.Context(), []job{
		cursorJob("capture", 1, &once), cursorJob("lww", 2, &twice), cursorJob("ledger", 0, &after),
	}, hour)
	if once != 2 || twice != 2 || after != 1 {
		t.Errorf("ran %d, %d and %d times, want 2, 2 and 1", once, twice, after)
	}
	if !errors.Is(err, store.ErrStale) {
		t.Errorf("overtaken twice: %v", err)
	}
	if len(result.Runs) != 2 || result.Runs[0].Job != "capture" || result.Runs[1].Job != "ledger" {
		t.Errorf("runs %+v, want those of capture and ledger", result.Runs)
	}
}

func TestAJobThatFailsKeepsNoOtherFromRunning(t *testing.T) {
	a, broken, runs := bare(t), errors.New("disk full"), 0
	result, err := a.runJobs(t.Context(), []job{
		{"capture", func(*App, context.Context, task) (audit.Outcome, error) { return audit.Outcome{}, broken }},
		cursorJob("lww", 0, &runs),
	}, hour)
	if !errors.Is(err, broken) || len(result.Runs) != 1 || result.Runs[0].Job != "lww" {
		t.Errorf("%+v, %v", result.Runs, err)
	}
}
