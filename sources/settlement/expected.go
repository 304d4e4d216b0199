package settlement

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"parallax/internal/audit"
)

// expected looks for business dates without all of their accepted files, and sets how far the files go.
func (r *reading) expected() error {
	r.through = r.deliveredThrough()
	if r.Schedule == nil {
		return nil
	}
	for _, day := range r.Schedule.due(r.window, r.AsOf) {
		if date := day.Format(time.DateOnly); r.delivered[date] < r.Schedule.files() {
			if err := r.late(day, date); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *reading) deliveredThrough() string {
	through, absent := "", "~" // after every date
	if r.Schedule != nil {
		absent = r.Schedule.firstAbsent(r.window, r.delivered)
	}
	for date := range r.delivered {
		if date > through && date < absent {
			through = date
		}
	}
	return through
}

// late reports a business date whose files should have been there, unless earlier runs have read them.
func (r *reading) late(day time.Time, date string) error {
	gone, unused := r.readEarlier(date)
	for _, name := range gone {
		err := r.gap(r.dayWindow(day), fmt.Sprintf("file %s of business date %s was read by an earlier run and is no longer there", name, date),
			"put the file back into the feed's folder")
		if err != nil {
			return err
		}
	}
	arrived, want := r.delivered[date]+len(gone)+unused, r.Schedule.files()
	if arrived >= want {
		return nil
	}
	due := r.Schedule.dueBy(day)
	f := r.finding(audit.FileLate, r.Feed+"/"+date, audit.High, r.dayWindow(day))
	f.Rule = "a file for every business date, by its deadline"
	f.Reason = fmt.Sprintf("The %s file of business date %s was due by %s and no usable file has arrived.", r.Feed, date, due.Format("2006-01-02 15:04 UTC"))
	value, reason := "absent", fmt.Sprintf("no usable file of business date %s, due %s", date, due.Format(time.RFC3339))
	if want > 1 {
		value = fmt.Sprintf("%d of %d files", arrived, want)
		f.Reason = fmt.Sprintf("The %s files of business date %s were due by %s and %d of %d have arrived.", r.Feed, date, due.Format("2006-01-02 15:04 UTC"), arrived, want)
		reason = fmt.Sprintf("%d of %d usable files of business date %s, due %s", arrived, want, date, due.Format(time.RFC3339))
	}
	f.Evidence = []audit.Evidence{{Source: "feed " + r.Feed, At: due, Field: "business date", Value: value, Note: "files there: " + r.names()}}
	r.findings = append(r.findings, f)
	return r.gap(r.dayWindow(day), reason, "ask the sender for the file of this business date")
}

// readEarlier are the files of a business date that earlier runs have accepted: those that are no longer there, and how many
// there are that could not be used this time and have a gap of their own.
func (r *reading) readEarlier(date string) (gone []string, unused int) {
	used := map[string]bool{}
	for _, f := range r.files {
		used[f.Name] = f.Status != statusRejected
	}
	for _, k := range r.passed {
		used[k.Name] = true
	}
	seen := map[string]bool{}
	for _, k := range r.Known {
		if k.BusinessDate != date || k.Status != statusAccepted || used[k.Name] || seen[k.Name] {
			continue
		}
		seen[k.Name] = true
		if r.present[k.Name] {
			unused++
		} else {
			gone = append(gone, k.Name)
		}
	}
	slices.Sort(gone)
	return gone, unused
}

func (r *reading) names() string {
	names := make([]string, 0, len(r.files))
	for _, f := range r.files {
		if f.Status == statusAccepted {
			names = append(names, f.Name)
		}
	}
	if len(names) == 0 {
		return "none"
	}
	if len(names) > 10 {
		names = append([]string{fmt.Sprintf("%d more", len(names)-10)}, names[len(names)-10:]...)
	}
	return strings.Join(names, ", ")
}
