package reconcile

import (
	"slices"
	"time"

	"parallax/internal/audit"
)

func (r Rules) businessDay(day time.Time) bool {
	return day.Weekday() != time.Saturday && day.Weekday() != time.Sunday &&
		!slices.Contains(r.Holidays, day.Format(time.DateOnly))
}

// businessDate is the day a payment belongs to: the UTC day it was taken, or the next business day.
func (r Rules) businessDate(t time.Time) time.Time {
	day := t.UTC().Truncate(24 * time.Hour)
	for !r.businessDay(day) {
		day = day.AddDate(0, 0, 1)
	}
	return day
}

func (r Rules) addBusinessDays(day time.Time, n int) time.Time {
	for range n {
		day = r.businessDate(day.AddDate(0, 0, 1))
	}
	return day
}

// lateness tells where a payment that no file carries stands, and how sure that is.
func (r Rules) lateness(taken time.Time, in Input) (audit.Status, audit.Verdict) {
	date := r.businessDate(taken)
	lastFile := r.addBusinessDays(date, r.ExpectBusinessDays)
	missingFrom := r.addBusinessDays(date, max(r.ExpectBusinessDays, r.MissingBusinessDays)).Add(r.DeliverBy)
	switch {
	case !in.AllFiles && in.FilesThrough < lastFile.Format(time.DateOnly):
		// The file that may carry it has not been delivered, so nothing speaks against the payment.
		if in.AsOf.Before(lastFile.AddDate(0, 0, 1).Add(r.DeliverBy)) {
			return audit.Expected, audit.Undecidable
		}
		return audit.Overdue, audit.Undecidable
	case in.AsOf.Before(missingFrom):
		return audit.Overdue, audit.Probable
	case in.LinesIncomplete:
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
