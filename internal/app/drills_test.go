package app

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/lab/aurora"
	"parallax/internal/lab/drill"
	"parallax/internal/pgserver"
	"parallax/sinks/report"
	"parallax/sinks/store"
)

// Random failovers on real PostgreSQL servers: what the audit finds is what is true, and the recovery figures it measures
// hold the true ones. PARALLAX_DRILLS=50 plays that many (make drills), PARALLAX_DRILL_SEED=7,13 those.
func TestDrills(t *testing.T) {
	stand := newDrillStand(t)
	for _, seed := range drillSeeds(t) {
		s := drill.New(seed)
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			d := stand.open(t, s)
			d.play()
			if seed%2 == 1 { // the history may be known by the time the ledgers are compared, or not
				d.audit("failover", d.world.From, d.world.AsOf)
			}
			d.wantFacts(d.audit("ledger", d.world.From, d.world.AsOf))
			d.wantMoves(d.audit("failover", d.world.From, d.world.AsOf))
			line := fmt.Sprintf("seed %d: %s: %s", seed, s, d.scored())
			if t.Failed() {
				line += " WRONG"
			} else {
				line += " ok"
			}
			t.Log(line)
		})
	}
}

func drillSeeds(t *testing.T) []uint64 {
	t.Helper()
	number := func(text string) uint64 {
		n, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	var seeds []uint64
	if text := os.Getenv("PARALLAX_DRILL_SEED"); text != "" {
		for part := range strings.SplitSeq(text, ",") {
			seeds = append(seeds, number(part))
		}
		return seeds
	}
	text := os.Getenv("PARALLAX_DRILLS")
	if text == "" {
		return []uint64{0, 2, 3, 4, 6, 7, 8, 9} // of the other sorts these hold the like
	}
	for seed := range number(text) {
		seeds = append(seeds, seed)
	}
	return seeds
}

// drillStand is what many drills share: the template of their databases, and one server for their stores.
type drillStand struct {
	dir      string
	template *aurora.Template
	server   *pgserver.Server
	stores   int
}

func newDrillStand(t *testing.T) *drillStand {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
	} {
		t.Setenv(name, value)
	}
	stand := &drillStand{dir: memoryFolder(t)}
	var err error
	if stand.template, err = aurora.NewTemplate(t.Context(), filepath.Join(stand.dir, "template")); err != nil {
		t.Fatal(err)
	}
	if stand.server, err = pgserver.Open(t.Context(), pgserver.Options{Ephemeral: true}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stand.server.Close(); err != nil {
			t.Error(err)
		}
	})
	s, err := store.Open(t.Context(), store.Options{DSN: stand.database(t, "empty", "")})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return stand
}

// memoryFolder is a folder that is removed at the end, in memory where there is room: databases are made of a thousand files.
func memoryFolder(t *testing.T) string {
	t.Helper()
	const room = 1 << 30
	var fs syscall.Statfs_t
	if err := syscall.Statfs("/dev/shm", &fs); err != nil || fs.Bavail*uint64(fs.Bsize) < room { //nolint:gosec // a size is not negative
		return worldFolder(t)
	}
	dir, err := os.MkdirTemp("/dev/shm", "parallax-drills-") //nolint:usetesting // elsewhere than other tests' folders
	if err != nil {
		return worldFolder(t)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o711); err != nil { //nolint:gosec // the account of the databases passes through
		t.Fatal(err)
	}
	return dir
}

// database makes a database of a name, as a copy of another one where that is named.
func (s *drillStand) database(t *testing.T, name, like string) (dsn string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.server.DSN("", ""))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background()) //nolint:errcheck // nothing is in flight
	sql := "create database " + name
	if like != "" {
		sql += " template " + like
	}
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
	return s.server.DSN(name, "")
}

// drilled is one drill and the store of its audits.
type drilled struct {
	*testing.T
	world     *drill.World
	dir, dsn  string
	edits     []string // old and new text of the configuration, in turn
	failovers []audit.Failover
	found     []audit.StoredFinding
}

