package failover

import (
	"fmt"
	"time"
)

// clockStep is how far apart clocks may be that are taken for one: less does not matter beside how often a ledger is written.
const clockStep = 100 * time.Millisecond

// clocks are what is known of the two regions' clocks, by which the rows of a ledger are dated.
type clocks struct {
	ahead, aheadError time.Duration // the new writer's clock of the old one's, and how exactly that is known; zero where they are in step
	untold            bool          // they could not be compared: they may be as far apart as tellingApart
}

// apart is what the layers say of the clocks.
func apart(l Layers) (ahead, accuracy time.Duration, untold bool) {
	switch {
	case l.ClocksUnknown:
		return 0, tellingApart, true
	case l.Ahead.Abs() > l.AheadError+clockStep:
		return l.Ahead, l.AheadError + clockStep, false
	}
	return 0, 0, false
}

// between are the bounds of the time from a row of the old primary to a row of the new writer. Whether a row is dated by its
// database or by who wrote it is not known, so the true time lies between what the dates say and what the clocks make of them.
func (c clocks) between(last, good time.Time) (low, high time.Duration) {
	corrected := good.Add(-c.ahead)
	return earlier(good, corrected).Sub(last) - c.aheadError, later(good, corrected).Sub(last) + c.aheadError
}

// remark says what the clocks do to a figure.
func (c clocks) remark() string {
	switch {
	case c.untold:
		return fmt.Sprintf("; the clocks of the regions could not be compared and are reckoned to be %s apart at most", tellingApart)
	case c.ahead != 0:
		return fmt.Sprintf(", by clocks %s apart", c.ahead.Abs().Round(100*time.Millisecond))
	}
	return ""
}

// overlap says why there is no time between the last write of the old primary before the promotion and the first of the new
// writer: both were written at once.
func (c commits) overlap(last, good time.Time) string {
	both := fmt.Sprintf("the first write of the new writer is dated %s, before one of the old primary at %s", clock(good), clock(last))
	old := later(newest(c.lost), newest(c.maybe))
	if low, _ := c.between(old, good); low < 0 && old.After(last) {
		return both + fmt.Sprintf(": the old primary was not fenced and took writes until %s, so there was no time without a writer", clock(old))
	}
	return both + ": the old primary was not fenced, or the clocks of the regions are apart"
}
