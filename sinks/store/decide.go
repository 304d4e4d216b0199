package store

import (
	"fmt"
	"strings"
	"time"

	"parallax/internal/audit"
)

// known is what the store holds of a finding before a commit.
type known struct {
	Fingerprint audit.Fingerprint
	Status      audit.Status
	StatusBy    *string // the person who set it
	Severity    audit.Severity
	Verdict     audit.Verdict
	LastSeen    time.Time
	ClearedAt   *time.Time
}

// The actions of events.
const (
	detected   = "detected"
	redetected = "redetected" // and something of it has changed
	reopened   = "reopened"
	cleared    = "cleared"
	kept       = "kept"       // not seen, by a run that looked otherwise
	statusSet  = "status_set" // by a person
)

// change is what a commit does to one reported finding.
type change struct {
	finding audit.Finding // with the status it comes to
	late    bool          // the store knows newer: only the count of runs moves
	event   *event        // nil if there is nothing to tell
	alert   bool          // it has become open
}

// decide holds one reported finding against what the store knows of it. What a person has decided stands. Between expected,
// overdue and open the auditor moves a finding either way. A run that speaks for an earlier moment than one that has already
// spoken takes nothing back.
func decide(o audit.Outcome, f audit.Finding, k *known) change {
	if k == nil {
		return report(o, f, detected, "", "")
	}
	if o.AsOf.Before(k.LastSeen) || k.ClearedAt != nil && o.AsOf.Before(*k.ClearedAt) {
		return change{finding: f, late: true}
	}
	if k.Status == audit.Cleared {
		return report(o, f, reopened, k.Status, "")
	}
	if k.StatusBy != nil || k.Status == audit.Acknowledged || k.Status == audit.Resolved {
		f.Status = k.Status
	}
	note := differences(f, k)
	if note == "" && f.Status == k.Status {
		return change{finding: f}
	}
	return report(o, f, redetected, k.Status, note)
}

func report(o audit.Outcome, f audit.Finding, action string, from audit.Status, note string) change {
	return change{
		finding: f,
		event: &event{
			Fingerprint: f.Fingerprint, Run: &o.RunID, At: o.AsOf, Action: action, From: from, To: f.Status, Note: note,
		},
		alert: f.Status == audit.Open && from != audit.Open,
	}
}

// differences says what a later run judges otherwise.
func differences(f audit.Finding, k *known) string {
	var said []string
	if f.Verdict != k.Verdict {
		said = append(said, fmt.Sprintf("verdict %s, was %s", f.Verdict, k.Verdict))
	}
	if f.Severity != k.Severity {
		said = append(said, fmt.Sprintf("severity %s, was %s", f.Severity, k.Severity))
	}
	return strings.Join(said, "; ")
}

// scopes lists what an outcome speaks for.
func scopes(o audit.Outcome) []string {
	seen := map[string]bool{}
	out := []string{}
	for _, c := range o.Coverage {
		if !seen[c.Scope] {
			seen[c.Scope] = true
			out = append(out, c.Scope)
		}
	}
	return out
}