func (s *drillStand) open(t *testing.T, scenario drill.Scenario) *drilled {
	t.Helper()
	s.stores++
	name := fmt.Sprintf("drill%d", s.stores)
	d := &drilled{T: t, dir: filepath.Join(s.dir, name), dsn: s.database(t, name, "empty")}
	world, err := drill.Open(t.Context(), scenario, drill.Options{Dir: d.dir, Template: s.template, Observe: d.observe})
	if err != nil {
		t.Fatal(err)
	}
	d.world = world
	t.Cleanup(func() {
		if err := world.Close(); err != nil {
			t.Error(err)
		}
		if err := os.RemoveAll(d.dir); err != nil {
			t.Error(err)
		}
	})
	return d
}

func (d *drilled) play() {
	d.Helper()
	if err := d.world.Play(d.Context()); err != nil {
		d.Fatal(err)
	}
}

// observe audits while the drill stands still: the history of the writers begins before the failover, and while both regions
// take writes nobody can say which of them is in force.
func (d *drilled) observe(_ context.Context, stage drill.Stage, at time.Time) error {
	switch stage {
	case drill.Before:
		d.audit("failover", d.world.From, at)
	case drill.Both:
		run := d.audit("ledger", d.world.From, at)
		if run.Verdict != audit.RunInconclusive || !strings.Contains(strings.Join(gapsOf(run, ""), "\n"), "accepts writes in") {
			d.Errorf("while both regions take writes: %s, gaps %q", run.Verdict, gapsOf(run, ""))
		}
		if len(run.Reported) > 0 {
			d.Errorf("while both regions take writes: %q", said(run.Reported))
		}
	}
	return nil
}

// configured is the configuration of the world as it stands.
func (d *drilled) configured() *config.Config {
	d.Helper()
	path := filepath.Join(d.dir, "parallax.yaml")
	text := d.world.Config(filepath.Join(d.dir, "data"), d.dsn)
	for i := 0; i < len(d.edits); i += 2 {
		if !strings.Contains(text, d.edits[i]) {
			d.Fatalf("the configuration does not say %q:\n%s", d.edits[i], text)
		}
		text = strings.ReplaceAll(text, d.edits[i], d.edits[i+1])
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		d.Fatal(err)
	}
	cfg, err := config.Load(path, nil)
	if err != nil {
		d.Fatalf("%v\n%s", err, text)
	}
	return cfg
}

// audit runs one job as a process of its own would.
func (d *drilled) audit(job string, from, asOf time.Time) report.Run {
	d.Helper()
	return d.auditWith(d.configured(), job, from, asOf)
}

func (d *drilled) auditWith(cfg *config.Config, job string, from, asOf time.Time) report.Run {
	d.Helper()
	app, err := Open(d.Context(), cfg, Options{})
	if err != nil {
		d.Fatal(err)
	}
	defer func() {
		if err := app.Close(); err != nil {
			d.Error(err)
		}
	}()
	result, err := app.Run(d.Context(), Request{Job: job, AsOf: asOf, From: from, To: asOf})
	if err != nil {
		d.Fatal(err)
	}
	if d.failovers, err = app.store.Failovers(d.Context()); err != nil {
		d.Fatal(err)
	}
	if d.found, _, err = app.store.Findings(d.Context(), store.Filter{Status: []audit.Status{audit.Expected, audit.Overdue, audit.Open}}); err != nil {
		d.Fatal(err)
	}
	return result.Runs[0]
}

// wantFacts wants a run of the ledger job to report what is true, and nothing else, and the store to hold the same.
func (d *drilled) wantFacts(run report.Run) {
	d.Helper()
	if run.Verdict == audit.RunInconclusive {
		d.Errorf("the ledger was not read completely: %q", gapsOf(run, ""))
	}
	d.holdFacts("reported", run.Reported)
	living := slices.DeleteFunc(slices.Clone(d.found), func(f audit.StoredFinding) bool { return !strings.HasPrefix(string(f.Kind), "ledger.") })
	d.holdFacts("stored", living)
}

