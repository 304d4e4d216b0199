// Package failover finds changes of the writing region in what RDS says, and measures from the data what each cost:
// recovery point and recovery time per layer, with error bars, against the stated objectives.
//
// Sources: Amazon RDS User Guide, "Amazon RDS event categories and event messages"; Amazon Aurora User Guide,
// "Using switchover or failover in Amazon Aurora Global Database".
package failover

import (
	"fmt"
	"slices"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// Rules are the objectives and the alarm on the old primary's snapshot.
type Rules struct {
	Scope         string // the configured global cluster
	RPO, RTO      time.Duration
	SnapshotAlarm time.Duration // raise when less than this is left before the snapshot expires
	Origin        string        // the attribute of the keys that names the writing region; empty if none
	Around        time.Duration // how far before and after the promotion the data is looked at
}

// Input is what RDS said, and the data of the layers around it. Nil data is not measured.
type Input struct {
	Window   audit.Window
	AsOf     time.Time
	Events   []record.Event
	Entries  []record.Entry // the ledger in force
	Snapshot []record.Entry // the old primary's ledger
	Keys     []record.Change
	Receipts []audit.Finding // receipt.missing findings of the same window
}

// Auditor applies Rules.
type Auditor struct{ Rules Rules }

// Audit returns failover.detected and failover.snapshot_expiring findings and the failovers with their measures.
func (a Auditor) Audit(in Input) audit.Judgement {
	var out audit.Judgement
	for _, f := range a.detect(in) {
		if !in.Window.Holds(f.Promoted) {
			continue
		}
		if !f.Planned {
			f.Measures = a.measure(in, f)
		}
		out.Failovers = append(out.Failovers, f)
		out.Findings = append(out.Findings, a.detected(in, f))
		if s, found := snapshotOf(in.Events, f); found {
			if expiring, is := a.expiring(in, f, s); is {
				out.Findings = append(out.Findings, expiring)
			}
		}
	}
	audit.Sort(out.Findings)
	return out
}

// sameFailover is how far apart two events may be and still tell of one failover.
const sameFailover = 30 * time.Minute

// detect groups the events by promotion. RDS gives events no common id, so what lies close together in time is taken as one.
func (a Auditor) detect(in Input) []audit.Failover {
	events := slices.Clone(in.Events)
	slices.SortStableFunc(events, func(x, y record.Event) int { return x.At.Compare(y.At) })
	var out []audit.Failover
	for _, e := range events {
		if e.Type != record.WriterPromoted && e.Type != record.FailoverCompleted && e.Type != record.SwitchoverCompleted {
			continue
		}
		if known := len(out) - 1; known >= 0 && out[known].To == e.Region && e.At.Sub(out[known].Promoted) < sameFailover {
			continue
		}
		out = append(out, a.describe(events, e))
	}
	return out
}

// describe reads the events around a promotion: whether it was planned, when it began, and where the writer was before.
func (a Auditor) describe(events []record.Event, promoted record.Event) audit.Failover {
	f := audit.Failover{Cluster: a.Rules.Scope, To: promoted.Region, At: promoted.At, Promoted: promoted.At}
	planned := promoted.Type == record.SwitchoverCompleted
	for _, e := range events {
		near := e.At.Sub(promoted.At).Abs() < sameFailover
		switch e.Type {
		case record.SwitchoverStarted, record.SwitchoverCompleted:
			planned = planned || near
		case record.FailoverStarted, record.WriterShutDown:
			if near && e.At.Before(f.At) {
				f.At = e.At
			}
			if near && e.Type == record.WriterShutDown && e.Region != promoted.Region {
				f.From = e.Region
			}
		case record.Member:
			if f.From == "" && e.Member != promoted.Region {
				f.From = e.Member
			}
		}
	}
	f.Planned = planned
	if s, found := snapshotOf(events, f); found {
		f.Snapshot = s.Source
	}
	return f
}

// snapshotOf is the newest system snapshot of the old primary taken at or after the failover.
func snapshotOf(events []record.Event, f audit.Failover) (record.Event, bool) {
	var newest record.Event
	for _, e := range events {
		if e.Type == record.SnapshotSeen && !e.At.Before(f.At) && e.At.After(newest.At) {
			newest = e
		}
	}
	return newest, newest.Source != ""
}

func (a Auditor) detected(in Input, f audit.Failover) audit.Finding {
	key := fmt.Sprintf("%s/%s/%s", f.Cluster, f.To, f.Promoted.UTC().Format("2006-01-02T15:04Z"))
	word, severity := "an unplanned failover", audit.High
	if f.Planned {
		word, severity = "a planned switchover", audit.Low
	}
	out := audit.Finding{
		Fingerprint: audit.NewFingerprint(audit.FailoverDetected, f.Cluster, key),
		Kind:        audit.FailoverDetected, Severity: severity, Verdict: audit.Proven, Status: audit.Open,
		Scope: f.Cluster, Key: key, Region: f.To,
		Window: audit.At(f.Promoted),
		Rule:   "RDS events: a cluster of the global database was promoted",
		Reason: fmt.Sprintf("The ledger's writer moved from %s to %s in %s at %s.", orUnknown(f.From), f.To, word, f.Promoted.UTC().Format("15:04:05 MST on 2 January 2006")),
	}
	for _, e := range in.Events {
		if e.Type != record.Member && e.Type != record.OtherEvent && e.At.Sub(f.Promoted).Abs() < sameFailover {
			out.Evidence = append(out.Evidence, audit.Evidence{Source: "rds events", Region: e.Region, Ref: e.Source, At: e.At, Note: e.Message})
		}
	}
	for _, m := range f.Measures {
		out.Evidence = append(out.Evidence, evidenceOf(m))
	}
	return out
}

func orUnknown(r audit.Region) string {
	if r == "" {
		return "an unknown region"
	}
	return string(r)
}

func evidenceOf(m audit.Measure) audit.Evidence {
	note := "objective " + m.Objective.String() + " met"
	if m.Broken() {
		note = fmt.Sprintf("objective %s broken by %s", m.Objective, (m.Value - m.Objective).Round(time.Millisecond))
	}
	return audit.Evidence{
		Source: "measured from the " + m.Layer, Field: m.Figure,
		Value: fmt.Sprintf("%s +/- %s", m.Value.Round(time.Millisecond), m.Error.Round(time.Millisecond)), Note: note + "; " + m.Basis,
	}
}

func (a Auditor) expiring(in Input, f audit.Failover, s record.Event) (audit.Finding, bool) {
	if s.ExpiresAt.IsZero() || s.ExpiresAt.Sub(in.AsOf) >= a.Rules.SnapshotAlarm {
		return audit.Finding{}, false
	}
	left := s.ExpiresAt.Sub(in.AsOf).Round(time.Minute)
	return audit.Finding{
		Fingerprint: audit.NewFingerprint(audit.FailoverSnapshotExpiring, f.Cluster, s.Source),
		Kind:        audit.FailoverSnapshotExpiring, Severity: audit.Critical, Verdict: audit.Proven, Status: audit.Open,
		Scope: f.Cluster, Key: s.Source, Region: s.Region,
		Window: audit.At(f.Promoted),
		Rule:   fmt.Sprintf("system snapshot expires in less than %s", a.Rules.SnapshotAlarm),
		Reason: fmt.Sprintf("The only copy of what the failover lost, snapshot %s, expires in %s; copy it to a manual snapshot.", s.Source, left),
		Evidence: []audit.Evidence{
			{Source: "rds snapshots", Region: s.Region, Ref: s.Source, At: s.At, Field: "expires", Value: s.ExpiresAt.UTC().Format(time.RFC3339)},
		},
	}, true
}
