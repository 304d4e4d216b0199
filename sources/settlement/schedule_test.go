package settlement

import (
	"context"
	"slices"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/internal/calendar"
	"parallax/sources/settlement/ipm/ipmtest"
)

func TestSourceLateFiles(t *testing.T) {
	f := newFolder(t)
	f.write("m-18.ipm", ipmtest.Good(1, false, false))
	s := f.source()
	week := audit.Window{From: time.Date(2026, 11, 13, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)}
	s.Schedule = &Schedule{DeliverBy: 6 * time.Hour, Calendar: calendar.Calendar{Holidays: []string{"2026-11-16"}}, From: "2026-11-13"}
	late := func() []string {
		var keys []string
		gaps := 0
		for b, err := range s.Read(context.Background(), week, audit.Cursor{}) {
			if err != nil {
				t.Fatal(err)
			}
			gaps += len(b.Gaps)
		}
		for _, finding := range s.Findings() {
			if finding.Kind != audit.FileLate {
				t.Errorf("finding %s", finding.Kind)
			}
			keys = append(keys, finding.Key)
		}
		if gaps != len(keys) {
			t.Errorf("%d gaps for %d late files", gaps, len(keys))
		}
		return keys
	}
	// 14 and 15 November are a weekend, the 16th is a holiday.
	if got, want := late(), []string{"mastercard/2026-11-13", "mastercard/2026-11-17", "mastercard/2026-11-19"}; !slices.Equal(got, want) {
		t.Errorf("late %q, want %q", got, want)
	}
	if s.FilesThrough() != "" {
		t.Errorf("files through %q although the first is absent", s.FilesThrough())
	}
	s.Schedule.From = "2026-11-18"
	s.AsOf = time.Date(2026, 11, 20, 5, 59, 59, 0, time.UTC) // a second before the file of the 19th is due
	if got := late(); got != nil {
		t.Errorf("late %q before the deadline", got)
	}
	if s.FilesThrough() != "2026-11-18" {
		t.Errorf("files through %q", s.FilesThrough())
	}
	s.AsOf = s.AsOf.Add(time.Second)
	if got, want := late(), []string{"mastercard/2026-11-19"}; !slices.Equal(got, want) {
		t.Errorf("late %q, want %q", got, want)
	}
}

// TestSourceFileThatWentAway: a file an earlier run has read was moved away: not late, but unread now.
func TestSourceFileThatWentAway(t *testing.T) {
	f := newFolder(t)
	s := f.source()
	s.Schedule = &Schedule{DeliverBy: 6 * time.Hour}
	s.Known = []KnownFile{{Name: "m-18.ipm", Status: "accepted", BusinessDate: "2026-11-18"}}
	read(s).expect(t, 0, []string{"no file matches m-*", "file m-18.ipm of business date 2026-11-18 was read by an earlier run and is no longer there"}, nil, nil)
}
