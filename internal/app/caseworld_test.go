package app

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/lab/aurora"
	"parallax/internal/lab/rdsapi"
	"parallax/sinks/store"
)

// caseWorld is a ledgerWorld whose writer fails over from Dublin to London on a Wednesday afternoon; two payments are lost.
type caseWorld struct {
	*ledgerWorld
	rds *rdsapi.Server
	now time.Time
	yml string
}

// pm is a moment of the day of the failover.
func pm(hour, minute, second int) time.Time {
	return time.Date(2026, time.November, 18, hour, minute, second, 0, time.UTC)
}

func newCaseWorld(t *testing.T, more string) *caseWorld {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
	} {
		t.Setenv(name, value)
	}
	w := &caseWorld{now: pm(14, 0, 0)}
	w.rds = rdsapi.New(rdsapi.Options{
		Global: "g", Writer: dublin, Clock: func() time.Time { return w.now }, Clusters: map[string]string{dublin: "g-dublin", london: "g-london"},
	})
	url := map[string]string{}
	for _, region := range []string{dublin, london} {
		at, stop, err := w.rds.Serve(region)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(stop)
		url[region] = at
	}
	w.yml = fmt.Sprintf(`topology: {global_cluster: g, clusters: {%s: g-dublin, %s: g-london}}
aws: {retries: 1, timeout: 5s, endpoints: {%s: {rds: %q}, %s: {rds: %q}}}
%s`, dublin, london, dublin, url[dublin], london, url[london], more)
	w.ledgerWorld = newLedgerWorld(t, "", w.yml)
	w.file(pm(0, 0, 0).AddDate(0, 0, -1))
	return w
}

// fail is the failover: payments until the end of Dublin, of which the last two are lost, and payments in London from 14:08.
func (w *caseWorld) fail() {
	w.Helper()
	for i := range 30 {
		w.pay(pm(14, 0, 10*i), fmt.Sprintf("before%d", i))
	}
	if err := w.pair.Cut(w.Context()); err != nil {
		w.Fatal(err)
	}
	w.pay(pm(14, 5, 1), "lost1")
	w.pay(pm(14, 5, 3), "lost2")
	if err := w.pair.KillWriter(); err != nil {
		w.Fatal(err)
	}
	if err := w.pair.Promote(w.Context()); err != nil {
		w.Fatal(err)
	}
	w.rds.SetWriter(london)
	w.rds.Event(london, "db-cluster", "g-london", pm(14, 6, 0), "Global failover to DB cluster g-london in Region eu-west-2 completed.")
	for i := range 30 {
		w.pay(pm(14, 6, 20+10*i), fmt.Sprintf("after%d", i))
	}
}

// dublinReturns brings the old primary's snapshot and a new standby.
func (w *caseWorld) dublinReturns() {
	w.Helper()
	if err := w.pair.RestoreSnapshot(w.Context()); err != nil {
		w.Fatal(err)
	}
	if err := w.pair.Rebuild(w.Context()); err != nil {
		w.Fatal(err)
	}
	w.rds.AddSnapshot(dublin, "rds:unplanned-global-failover-g-dublin-2026-11-18", "g-dublin", pm(14, 40, 0))
}

// witness configures the restored snapshot.
func (w *caseWorld) witness() {
	w.Helper()
	path := filepath.Join(w.dir, "parallax.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		w.Fatal(err)
	}
	with := strings.Replace(string(text), "    table: payments\n",
		fmt.Sprintf("    table: payments\n    snapshot: {dsn: %q, region: %s}\n", w.pair.DSN(aurora.Snapshot), dublin), 1)
	if err := os.WriteFile(path, []byte(with), 0o600); err != nil {
		w.Fatal(err)
	}
	if w.app.cfg, err = config.Load(path, nil); err != nil {
		w.Fatal(err)
	}
}

// mend puts the lost payments into the ledger in force, as a person does who approves the repair.
func (w *caseWorld) mend() {
	w.Helper()
	for i, name := range []string{"lost1", "lost2"} {
		w.pay(pm(14, 5, 1+2*i), name)
	}
}

// watch runs the failover job as cron does, and returns the jobs that ran.
func (w *caseWorld) watch(at time.Time, more ...func(*Request)) []string {
	w.Helper()
	w.now = at
	req := Request{Job: "failover", AsOf: at}
	for _, set := range more {
		set(&req)
	}
	result, err := w.app.Run(w.Context(), req)
	if err != nil {
		w.Fatal(err)
	}
	var ran []string
	for _, run := range result.Runs {
		ran = append(ran, run.Job)
	}
	return ran
}

