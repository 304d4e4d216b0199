package failover

import (
	"slices"
	"strconv"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// straggler is how much earlier than another a row may be dated and still be committed after it: the longest transaction that
// is reckoned with. A row that is missing from long before is not a loss of the failover.
const straggler = time.Minute

// commits are the writes around a failover, by when the rows say that they were made. A row tells of two: that it was made, and
// when it was changed last.
type commits struct {
	survived []time.Time // of the old primary, and in the ledger in force
	lost     []time.Time // of the old primary alone
	maybe    []time.Time // of the old primary; whether they survived is hidden by a later change
	good     []time.Time // of the new writer
	ancient  int         // rows that are missing from long before
	again    int         // rows of the old primary that were put in again since, under ids of their own
	undated  int         // rows that differ, and no column says since when
	disorder time.Duration
	clocks
}

// compare holds the old primary against the ledger in force, where the rows lie near the failover.
func compare(entries, old []record.Entry, near audit.Window) commits {
	var c commits
	inForce := byPayment(entries)
	for _, s := range old {
		c.hold(s, inForce[s.PaymentID], near)
	}
	c.disorder = disorder(old, near)
	last := newest(c.survived)
	lost := c.lost[:0]
	for _, t := range c.lost {
		if t.Before(last.Add(-straggler)) {
			c.ancient++
			continue
		}
		lost = append(lost, t)
	}
	c.lost = lost
	c.newWrites(entries, byPayment(old), near, last)
	return c
}

// hold sorts the writes of one row of the old primary.
func (c *commits) hold(s record.Entry, inForce []record.Entry, near audit.Window) {
	made, changed := near.Holds(s.CreatedAt), s.UpdatedAt.After(s.CreatedAt) && near.Holds(s.UpdatedAt)
	i := slices.IndexFunc(inForce, func(e record.Entry) bool { return sameRow(e, s) })
	if i < 0 {
		if len(inForce) > 0 && made {
			c.again++
		}
		c.lost = appendIf(c.lost, made, s.CreatedAt)
		c.lost = appendIf(c.lost, changed, s.UpdatedAt)
		return
	}
	e := inForce[i]
	c.survived = appendIf(c.survived, made, s.CreatedAt)
	switch {
	case s.UpdatedAt.IsZero() || e.UpdatedAt.IsZero():
		if made && !sameValues(e, s) {
			c.undated++
		}
	case !changed:
	case e.UpdatedAt.Equal(s.UpdatedAt) && sameValues(e, s):
		c.survived = append(c.survived, s.UpdatedAt)
	case e.UpdatedAt.After(s.UpdatedAt):
		c.maybe = append(c.maybe, s.UpdatedAt)
	default:
		c.lost = append(c.lost, s.UpdatedAt)
	}
}

// newWrites are the writes that the old primary does not know: rows it never had, and changes of those it had. A row put in
// again with its old date is none, and neither is one that the old primary may have deleted.
func (c *commits) newWrites(entries []record.Entry, old map[string][]record.Entry, near audit.Window, last time.Time) {
	highest := highestID(entries, old)
	for _, e := range entries {
		had := old[e.PaymentID]
		made := !slices.ContainsFunc(had, func(s record.Entry) bool { return sameRow(e, s) || s.CreatedAt.Equal(e.CreatedAt) })
		if n, ok := number(e.ID); made && near.Holds(e.CreatedAt) && (e.CreatedAt.After(last) || ok && n > highest) {
			c.good = append(c.good, e.CreatedAt)
		}
		changed := e.UpdatedAt.After(e.CreatedAt) && e.UpdatedAt.After(last) && near.Holds(e.UpdatedAt)
		known := slices.ContainsFunc(had, func(s record.Entry) bool { return s.UpdatedAt.Equal(e.UpdatedAt) })
		c.good = appendIf(c.good, changed && !known, e.UpdatedAt)
	}
}

// sameRow reports whether two copies hold one and the same row of a payment, not one that was written again.
func sameRow(a, b record.Entry) bool {
	return a.PaymentID == b.PaymentID && a.CreatedAt.Equal(b.CreatedAt) && (a.ID == "" || b.ID == "" || a.ID == b.ID)
}

func sameValues(a, b record.Entry) bool { return a.Amount == b.Amount && a.Status == b.Status }

func byPayment(entries []record.Entry) map[string][]record.Entry {
	out := make(map[string][]record.Entry, len(entries))
	for _, e := range entries {
		out[e.PaymentID] = append(out[e.PaymentID], e)
	}
	return out
}

func appendIf(times []time.Time, is bool, t time.Time) []time.Time {
	if is {
		return append(times, t)
	}
	return times
}

// highestID is the highest serial id of a row in both copies: what the ledger in force has beyond it is younger than the copy,
// whatever clock dated it. Without serial ids there is none.
func highestID(entries []record.Entry, old map[string][]record.Entry) int64 {
	highest, found := int64(0), false
	for _, e := range entries {
		n, ok := number(e.ID)
		if ok && slices.ContainsFunc(old[e.PaymentID], func(s record.Entry) bool { return sameRow(e, s) }) {
			highest, found = max(highest, n), true
		}
	}
	if !found {
		return int64(^uint64(0) >> 1)
	}
	return highest
}

func number(id string) (int64, bool) {
	n, err := strconv.ParseInt(id, 10, 64)
	return n, err == nil
}

// disorder is how much earlier rows of the old primary are dated than rows with a lower serial id: by so much at least the
// dates and the order of the commits disagree.
func disorder(old []record.Entry, near audit.Window) time.Duration {
	type dated struct {
		id int64
		at time.Time
	}
	var rows []dated
	for _, s := range old {
		if n, ok := number(s.ID); ok && near.Holds(s.CreatedAt) {
			rows = append(rows, dated{n, s.CreatedAt})
		}
	}
	slices.SortFunc(rows, func(a, b dated) int { return int(min(max(a.id-b.id, -1), 1)) })
	var most time.Duration
	var latest time.Time
	for _, r := range rows {
		latest = later(latest, r.at)
		most = max(most, latest.Sub(r.at))
	}
	return min(most, straggler)
}

// copyOf is the restored old primary of one failover: of the region that lost the writer. It shares its rows with the ledger in
// force up to that failover, and to no later one of its region.
func copyOf(copies []Copy, entries []record.Entry, all []change, i int, near audit.Window) ([]record.Entry, bool) {
	inForce := byPayment(entries)
	for _, c := range copies {
		shared := near.From
		for _, s := range c.Entries {
			if slices.ContainsFunc(inForce[s.PaymentID], func(e record.Entry) bool { return sameRow(e, s) }) {
				shared = later(shared, s.CreatedAt)
			}
		}
		if owner(all, shared, c.Region) == i {
			return c.Entries, true
		}
	}
	return nil, false
}

// owner is the unplanned failover that a copy belongs to: the first of its region after the newest row it shares, or -1.
func owner(all []change, shared time.Time, region audit.Region) int {
	return slices.IndexFunc(all, func(c change) bool {
		return !c.Planned && !c.Promoted.Add(c.PromotedError).Before(shared) && (region == "" || c.From == "" || c.From == region)
	})
}
