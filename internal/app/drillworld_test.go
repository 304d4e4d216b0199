package app

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/internal/lab"
	"parallax/internal/record"
)

// checkDrills plays game days on a world that has been audited: the truth declared passes, one thing left out is false, one too
// many is missed, and what no job has looked at keeps a score from being final.
func checkDrills(t *testing.T, d *demo) {
	t.Helper()
	truth := declaredTruth(d.world.Truth())
	score := func(name string, from time.Time, expect []string) audit.Drill {
		t.Helper()
		if _, _, err := d.app.StartDrill(t.Context(), DrillRequest{Name: name, Expect: expect, At: from}); err != nil {
			t.Fatal(err)
		}
		if _, err := d.app.StopDrill(t.Context(), name, d.to); err != nil {
			t.Fatal(err)
		}
		scored, err := d.app.ScoreDrill(t.Context(), name, d.world.AsOf())
		if err != nil {
			t.Fatal(err)
		}
		return scored
	}
	begins := d.from.Add(30 * time.Minute)

	passed := score("the truth", begins, truth)
	if !passed.Score.Passed || passed.Score.Found != len(d.world.Truth().Facts) || len(passed.Score.Measures) < 5 || !passed.Late {
		t.Errorf("the truth declared: %+v", passed.Score)
	}
	i := slices.IndexFunc(truth, func(e string) bool { return strings.HasPrefix(e, "ledger.lost_row:") })
	leftOut := score("one left out", begins, slices.Delete(slices.Clone(truth), i, i+1))
	if s := leftOut.Score; s.Passed || len(s.Missed) > 0 || len(s.False) != 1 || "ledger.lost_row:"+s.False[0].Key != truth[i] {
		t.Errorf("one left out: missed %+v, false %+v", s.Missed, s.False)
	}
	tooMany := score("one too many", begins, append(slices.Clone(truth), "ledger.lost_row:pay_none"))
	want := audit.Expectation{Kind: audit.LedgerLostRow, Key: "pay_none", Count: 1}
	if s := tooMany.Score; s.Passed || len(s.False) > 0 || !slices.Equal(s.Missed, []audit.Expectation{want}) {
		t.Errorf("one too many: missed %+v, false %+v", s.Missed, s.False)
	}
	counted := score("by numbers", begins, countedTruth(d.world.Truth()))
	if !counted.Score.Passed {
		t.Errorf("the truth by numbers: missed %+v, false %+v", counted.Score.Missed, counted.Score.False)
	}
	early := score("before anyone looked", d.from.Add(-time.Hour), truth)
	if s := early.Score; s.Passed || DrillResult(early) != DrillNotFinal || s.Gaps != len(d.app.drillJobs()) {
		t.Errorf("an hour that no job has looked at: %d gaps, %+v", s.Gaps, s.Unread)
	}
}

// checkSigns wants the history to hold what health checks and people said of the failover.
func checkSigns(t *testing.T, d *demo) {
	t.Helper()
	events, err := d.app.store.TopologyEvents(t.Context(), d.app.cfg.Topology.GlobalCluster, audit.Window{From: d.from, To: d.to})
	if err != nil {
		t.Fatal(err)
	}
	count := map[record.EventType]int{}
	for _, e := range events {
		kind := record.EventType(e.Type)
		count[kind]++
		truth := map[record.EventType]time.Time{record.HealthFailed: d.world.Truth().KeysPaused, record.HealthRecovered: d.world.Truth().KeysResumed}[kind]
		if late := e.At.Sub(truth); !truth.IsZero() && (late < -time.Minute || late > 2*time.Minute) { // checks take half a minute to agree
			t.Errorf("%s at %s, Dublin changed at %s", kind, e.At, truth)
		}
	}
	for kind, want := range map[record.EventType]int{record.HealthFailed: 1, record.HealthRecovered: 1, record.HealthReason: 1, record.IncidentNote: 4} {
		if count[kind] != want {
			t.Errorf("%d events %s, want %d", count[kind], kind, want)
		}
	}
}

// declaredTruth names every fact, so that some keys are declared more than once where a payment is hit twice.
func declaredTruth(truth lab.Truth) []string {
	var out []string
	for _, f := range truth.Facts {
		if e := f.Kind + ":" + f.Key; !slices.Contains(out, e) {
			out = append(out, e)
		}
	}
	return out
}

func countedTruth(truth lab.Truth) []string {
	var out []string
	for i, f := range truth.Facts { // sorted by kind
		if i == 0 || truth.Facts[i-1].Kind != f.Kind {
			n := 0
			for _, other := range truth.Facts {
				if other.Kind == f.Kind {
					n++
				}
			}
			out = append(out, fmt.Sprintf("%s=%d", f.Kind, n))
		}
	}
	return out
}
