package app

import (
	"strings"
	"testing"
	"time"

	"parallax/internal/audit"
)

// What a person tells of is reconciled though a planned switchover was within the hour, and the person is told.
func TestStatedBesideASwitchover(t *testing.T) {
	w := newCaseWorld(t, "")
	w.app.cfg.Settlement = nil
	w.watch(pm(13, 55, 0))
	w.rds.Event(london, "db-cluster", "g-london", pm(14, 0, 0), "Global switchover to DB cluster g-london in Region eu-west-2 started.")
	w.rds.Event(london, "db-cluster", "g-london", pm(14, 1, 0), "Global switchover to DB cluster g-london in Region eu-west-2 finished.")
	w.now = pm(16, 0, 0)
	for i, at := range []time.Time{pm(14, 50, 0), pm(14, 1, 0)} {
		result, err := w.app.Run(t.Context(), Request{Job: failoverName, AsOf: w.now.Add(time.Duration(i) * time.Minute), At: at})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(result.Stated, "only a person knows of") || len(result.Runs) < 2 {
			t.Errorf("--at %s: %d runs, %q", at, len(result.Runs), result.Stated)
		}
		cases, err := w.app.store.Cases(t.Context())
		if err != nil || len(cases) != i+1 {
			t.Errorf("--at %s: %d cases, %v", at, len(cases), err)
		}
	}
	failovers, err := w.app.store.Failovers(t.Context())
	if err != nil || len(failovers) != 3 {
		t.Errorf("%+v, %v", failovers, err)
	}
}

// A moment means the unplanned failover nearest to it, and none where nothing is near.
func TestMeantFailover(t *testing.T) {
	f := func(key string, began, promoted int, planned bool) audit.Failover {
		return audit.Failover{Key: key, At: minute(began), Promoted: minute(promoted), Planned: planned, Seen: audit.SeenInEvents}
	}
	all := []audit.Failover{f("first", 0, 6, false), f("second", 46, 46, false), f("switchover", 60, 61, true), f("long", 100, 140, false)}
	for at, want := range map[int]string{-16: "", -14: "first", 3: "first", 20: "first", 22: "", 35: "second", 55: "second", 61: "second", 62: "", 120: "long"} {
		got, found := (&App{}).meant(all, minute(at))
		if got.Key != want || found != (want != "") {
			t.Errorf("%d: %q, want %q", at, got.Key, want)
		}
		if told := takenFor(minute(at), got, found); !found != strings.Contains(told, "could not be taken in") {
			t.Errorf("%d: %s", at, told)
		}
	}
}