func (w *caseWorld) wantRan(when string, got []string, want ...string) {
	w.Helper()
	if !slices.Equal(got, want) {
		w.Errorf("%s: ran %q, want %q", when, got, want)
	}
}

// wantCase wants the one case to stand so, and to ask about these things.
func (w *caseWorld) wantCase(when string, state audit.CaseState, about ...string) audit.Case {
	w.Helper()
	cases, err := w.app.store.Cases(w.Context())
	if err != nil || len(cases) != 1 {
		w.Fatalf("%s: %d cases, %v", when, len(cases), err)
	}
	c := cases[0]
	var asked, texts []string
	for _, q := range c.Questions {
		asked, texts = append(asked, q.About), append(texts, q.Text)
	}
	slices.Sort(asked)
	asked = slices.Compact(asked)
	if slices.Sort(about); c.State != state || !slices.Equal(asked, about) {
		w.Errorf("%s: the case is %s and asks about %q, want %s and %q\n%s", when, c.State, asked, state, about, strings.Join(texts, "\n"))
	}
	return c
}

// all the jobs that this world has something for, as a repetition runs them after the watch.
var reconciled = []string{"failover", "ledger", "lag", "settlement", "failover"}

// A case is opened by the failover, repeated as evidence comes, and closed when all is explained.
func TestCaseLife(t *testing.T) {
	w := newCaseWorld(t, "failover: {repeat: 480h, give_up: 2000h}\n")
	w.watch(pm(13, 55, 0))
	w.fail()
	w.wantRan("at first sight", w.watch(pm(14, 20, 0)), reconciled...)
	c := w.wantCase("at first sight", audit.CaseOpen, aboutSnapshot, aboutOld, aboutFile, aboutFindings)
	if !c.Window.From.Equal(pm(13, 6, 0)) || !c.Window.To.Equal(pm(14, 20, 0)) || len(c.Runs) != 4 {
		t.Errorf("case %+v", c)
	}
	w.wantRan("nothing new", w.watch(pm(14, 25, 0)), "failover")

	w.dublinReturns()
	w.wantRan("the old region is back", w.watch(pm(15, 0, 0)), reconciled...)
	w.wantCase("the old region is back", audit.CaseOpen, aboutSnapshot, aboutFile, aboutFindings)
	w.wantRan("nothing new", w.watch(pm(15, 5, 0)), "failover")
	w.witness()
	w.wantRan("the snapshot is configured", w.watch(pm(16, 30, 0)), reconciled...)
	w.wantCase("the snapshot is configured", audit.CaseOpen, aboutFile, aboutFindings)
	if found, _, err := w.app.store.Findings(w.Context(), store.Filter{Kinds: []audit.Kind{audit.LedgerLostRow}}); err != nil || len(found) != 2 {
		t.Errorf("%d lost rows, %v", len(found), err)
	}
	failovers, err := w.app.store.Failovers(w.Context())
	if err != nil || len(failovers) != 1 || len(failovers[0].Measures) != 2 {
		t.Fatalf("failovers %+v, %v", failovers, err)
	}

	w.mend()
	var names []string
	for i := range 30 {
		names = append(names, fmt.Sprintf("before%d", i), fmt.Sprintf("after%d", i))
	}
	w.file(pm(0, 0, 0), append(names, "lost1", "lost2")...)
	w.pay(pm(10, 0, 0).AddDate(0, 0, 1), "next day")
	w.file(pm(0, 0, 0).AddDate(0, 0, 1), "next day")
	w.run(pm(8, 0, 0).AddDate(0, 0, 2)) // the settlement job sees the files
	w.wantRan("the files are here", w.watch(pm(9, 0, 0).AddDate(0, 0, 2)), reconciled...)
	w.wantCase("all is explained", audit.CaseClosed)
	w.wantRan("closed", w.watch(pm(9, 5, 0).AddDate(0, 0, 40)), "failover")
	again, err := w.app.store.Failovers(w.Context())
	if err != nil || len(again) != 1 || again[0].Measures[0].Value != failovers[0].Measures[0].Value {
		t.Errorf("what was measured is not kept: %+v, %v", again, err)
	}
}

