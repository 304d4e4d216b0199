package settlement

import (
	"time"

	"parallax/internal/audit"
	"parallax/internal/calendar"
)

// Schedule says which files are expected, and by when.
type Schedule struct {
	Calendar  calendar.Calendar // which days are business dates; the zero one has UTC days and knows weekends only
	DeliverBy time.Duration     // by the calendar's clock, after midnight of the day after the business date
	Files     int               // expected for each business date; 0 means 1
	From      string            // YYYY-MM-DD; no file is expected for an earlier business date; empty: no such limit
}

func (s Schedule) files() int { return max(1, s.Files) }

// dueBy is when the files of a business date must have been delivered. Daylight saving does not move it on the local clock.
func (s Schedule) dueBy(day time.Time) time.Time {
	zone := s.Calendar.Zone
	if zone == nil {
		zone = time.UTC
	}
	h, rest := int(s.DeliverBy/time.Hour), int(s.DeliverBy%time.Hour)
	return time.Date(day.Year(), day.Month(), day.Day()+1, h, 0, 0, rest, zone).UTC()
}

// due lists the business dates that overlap the window and whose files must have been delivered by asOf.
func (s Schedule) due(w audit.Window, asOf time.Time) []time.Time {
	var days []time.Time
	if w.Empty() {
		return nil
	}
	for day := s.first(w); s.Calendar.Begin(day).Before(w.To) && !s.dueBy(day).After(asOf); day = day.AddDate(0, 0, 1) {
		if s.Calendar.Business(day) {
			days = append(days, day)
		}
	}
	return days
}

// first is the first day of the window for which a file may be expected.
func (s Schedule) first(w audit.Window) time.Time {
	from := s.Calendar.Day(w.From)
	if first, err := time.Parse(time.DateOnly, s.From); err == nil && first.After(from) {
		return first
	}
	return from
}

// firstAbsent is the first business date from the window's beginning on of which not all files were delivered.
func (s Schedule) firstAbsent(w audit.Window, delivered map[string]int) string {
	day := s.first(w)
	for !s.Calendar.Business(day) || delivered[day.Format(time.DateOnly)] >= s.files() {
		day = day.AddDate(0, 0, 1)
	}
	return day.Format(time.DateOnly)
}

// dayWindow is a business date as a window, by the schedule's calendar.
func (r *reading) dayWindow(day time.Time) audit.Window {
	var days calendar.Calendar
	if r.Schedule != nil {
		days = r.Schedule.Calendar
	}
	return audit.Window{From: days.Begin(day), To: days.End(day)}
}

// windowOf is the business dates of a file, ascending, as a window; the whole of the read one where the file does not say.
func (r *reading) windowOf(dates []string) audit.Window {
	if len(dates) == 0 {
		return r.window
	}
	first, err1 := time.Parse(time.DateOnly, dates[0])
	last, err2 := time.Parse(time.DateOnly, dates[len(dates)-1])
	if err1 != nil || err2 != nil {
		return r.window
	}
	return audit.Window{From: r.dayWindow(first).From, To: r.dayWindow(last).To}
}
