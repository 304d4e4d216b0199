package settlement

import (
	"slices"
	"time"

	"parallax/internal/audit"
)

// Schedule says which files are expected, and by when. Saturdays and Sundays are no business days.
type Schedule struct {
	DeliverBy time.Duration // after midnight UTC of the day after the business date
	Holidays  []string      // further days without a file, YYYY-MM-DD
	From      string        // no file is expected for an earlier business date; empty: no such limit
}

func (s Schedule) businessDay(day time.Time) bool {
	return day.Weekday() != time.Saturday && day.Weekday() != time.Sunday &&
		!slices.Contains(s.Holidays, day.Format(time.DateOnly))
}

// dueBy is when the file of a business date must have been delivered.
func (s Schedule) dueBy(day time.Time) time.Time { return day.AddDate(0, 0, 1).Add(s.DeliverBy) }

// due lists the business dates that overlap the window and whose file must have been delivered by asOf.
func (s Schedule) due(w audit.Window, asOf time.Time) []time.Time {
	var days []time.Time
	if w.Empty() {
		return nil
	}
	for day := s.first(w); day.Before(w.To) && !s.dueBy(day).After(asOf); day = day.AddDate(0, 0, 1) {
		if s.businessDay(day) {
			days = append(days, day)
		}
	}
	return days
}

// first is the first day of the window for which a file may be expected.
func (s Schedule) first(w audit.Window) time.Time {
	from := w.From.UTC().Truncate(24 * time.Hour)
	if first, err := time.Parse(time.DateOnly, s.From); err == nil && first.After(from) {
		return first
	}
	return from
}

// firstAbsent is the first business date from the window's beginning on that was not delivered.
func (s Schedule) firstAbsent(w audit.Window, delivered map[string]bool) string {
	day := s.first(w)
	for !s.businessDay(day) || delivered[day.Format(time.DateOnly)] {
		day = day.AddDate(0, 0, 1)
	}
	return day.Format(time.DateOnly)
}

func dayWindow(day time.Time) audit.Window {
	return audit.Window{From: day, To: day.AddDate(0, 0, 1)}
}

// windowOf is the business date of a file as a window; the whole of w where the file does not say.
func windowOf(dates []string, w audit.Window) audit.Window {
	if len(dates) == 0 {
		return w
	}
	first, err1 := time.Parse(time.DateOnly, dates[0])
	last, err2 := time.Parse(time.DateOnly, dates[len(dates)-1])
	if err1 != nil || err2 != nil {
		return w
	}
	return audit.Window{From: first, To: last.AddDate(0, 0, 1)}
}