func (d *drilled) holdFacts(where string, found []audit.StoredFinding) {
	d.Helper()
	left := maps.Clone(d.world.Truth.Facts)
	for _, f := range found {
		key := string(f.Kind) + " " + f.Key
		fact, ok := left[key]
		if !ok {
			d.Errorf("%s, but not true (or twice): %s %s: %s", where, key, f.Verdict, f.Reason)
			continue
		}
		delete(left, key)
		if fact.Unproven && f.Verdict == audit.Proven {
			d.Errorf("%s as proven, which nobody can: %s: %s", where, key, f.Reason)
		}
		if !fact.Unproven && f.Verdict == audit.Undecidable {
			d.Errorf("%s as undecidable: %s: %s", where, key, f.Reason)
		}
		if want := (audit.Money{Minor: fact.Minor, Currency: fact.Currency}); fact.Currency != "" && !slices.Equal(f.Amounts, []audit.Money{want}) {
			d.Errorf("%s: %s is about %v, want %v", where, key, f.Amounts, want)
		}
	}
	for key, fact := range left {
		if !fact.Optional {
			d.Errorf("true, but not %s: %s", where, key)
		}
	}
}

// wantMoves wants every move to be known once, and the true recovery figures to lie within what was measured.
func (d *drilled) wantMoves(run report.Run) {
	d.Helper()
	moves := d.world.Truth.Moves
	if len(d.failovers) != len(moves) {
		d.Errorf("%d changes of the writer are known, there were %d: %+v; gaps %q", len(d.failovers), len(moves), d.failovers, gapsOf(run, ""))
		return
	}
	for i, m := range moves {
		f := d.failovers[i]
		if string(f.To) != m.To || f.Planned != (m.Move == drill.Switchover) {
			d.Errorf("%s of %s to %s is known as %+v", m.Move, m.Promoted, m.To, f)
			continue
		}
		if off := f.Promoted.Sub(m.Promoted).Abs(); off > f.PromotedError+10*time.Second {
			d.Errorf("promoted at %s +/- %s, in truth at %s", f.Promoted, f.PromotedError, m.Promoted)
		}
		if !f.Planned {
			d.wantMeasure(f, "rpo", m.RPO())
			d.wantMeasure(f, "rto", m.RTO())
		}
	}
}

func measured(f audit.Failover, figure string) (audit.Measure, bool) {
	i := slices.IndexFunc(f.Measures, func(m audit.Measure) bool { return m.Layer == "ledger" && m.Figure == figure })
	if i < 0 {
		return audit.Measure{}, false
	}
	return f.Measures[i], true
}

// wantMeasure wants a figure that holds the true one and is not so wide that it says nothing.
func (d *drilled) wantMeasure(f audit.Failover, figure string, truth time.Duration) {
	d.Helper()
	m, ok := measured(f, figure)
	if !ok {
		d.Errorf("%s of the failover to %s is not measured", figure, f.To)
		return
	}
	if truth < m.Value-m.Error || truth > m.Value+m.Error {
		d.Errorf("%s of the failover to %s is %s, measured %s +/- %s: %s", figure, f.To, truth, m.Value, m.Error, m.Basis)
	}
	s := d.world.Scenario
	if widest := 8*s.Spacing + 2*s.Disorder + 2*s.Skew.Abs() + 10*time.Second; m.Error > widest {
		d.Errorf("%s of the failover to %s is %s, measured %s +/- %s, which says little: %s", figure, f.To, truth, m.Value, m.Error, m.Basis)
	}
}

// scored sums a drill up: what was lost, and each failover's figures, measured and true.
func (d *drilled) scored() string {
	counts := map[string]int{}
	for _, f := range d.world.Truth.Facts {
		counts[f.Kind]++
	}
	var text strings.Builder
	fmt.Fprintf(&text, "lost %d, changed %d, collided %d, not replicated %d", counts["ledger.lost_row"], counts["ledger.changed_row"],
		counts["ledger.id_collision"], counts["ledger.not_replicated"])
	for i, m := range d.world.Truth.Moves {
		if i >= len(d.failovers) || m.Move == drill.Switchover {
			continue
		}
		rpo, _ := measured(d.failovers[i], "rpo")
		rto, _ := measured(d.failovers[i], "rto")
		fmt.Fprintf(&text, "; rpo %s +/- %s (true %s), rto %s +/- %s (true %s)", round(rpo.Value), round(rpo.Error), round(m.RPO()),
			round(rto.Value), round(rto.Error), round(m.RTO()))
	}
	return text.String()
}

func round(d time.Duration) time.Duration { return d.Round(10 * time.Millisecond) }
