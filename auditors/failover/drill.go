package failover

import (
	"fmt"
	"slices"
	"time"

	"parallax/internal/audit"
)

// Rehearsal is what is known of a cluster's drills at a moment.
type Rehearsal struct {
	Scope  string        // the configured global cluster
	Every  time.Duration // a drill must have passed within this time; zero asks for none
	AsOf   time.Time
	Since  time.Time // the moment the first failover run speaks for; zero before it: nobody is blamed for the time before
	Drills []audit.Drill
	Known  []audit.Failover // a drill in which nothing was failed over rehearses no failover
}

// Fingerprint is that of the one finding a cluster can have: it stays the same until a drill passes.
func (r Rehearsal) Fingerprint() audit.Fingerprint {
	return audit.NewFingerprint(audit.FailoverDrillOverdue, r.Scope, r.Scope)
}

// Audit returns failover.drill_overdue where no drill has passed for longer than agreed, counted from the end of the last that
// did, or from Since where none ever did. A drill counts from its end on, by its newest score, and only if nothing of it was left
// unread, it was declared before anybody looked, and RDS or the databases show that the writer moved while it lasted.
func (r Rehearsal) Audit() []audit.Finding {
	if r.Every <= 0 {
		return nil
	}
	last, passed := r.lastPassed()
	from, why := last.Stopped, fmt.Sprintf("the last drill that passed, %s, ended on %s", last.Name, day(last.Stopped))
	if !passed {
		from, why = r.Since, "no drill has passed since failovers are watched, "+day(r.Since)
	}
	if from.IsZero() {
		return nil
	}
	due := from.Add(r.Every)
	if !due.Before(r.AsOf) {
		return nil
	}
	f := audit.Finding{
		Fingerprint: r.Fingerprint(), Kind: audit.FailoverDrillOverdue, Severity: audit.Medium, Verdict: audit.Proven, Status: audit.Open,
		Scope: r.Scope, Key: r.Scope, Window: audit.At(due),
		Rule:     fmt.Sprintf("a failover is rehearsed, and the drill passed, every %s", days(r.Every)),
		Reason:   fmt.Sprintf("A failover of %s should have been rehearsed by %s: %s.", r.Scope, day(due), why),
		Evidence: []audit.Evidence{{Source: "drills", At: from.UTC(), Field: "due", Value: due.UTC().Format(time.RFC3339), Note: why}},
	}
	f.Evidence = append(f.Evidence, r.tried(from)...)
	return []audit.Finding{f}
}

// lastPassed is the drill of this cluster that ended last of those that have passed by AsOf.
func (r Rehearsal) lastPassed() (last audit.Drill, found bool) {
	for _, d := range r.Drills {
		if d.Cluster != r.Scope || d.Score == nil || !d.Score.Passed || d.Score.Gaps > 0 || d.Stopped.After(r.AsOf) || d.Late || !r.moved(d) {
			continue
		}
		if !found || d.Stopped.After(last.Stopped) {
			last, found = d, true
		}
	}
	return last, found
}

// moved reports whether the writer moved, planned or not, while a drill lasted. What only a person says is no rehearsal.
func (r Rehearsal) moved(d audit.Drill) bool {
	return slices.ContainsFunc(r.Known, func(f audit.Failover) bool {
		began, ended := f.Promoted.Add(-f.PromotedError), f.Promoted.Add(f.PromotedError)
		return f.Cluster == r.Scope && f.Seen != audit.SeenByPerson && !ended.Before(d.Started.Add(-startSlack)) && !began.After(d.Stopped)
	})
}

// startSlack is how much too late the start of a drill may be noted.
const startSlack = time.Minute

// maxTried bounds the drills named in the evidence: the newest.
const maxTried = 5

// tried tells of the drills since then that have not passed.
func (r Rehearsal) tried(since time.Time) []audit.Evidence {
	var out []audit.Evidence
	for _, d := range r.Drills {
		if d.Cluster != r.Scope || d.Started.Before(since) || d.Started.After(r.AsOf) {
			continue
		}
		note := "failed"
		switch {
		case d.Stopped.IsZero() || d.Stopped.After(r.AsOf):
			note = "under way"
		case d.Score == nil:
			note = "not scored"
		case d.Score.Gaps > 0:
			note = "not final: a part of it was not read"
		case d.Score.Passed && d.Late:
			note = "passed, and declared after jobs had looked at its time"
		case d.Score.Passed && !r.moved(d):
			note = "passed, and nothing was failed over in it"
		}
		out = append(out, audit.Evidence{Source: "drills", Ref: d.Name, At: d.Started, Note: note})
	}
	return out[max(0, len(out)-maxTried):]
}

func day(t time.Time) string { return t.UTC().Format("2 January 2006") }

// days spells a time in days where it is whole days.
func days(d time.Duration) string {
	const one = 24 * time.Hour
	if d%one == 0 {
		return fmt.Sprintf("%d days", d/one)
	}
	return d.String()
}
