package app

import (
	"bytes"
	"context"
	"encoding/csv"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/lab"
	"parallax/sinks/repair"
	"parallax/sinks/store"
)

// mendedWorld is the demo's world after its day, audited once.
type mendedWorld struct {
	*testing.T
	world    *lab.World
	app      *App
	from, to time.Time
	now      time.Time
}

func newMendedWorld(t *testing.T) *mendedWorld {
	t.Helper()
	w := &mendedWorld{T: t}
	hook := func(ctx context.Context, at time.Time) error {
		_, err := w.app.Run(ctx, Request{Job: "capture", AsOf: at, From: w.from, To: at})
		return err
	}
	var err error
	if w.world, err = lab.Build(t.Context(), lab.Options{Dir: worldFolder(t), Seed: 7, Payments: lab.MinPayments, Hook: hook}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.world.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, setting := range w.world.Env() {
		name, value, _ := strings.Cut(setting, "=")
		t.Setenv(name, value)
	}
	cfg, err := config.Load(w.world.ConfigPath(), w.world.Env())
	if err != nil {
		t.Fatal(err)
	}
	cfg.Ledgers[0].Statuses.Refunded = []string{"refunded"}
	cfg.Repair.Expires = 100 * 365 * 24 * time.Hour // the servers' clocks are not the world's
	if w.app, err = Open(t.Context(), cfg, Options{Log: os.Stderr}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.app.Close(); err != nil {
			t.Error(err)
		}
	})
	w.from, w.to = w.world.Window()
	if err := w.world.Play(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.now = w.world.AsOf()
	w.run(allJobs)
	return w
}

// run audits the day once more, as of the world's present.
func (w *mendedWorld) run(job string) {
	w.Helper()
	if _, err := w.app.Run(w.Context(), Request{Job: job, AsOf: w.now, From: w.from, To: w.to}); err != nil {
		w.Fatal(err)
	}
}

// pass lets time go by, and captures what happened in it.
func (w *mendedWorld) pass(d time.Duration) {
	w.Helper()
	w.now = w.now.Add(d)
	w.world.Advance(w.now)
	if _, err := w.app.Run(w.Context(), Request{Job: "capture", AsOf: w.now, From: w.from, To: w.now}); err != nil {
		w.Fatal(err)
	}
}

// living are the findings of some kinds that stand, as "kind key".
func (w *mendedWorld) living(kinds ...audit.Kind) []string {
	w.Helper()
	var out []string
	for _, f := range w.standing(kinds...) {
		out = append(out, string(f.Kind)+" "+f.Key)
	}
	slices.Sort(out)
	return out
}

func (w *mendedWorld) standing(kinds ...audit.Kind) []audit.StoredFinding {
	w.Helper()
	found, _, err := w.app.store.Findings(w.Context(), store.Filter{Kinds: kinds, Status: []audit.Status{audit.Open, audit.Overdue, audit.Acknowledged}})
	if err != nil {
		w.Fatal(err)
	}
	return found
}

// write writes the repair files into a new folder, and returns it with its manifest.
func (w *mendedWorld) write() (string, repair.Manifest) {
	w.Helper()
	dir := filepath.Join(w.TempDir(), "repair")
	var said bytes.Buffer
	complete, err := w.app.WriteRepair(w.Context(), &said, "table", RepairRequest{Out: dir, AsOf: w.now})
	if err != nil || !complete {
		w.Fatalf("complete %v, error %v\n%s", complete, err, &said)
	}
	w.Log(said.String())
	m, err := readManifest(dir)
	if err != nil {
		w.Fatal(err)
	}
	return dir, m
}

// states are how many guards stand how.
func (w *mendedWorld) states(dir string) map[repair.State]int {
	w.Helper()
	a, err := w.app.askGuards(w.Context(), dir, w.now)
	if err != nil {
		w.Fatal(err)
	}
	out := map[repair.State]int{}
	for _, s := range a.Steps {
		out[s.State]++
		if s.State == repair.Unasked || s.State == repair.Changed {
			w.Logf("%s %s %s: %s", s.State, s.Action, s.Key, s.Note)
		}
	}
	return out
}

// psql runs a file on the ledger in force, as a person would.
func (w *mendedWorld) psql(path string) (said string, err error) {
	w.Helper()
	out, err := exec.CommandContext(w.Context(), "psql", "-X", "-v", "ON_ERROR_STOP=1", "-f", path, w.world.Ledger().Writer().Config().ConnString()).CombinedOutput()
	return string(out), err
}

// rows is the whole ledger in force as text.
func (w *mendedWorld) rows() string {
	w.Helper()
	var text string
	err := w.world.Ledger().Writer().QueryRow(w.Context(), "select coalesce(string_agg(p::text, E'\n' order by id), '') from payments p").Scan(&text)
	if err != nil {
		w.Fatal(err)
	}
	return text
}

// batch runs a script that asks for a job of S3 Batch Operations, and does what the service would do. It returns how many
// objects it changed; every object has to be accepted.
func (w *mendedWorld) batch(path string) int {
	w.Helper()
	regions := map[string]string{}
	for region, at := range w.app.cfg.Receipts[0].Regions {
		regions[at.Bucket] = string(region)
	}
	n := 0
	for _, task := range playBatch(w.T, path, w.world.Receipts(), regions, w.now) {
		if task.Changed {
			n++
		}
		if task.Refusal != "" {
			w.Errorf("%s: %s: refused: %s", path, task.Key, task.Refusal)
		}
	}
	return n
}

// refund does what finance would do with the proposals: a charge whose guard still holds is given back and marked.
func (w *mendedWorld) refund(path string) (n int64) {
	w.Helper()
	f, err := os.Open(path)
	if err != nil {
		w.Fatal(err)
	}
	defer func() { _ = f.Close() }() // only read
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		w.Fatal(err)
	}
	for _, line := range lines[1:] {
		done, err := w.world.Ledger().Writer().Exec(w.Context(),
			"update payments set status = 'refunded', updated_at = $2 where payment_id = $1 and status = 'captured'", line[2], w.now)
		if err != nil {
			w.Fatal(err)
		}
		n += done.RowsAffected()
	}
	return n
}

// sh runs a script while the world's time goes on.
func (w *mendedWorld) sh(path string) (said string, err error) {
	w.Helper()
	return runScript(w.T, path, w.now, w.world.Advance)
}
