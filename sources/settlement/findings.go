package settlement

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"parallax/internal/audit"
	"parallax/sources/settlement/decode"
	"parallax/sources/settlement/unwrap"
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
		Feed: r.Feed, Name: f.Name, SHA256: f.sha256, FileID: f.summary.FileID, BusinessDate: date,
		Records: f.summary.Records, Rejected: f.summary.Rejected, Status: status, Reason: reason,
		Totals: f.summary.Totals, SeenAt: r.AsOf,
	})
}

func (r *reading) take(f file) {
	reason := ""
	for _, k := range r.Known {
		if k.Name == f.Name && k.Status == statusAccepted && k.SHA256 != f.sha256 {
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
	w := r.windowOf(f.summary.BusinessDates)
	if errors.Is(f.err, decode.ErrControlTotal) {
		c := r.finding(audit.FileControlTotal, f.Name, audit.High, w)
		c.Rule = "a file's stated totals equal the totals of what was read"
		c.Reason = fmt.Sprintf("File %s does not add up to its own control totals, so nothing of it was used.", f.Name)
		c.Evidence = append([]audit.Evidence{{Source: "file " + f.Name, Ref: "sha256:" + f.sha256, Note: f.err.Error()}}, totals(f)...)
		r.findings = append(r.findings, c)
	}
	return r.gap(w, f.err.Error(), remedyFor(f))
}

// remedyFor is what a person can do about a file that cannot be used.
func remedyFor(f file) string {
	switch {
	case errors.Is(f.err, errUnsettled):
		return "run again when the delivery has finished"
	case f.sha256 == "":
		return cmp.Or(unwrap.Remedy(f.err), "make the file readable for the account Parallax runs under")
	}
	return cmp.Or(unwrap.Remedy(f.err), "ask the sender for the file again and replace it")
}

func totals(f file) []audit.Evidence {
	out := make([]audit.Evidence, 0, len(f.summary.Totals))
	for _, name := range slices.Sorted(maps.Keys(f.summary.Totals)) {
		out = append(out, audit.Evidence{Source: "file " + f.Name, Field: name, Value: f.summary.Totals[name]})
	}
	return out
}

// duplicate reports a file whose lines are used under another name. Other bytes under the same file id are a gap as
// well: what they say was not used, and which of the two is right cannot be known here.
func (r *reading) duplicate(f file) error {
	what := "has the same content as"
	if f.shares != "" {
		what = "carries the same " + f.shares + " as"
	}
	reason := fmt.Sprintf("File %s %s %s; its lines are counted once.", f.Name, what, f.copyOf)
	r.note(f, statusDuplicate, reason)
	w := r.windowOf(f.summary.BusinessDates)
	d := r.finding(audit.FileDuplicate, f.Name, audit.Medium, w)
	d.Rule = "one content, one file id and one number in a series, one file"
	d.Reason = reason
	field, value := "file id", f.summary.FileID
	if f.shares == "sequence number" {
		field, value = f.shares, strconv.FormatInt(f.place.number, 10)
	}
	d.Evidence = []audit.Evidence{
		{Source: "file " + f.Name, Ref: "sha256:" + f.sha256, Field: field, Value: value, Note: "not used"},
		{Source: "file " + f.copyOf, Field: field, Value: value, Note: "used"},
	}
	r.findings = append(r.findings, d)
	if f.shares == "" {
		return nil
	}
	return r.gap(w, fmt.Sprintf("%s differs from %s under the same %s and was not used", f.Name, f.copyOf, f.shares),
		"ask the sender which of the two is valid and remove the other")
}

// rejectedRows reports the rows of an accepted file that could not be read.
func (r *reading) rejectedRows(f file) audit.Gap {
	w := r.windowOf(f.summary.BusinessDates)
	c := r.finding(audit.FileRejectedRows, f.Name, audit.High, w)
	c.Rule = "every row of a file can be read"
	c.Reason = fmt.Sprintf("%d of the rows of file %s could not be read and are missing from the comparison.", f.summary.Rejected, f.Name)
	for _, reject := range f.summary.Rejects {
		c.Evidence = append(c.Evidence, audit.Evidence{
			Source: "file " + f.Name, Ref: "line " + strconv.FormatInt(reject.Line, 10), Field: reject.Field, Note: reject.Reason,
		})
	}
	if more := f.summary.Rejected - int64(len(f.summary.Rejects)); more > 0 {
		c.Evidence = append(c.Evidence, audit.Evidence{Source: "file " + f.Name, Note: fmt.Sprintf("and %d rows more, not listed", more)})
	}
	r.findings = append(r.findings, c)
	first := f.summary.Rejects[0]
	where := fmt.Sprintf("line %d", first.Line)
	if first.Field != "" {
		where += ", " + first.Field
	}
	return audit.Gap{
		Window: w,
		Reason: fmt.Sprintf("%s: %d rows could not be read, the first at %s: %s", f.Name, f.summary.Rejected, where, first.Reason),
		Remedy: "correct the rows at their source or the feed's column profile, then run again",
	}
}
