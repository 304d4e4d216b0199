// Package calendar says which business day a moment belongs to, by a network's cut-off, time zone and holidays.
//
// A day is the midnight, in UTC, that begins its date: days are compared and added without regard to zones.
package calendar

import (
	"fmt"
	"slices"
	"time"
)

// Calendar is one network's. The zero Calendar has UTC days and knows Saturdays and Sundays only.
type Calendar struct {
	Zone     *time.Location // of the cut-off; nil means UTC
	CutOff   time.Duration  // after local midnight: what happens before it belongs to the day before
	Holidays []string       // dates (YYYY-MM-DD) and names of sets, see Sets
	Weekend  []time.Weekday // nil means Saturday and Sunday
}

// Check reports a holiday that is neither a date nor a set, and a cut-off that is no time of day.
func (c Calendar) Check() error {
	for _, h := range c.Holidays {
		if _, known := sets()[h]; known {
			continue
		}
		if _, err := time.Parse(time.DateOnly, h); err != nil {
			return fmt.Errorf("holiday %q is neither a date such as 2026-12-25 nor one of %v", h, Sets())
		}
	}
	if c.CutOff < 0 || c.CutOff >= 24*time.Hour {
		return fmt.Errorf("cut-off %s is no time of day", c.CutOff)
	}
	if len(c.weekend()) >= 7 {
		return fmt.Errorf("a weekend of %d days leaves no business day", len(c.weekend()))
	}
	return nil
}

// Business reports whether a day is a business day.
func (c Calendar) Business(day time.Time) bool {
	if slices.Contains(c.weekend(), day.Weekday()) {
		return false
	}
	for _, h := range c.Holidays {
		if h == day.Format(time.DateOnly) {
			return false
		}
		if falls, known := sets()[h]; known && falls(day) {
			return false
		}
	}
	return true
}

// Day is the date a moment falls on, business day or not: the local date, of the day before where the cut-off has not come yet.
func (c Calendar) Day(t time.Time) time.Time {
	local := t.In(c.zone())
	day := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC)
	if t.Before(c.Begin(day)) {
		return day.AddDate(0, 0, -1)
	}
	return day
}

// Of is the business day a moment belongs to: the day it falls on, or the next business day.
func (c Calendar) Of(t time.Time) time.Time { return c.next(c.Day(t)) }

// Add is the n-th business day after a day; with n = 0 the day itself, or the next business day.
func (c Calendar) Add(day time.Time, n int) time.Time {
	day = c.next(day)
	for range n {
		day = c.next(day.AddDate(0, 0, 1))
	}
	return day
}

// Between counts the business days after one day up to and including another; negative where to lies before from.
func (c Calendar) Between(from, to time.Time) int {
	if to.Before(from) {
		return -c.Between(to, from)
	}
	n := 0
	for day := from.AddDate(0, 0, 1); !day.After(to); day = day.AddDate(0, 0, 1) {
		if c.Business(day) {
			n++
		}
	}
	return n
}

// Begin is the moment a day begins by the cut-off. Daylight saving moves it in UTC, not on the local clock; a local time that
// the clock leaves out counts from the change on.
func (c Calendar) Begin(day time.Time) time.Time {
	h, m := int(c.CutOff/time.Hour), int(c.CutOff%time.Hour/time.Minute)
	t := time.Date(day.Year(), day.Month(), day.Day(), h, m, 0, 0, c.zone())
	if shown := time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute; t.Day() == day.Day() && shown < c.CutOff {
		t = t.Add(c.CutOff - shown) // time.Date may choose the zone from before the change
	}
	return t.UTC()
}

// End is the moment a day ends: the next one's begin.
func (c Calendar) End(day time.Time) time.Time { return c.Begin(day.AddDate(0, 0, 1)) }

func (c Calendar) next(day time.Time) time.Time {
	for !c.Business(day) {
		day = day.AddDate(0, 0, 1)
	}
	return day
}

func (c Calendar) zone() *time.Location {
	if c.Zone == nil {
		return time.UTC
	}
	return c.Zone
}

func (c Calendar) weekend() []time.Weekday {
	if c.Weekend == nil {
		return []time.Weekday{time.Saturday, time.Sunday}
	}
	return c.Weekend
}
