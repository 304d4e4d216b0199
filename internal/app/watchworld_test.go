package app

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/internal/lab/rdsapi"
	"parallax/sinks/report"
)

// topologyRun runs the failover job alone over a window.
func (w *caseWorld) topologyRun(from, to, asOf time.Time) report.Run {
	w.Helper()
	w.now = asOf
	result, err := w.app.Run(w.Context(), Request{Job: "failover", AsOf: asOf, From: from, To: to})
	if err != nil {
		w.Fatal(err)
	}
	return result.Runs[0]
}

func (w *caseWorld) failovers() []audit.Failover {
	w.Helper()
	all, err := w.app.store.Failovers(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	return all
}

// What RDS has forgotten is no gap where an earlier run has read it, and the failover stays found. What no run has read is one.
func TestForgottenEventsAreRemembered(t *testing.T) {
	w := newCaseWorld(t, "")
	w.rds.Event(london, "db-cluster", "g-london", pm(14, 6, 0), "Global switchover to DB cluster g-london in Region eu-west-2 finished.")
	w.topologyRun(pm(13, 0, 0), pm(15, 0, 0), pm(15, 0, 0))
	month := pm(15, 0, 0).AddDate(0, 1, 0)
	run := w.topologyRun(pm(13, 0, 0), pm(15, 0, 0), month)
	if run.Verdict != audit.RunFindings || len(run.Reported) != 1 {
		t.Errorf("verdict %s, gaps %q, %d findings", run.Verdict, gapsOf(run, ""), len(run.Reported))
	}
	run = w.topologyRun(pm(12, 0, 0), pm(15, 0, 0), month.Add(time.Minute))
	gaps := linesOf(run, "topology")[0].Gaps
	if want := (audit.Window{From: pm(12, 0, 0), To: pm(13, 0, 0)}); len(gaps) != 1 || gaps[0].Window != want || !gaps[0].Lost {
		t.Errorf("gaps %+v", gaps)
	}
	if all := w.failovers(); len(all) != 1 || !all[0].Planned {
		t.Errorf("failovers %+v", all)
	}
}

// Nobody announced it: the database of London accepts writes, and RDS knows of no promotion. It is told once, and stays.
func TestPromotionByHandIsSeen(t *testing.T) {
	w := newCaseWorld(t, "")
	w.topologyRun(pm(13, 0, 0), pm(14, 0, 0), pm(14, 0, 0))
	if err := w.pair.Cut(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := w.pair.KillWriter(); err != nil {
		t.Fatal(err)
	}
	if err := w.pair.Promote(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.rds.Detach(london)
	for _, asOf := range []time.Time{pm(14, 10, 0), pm(14, 20, 0), pm(18, 0, 0)} {
		run := w.topologyRun(pm(13, 0, 0), pm(14, 10, 0), asOf)
		if len(run.Reported) != 1 || run.Reported[0].Verdict != audit.Probable || !strings.Contains(run.Reported[0].Reason, "by hand") {
			t.Errorf("as of %s: %+v", asOf, run.Reported)
		}
		if run.Verdict != audit.RunInconclusive {
			t.Errorf("as of %s: verdict %s though Dublin does not answer", asOf, run.Verdict)
		}
		all := w.failovers()
		if len(all) != 1 || all[0].Seen != audit.SeenInData || !all[0].At.Equal(pm(14, 5, 0)) || all[0].PromotedError != 5*time.Minute || all[0].From != dublin {
			t.Errorf("as of %s: %+v", asOf, all)
		}
	}
	events, err := w.app.store.TopologyEvents(t.Context(), "g", audit.Window{From: pm(0, 0, 0), To: pm(23, 0, 0)})
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	for _, e := range events {
		kinds[e.Type+" "+string(e.Region)]++
	}
	if len(events) != 3 || kinds["writer_seen "+dublin] != 1 || kinds["writer_seen "+london] != 1 || kinds["member_left "+london] != 1 {
		t.Errorf("history %+v", events)
	}
}

// While two databases accept writes, or none, nothing is concluded from it.
func TestWritersThatContradictAreAGap(t *testing.T) {
	w := newCaseWorld(t, "")
	w.topologyRun(pm(13, 0, 0), pm(14, 0, 0), pm(14, 0, 0))
	if err := w.pair.Cut(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := w.pair.Promote(t.Context()); err != nil {
		t.Fatal(err)
	}
	run := w.topologyRun(pm(13, 0, 0), pm(14, 10, 0), pm(14, 10, 0))
	if len(run.Reported) != 0 || !strings.Contains(strings.Join(gapsOf(run, "writer"), "\n"), "accepts writes in eu-west-1 and eu-west-2 at once") {
		t.Errorf("findings %+v, gaps %q", run.Reported, gapsOf(run, "writer"))
	}
}

// A run for an earlier moment than the last one adds no sight of the writer, for it asks the databases of today.
func TestEarlierMomentAddsNoSight(t *testing.T) {
	w := newCaseWorld(t, "")
	w.topologyRun(pm(13, 0, 0), pm(14, 0, 0), pm(14, 0, 0))
	w.topologyRun(pm(11, 0, 0), pm(12, 0, 0), pm(12, 0, 0))
	events, err := w.app.store.TopologyEvents(t.Context(), "g", audit.Window{From: pm(0, 0, 0), To: pm(23, 0, 0)})
	if err != nil || len(events) != 1 || !events[0].At.Equal(pm(14, 0, 0)) {
		t.Errorf("history %+v, %v", events, err)
	}
}

// Where the old region does not answer, its snapshot is not taken for gone.
func TestSilentRegionHidesNothing(t *testing.T) {
	w := newCaseWorld(t, "")
	w.fail()
	w.rds.AddSnapshot(dublin, "rds:unplanned-global-failover-g-dublin-2026-11-18", "g-dublin", pm(14, 40, 0))
	w.topologyRun(pm(13, 0, 0), pm(15, 0, 0), pm(15, 0, 0))
	w.rds.Fault(func(region, _ string, _ int) rdsapi.Fault {
		if region != dublin {
			return rdsapi.Fault{}
		}
		return rdsapi.Fault{Status: http.StatusForbidden, Code: "AccessDenied", Message: "not authorized"}
	})
	run := w.topologyRun(pm(13, 0, 0), pm(15, 0, 0), pm(15, 10, 0))
	note := ""
	for _, f := range run.Reported {
		for _, e := range f.Evidence {
			if e.Source == "rds snapshots" && f.Kind == audit.FailoverDetected {
				note = e.Note
			}
		}
	}
	if !strings.Contains(note, "was not copied") {
		t.Errorf("the snapshot: %q", note)
	}
}

// What a database says now is no sight of a moment long ago: a run for a moment before the promotion would make the new writer the
// writer of then, and shift the failover to it.
func TestRunForThePastAddsNoSight(t *testing.T) {
	w := newCaseWorld(t, "")
	w.watch(pm(13, 55, 0))
	if err := w.pair.KillWriter(); err != nil {
		t.Fatal(err)
	}
	if err := w.pair.Promote(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.watch(pm(14, 5, 0), func(r *Request) { r.Now = pm(16, 0, 0) })
	if all := w.failovers(); len(all) != 0 {
		t.Errorf("as of before the promotion: %+v", all)
	}
	w.watch(pm(16, 0, 0), func(r *Request) { r.Now = pm(16, 0, 0) })
	if all := w.failovers(); len(all) != 1 || !all[0].Promoted.Add(all[0].PromotedError).Equal(pm(16, 0, 0)) {
		t.Errorf("failovers %+v", all)
	}
}
