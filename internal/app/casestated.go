package app

import (
	"fmt"
	"time"

	"parallax/auditors/failover"
	"parallax/internal/audit"
)

// meant is the known failover that a person tells of: the unplanned one nearest to the moment, within failover.StatedError.
func (a *App) meant(all []audit.Failover, at time.Time) (nearest audit.Failover, found bool) {
	if at.IsZero() {
		return nearest, false
	}
	var best time.Duration
	for _, f := range all {
		apart, near := failover.Apart(f, f.At, at)
		if near && (!found || apart < best) {
			nearest, best, found = f, apart, true
		}
	}
	return nearest, found
}

// takenFor tells a person which failover was taken for the one they told of.
func takenFor(at time.Time, f audit.Failover, found bool) string {
	told := "the failover of " + at.UTC().Format(time.RFC3339)
	switch {
	case !found:
		return told + " could not be taken in: no run has noted it; see the errors of the job failover"
	case f.Seen == audit.SeenByPerson:
		return fmt.Sprintf("%s is reconciled as one that only a person knows of: no unplanned failover is known within %s of it", told, failover.StatedError)
	default:
		return fmt.Sprintf("%s is taken for that to %s, promoted at %s (%s)", told, f.To, f.Promoted.UTC().Format(time.RFC3339), f.Seen)
	}
}

func sameFailover(a, b audit.Failover) bool {
	return a.Cluster == b.Cluster && a.To == b.To && a.At.Equal(b.At)
}
