package config

import (
	"fmt"
	"strings"
	"time"

	"parallax/internal/calendar"
)

func (d *decoder) checkCalendar(c Calendar, key string) {
	if c.TimeZone != "" {
		if _, err := time.LoadLocation(c.TimeZone); err != nil || c.TimeZone == "Local" {
			d.wrongAt(key+".time_zone", "not the name of a time zone, such as America/New_York")
			return
		}
	}
	for _, name := range c.Weekend {
		if _, known := weekday(name); !known {
			d.wrongAt(key+".weekend", "not a day of the week: write saturday, in full and in English")
			return
		}
	}
	for i, day := range c.Holidays {
		if err := (calendar.Calendar{Holidays: []string{day}}).Check(); err != nil {
			d.wrongAt(fmt.Sprintf("%s.holidays.%d", key, i), err.Error())
			return
		}
	}
	if err := c.Days().Check(); err != nil {
		d.wrongAt(key+".weekend", err.Error())
	}
}

// Days is the calendar that is described; what is not set comes from the network it is like.
func (c Calendar) Days() calendar.Calendar {
	out := calendar.Network(c.Like)
	if c.TimeZone != "" {
		if zone, err := time.LoadLocation(c.TimeZone); err == nil {
			out.Zone = zone
		}
	}
	if c.CutOff != nil {
		out.CutOff = c.CutOff.Duration()
	}
	out.Holidays = c.Holidays
	for _, name := range c.Weekend {
		if day, known := weekday(name); known {
			out.Weekend = append(out.Weekend, day)
		}
	}
	return out
}

func weekday(name string) (time.Weekday, bool) {
	for day := time.Sunday; day <= time.Saturday; day++ {
		if strings.EqualFold(day.String(), name) {
			return day, true
		}
	}
	return 0, false
}
