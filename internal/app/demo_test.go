package app

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/internal/lab"
	"parallax/sinks/store"
)

// TestDemoIsExact plays a small world, runs every job over it, and wants the findings to be the truth, the measured
// figures to hold what really happened within their error bars, and every source read without a gap.
func TestDemoIsExact(t *testing.T) {
	d := &demo{o: DemoOptions{Seed: 11, Payments: 200, Out: io.Discard, Output: "table", Log: t.Output(), Progress: func(string, int64, int64) {}}, dir: worldFolder(t)}
	t.Cleanup(func() {
		if err := d.close(); err != nil {
			t.Error(err)
		}
	})
	if err := d.play(t.Context()); err != nil {
		t.Fatal(err)
	}
	result, err := d.app.Run(t.Context(), Request{Job: allJobs, AsOf: d.world.AsOf(), From: d.from, To: d.to})
	if err != nil {
		t.Fatal(err)
	}
	if result.Verdict() != string(audit.RunFindings) {
		t.Errorf("verdict %s, want findings", result.Verdict())
	}
	for _, run := range result.Runs {
		for _, c := range run.Coverage {
			for _, g := range c.Gaps {
				t.Errorf("%s: %s %s: %s", run.Job, c.Source, c.Region, g.Reason)
			}
		}
	}
	findings, _, err := d.app.store.Findings(t.Context(), store.Filter{Status: []audit.Status{audit.Overdue, audit.Open}})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range scorecard(d.world.Truth().Facts, findings) {
		for _, line := range s.complaints() {
			t.Error(line)
		}
	}
	failovers, err := d.app.store.Failovers(t.Context())
	if err != nil || len(failovers) != 1 {
		t.Fatalf("%d failovers, want 1 (%v)", len(failovers), err)
	}
	checkMeasures(t, failovers[0], d.world.Truth())
	checkSigns(t, d)
	checkDrills(t, d)
	checkChains(t, d)
}

// worldFolder is a folder that PostgreSQL's own account can reach, which a test's is not when root runs it.
func worldFolder(t *testing.T) string {
	t.Helper()
	dir, release, err := demoFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	return dir
}

func TestDemoFolder(t *testing.T) {
	dir := t.TempDir()
	_, release, err := demoFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := demoFolder(dir); err == nil || !strings.Contains(err.Error(), "another demo is running") {
		t.Errorf("a second demo in the same folder: %v", err)
	}
	left := filepath.Join(dir, "left")
	if err := os.WriteFile(left, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	release()
	_, release, err = demoFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	release()
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what an earlier demo left is still there: %v", err)
	}
	foreign := t.TempDir()
	if err := os.WriteFile(filepath.Join(foreign, "mine"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := demoFolder(foreign); err == nil {
		t.Error("a folder that no demo made was taken")
	}
	if _, err := os.Stat(filepath.Join(foreign, "mine")); err != nil {
		t.Error(err)
	}
}

// checkMeasures holds the ledger's figures against what the lab's own clock says.
func checkMeasures(t *testing.T, f audit.Failover, truth lab.Truth) {
	t.Helper()
	for figure, want := range map[string]time.Duration{
		"rpo": truth.LastLost.Sub(truth.CutAt),
		"rto": truth.FirstGood.Sub(truth.FirstRefused),
	} {
		found := false
		for _, m := range f.Measures {
			if m.Layer != "ledger" || m.Figure != figure {
				continue
			}
			found = true
			if off := (m.Value - want).Abs(); off > m.Error+time.Second {
				t.Errorf("ledger %s measured %s +/- %s, in truth %s", figure, m.Value, m.Error, want)
			}
		}
		if !found {
			t.Errorf("ledger %s was not measured", figure)
		}
	}
}

func TestScorecardCountsWhatIsMissedFalseAndUnequal(t *testing.T) {
	facts := []lab.Fact{
		{Kind: "lww.lost_write", Key: "a"},
		{Kind: "lww.lost_write", Key: "b"},
		{Kind: "ledger.lost_row", Key: "p", Amounts: []lab.Sum{{Minor: 5, Currency: "EUR"}}},
	}
	stored := func(kind audit.Kind, key string, minor int64) audit.StoredFinding {
		return audit.StoredFinding{Finding: audit.Finding{Kind: kind, Key: key, Verdict: audit.Proven, Amounts: []audit.Money{{Minor: minor, Currency: "EUR"}}}}
	}
	scores := scorecard(facts, []audit.StoredFinding{
		stored("lww.lost_write", "a", 1), stored("lww.lost_write", "a", 1), stored("ledger.lost_row", "p", 6),
	})
	if exact(scores) {
		t.Error("exact, with one missed, one false and one of the wrong money")
	}
	var lines []string
	for _, s := range scores {
		lines = append(lines, s.complaints()...)
	}
	if len(lines) != 3 {
		t.Errorf("complaints %q, want three", lines)
	}
	if !exact(scorecard(facts[:1], []audit.StoredFinding{stored("lww.lost_write", "a", 1)})) {
		t.Error("not exact, with all found and nothing else")
	}
}
