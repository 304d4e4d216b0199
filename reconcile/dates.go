package reconcile

import (
	"time"

	"parallax/internal/audit"
	"parallax/internal/calendar"
)

// days answers a calendar's questions, each day once: a ledger asks the same few of them a million times.
type days struct {
	calendar calendar.Calendar
	business map[time.Time]time.Time // a day to the business day it belongs to
}

func newDays(c calendar.Calendar) days {
	return days{calendar: c, business: map[time.Time]time.Time{}}
}

// next is the day itself, or the next business day.
func (d days) next(day time.Time) time.Time {
	out, known := d.business[day]
	if !known {
		out = d.calendar.Add(day, 0)
		d.business[day] = out
	}
	return out
}

// of is the business day a moment belongs to.
func (d days) of(t time.Time) time.Time { return d.next(d.calendar.Day(t)) }

func (d days) add(day time.Time, n int) time.Time {
	day = d.next(day)
	for range n {
		day = d.next(day.AddDate(0, 0, 1))
	}
	return day
}

// within reports whether two business days are at most n business days apart.
func (d days) within(a, b time.Time, n int) bool {
	if b.Before(a) {
		a, b = b, a
	}
	return !b.After(d.add(a, n))
}

// date is the business day of a date of a file; false where it is none.
func (d days) date(text string) (time.Time, bool) {
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return time.Time{}, false
	}
	return d.next(day), true
}

// midnight is when a day begins on the clocks of the calendar's zone.
func (d days) midnight(day time.Time) time.Time {
	zone := d.calendar.Zone
	if zone == nil {
		zone = time.UTC
	}
	return time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, zone)
}

// lateness tells where a payment that no file carries stands, and how sure that is.
func (m *matching) lateness(taken time.Time) (audit.Status, audit.Verdict) {
	date := m.days.of(taken)
	lastFile := m.days.add(date, m.law.ExpectBusinessDays)
	missingFrom := m.days.midnight(m.days.add(date, max(m.law.ExpectBusinessDays, m.law.MissingBusinessDays))).Add(m.law.DeliverBy)
	switch {
	case !m.in.AllFiles && m.in.FilesThrough < lastFile.Format(time.DateOnly):
		// The file that may carry it has not been delivered, so nothing speaks against the payment.
		if m.in.AsOf.Before(m.days.midnight(lastFile.AddDate(0, 0, 1)).Add(m.law.DeliverBy)) {
			return audit.Expected, audit.Undecidable
		}
		return audit.Overdue, audit.Undecidable
	case m.in.AsOf.Before(missingFrom):
		return audit.Overdue, audit.Probable
	case m.in.LinesIncomplete:
		return audit.Open, audit.Undecidable
	default:
		return audit.Open, audit.Proven
	}
}

// lineTime is the moment a line belongs to: its transaction, else the beginning of its business date, else zero.
func lineTime(at time.Time, businessDate string) time.Time {
	if !at.IsZero() {
		return at
	}
	day, err := time.Parse(time.DateOnly, businessDate)
	if err != nil {
		return time.Time{}
	}
	return day
}

// lineDay is the business day of a line's transaction; false where the line does not say.
func (m *matching) lineDay(l *line) (time.Time, bool) {
	if !l.TransactionAt.IsZero() {
		return m.days.of(l.TransactionAt), true
	}
	return m.days.date(l.BusinessDate)
}

// near reports whether payment and line lie at most n business days apart; where one of them has no time, nothing speaks
// against it. With n = 0 the time does not matter.
func (m *matching) near(p *payment, l *line, n int) bool {
	if n == 0 || p.CreatedAt.IsZero() {
		return true
	}
	day, known := m.lineDay(l)
	return !known || m.days.within(m.days.of(p.CreatedAt), day, n)
}

// filesDue is when the files of a business date are due; false where it is no date.
func (m *matching) filesDue(date string) (time.Time, bool) {
	day, err := time.Parse(time.DateOnly, date)
	return m.days.midnight(day.AddDate(0, 0, 1)).Add(m.law.DeliverBy), err == nil
}

// dueDates remembers of which business dates the files are due in the window.
type dueDates map[string]bool

func (d dueDates) holds(m *matching, date string) bool {
	in, known := d[date]
	if !known {
		due, dated := m.filesDue(date)
		in = dated && m.in.Window.Holds(due)
		d[date] = in
	}
	return in
}