// A case that waits too long is given up, with what it waited for. A person's word takes it up again.
func TestCaseIsGivenUp(t *testing.T) {
	w := newCaseWorld(t, "failover: {repeat: 24h, give_up: 72h}\n")
	w.watch(pm(13, 55, 0))
	w.fail()
	w.watch(pm(14, 20, 0))
	w.wantRan("not due", w.watch(pm(14, 20, 0).Add(23*time.Hour)), "failover")
	w.wantRan("due", w.watch(pm(14, 20, 0).Add(24*time.Hour)), reconciled...)
	w.wantRan("due for the last time", w.watch(pm(14, 20, 0).Add(72*time.Hour)), reconciled...)
	c := w.wantCase("given up", audit.CaseGivenUp, aboutSnapshot, aboutOld, aboutFile, aboutFindings, aboutCoverage)
	if !c.NextDue.IsZero() || c.ClosedAt.IsZero() {
		t.Errorf("case %+v", c)
	}
	w.wantRan("given up", w.watch(pm(14, 20, 0).Add(200*time.Hour)), "failover")
	named := func(r *Request) { r.At = pm(14, 30, 0) }
	w.wantRan("named", w.watch(pm(14, 20, 0).Add(201*time.Hour), named), reconciled...)
}

// A killed repetition is taken up by another worker, once its lease is over; two workers never both repeat a case.
func TestCaseSurvivesCrashAndOverlap(t *testing.T) {
	w := newCaseWorld(t, "")
	w.watch(pm(13, 55, 0))
	w.fail()
	ctx, kill := context.WithCancel(t.Context())
	w.now = pm(14, 20, 0)
	w.app.progress = func(stage string, _, _ int64) {
		cases, err := w.app.store.Cases(t.Context())
		if err == nil && len(cases) == 1 && len(cases[0].Runs) == 1 {
			kill() // after the first job
		}
	}
	if _, err := w.app.Run(ctx, Request{Job: "failover", AsOf: w.now}); err == nil {
		t.Fatal("the killed run ended without an error")
	}
	w.app.progress = func(string, int64, int64) {}
	c := w.wantCase("killed", audit.CaseOpen, underWay)
	if len(c.Runs) != 1 || c.Runs[0].Job != "ledger" {
		t.Errorf("runs %+v", c.Runs)
	}
	w.wantRan("in another's hand", w.watch(pm(14, 30, 0)), "failover")

	w.now = pm(15, 25, 0)
	ran := make([][]string, 4)
	var workers sync.WaitGroup
	for i := range ran {
		workers.Go(func() { // cron started it several times
			result, err := w.app.Run(t.Context(), Request{Job: "failover", AsOf: w.now.Add(time.Duration(i) * time.Millisecond)})
			if err != nil {
				t.Error(err)
			}
			for _, run := range result.Runs {
				ran[i] = append(ran[i], run.Job)
			}
		})
	}
	workers.Wait()
	whole := 0
	for _, jobs := range ran {
		if len(jobs) > 1 {
			whole++
		}
	}
	if whole != 1 {
		t.Errorf("%d workers repeated the case: %q", whole, ran)
	}
	w.wantCase("repeated", audit.CaseOpen, aboutSnapshot, aboutOld, aboutFile, aboutFindings)
}

// All jobs over a window that holds the failover are a repetition of its case, and are not run twice.
func TestRunAllCountsForTheCase(t *testing.T) {
	w := newCaseWorld(t, "failover: {repeat: 100h}\n")
	w.fail()
	w.now = pm(15, 0, 0)
	result, err := w.app.Run(t.Context(), Request{Job: allJobs, AsOf: w.now, From: pm(13, 0, 0), To: pm(15, 0, 0)})
	if err != nil || len(result.Runs) != len(JobNames()) {
		t.Fatalf("%d runs, %v", len(result.Runs), err)
	}
	c := w.wantCase("after all jobs", audit.CaseOpen, aboutSnapshot, aboutOld, aboutFile, aboutFindings, aboutCoverage)
	if len(c.Runs) != len(JobNames()) {
		t.Errorf("runs %+v", c.Runs)
	}
	w.wantRan("by cron", w.watch(pm(15, 5, 0)), "failover")
}

// What nobody announced and no database shows is reconciled on a person's word.
func TestPersonsWordOpensACase(t *testing.T) {
	w := newCaseWorld(t, "")
	for i := range 10 {
		w.pay(pm(14, i, 0), fmt.Sprint(i))
	}
	w.wantRan("named", w.watch(pm(15, 0, 0), func(r *Request) { r.At = pm(14, 5, 0) }), reconciled...)
	w.wantCase("named", audit.CaseOpen, aboutSnapshot, aboutFile, aboutFindings)
	failovers, err := w.app.store.Failovers(t.Context())
	if err != nil || len(failovers) != 1 || failovers[0].Seen != audit.SeenByPerson {
		t.Errorf("failovers %+v, %v", failovers, err)
	}
	w.watch(pm(15, 5, 0))
	if failovers, err = w.app.store.Failovers(t.Context()); err != nil || len(failovers) != 1 {
		t.Errorf("failovers %+v, %v", failovers, err)
	}
}
