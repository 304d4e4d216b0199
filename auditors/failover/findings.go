package failover

import (
	"fmt"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// shown are the events that a finding shows; the rest is for the timeline of the dossier.
var shown = map[record.EventType]bool{
	record.FailoverStarted: true, record.FailoverCompleted: true, record.FailoverFailed: true, record.SwitchoverStarted: true,
	record.SwitchoverCompleted: true, record.SwitchoverFailed: true, record.WriterShutDown: true, record.WriterPromoted: true, record.Resynced: true,
	record.WritesBlocked: true, record.WriteBlockTimedOut: true, record.MemberLeft: true, record.EndpointMoved: true,
}

// detected is the finding of one change of the writer.
func (a Auditor) detected(in Input, all []change, i int, c change, s snapshots) audit.Finding {
	word, severity := "an unplanned failover", audit.High
	if c.Planned {
		word, severity = "a planned switchover", audit.Low
	}
	out := audit.Finding{
		Fingerprint: audit.NewFingerprint(audit.FailoverDetected, c.Cluster, c.Key),
		Kind:        audit.FailoverDetected, Severity: severity, Verdict: audit.Proven, Status: audit.Open,
		Scope: c.Cluster, Key: c.Key, Region: c.To, Window: audit.At(c.Promoted),
		Rule:   "RDS events: a cluster of the global database was promoted",
		Reason: fmt.Sprintf("The ledger's writer moved from %s to %s in %s at %s.", orUnknown(c.From), orUnknown(c.To), word, moment(c.Failover)),
	}
	switch c.Seen {
	case audit.SeenInData:
		out.Verdict = audit.Probable
		out.Rule = "another database accepts writes than before, and RDS tells of no switchover or failover"
		out.Reason = fmt.Sprintf("The ledger's writer moved from %s to %s by hand, which RDS did not announce, at about %s.", orUnknown(c.From), orUnknown(c.To), moment(c.Failover))
	case audit.SeenByPerson:
		out.Verdict = audit.Probable
		out.Rule = "a person says that there was a failover; neither RDS nor the databases tell of it"
		out.Reason = fmt.Sprintf("A failover to %s at about %s, as a person says.", orUnknown(c.To), moment(c.Failover))
	case audit.SeenInEvents:
	}
	out.Evidence = append(out.Evidence, told(in.Events, all, i, c)...)
	if !c.Planned {
		out.Evidence = append(out.Evidence, s.evidence(c, in.AsOf)...)
	}
	for _, m := range c.Measures {
		out.Evidence = append(out.Evidence, evidenceOf(m))
	}
	for _, why := range c.Unmeasured {
		out.Evidence = append(out.Evidence, audit.Evidence{Source: "not measured", Note: "not measured: " + why})
	}
	return out
}

// told are the events of one change and no other.
func told(events []record.Event, all []change, i int, c change) []audit.Evidence {
	from, until := c.began.Add(-sameFailover), c.Promoted.Add(sameFailover)
	if i > 0 && all[i-1].last.After(from) {
		from = all[i-1].last.Add(time.Nanosecond)
	}
	if i+1 < len(all) && all[i+1].began.Before(until) {
		until = all[i+1].began
	}
	var out []audit.Evidence
	for _, e := range events {
		if shown[e.Type] && !e.At.Before(from) && e.At.Before(until) && !toAnother(e, c.To) {
			out = append(out, audit.Evidence{Source: "rds events", Region: e.Region, Ref: e.Source, At: e.At, Note: e.Message})
		}
	}
	if c.Seen == audit.SeenInEvents {
		return out
	}
	for _, e := range sights(events, c) {
		out = append(out, audit.Evidence{
			Source: e.Source, Region: e.Region, At: e.At, Field: "accepts writes",
			Value: e.At.UTC().Format(time.RFC3339) + " to " + lastSeen(e).UTC().Format(time.RFC3339),
		})
	}
	return out
}

// toAnother reports whether an event tells of a change to another region.
func toAnother(e record.Event, to audit.Region) bool {
	switch e.Type {
	case record.FailoverStarted, record.FailoverCompleted, record.FailoverFailed, record.SwitchoverStarted, record.SwitchoverCompleted, record.SwitchoverFailed,
		record.WriterPromoted:
		return target(e) != to
	default:
		return false
	}
}

// sights are the last of the old writer before a promotion, and the first of the new one after it.
func sights(events []record.Event, c change) []record.Event {
	var before, after *record.Event
	for i := range events {
		e := &events[i]
		switch {
		case e.Type != record.WriterSeen:
		case e.Region == c.From && !e.At.After(c.Promoted) && (before == nil || e.At.After(before.At)):
			before = e
		case e.Region == c.To && !lastSeen(*e).Before(c.Promoted) && (after == nil || e.At.Before(after.At)):
			after = e
		}
	}
	var out []record.Event
	for _, e := range []*record.Event{before, after} {
		if e != nil {
			out = append(out, *e)
		}
	}
	return out
}

// moment is when the writer moved, as exactly as it is known.
func moment(f audit.Failover) string {
	at := f.Promoted.UTC().Format("15:04:05 MST on 2 January 2006")
	if f.PromotedError > 0 {
		at += " +/- " + f.PromotedError.Round(time.Second).String()
	}
	return at
}

func orUnknown(r audit.Region) string {
	if r == "" {
		return "an unknown region"
	}
	return string(r)
}

func evidenceOf(m audit.Measure) audit.Evidence {
	note := "objective " + m.Objective.String() + " met"
	switch {
	case m.Value+m.Error > m.Objective && !m.Broken():
		note = "objective " + m.Objective.String() + " met or broken: the error reaches beyond it"
	case m.Broken():
		note = fmt.Sprintf("objective %s broken by %s", m.Objective, (m.Value - m.Objective).Round(time.Millisecond))
	}
	return audit.Evidence{
		Source: "measured from the " + m.Layer, Field: m.Figure,
		Value: fmt.Sprintf("%s +/- %s", m.Value.Round(time.Millisecond), m.Error.Round(time.Millisecond)), Note: note + "; " + m.Basis,
	}
}
