package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"parallax/internal/app"
	"parallax/internal/audit"
	"parallax/internal/lab"
	"parallax/internal/pgserver"
)

// The databases that a case can begin with. Each case works on a copy.
const (
	emptyStore   = "empty_store"   // nothing was ever run
	earlyStore   = "early_store"   // the day's first captures only
	auditedStore = "audited_store" // every capture, and one audit of everything
)

// unreadable is one way of making one input unreadable.
type unreadable struct {
	name   string
	jobs   []string      // run in turn; the last of them must be inconclusive
	source string        // of the line of coverage that has the gap
	region string        // of that line; empty: any
	store  string        // auditedStore where empty
	config []string      // old and new text of the configuration, in turn
	spoil  func() func() // breaks something and returns what mends it; nil where the configuration does
	window *audit.Window // the world's where nil
}

// TestUnreadableIsNeverClean spoils one input after the other. The job that reads it must end inconclusive, its certificate
// must name the source with a gap, and nothing that was found before may be taken for gone.
func TestUnreadableIsNeverClean(t *testing.T) {
	b := newBench(t)
	b.audit()
	t.Run("untouched", b.untouched)
	t.Run("lost for good", b.lostForGood)
	cases := slices.Concat(b.streamCases(), b.archiveCases(), b.ledgerCases(), b.receiptCases(), b.settlementCases(), b.topologyCases())
	if len(cases) < 20 {
		t.Fatalf("only %d ways", len(cases))
	}
	for i, c := range cases {
		t.Run(c.name, func(t *testing.T) { b.check(t, c, fmt.Sprintf("case_%d", i)) })
	}
}

// bench is a world that was played and audited once, and a server for the stores of all cases.
type bench struct {
	*testing.T
	world    *lab.World
	server   *pgserver.Server
	admin    *pgx.Conn
	port     int // at which the server asks for passwords
	config   string
	captured int
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{T: t, port: freePort(t)}
	var err error
	if b.server, err = pgserver.Open(t.Context(), pgserver.Options{Ephemeral: true, Port: b.port}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.server.Close(); err != nil {
			t.Error(err)
		}
	})
	if b.admin, err = pgx.Connect(t.Context(), b.server.DSN("", "")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.admin.Close(context.Background()) })
	b.sql("create database " + emptyStore)
	b.sql("create database " + auditedStore)
	b.world = buildWorld(t, b.capture)
	for _, setting := range b.world.Env() {
		name, value, _ := strings.Cut(setting, "=")
		t.Setenv(name, value)
	}
	b.config = b.configure("audited", auditedStore)
	return b
}

// audit plays the world and audits all of it once.
func (b *bench) audit() {
	b.Helper()
	if err := b.world.Play(b.Context()); err != nil {
		b.Fatal(err)
	}
	from, to := b.world.Window()
	if e := run1(b.T, b.config, "all", from, to, b.world.AsOf()); e.code != exitFindings {
		b.Fatalf("the audit of the untouched world: exit code %d\n%s", e.code, e.stderr)
	}
}

// capture is the world's hook. After the second of its moments the store is kept as it is for the cases that begin early.
func (b *bench) capture(_ context.Context, at time.Time) error {
	from, _ := b.world.Window()
	if e := run1(b.T, b.config, "capture", from, at, at); e.code != exitClean {
		b.Fatalf("capture at %s: exit code %d\n%s", at, e.code, e.stderr)
	}
	if b.captured++; b.captured == 2 {
		b.sql("create database " + earlyStore + " template " + auditedStore)
	}
	return nil
}

// configure writes a configuration whose store is a database of the bench's server. It waits little and does not try again.
func (b *bench) configure(name, database string, pairs ...string) string {
	b.Helper()
	return configure(b.T, b.world, name, append([]string{
		`store: {dsn: ""}`, `store: {dsn: "` + b.server.DSN(database, "") + `"}`,
		"timeout: 30s", "timeout: 1s", "retries: 5", "retries: 1", // statement_timeout too
		"    settle: 15m\n", "    settle: 15m\n    scan: {pause: 1s}\n",
	}, pairs...)...)
}

