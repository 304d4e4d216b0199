package app

import (
	"cmp"
	"slices"
	"strings"
	"testing"
	"time"

	"parallax/internal/audit"
)

// Times that cannot be are never a lag: those still to come are not understood, and those that do not fit are counted.
func TestTimesThatCannotBeAreNoLag(t *testing.T) {
	far, old := time.Date(2999, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2007, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		signal        string
		at, requested time.Time
		reason        string // why it is counted and no lag; empty where it is not understood
	}{
		"told in 2999":          {"OperationReplicatedAfterThreshold", far, pm(13, 39, 58), ""},
		"all of it in 2999":     {"OperationReplicatedAfterThreshold", far.Add(20 * time.Minute), far, ""},
		"failed in 2999":        {"OperationFailedReplication", far, far, ""},
		"requested in 2999":     {"OperationFailedReplication", pm(13, 55, 0), far, ""},
		"ten minutes to come":   {"OperationReplicatedAfterThreshold", pm(14, 10, 0), pm(13, 39, 58), ""},
		"all of it in 2007":     {"OperationReplicatedAfterThreshold", old.Add(20 * time.Minute), old, ""},
		"requested in 2007":     {"OperationMissedThreshold", pm(13, 55, 0), old, "told more than 30 days after its request"},
		"missed at once":        {"OperationMissedThreshold", pm(13, 55, 0), pm(13, 54, 59), "told before the threshold had passed"},
		"late, and yet at once": {"OperationReplicatedAfterThreshold", pm(13, 55, 0), pm(13, 54, 59), "told before the threshold had passed"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newEventWorld(t)
			w.tell(c.signal, "a", c.at, c.requested)
			l := w.line(w.run(pm(14, 0, 0)), dublin)
			if found := w.found(audit.LagBreach); len(found) != 0 || l.Matched != 0 {
				t.Errorf("%+v", found)
			}
			left := len(w.queues[dublin].Left())
			counted := slices.ContainsFunc(l.Excluded, func(e audit.Exclusion) bool {
				return strings.HasPrefix(e.Reason, cmp.Or(c.reason, "event of a time that cannot be"))
			})
			if understood := c.reason != ""; l.Complete() != understood || (left == 0) != understood || !counted {
				t.Errorf("left %d, %+v", left, l)
			}
		})
	}
}
