package store

import (
	"reflect"
	"testing"
	"time"

	"parallax/internal/audit"
)

// The first sighting of an event stays; of a state it is known until when it was last seen so.
func TestTopologyIsKeptOnce(t *testing.T) {
	s := fresh(t)
	promoted := audit.TopologyEvent{Cluster: "g", Region: "r2", Type: "writer_promoted", Source: "c2", At: minutes(8), Message: "promoted"}
	writer := audit.TopologyEvent{Cluster: "g", Region: "r1", Type: "writer_seen", Source: "ledger", At: minutes(1), Message: "accepts writes", Until: minutes(5)}
	for i, until := range []int{5, 9, 7} {
		o := outcome([]string{"run-1", "run-2", "run-3"}[i], minutes(90+i))
		writer.Until = minutes(until)
		o.Topology = []audit.TopologyEvent{promoted, promoted, writer}
		commit(t, s, o)
	}
	writer.Until = minutes(9)
	got, err := s.TopologyEvents(t.Context(), "g", audit.Window{From: minutes(6), To: minutes(60)})
	if want := []audit.TopologyEvent{writer, promoted}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	for name, w := range map[string]audit.Window{
		"after":  {From: minutes(10), To: minutes(60)},
		"before": {From: minutes(0), To: minutes(1)},
	} {
		if got, err := s.TopologyEvents(t.Context(), "g", w); err != nil || len(got) != 0 {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if got, err := s.TopologyEvents(t.Context(), "other", audit.Window{From: minutes(0), To: minutes(60)}); err != nil || len(got) != 0 {
		t.Errorf("another cluster's: %+v, %v", got, err)
	}
}

// What an earlier run knew of a failover stays known when RDS has forgotten it; a late repeat takes nothing back.
func TestFailoverKeepsWhatIsForgotten(t *testing.T) {
	s := fresh(t)
	f := audit.Failover{
		Cluster: "g", Key: "g/r2/first", From: "r1", To: "r2", Seen: audit.SeenInEvents, At: minutes(7), Promoted: minutes(8),
		Snapshot: "rds:x", SnapshotExpires: minutes(900), Measures: []audit.Measure{}, Marks: []audit.Mark{}, Unmeasured: []string{},
	}
	first := outcome("run-1", minutes(90))
	first.Failovers = []audit.Failover{f}
	later := outcome("run-2", minutes(95))
	bare := audit.Failover{Cluster: "g", Key: "g/r2/second", To: "r2", At: minutes(7), Promoted: minutes(8)}
	later.Failovers = []audit.Failover{bare}
	late := outcome("run-3", minutes(80))
	wrong := f
	wrong.Planned = true
	late.Failovers = []audit.Failover{wrong}
	commit(t, s, first)
	commit(t, s, later)
	commit(t, s, late)
	got, err := s.Failovers(t.Context())
	if want := []audit.Failover{f}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

// A case is opened once, and written only by the one who has read its newest state.
func TestCaseIsComparedAndSwapped(t *testing.T) {
	s := fresh(t)
	c := audit.Case{
		Cluster: "g", To: "r2", At: minutes(7), Window: audit.Window{From: minutes(0), To: minutes(60)}, State: audit.CaseOpen,
		NextDue: minutes(100), OpenedAt: minutes(20), AsOf: minutes(20),
		Questions: []audit.Question{{About: "snapshot", Text: "none <yet>", Remedy: "restore it"}},
		Evidence:  []string{"region r1 answers"},
		Runs:      []audit.CaseRun{{Job: "ledger", RunID: "run-1", Verdict: audit.RunInconclusive, AsOf: minutes(20)}},
	}
	opened, err := s.OpenCase(t.Context(), c)
	if err != nil || !opened {
		t.Fatal(opened, err)
	}
	if again, err := s.OpenCase(t.Context(), c); err != nil || again {
		t.Errorf("opened twice: %t, %v", again, err)
	}
	closed := c
	closed.State, closed.NextDue, closed.ClosedAt, closed.AsOf = audit.CaseClosed, time.Time{}, minutes(100), minutes(100)
	closed.Questions = []audit.Question{}
	if saved, err := s.SaveCase(t.Context(), closed, c.AsOf); err != nil || !saved {
		t.Fatal(saved, err)
	}
	if saved, err := s.SaveCase(t.Context(), c, c.AsOf); err != nil || saved {
		t.Errorf("written over a newer state: %t, %v", saved, err)
	}
	got, err := s.Cases(t.Context())
	if want := []audit.Case{closed}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}
