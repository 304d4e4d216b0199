package failover

import (
	"fmt"
	"slices"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// snapshots are what is known of the system snapshot of one failover's old primary.
type snapshots struct {
	system record.Event // none where Source is empty
	copied record.Event // a manual snapshot made of it
	silent bool         // the old region did not show its snapshots now
}

// snapshotsOf finds the first snapshot of the old primary that was taken after a failover and before the old region lost the
// writer again, and what was copied from it.
func snapshotsOf(in Input, all []change, i int) snapshots {
	c := all[i]
	until := in.AsOf.Add(time.Microsecond)
	for _, next := range all[i+1:] {
		if next.From == c.From {
			until = next.began
			break
		}
	}
	s := snapshots{silent: slices.Contains(in.Silent, c.From)}
	if c.Planned {
		return s
	}
	from := c.began.Add(-c.PromotedError)
	for _, e := range in.Events {
		if e.Type != record.SnapshotSeen || e.At.Before(from) || !e.At.Before(until) || e.Region == c.To || c.From != "" && e.Region != c.From {
			continue
		}
		switch {
		case s.system.Source == "", e.At.Before(s.system.At):
			s.system = e
		case e.Source == s.system.Source && lastSeen(e).After(lastSeen(s.system)):
			s.system = e // the same, seen again
		}
	}
	for _, e := range in.Events {
		if e.Type == record.SnapshotCopied && e.Of != "" && e.Of == s.system.Source && !lastSeen(e).Before(in.AsOf) {
			s.copied = e
		}
	}
	return s
}

func (s snapshots) name(c change) string {
	if s.system.Source != "" {
		return s.system.Source
	}
	return c.Snapshot
}

func (s snapshots) expires(c change) time.Time {
	if !s.system.ExpiresAt.IsZero() {
		return s.system.ExpiresAt
	}
	return c.SnapshotExpires
}

// gone reports whether RDS no longer shows the snapshot.
func (s snapshots) gone(c change, asOf time.Time) bool {
	return c.Snapshot != "" && !s.silent && (s.system.Source == "" || lastSeen(s.system).Before(asOf))
}

// evidence says how the only copy of what was lost stands.
func (s snapshots) evidence(c change, asOf time.Time) []audit.Evidence {
	e := audit.Evidence{Source: "rds snapshots", Region: c.From, Ref: c.Snapshot, At: s.system.At}
	if !c.SnapshotExpires.IsZero() {
		e.Field, e.Value = "expires", c.SnapshotExpires.UTC().Format(time.RFC3339)
	}
	left := c.SnapshotExpires.Sub(asOf).Round(time.Minute)
	switch {
	case s.copied.Source != "":
		e.Note = "copied to the manual snapshot " + s.copied.Source + ", which does not expire"
	case c.Snapshot == "" && s.silent:
		e.Note = "it is not known whether there is a snapshot of the old primary: its region did not say"
	case c.Snapshot == "":
		e.Note = "no snapshot of the old primary is there yet: AWS makes one when its region recovers, and none after a promotion by hand"
	case s.gone(c, asOf):
		e.Note = "the snapshot of the old primary is gone: it has expired or was deleted"
	case !c.SnapshotExpires.IsZero() && left <= 0:
		e.Note = "the retention of the snapshot has ended: copy it at once if it is still there"
	case !c.SnapshotExpires.IsZero() && s.system.At.IsZero():
		e.Note = fmt.Sprintf("expires in %s and was not copied, as far as an earlier run saw", left)
	case !c.SnapshotExpires.IsZero():
		e.Note = fmt.Sprintf("%s old; expires in %s and was not copied", asOf.Sub(s.system.At).Round(time.Minute), left)
	default:
		e.Note = "it is unknown when it expires"
	}
	return []audit.Evidence{e}
}

// expiring is the alarm: the only copy will soon be gone, or its end is not known.
func (a Auditor) expiring(in Input, c change, s snapshots) (audit.Finding, bool) {
	if c.Planned || c.Snapshot == "" || c.SnapshotExpires.IsZero() || s.copied.Source != "" || s.gone(c, in.AsOf) ||
		c.SnapshotExpires.Sub(in.AsOf) >= a.Rules.SnapshotAlarm {
		return audit.Finding{}, false
	}
	when := "expires in " + c.SnapshotExpires.Sub(in.AsOf).Round(time.Minute).String()
	if !c.SnapshotExpires.After(in.AsOf) {
		when = "is past its retention"
	}
	return audit.Finding{
		Fingerprint: audit.NewFingerprint(audit.FailoverSnapshotExpiring, c.Cluster, c.Snapshot),
		Kind:        audit.FailoverSnapshotExpiring, Severity: audit.Critical, Verdict: audit.Proven, Status: audit.Open,
		Scope: c.Cluster, Key: c.Snapshot, Region: c.From,
		Window: audit.At(c.Promoted),
		Rule:   fmt.Sprintf("system snapshot expires in less than %s and was not copied to a manual one", a.Rules.SnapshotAlarm),
		Reason: fmt.Sprintf("The only copy of what the failover lost, snapshot %s, %s; copy it to a manual snapshot.", c.Snapshot, when),
		Evidence: []audit.Evidence{{
			Source: "rds snapshots", Region: c.From, Ref: c.Snapshot, At: s.system.At,
			Field: "expires", Value: c.SnapshotExpires.UTC().Format(time.RFC3339),
		}},
	}, true
}