func (b *bench) sql(statement string) {
	b.Helper()
	if _, err := b.admin.Exec(b.Context(), statement); err != nil {
		b.Fatalf("%s: %v", statement, err)
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()                     //nolint:errcheck // it took no connection
	return l.Addr().(*net.TCPAddr).Port //nolint:forcetypeassert // of a tcp listener
}

// call runs the program in this process.
func call(t *testing.T, args ...string) ending {
	t.Helper()
	var stdout, stderr bytes.Buffer
	began := time.Now()
	code := run(t.Context(), args, strings.NewReader(""), &stdout, &stderr)
	return ending{code, stdout.String(), stderr.String(), time.Since(began)}
}

// run1 runs one job over a window.
func run1(t *testing.T, config, job string, from, to, asOf time.Time) ending {
	t.Helper()
	return call(t, append([]string{"run", job, "--config", config}, windowFlags(from, to, asOf)...)...)
}

// The world is quiet from when the last payment has settled until the old region returns: here every job is clean.
var (
	quietFrom = time.Date(2026, time.November, 18, 14, 26, 0, 0, time.UTC)
	quietTo   = time.Date(2026, time.November, 18, 14, 39, 0, 0, time.UTC)
)

// quietly leaves out the file that was sent twice, which settlement reports whatever the window.
var quietly = []string{"settlement/mastercard-*.ipm", "settlement/mastercard-2026111[89].ipm"}

// untouched shows that clean is possible, so that an inconclusive end means something.
func (b *bench) untouched(t *testing.T) {
	b.sql("create database quiet template " + auditedStore)
	config := b.configure("quiet", "quiet", quietly...)
	for _, job := range app.JobNames() {
		e := run1(t, config, job, quietFrom, quietTo, b.world.AsOf().Add(laterOf(job)))
		want := exitClean
		if job == "receipts" {
			want = exitFindings // it compares the buckets whole, whatever the window
		}
		if e.code != want {
			t.Errorf("%s over a quiet window: exit code %d, want %d\n%s%s", job, e.code, want, e.stderr, e.stdout)
		}
	}
	// With payments in the window too.
	if e := run1(t, config, "ledger", quietFrom.Add(-30*time.Minute), quietFrom.Add(-28*time.Minute), b.world.AsOf()); e.code != exitClean {
		t.Errorf("ledger over two busy minutes: exit code %d\n%s%s", e.code, e.stderr, e.stdout)
	}
}

// lostForGood lets a stream be trimmed before it is read. What a later capture reads does not bring it back.
func (b *bench) lostForGood(t *testing.T) {
	b.sql("create database lost template " + earlyStore)
	config := b.configure("lost", "lost")
	from, to := b.world.Window()
	was := 0
	for i, later := range []time.Duration{0, 0, 10 * time.Minute, 20 * time.Minute} {
		e := run1(t, config, "capture", from, to, b.world.AsOf().Add(later))
		open := 0
		for _, status := range statuses(t, config) {
			if status == "open" {
				open++
			}
		}
		if i == 0 {
			was = open
			if e.code != exitInconclusive || was == 0 {
				t.Errorf("capture of a trimmed stream: exit code %d, %d findings", e.code, open)
			}
		}
		if open != was {
			t.Errorf("after capture %d, %d of %d findings of what was trimmed are open", i+1, open, was)
		}
	}
}

// laterOf is how long after the audit a job runs again: a capture needs new time to read.
func laterOf(job string) time.Duration {
	if job == "capture" {
		return 10 * time.Minute
	}
	return 0
}

// tooLong is far beyond what a run takes that asks a silent server again and again, each time for the second it may take.
const tooLong = time.Minute

// check spoils an input and runs the case's jobs over the whole day and over the quiet window, which was clean before.
func (b *bench) check(t *testing.T, c unreadable, name string) {
	store := c.store
	if store == "" {
		store = auditedStore
	}
	b.sql("create database " + name + " template " + store)
	config := b.configure(name, name, append(slices.Clone(quietly), c.config...)...)
	if c.spoil != nil {
		defer c.spoil()()
	}
	before := statuses(t, config)
	if store == auditedStore && len(before) == 0 {
		t.Fatal("nothing was found before")
	}
	from, to := b.world.Window()
	windows := []audit.Window{{From: from, To: to}, {From: quietFrom, To: quietTo}}
	if c.window != nil {
		windows = []audit.Window{*c.window}
	}
	for _, w := range windows {
		b.inconclusive(t, c, config, w)
	}
	for fingerprint, now := range statuses(t, config) {
		if was, known := before[fingerprint]; known && now == "cleared" && was != now {
			t.Errorf("finding %s was %s and is taken for gone", fingerprint, was)
		}
	}
}

// inconclusive runs the jobs over a window and looks at how the last one ends and what its certificate says.
func (b *bench) inconclusive(t *testing.T, c unreadable, config string, w audit.Window) {
	t.Helper()
	var last string
	for i, job := range c.jobs {
		e := run1(t, config, job, w.From, w.To, b.world.AsOf().Add(laterOf(job)))
		if last = job; i == len(c.jobs)-1 && e.code != exitInconclusive {
			t.Errorf("run %s over %s: exit code %d, want %d\n%s%.2000s", job, w, e.code, exitInconclusive, e.stderr, e.stdout)
		}
		if e.took > tooLong {
			t.Errorf("run %s over %s took %s", job, w, e.took.Round(time.Second))
		}
	}
	e := call(t, "report", "coverage", "--config", config, "-o", "json")
	run := certificates(t, e.stdout)[last]
	if run.Verdict != audit.RunInconclusive {
		t.Errorf("the certificate of %s over %s says %q", last, w, run.Verdict)
	}
	named := false
	for _, line := range run.Coverage {
		for _, g := range line.Gaps {
			if line.Source == c.source && (c.region == "" || string(line.Region) == c.region) {
				named = true
				t.Logf("%s %s %s: %s (%s)", last, line.Source, line.Region, g.Reason, g.Remedy)
			}
			if g.Reason == "" {
				t.Errorf("%s has a gap without a reason", line.Source)
			}
		}
	}
	if !named {
		t.Errorf("the certificate of %s over %s has no gap of %s %s", last, w, c.source, c.region)
	}
}

// statuses are those of all findings in a store, by fingerprint.
func statuses(t *testing.T, config string) map[string]string {
	t.Helper()
	e := call(t, "findings", "list", "--config", config, "--status", "all", "--limit", "0", "-o", "json")
	if e.code != exitClean {
		t.Fatalf("findings list: exit code %d\n%s", e.code, e.stderr)
	}
	out := map[string]string{}
	for fingerprint, f := range listing(t, e.stdout) {
		out[fingerprint] = fmt.Sprint(f["status"])
	}
	return out
}
