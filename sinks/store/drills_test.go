package store

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"parallax/internal/audit"
)

func gameDay(name string, started time.Time) audit.Drill {
	return audit.Drill{
		Name: name, Cluster: "payments-global", Started: started, Note: "Dublin is cut off",
		Expected: []audit.Expectation{
			{Kind: audit.LedgerLostRow, Count: 3},
			{Kind: audit.LWWLostWrite, Key: "k-1", Count: 1},
		},
	}
}

func start(t *testing.T, s *Store, d audit.Drill) audit.Drill {
	t.Helper()
	kept, err := s.StartDrill(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	return kept
}

func TestDrillKeepsWhatItDeclared(t *testing.T) {
	s, d := fresh(t), gameDay("autumn", minutes(0))
	kept := start(t, s, d)
	if again := start(t, s, d); !reflect.DeepEqual(again, kept) {
		t.Errorf("started again: %+v, want %+v", again, kept)
	}
	changed := gameDay("autumn", minutes(0))
	changed.Expected[0].Count = 2
	if _, err := s.StartDrill(t.Context(), changed); !errors.Is(err, ErrDeclared) {
		t.Errorf("another declaration under the same name: %v", err)
	}
	if err := s.exec(t, `update parallax.drill set expected = '[]'`); err == nil {
		t.Error("the database let a declaration be changed")
	}
	read, err := s.Drill(t.Context(), "autumn")
	if err != nil || !reflect.DeepEqual(read, kept) || len(read.Expected) != 2 || read.Late {
		t.Errorf("read %+v, %v, want %+v", read, err, kept)
	}
}

func TestOneDrillAtATime(t *testing.T) {
	s := fresh(t)
	start(t, s, gameDay("one", minutes(0)))
	if _, err := s.StartDrill(t.Context(), gameDay("two", minutes(5))); !errors.Is(err, ErrUnderWay) {
		t.Errorf("a second drill: %v", err)
	}
	if _, err := s.ScoreDrill(t.Context(), "one", audit.DrillScore{AsOf: minutes(9)}); !errors.Is(err, ErrUnderWay) {
		t.Errorf("scored before its end: %v", err)
	}
	if _, err := s.StopDrill(t.Context(), "one", minutes(-1)); err == nil {
		t.Error("a drill ended before it began")
	}
	if _, err := s.StopDrill(t.Context(), "none", minutes(9)); !errors.Is(err, ErrNotFound) {
		t.Errorf("no such drill: %v", err)
	}
	for range 2 { // the same end twice changes nothing
		if _, err := s.StopDrill(t.Context(), "one", minutes(9)); err != nil {
			t.Error(err)
		}
	}
	if _, err := s.StopDrill(t.Context(), "one", minutes(10)); !errors.Is(err, ErrDeclared) {
		t.Errorf("another end: %v", err)
	}
	start(t, s, gameDay("two", minutes(20)))
	all, err := s.Drills(t.Context())
	if err != nil || len(all) != 2 || all[0].Name != "one" || !all[0].Stopped.Equal(minutes(9)) || !all[1].Stopped.IsZero() {
		t.Errorf("drills: %+v, %v", all, err)
	}
}

func TestTheNewestScoreIsKept(t *testing.T) {
	s := fresh(t)
	start(t, s, gameDay("autumn", minutes(0)))
	if _, err := s.StopDrill(t.Context(), "autumn", minutes(30)); err != nil {
		t.Fatal(err)
	}
	score := func(asOf time.Time, passed bool) audit.DrillScore {
		return audit.DrillScore{
			AsOf: asOf, Found: 4, FoundBy: map[audit.Kind]int{audit.LedgerLostRow: 4}, Passed: passed, Missed: []audit.Expectation{}, False: []audit.Expectation{{Kind: audit.LagBreach, Key: "x", Count: 1}},
			Measures: []audit.Measure{{Layer: "ledger", Figure: "rto", Value: time.Minute}},
		}
	}
	for _, sc := range []audit.DrillScore{score(minutes(60), false), score(minutes(90), true), score(minutes(70), false)} {
		if _, err := s.ScoreDrill(t.Context(), "autumn", sc); err != nil {
			t.Fatal(err)
		}
	}
	d, err := s.Drill(t.Context(), "autumn")
	want := score(minutes(90), true)
	if err != nil || !reflect.DeepEqual(d.Score, &want) {
		t.Errorf("score %+v, %v, want %+v", d.Score, err, want)
	}
}

func TestDrillDeclaredAfterTheLooking(t *testing.T) {
	s := fresh(t)
	commit(t, s, outcome("run-1", minutes(120))) // 12:00 to 13:00
	if d := start(t, s, gameDay("late", minutes(59))); !d.Late {
		t.Error("a run has looked at the minute after the start, and the drill is not late")
	}
	if _, err := s.StopDrill(t.Context(), "late", minutes(60)); err != nil {
		t.Fatal(err)
	}
	if d := start(t, s, gameDay("in time", minutes(60))); d.Late {
		t.Error("no run has looked past the start, and the drill is late")
	}
}

func TestRunsOverAWindow(t *testing.T) {
	s := fresh(t)
	commit(t, s, outcome("run-1", minutes(120)))
	commit(t, s, outcome("run-2", minutes(100)))
	for _, c := range []struct {
		from, to int
		want     int
	}{{30, 40, 2}, {60, 70, 0}, {59, 61, 2}, {-10, 0, 0}, {-10, 1, 2}} {
		runs, err := s.RunsOver(t.Context(), audit.Window{From: minutes(c.from), To: minutes(c.to)})
		if err != nil || len(runs) != c.want {
			t.Errorf("%d to %d: %d runs, %v, want %d", c.from, c.to, len(runs), err, c.want)
		}
		if len(runs) == 2 && (runs[0].RunID != "run-2" || len(runs[0].Coverage) != 1) {
			t.Errorf("the older run first, with its certificate: %+v", runs)
		}
	}
	first, err := s.FirstRun(t.Context(), "ledger")
	if err != nil || !first.Equal(minutes(120)) {
		t.Errorf("first run %s, %v", first, err)
	}
	if first, err := s.FirstRun(t.Context(), "chain"); err != nil || !first.IsZero() {
		t.Errorf("first run of a job that never ran: %s, %v", first, err)
	}
}

// A note that was corrected or taken back does not stay beside what the incident file says now; what others said stays.
func TestCorrectedNotesAreForgotten(t *testing.T) {
	s := fresh(t)
	say := func(id string, asOf time.Time, complete bool, notes ...audit.TopologyEvent) {
		t.Helper()
		o := outcome(id, asOf)
		o.Job, o.Topology = "failover", notes
		o.Coverage = []audit.Coverage{{Source: "incident file", Scope: "global", Window: o.Window}}
		if !complete {
			o.Coverage[0].Gaps = []audit.Gap{{Window: o.Window, Reason: "unreadable"}}
		}
		commit(t, s, o)
	}
	note := func(kind string, at time.Time, text string) audit.TopologyEvent {
		return audit.TopologyEvent{Cluster: "global", Type: kind, Source: "on-call", At: at, Message: text}
	}
	early := note("incident_note", minutes(-5), "before the window")
	other := note("writer_promoted", minutes(7), "promoted")
	say("run-1", minutes(120), true, early, other, note("incident_note", minutes(8), "misspelt"))
	said := func() (texts []string) {
		t.Helper()
		all, err := s.TopologyEvents(t.Context(), "global", audit.Window{From: minutes(-60), To: minutes(60)})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range all {
			texts = append(texts, e.Message)
		}
		return texts
	}
	say("run-2", minutes(130), false)
	if got := said(); len(got) != 3 {
		t.Errorf("after a file that could not be read: %q", got)
	}
	say("run-3", minutes(140), true, note("incident_note", minutes(8), "corrected"))
	if got := said(); !reflect.DeepEqual(got, []string{"before the window", "promoted", "corrected"}) {
		t.Errorf("after a correction: %q", got)
	}
}
