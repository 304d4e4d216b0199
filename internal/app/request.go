package app

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Request asks for one run of a job (or of "all"). Without From and To the window is the newest elapsed slot of the job's
// schedule.
type Request struct {
	Job      string
	AsOf     time.Time
	Now      time.Time // when it is asked, by the clock here: databases can only say what is now; zero where that is AsOf
	From, To time.Time
	At       time.Time // job failover: a person says that there was a failover at about this time
}

// Check refuses what cannot be run.
func (r Request) Check() error {
	if r.Job != allJobs && !slices.Contains(JobNames(), r.Job) {
		return fmt.Errorf("job %q is not known: use one of %s or %s", r.Job, strings.Join(JobNames(), ", "), allJobs)
	}
	if !r.At.IsZero() {
		return r.checkStated()
	}
	if r.From.IsZero() != r.To.IsZero() {
		return errors.New("window needs both ends: give --from and --to, or neither")
	}
	if !r.From.IsZero() && !r.From.Before(r.To) {
		return fmt.Errorf("window %s - %s is empty: --from must lie before --to", r.From.Format(time.RFC3339), r.To.Format(time.RFC3339))
	}
	if r.To.After(r.AsOf) {
		return fmt.Errorf("window ends at %s, after the moment the audit speaks for (%s): nothing can be said of what has not happened",
			r.To.Format(time.RFC3339), r.AsOf.Format(time.RFC3339))
	}
	return nil
}

// checkStated refuses what cannot be a failover that a person tells of.
func (r Request) checkStated() error {
	switch {
	case r.Job != failoverName:
		return fmt.Errorf("--at is for the job %s", failoverName)
	case !r.From.IsZero() || !r.To.IsZero():
		return errors.New("--at gives the window itself: leave out --from and --to")
	case !r.At.Before(r.AsOf):
		return fmt.Errorf("--at %s is not before the moment the audit speaks for (%s)", r.At.Format(time.RFC3339), r.AsOf.Format(time.RFC3339))
	}
	return nil
}
