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

// TestScheduleByTheClockOfTheNetwork: the deadline stays where it is on the local clock when daylight saving ends (1 November
// 2026 in New York), and the window's days are the network's.
func TestScheduleByTheClockOfTheNetwork(t *testing.T) {
	s := Schedule{Calendar: calendar.Network("mastercard"), DeliverBy: 9*time.Hour + 30*time.Minute}
	for date, want := range map[string]string{"2026-10-29": "2026-10-30T13:30:00Z", "2026-10-31": "2026-11-01T14:30:00Z", "2026-11-18": "2026-11-19T14:30:00Z"} {
		day, err := time.Parse(time.DateOnly, date)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.dueBy(day).Format(time.RFC3339); got != want {
			t.Errorf("%s is due %s, want %s", date, got, want)
		}
	}
	s.DeliverBy = 33 * time.Hour // on the second day
	if got := s.dueBy(time.Date(2026, 10, 30, 0, 0, 0, 0, time.UTC)).Format(time.RFC3339); got != "2026-11-01T14:00:00Z" {
		t.Errorf("due %s", got)
	}
	// Midnight in UTC is evening in New York, and 02:00 there is when a day begins.
	w := audit.Window{From: time.Date(2026, 11, 18, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 11, 19, 7, 0, 0, 0, time.UTC)}
	var days []string
	for _, day := range s.due(w, time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)) {
		days = append(days, day.Format(time.DateOnly))
	}
	if want := []string{"2026-11-17", "2026-11-18"}; !slices.Equal(days, want) {
		t.Errorf("due %q, want %q", days, want)
	}
}

// TestSeveralFilesForADay: all of them are expected, those of earlier runs and those that cannot be used count as arrived.
func TestSeveralFilesForADay(t *testing.T) {
	s := numberedFeed(t, "x 0 2026-11-18 first", "garbage")
	s.Schedule = &Schedule{DeliverBy: 6 * time.Hour, Files: 3}
	late := func(known ...KnownFile) (string, []string) {
		s.Known = known
		got := read(s)
		for _, f := range s.Findings() {
			return f.Reason, got.gaps
		}
		return "", got.gaps
	}
	decoded := "decode m-b: line 1: EOF"
	if reason, gaps := late(); reason != "The mastercard files of business date 2026-11-18 were due by 2026-11-19 06:00 UTC and 1 of 3 have arrived." ||
		!slices.Equal(gaps, []string{decoded, "1 of 3 usable files of business date 2026-11-18, due 2026-11-19T06:00:00Z"}) {
		t.Errorf("%s; %q", reason, gaps)
	}
	if s.FilesThrough() != "" {
		t.Errorf("files through %q", s.FilesThrough())
	}
	gone := KnownFile{Name: "m-z", Status: "accepted", BusinessDate: "2026-11-18"}
	was := KnownFile{Name: "m-b", Status: "accepted", BusinessDate: "2026-11-18"}
	if reason, gaps := late(gone, was, gone); reason != "" || !slices.Equal(gaps, []string{decoded, "file m-z of business date 2026-11-18 was read by an earlier run and is no longer there"}) {
		t.Errorf("%s; %q", reason, gaps)
	}
	if reason, _ := late(was, KnownFile{Name: "m-a", Status: "accepted", BusinessDate: "2026-11-18"}); reason == "" {
		t.Error("a file counts twice: as read now and as read earlier")
	}
	s.Schedule.Files = 1
	if reason, gaps := late(); reason != "" || s.FilesThrough() != "2026-11-18" {
		t.Errorf("%s; %q; through %q", reason, gaps, s.FilesThrough())
	}
}
