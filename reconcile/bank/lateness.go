package bank

import (
	"time"

	"parallax/internal/audit"
)

// wait is what something that has not come is measured by.
type wait struct {
	from            time.Time // the day it counts from; zero where none is told
	expect, missing int       // business days
	through         string    // the last business date of which everything has been delivered
	incomplete      bool      // part of what was delivered could not be read
}

// lateness tells where something stands that has not come, and how sure that is.
func (m *matching) lateness(w wait) (audit.Status, audit.Verdict) {
	cal := m.rules.Calendar
	due, last := cal.Add(w.from, w.expect), cal.Add(w.from, max(w.expect, w.missing))
	// Whether what may still bring it has been delivered, and if not, whether it should have been.
	delivered := func(day time.Time) bool { return !m.in.AllFiles && w.through >= day.Format(time.DateOnly) }
	ahead := func(day time.Time) bool { return m.in.AsOf.Before(cal.End(day).Add(m.rules.StatementBy)) }
	switch {
	case w.from.IsZero():
		return audit.Overdue, audit.Undecidable
	case !delivered(due) && ahead(due):
		return audit.Expected, audit.Undecidable
	case !delivered(due) && !m.in.AllFiles:
		return audit.Overdue, audit.Undecidable
	case !delivered(last) && ahead(last):
		return audit.Overdue, audit.Probable
	case !delivered(last) && !m.in.AllFiles:
		return audit.Overdue, audit.Undecidable
	case w.incomplete:
		return audit.Open, audit.Undecidable
	default:
		return audit.Open, audit.Proven
	}
}

// severityOf is what is due of a status; open is what an open finding has.
func severityOf(s audit.Status, open audit.Severity) audit.Severity {
	switch s {
	case audit.Expected:
		return audit.Low
	case audit.Overdue:
		return audit.Medium
	default:
		return open
	}
}
