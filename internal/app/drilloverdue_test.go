package app

import (
	"fmt"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/sinks/store"
)

// A newcomer is not alarmed on the first day; who rehearses too late is, until a drill has passed.
func TestDrillOverdueLives(t *testing.T) {
	w := newTableWorld(t, nil)
	a := w.app
	a.cfg.Topology.GlobalCluster, a.cfg.Drills.Every = "global", 24*time.Hour
	var moved []audit.Failover
	status := func(hours int) string {
		t.Helper()
		asOf := noon.Add(time.Duration(hours) * time.Hour)
		window := audit.Window{From: asOf.Add(-5 * time.Minute), To: asOf}
		o := audit.Outcome{
			RunID: fmt.Sprint("run-", hours), Job: "failover", AsOf: asOf, Window: window, Basis: "same",
			Coverage: []audit.Coverage{{Source: "topology", Scope: "global", Window: window}}, Failovers: moved,
		}
		if err := a.rehearse(t.Context(), task{window: window, asOf: asOf}, &o); err != nil {
			t.Fatal(err)
		}
		if err := a.store.Commit(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		found, _, err := a.store.Findings(t.Context(), store.Filter{Kinds: []audit.Kind{audit.FailoverDrillOverdue}})
		if err != nil || len(found) > 1 {
			t.Fatalf("%+v, %v", found, err)
		}
		if len(found) == 0 {
			return "none"
		}
		return string(found[0].Status)
	}
	want := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	want("the first run", status(0), "none")
	want("within the time", status(24), "none")
	want("too late", status(25), "open")
	want("still", status(26), "open")
	if _, _, err := a.StartDrill(t.Context(), DrillRequest{Name: "d", Expect: []string{NothingExpected}, At: noon.Add(26 * time.Hour)}); err != nil {
		t.Fatal(err)
	}
	if _, err := a.StopDrill(t.Context(), "d", noon.Add(27*time.Hour)); err != nil {
		t.Fatal(err)
	}
	want("not scored", status(28), "open")
	for _, passed := range []bool{false, true} {
		score := audit.DrillScore{AsOf: noon.Add(29 * time.Hour), Passed: passed}
		if _, err := a.store.ScoreDrill(t.Context(), "d", score); err != nil {
			t.Fatal(err)
		}
		if !passed {
			want("failed", status(29), "open")
		}
	}
	want("passed, and nothing was failed over", status(30), "open")
	promoted := noon.Add(26*time.Hour + 30*time.Minute)
	moved = []audit.Failover{{Cluster: "global", Key: "k", From: dublin, To: london, Planned: true, Seen: audit.SeenInEvents, At: promoted, Promoted: promoted}}
	want("passed", status(31), "cleared")
	want("too late again", status(52), "open")
	a.cfg.Drills.Every = 0
	want("not asked for", status(53), "cleared")
}
