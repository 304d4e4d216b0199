package schedules_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/schedules"
)

func at(t *testing.T, text string) time.Time {
	t.Helper()
	moment, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatal(err)
	}
	return moment
}

func parse(t *testing.T, spec string) schedules.Schedule {
	t.Helper()
	s, err := schedules.Parse(spec)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for spec, want := range map[string]string{
		"":                           "empty spec string",
		"@every 10m":                 "@every depends on when the program was started",
		" @every 10m":                "@every depends on when the program was started",
		"TZ=Europe/Dublin 0 3 * * *": "schedules are in UTC",
		"CRON_TZ=UTC":                "schedules are in UTC",
		"0 3 * *":                    "expected exactly 5 fields, found 4",
		"61 * * * *":                 "above maximum (59)",
		"0 0 30 2 *":                 "it never fires",
		"@fortnightly":               "unrecognized descriptor",
	} {
		_, err := schedules.Parse(spec)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%q) = %v, want an error with %q", spec, err, want)
		}
	}
}

func TestLastSlot(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ spec, asOf, from, to string }{
		{"*/10 * * * *", "2026-11-18T14:06:00Z", "2026-11-18T13:50:00Z", "2026-11-18T14:00:00Z"},
		{"*/10 * * * *", "2026-11-18T14:10:00Z", "2026-11-18T14:00:00Z", "2026-11-18T14:10:00Z"},
		{"*/10 * * * *", "2026-11-18T14:09:59.999999999Z", "2026-11-18T13:50:00Z", "2026-11-18T14:00:00Z"},
		{"0 7 * * *", "2026-11-20T08:00:00Z", "2026-11-19T07:00:00Z", "2026-11-20T07:00:00Z"},
		{"0 7 * * 1-5", "2026-11-23T06:00:00Z", "2026-11-19T07:00:00Z", "2026-11-20T07:00:00Z"},
		{"@daily", "2026-11-20T08:00:00+09:00", "2026-11-18T00:00:00Z", "2026-11-19T00:00:00Z"},
		{"0 0 29 2 *", "2026-11-20T00:00:00Z", "2020-02-29T00:00:00Z", "2024-02-29T00:00:00Z"},
		// The clocks of Dublin go back at 01:00 UTC on 25 October: the slot stays a day long.
		{"30 1 * * *", "2026-10-25T02:00:00Z", "2026-10-24T01:30:00Z", "2026-10-25T01:30:00Z"},
	} {
		got := schedules.LastSlot(parse(t, c.spec), at(t, c.asOf))
		want := audit.Window{From: at(t, c.from), To: at(t, c.to)}
		if got != want {
			t.Errorf("LastSlot(%q, %s) = %s, want %s", c.spec, c.asOf, got, want)
		}
	}
}

func TestNextIsAfter(t *testing.T) {
	t.Parallel()
	s := parse(t, "0 7 * * *")
	if got := schedules.Next(s, at(t, "2026-11-20T07:00:00Z")); !got.Equal(at(t, "2026-11-21T07:00:00Z")) {
		t.Errorf("Next at a firing = %s, want the one of the day after", got)
	}
}

func TestDue(t *testing.T) {
	t.Parallel()
	s := parse(t, "*/5 * * * *")
	asOf := at(t, "2026-11-18T14:17:00Z")
	for _, c := range []struct {
		watermark string
		limit     int
		want      string
	}{
		{"", 10, "14:10-14:15"},
		{"2026-11-18T14:00:00Z", 10, "14:00-14:05 14:05-14:10 14:10-14:15"},
		{"2026-11-18T14:00:00Z", 2, "14:00-14:05 14:05-14:10"},
		{"2026-11-18T14:00:00Z", 0, ""},
		{"2026-11-18T14:02:00Z", 10, "14:02-14:05 14:05-14:10 14:10-14:15"},
		{"2026-11-18T14:15:00Z", 10, ""},
		{"2026-11-18T15:00:00Z", 10, ""},
	} {
		var watermark time.Time
		if c.watermark != "" {
			watermark = at(t, c.watermark)
		}
		var got []string
		for _, w := range schedules.Due(s, watermark, asOf, c.limit) {
			got = append(got, w.From.Format("15:04-")+w.To.Format("15:04"))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("Due(from %q, at most %d) = %v, want %q", c.watermark, c.limit, got, c.want)
		}
	}
}

// TestDueMissesAndDoublesNothing plans at random moments, with random limits and restarts, and wants every instant between
// the first watermark and the last to lie in exactly one window.
func TestDueMissesAndDoublesNothing(t *testing.T) {
	t.Parallel()
	specs := []string{"*/5 * * * *", "7 * * * *", "30 1 * * *", "0 3 * * 1,4", "15,45 9-17 * * 1-5", "0 0 1 * *", "@hourly", "0 12 13 * 5"}
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 1))
		s := parse(t, specs[rng.IntN(len(specs))])
		clock := time.Date(2026, 3, 1+rng.IntN(250), rng.IntN(24), rng.IntN(60), rng.IntN(60), rng.IntN(1e9), time.UTC)
		watermark := clock
		for range 20 {
			clock = clock.Add(time.Duration(rng.Int64N(int64(40 * time.Hour))))
			due := schedules.Due(s, watermark, clock, 1+rng.IntN(30))
			for i, w := range due {
				if !w.From.Equal(watermark) || !w.From.Before(w.To) || w.To.After(clock) {
					t.Fatalf("seed %d, %s: window %d is %s after watermark %s at %s", seed, s, i, w, watermark, clock)
				}
				if inner := schedules.Next(s, w.From); !inner.Equal(w.To) {
					t.Fatalf("seed %d, %s: window %s holds the firing %s", seed, s, w, inner)
				}
				watermark = w.To
			}
		}
		for next := schedules.Due(s, watermark, clock, 1000); len(next) > 0; next = schedules.Due(s, watermark, clock, 1000) {
			watermark = next[len(next)-1].To
		}
		if last := schedules.LastSlot(s, clock); watermark.Before(last.To) {
			t.Fatalf("seed %d, %s: planned up to %s, but slot %s has elapsed at %s", seed, s, watermark, last, clock)
		}
	}
}
