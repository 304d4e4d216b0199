package failover_test

import (
	"strings"
	"testing"
	"time"

	"parallax/auditors/failover"
	"parallax/internal/audit"
)

func TestDrillOverdue(t *testing.T) {
	const day = 24 * time.Hour
	now := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	ago := func(days int) time.Time { return now.Add(-time.Duration(days) * day) }
	drill := func(cluster string, ended int, score *audit.DrillScore) audit.Drill {
		return audit.Drill{Name: "game day", Cluster: cluster, Started: ago(ended).Add(-time.Hour), Stopped: ago(ended), Score: score}
	}
	late := drill("global", 10, &audit.DrillScore{Passed: true})
	late.Late = true
	passed, failed := &audit.DrillScore{Passed: true}, &audit.DrillScore{}
	moved := []audit.Failover{{Cluster: "global", Promoted: ago(30).Add(-time.Minute), Seen: audit.SeenByPerson}}
	for _, days := range []int{-1, 10, 100, 200} {
		moved = append(moved, audit.Failover{Cluster: "global", Promoted: ago(days).Add(-30 * time.Minute), Planned: true, Seen: audit.SeenInEvents})
	}
	for name, c := range map[string]struct {
		every  time.Duration
		since  time.Time
		drills []audit.Drill
		due    time.Time // zero: nothing is overdue
		says   string
	}{
		"a newcomer's first run":        {every: 90 * day},
		"a newcomer":                    {every: 90 * day, since: ago(89)},
		"to the hour":                   {every: 90 * day, since: ago(90)},
		"never rehearsed":               {every: 90 * day, since: ago(91), due: ago(1), says: "no drill has passed since failovers are watched, 21 August 2026"},
		"not asked for":                 {since: ago(1000)},
		"rehearsed":                     {every: 90 * day, since: ago(1000), drills: []audit.Drill{drill("global", 200, passed), drill("global", 10, passed)}},
		"too long ago":                  {every: 90 * day, since: ago(1000), drills: []audit.Drill{drill("global", 100, passed)}, due: ago(10), says: "the last drill that passed, game day, ended on 12 August 2026"},
		"failed":                        {every: 90 * day, since: ago(91), drills: []audit.Drill{drill("global", 10, failed)}, due: ago(1), says: "no drill has passed"},
		"passed, with gaps":             {every: 90 * day, since: ago(91), drills: []audit.Drill{drill("global", 10, &audit.DrillScore{Passed: true, Gaps: 1})}, due: ago(1)},
		"not scored":                    {every: 90 * day, since: ago(91), drills: []audit.Drill{drill("global", 10, nil)}, due: ago(1)},
		"of another cluster":            {every: 90 * day, since: ago(91), drills: []audit.Drill{drill("other", 10, passed)}, due: ago(1)},
		"ended after the moment":        {every: 90 * day, since: ago(91), drills: []audit.Drill{drill("global", -1, passed)}, due: ago(1)},
		"declared after the fact":       {every: 90 * day, since: ago(91), drills: []audit.Drill{late}, due: ago(1)},
		"nothing was failed over":       {every: 90 * day, since: ago(91), drills: []audit.Drill{drill("global", 20, passed)}, due: ago(1)},
		"only a person says so":         {every: 90 * day, since: ago(91), drills: []audit.Drill{drill("global", 30, passed)}, due: ago(1)},
		"rehearsed before the watching": {every: 90 * day, drills: []audit.Drill{drill("global", 100, passed)}, due: ago(10)},
	} {
		t.Run(name, func(t *testing.T) {
			r := failover.Rehearsal{Scope: "global", Every: c.every, AsOf: now, Since: c.since, Drills: c.drills, Known: moved}
			got := r.Audit()
			if c.due.IsZero() != (len(got) == 0) {
				t.Fatalf("findings %+v", got)
			}
			if c.due.IsZero() {
				return
			}
			f := got[0]
			if f.Window != audit.At(c.due) || !strings.Contains(f.Reason, c.says) || f.Fingerprint != r.Fingerprint() || f.Key != "global" {
				t.Errorf("finding %+v", f)
			}
		})
	}
}

func TestDrillOverdueNamesThoseThatDidNotPass(t *testing.T) {
	now := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	var drills []audit.Drill
	for i := range 8 {
		at := now.Add(time.Duration(i-10) * time.Hour)
		drills = append(drills, audit.Drill{Name: string(rune('a' + i)), Cluster: "global", Started: at, Stopped: at.Add(time.Minute)})
	}
	drills[6].Score = &audit.DrillScore{Gaps: 1}
	drills[7].Stopped = time.Time{}
	drills[4].Score, drills[5].Score, drills[4].Late = &audit.DrillScore{Passed: true}, &audit.DrillScore{Passed: true}, true
	r := failover.Rehearsal{Scope: "global", Every: time.Hour, AsOf: now, Since: now.Add(-240 * time.Hour), Drills: drills}
	evidence := r.Audit()[0].Evidence
	if evidence[2].Note != "passed, and declared after jobs had looked at its time" || evidence[3].Note != "passed, and nothing was failed over in it" {
		t.Errorf("evidence %+v", evidence)
	}
	if len(evidence) != 6 || evidence[1].Ref != "d" || evidence[4].Note != "not final: a part of it was not read" || evidence[5].Note != "under way" {
		t.Errorf("evidence %+v", evidence)
	}
}
