// Package schedules turns cron specifications into windows to audit.
//
// A slot is the time between two firings, [previous firing, firing). It is due once its end has come. Everything is in UTC,
// so that no slot is an hour short or long twice a year, and nothing depends on when the program was started.
package schedules

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"parallax/internal/audit"
)

// Schedule says when a job fires.
type Schedule struct {
	cron cron.Schedule
}

// Parse reads five cron fields (minute, hour, day of month, month, day of week) or a name such as @daily.
//
// It refuses @every, whose slots would depend on when the program was started; a time zone, whose slots would change with
// daylight saving; and a day that never comes.
func Parse(spec string) (Schedule, error) {
	text := strings.TrimSpace(spec)
	switch {
	case strings.HasPrefix(text, "@every"):
		return Schedule{}, fmt.Errorf("parse schedule %q: @every depends on when the program was started: write cron fields, for example */10 * * * *", spec)
	case strings.Contains(text, "TZ="):
		return Schedule{}, fmt.Errorf("parse schedule %q: schedules are in UTC: leave the time zone out", spec)
	}
	parsed, err := cron.ParseStandard(text)
	if err != nil {
		return Schedule{}, fmt.Errorf("parse schedule %q: %w", spec, err)
	}
	s := Schedule{parsed}
	if Next(s, time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return Schedule{}, fmt.Errorf("parse schedule %q: %w", spec, errNever)
	}
	return s, nil
}

var errNever = errors.New("there is no such day, it never fires")

// Next is the first firing after the moment asOf, in UTC.
func Next(s Schedule, asOf time.Time) time.Time {
	return s.cron.Next(asOf.UTC())
}

// LastSlot is the newest slot that has elapsed at asOf: its end is the last firing at or before asOf.
func LastSlot(s Schedule, asOf time.Time) audit.Window {
	asOf = asOf.UTC()
	for back := 2 * time.Minute; ; back *= 2 {
		var previous, last time.Time
		for t := Next(s, asOf.Add(-back)); !t.IsZero() && !t.After(asOf); t = Next(s, t) {
			previous, last = last, t
		}
		if !previous.IsZero() {
			return audit.Window{From: previous, To: last}
		}
	}
}

// Due lists the slots that have elapsed between the watermark (the end of the last slot already planned) and asOf, oldest
// first and at most limit of them; the caller moves the watermark to the end of the last and asks again. The windows are
// contiguous from the watermark on: where it is no firing, because the schedule was changed, the first window begins there
// all the same. Without a watermark only the newest slot is due.
func Due(s Schedule, watermark, asOf time.Time, limit int) []audit.Window {
	if limit <= 0 {
		return nil
	}
	if watermark.IsZero() {
		return []audit.Window{LastSlot(s, asOf)}
	}
	var due []audit.Window
	from := watermark.UTC()
	for len(due) < limit {
		to := Next(s, from)
		if to.IsZero() || to.After(asOf) {
			break
		}
		due = append(due, audit.Window{From: from, To: to})
		from = to
	}
	return due
}
