package app

import (
	"fmt"
	"maps"
	"slices"

	"parallax/internal/audit"
	"parallax/internal/config"
)

// shownStatuses bounds how many unknown statuses are named.
const shownStatuses = 10

// checkStatuses holds the statuses of the ledger in force against the configuration. One that is neither charged nor refused
// is of a payment in progress; it is counted, so that a misspelt one is seen. Where no row at all is charged the
// configuration names the wrong values, and no finding about charged payments can be trusted to be absent.
func (c *ledgerCopies) checkStatuses(l config.Ledger) {
	line := c.writerLine()
	if line == nil || l.Columns.Status == "" || len(c.writer) == 0 {
		return
	}
	charged := false
	unknown := map[string]int64{}
	for _, e := range c.writer {
		switch {
		case slices.Contains(l.Statuses.Charged, e.Status):
			charged = true
		case !slices.Contains(l.Statuses.Refused, e.Status):
			unknown[e.Status]++
		}
	}
	line.Excluded = append(line.Excluded, inProgress(unknown)...)
	if !charged {
		line.Gaps = append(line.Gaps, audit.Gap{
			Window: line.Window, Reason: fmt.Sprintf("no row of %d has a charged status: check ledgers.statuses of %s", len(c.writer), l.Name),
			Remedy: "name in ledgers[].statuses.charged every status of a payment whose money was taken",
		})
	}
}

// inProgress counts the rows of each unknown status.
func inProgress(unknown map[string]int64) []audit.Exclusion {
	var out []audit.Exclusion
	var rest int64
	for i, status := range slices.Sorted(maps.Keys(unknown)) {
		if i >= shownStatuses {
			rest += unknown[status]
			continue
		}
		out = append(out, audit.Exclusion{
			Reason: fmt.Sprintf("status %q is neither charged nor refused: taken as in progress", status), Records: unknown[status],
		})
	}
	if rest > 0 {
		out = append(out, audit.Exclusion{Reason: "other statuses that are neither charged nor refused: taken as in progress", Records: rest})
	}
	return out
}

// writerLine is the coverage of the copy in force, nil where there is none.
func (c *ledgerCopies) writerLine() *audit.Coverage {
	for i := range c.coverage {
		if c.coverage[i].Region == c.writerRegion && c.coverage[i].Source == "aurora" && c.writer != nil {
			return &c.coverage[i]
		}
	}
	return nil
}
