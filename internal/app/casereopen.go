package app

import (
	"context"
	"fmt"
	"slices"
	"time"

	"parallax/internal/audit"
)

// reopened reports whether a closed case is no longer explained: findings of its window stand, or the newest run of a job over
// the whole of it could not read it.
func (a *App) reopened(ctx context.Context, c audit.Case, asOf time.Time) (bool, error) {
	if c.State != audit.CaseClosed || !asOf.After(c.AsOf) {
		return false, nil
	}
	standing, err := a.unexplained(ctx, c)
	if err != nil || len(standing) > 0 {
		return len(standing) > 0, err
	}
	runs, err := a.store.RunsOver(ctx, c.Window)
	if err != nil {
		return false, err
	}
	unread := map[string]bool{}
	for _, r := range runs { // in the order of the moments they speak for
		if r.AsOf.After(c.AsOf) && !r.AsOf.After(asOf) && r.Window.Covers(c.Window) {
			unread[r.Job] = r.Verdict == audit.RunInconclusive && len(gapsInside(r, []audit.Window{c.Window})) > 0
		}
	}
	return slices.ContainsFunc(a.caseJobs(), func(j job) bool { return unread[j.name] }), nil
}

// notRun asks for the jobs that never looked at a case.
func (a *App) notRun(c audit.Case) []audit.Question {
	var out []audit.Question
	for _, j := range a.caseJobs() {
		if !slices.ContainsFunc(c.Runs, func(r audit.CaseRun) bool { return r.Job == j.name }) {
			out = append(out, lookAgain(c, j.name+" has not run"))
		}
	}
	return out
}

// notWhole asks for a run of a job that looked at the whole window of a case, and not before its evidence was there. What
// capture looks at is what the streams still hold: what it missed is a gap of those who read its archive.
func notWhole(c audit.Case, r audit.RunRecord) []audit.Question {
	switch {
	case r.AsOf.Before(c.AsOf.Truncate(time.Microsecond)):
		return []audit.Question{lookAgain(c, fmt.Sprintf("%s has not run since %s", r.Job, r.AsOf.UTC().Format(time.RFC3339)))}
	case r.Job != "capture" && !r.Window.Around(time.Microsecond).Covers(c.Window):
		return []audit.Question{lookAgain(c, fmt.Sprintf("%s has looked at %s only", r.Job, r.Window))}
	}
	return nil
}

func lookAgain(c audit.Case, text string) audit.Question {
	return audit.Question{
		About: aboutCoverage, Text: text + ", of " + c.Window.String(),
		Remedy: "parallax run failover --at " + c.At.UTC().Format(time.RFC3339) + " runs every job over it",
	}
}
