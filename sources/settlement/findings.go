package settlement

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"parallax/internal/audit"
	"parallax/sources/settlement/decode"
)

// The states of audit.SettlementFile.
const (
	statusAccepted  = "accepted"
	statusRejected  = "rejected"
	statusDuplicate = "duplicate"
)

func (r *reading) note(f file, status, reason string) {
	date := ""
	if n := len(f.summary.BusinessDates); n > 0 {
		date = f.summary.BusinessDates[n-1]
	}
	r.files = append(r.files, audit.SettlementFile{
		Feed: r.Feed, Name: f.name, SHA256: f.sha256, FileID: f.summary.FileID, BusinessDate: date,
		Records: f.summary.Records, Rejected: f.summary.Rejected, Status: status, Reason: reason,
		Totals: f.summary.Totals, SeenAt: r.AsOf,
	})
}

func (r *reading) accepted(f file) {
	reason := ""
	for _, k := range r.Known {
		if k.Name == f.name && k.Status == statusAccepted && k.SHA256 != f.sha256 {
			reason = "an earlier run read other content under this name"
		}
	}
	r.note(f, statusAccepted, reason)
}

// finding starts a finding about a file; kind and key make its fingerprint, within the feed.
func (r *reading) finding(kind audit.Kind, key string, severity audit.Severity, w audit.Window) audit.Finding {
	return audit.Finding{
		Fingerprint: audit.NewFingerprint(kind, r.Ledger, key, r.Feed),
		Kind:        kind, Severity: severity, Verdict: audit.Proven, Status: audit.Open,
		Scope: r.Ledger, Key: key, Window: w,
	}
}

// rejected reports a file of which nothing is used.
func (r *reading) rejected(f file) error {
	r.note(f, statusRejected, f.err.Error())
	w := windowOf(f.summary.BusinessDates, r.window)
	if errors.Is(f.err, decode.ErrControlTotal) {
		c := r.finding(audit.FileControlTotal, f.name, audit.High, w)
		c.Rule = "a file's stated totals equal the totals of what was read"
		c.Reason = fmt.Sprintf("File %s does not add up to its own control totals, so nothing of it was used.", f.name)
		c.Evidence = append([]audit.Evidence{{Source: "file " + f.name, Ref: "sha256:" + f.sha256, Note: f.err.Error()}}, totals(f)...)
		r.findings = append(r.findings, c)
	}
	remedy := "ask the sender for the file again and replace it"
	switch {
	case errors.Is(f.err, errUnsettled):
		remedy = "run again when the delivery has finished"
	case f.sha256 == "":
		remedy = "make the file readable for the account Parallax runs under"
	}
	return r.gap(w, f.err.Error(), remedy)
}

func totals(f file) []audit.Evidence {
	out := make([]audit.Evidence, 0, len(f.summary.Totals))
	for _, name := range slices.Sorted(maps.Keys(f.summary.Totals)) {
		out = append(out, audit.Evidence{Source: "file " + f.name, Field: name, Value: f.summary.Totals[name]})
	}
	return out
}

// duplicate reports a file whose lines are used under another name. Other bytes under the same file id are a gap as
// well: what they say was not used, and which of the two is right cannot be known here.
func (r *reading) duplicate(f file) error {
	what := "has the same content as"
	if f.sameID {
		what = "carries the same file id as"
	}
	reason := fmt.Sprintf("File %s %s %s; its lines are counted once.", f.name, what, f.copyOf)
	r.note(f, statusDuplicate, reason)
	w := windowOf(f.summary.BusinessDates, r.window)
	d := r.finding(audit.FileDuplicate, f.name, audit.Medium, w)
	d.Rule = "one content and one file id, one file"
	d.Reason = reason
	d.Evidence = []audit.Evidence{
		{Source: "file " + f.name, Ref: "sha256:" + f.sha256, Field: "file id", Value: f.summary.FileID, Note: "not used"},
		{Source: "file " + f.copyOf, Field: "file id", Value: f.summary.FileID, Note: "used"},
	}
	r.findings = append(r.findings, d)
	if !f.sameID {
		return nil
	}
	return r.gap(w, fmt.Sprintf("%s differs from %s under the same file id and was not used", f.name, f.copyOf),
		"ask the sender which of the two is valid and remove the other")
}

// rejectedRows reports the rows of an accepted file that could not be read.
func (r *reading) rejectedRows(f file) audit.Gap {
	w := windowOf(f.summary.BusinessDates, r.window)
	c := r.finding(audit.FileRejectedRows, f.name, audit.High, w)
	c.Rule = "every row of a file can be read"
	c.Reason = fmt.Sprintf("%d of the rows of file %s could not be read and are missing from the comparison.", f.summary.Rejected, f.name)
	for _, reject := range f.summary.Rejects {
		c.Evidence = append(c.Evidence, audit.Evidence{
			Source: "file " + f.name, Ref: "line " + strconv.FormatInt(reject.Line, 10), Field: reject.Field, Note: reject.Reason,
		})
	}
	if more := f.summary.Rejected - int64(len(f.summary.Rejects)); more > 0 {
		c.Evidence = append(c.Evidence, audit.Evidence{Source: "file " + f.name, Note: fmt.Sprintf("and %d rows more, not listed", more)})
	}
	r.findings = append(r.findings, c)
	first := f.summary.Rejects[0]
	where := fmt.Sprintf("line %d", first.Line)
	if first.Field != "" {
		where += ", " + first.Field
	}
	return audit.Gap{
		Window: w,
		Reason: fmt.Sprintf("%s: %d rows could not be read, the first at %s: %s", f.name, f.summary.Rejected, where, first.Reason),
		Remedy: "correct the rows at their source or the feed's column profile, then run again",
	}
}

// expected looks for business dates without an accepted file, and sets how far the files go.
func (r *reading) expected() error {
	r.through = r.deliveredThrough()
	if r.Schedule == nil {
		return nil
	}
	for _, day := range r.Schedule.due(r.window, r.AsOf) {
		if date := day.Format(time.DateOnly); !r.delivered[date] {
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

// late reports a business date whose file should have been there, unless an earlier run has read it.
func (r *reading) late(day time.Time, date string) error {
	for _, k := range r.Known {
		if k.BusinessDate == date && k.Status == statusAccepted {
			return r.gap(dayWindow(day), fmt.Sprintf("file %s of business date %s was read by an earlier run and is no longer there", k.Name, date),
				"put the file back into the feed's folder")
		}
	}
	due := r.Schedule.dueBy(day)
	f := r.finding(audit.FileLate, r.Feed+"/"+date, audit.High, dayWindow(day))
	f.Rule = "a file for every business date, by its deadline"
	f.Reason = fmt.Sprintf("The %s file of business date %s was due by %s and no usable file has arrived.", r.Feed, date, due.UTC().Format("2006-01-02 15:04 UTC"))
	f.Evidence = []audit.Evidence{{Source: "feed " + r.Feed, At: due, Field: "business date", Value: "absent", Note: "files there: " + r.names()}}
	r.findings = append(r.findings, f)
	return r.gap(dayWindow(day), fmt.Sprintf("no usable file of business date %s, due %s", date, due.UTC().Format(time.RFC3339)),
		"ask the sender for the file of this business date")
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
