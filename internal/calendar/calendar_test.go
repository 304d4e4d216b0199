package calendar

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func at(t *testing.T, text string) time.Time {
	t.Helper()
	out, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestDayBeginsAtTheCutOff(t *testing.T) {
	mastercard := Network("mastercard") // 02:00 in New York
	for _, tc := range []struct{ moment, day, business string }{
		{"2026-11-20T06:59:59Z", "2026-11-19", "2026-11-19"},
		{"2026-11-20T07:00:00Z", "2026-11-20", "2026-11-20"},
		{"2026-11-21T12:00:00Z", "2026-11-21", "2026-11-23"}, // Saturday
		{"2026-07-01T05:59:59Z", "2026-06-30", "2026-06-30"}, // daylight saving
		{"2026-07-01T06:00:00Z", "2026-07-01", "2026-07-01"},
		{"2026-03-08T06:59:59Z", "2026-03-07", "2026-03-09"}, // the night the clock leaves 02:00 out
		{"2026-03-08T07:00:00Z", "2026-03-08", "2026-03-09"},
		{"2026-11-01T05:59:59Z", "2026-10-31", "2026-11-02"}, // the night 01:00 comes twice
		{"2026-11-01T06:59:59Z", "2026-10-31", "2026-11-02"},
		{"2026-11-01T07:00:00Z", "2026-11-01", "2026-11-02"},
	} {
		if got := mastercard.Day(at(t, tc.moment)).Format(time.DateOnly); got != tc.day {
			t.Errorf("%s falls on %s, want %s", tc.moment, got, tc.day)
		}
		if got := mastercard.Of(at(t, tc.moment)).Format(time.DateOnly); got != tc.business {
			t.Errorf("%s belongs to %s, want %s", tc.moment, got, tc.business)
		}
	}
}

func TestEveryMomentLiesInItsDay(t *testing.T) {
	for _, c := range []Calendar{{}, Network("mastercard"), Network("amex"), Network("visa")} {
		for moment := at(t, "2026-01-01T00:00:00Z"); moment.Year() == 2026; moment = moment.Add(17 * time.Minute) {
			if day := c.Day(moment); moment.Before(c.Begin(day)) || !moment.Before(c.End(day)) {
				t.Fatalf("%s does not lie in its day %s, %s to %s", moment, day, c.Begin(day), c.End(day))
			}
		}
	}
}

func TestHolidaySets(t *testing.T) {
	for set, want := range map[string]string{
		"target":  "2026-01-01 2026-04-03 2026-04-06 2026-05-01 2026-12-25 2026-12-26",
		"fedwire": "2026-01-01 2026-01-19 2026-02-16 2026-05-25 2026-06-19 2026-07-04 2026-09-07 2026-10-12 2026-11-11 2026-11-26 2026-12-25",
		"england": "2026-01-01 2026-04-03 2026-04-06 2026-05-04 2026-05-25 2026-08-31 2026-12-25 2026-12-28",
	} {
		var got []string
		for day := date(2026, time.January, 1); day.Year() == 2026; day = day.AddDate(0, 0, 1) {
			if sets()[set](day) {
				got = append(got, day.Format(time.DateOnly))
			}
		}
		if !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%s: %v, want %s", set, got, want)
		}
	}
	for _, tc := range []struct{ day, set string }{{"2027-12-27", "england"}, {"2027-12-28", "england"}, {"2023-01-02", "england"}, {"2027-07-05", "fedwire"}, {"2025-04-18", "target"}} {
		if day := at(t, tc.day+"T00:00:00Z"); (Calendar{Holidays: []string{tc.set}}).Business(day) {
			t.Errorf("%s is a business day of %s", tc.day, tc.set)
		}
	}
}

func TestAddAndBetweenAgree(t *testing.T) {
	c := Calendar{Holidays: []string{"target", "2026-12-24"}}
	for n := range 30 {
		from := date(2026, time.December, 21)
		to := c.Add(from, n)
		if !c.Business(to) || c.Between(from, to) != n || c.Between(to, from) != -n {
			t.Errorf("%d business days after %s is %s, which is %d away", n, from, to, c.Between(from, to))
		}
	}
	if got := c.Add(date(2026, time.December, 23), 1).Format(time.DateOnly); got != "2026-12-28" {
		t.Errorf("the business day after 23 December is %s", got)
	}
}

func TestCheck(t *testing.T) {
	for want, c := range map[string]Calendar{
		`holiday "easter" is neither a date such as 2026-12-25 nor one of [england fedwire target]`: {Holidays: []string{"easter"}},
		"cut-off 24h0m0s is no time of day": {CutOff: 24 * time.Hour},
		"a weekend of 7 days":               {Weekend: []time.Weekday{0, 1, 2, 3, 4, 5, 6}},
	} {
		if err := c.Check(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if err := Network("visa").Check(); err != nil {
		t.Error(err)
	}
}
