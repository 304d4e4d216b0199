package failover

import (
	"slices"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// sameFailover is how far apart two events may be and still tell of one change of the writer.
const sameFailover = 30 * time.Minute

// change is one change of the writer.
type change struct {
	audit.Failover
	began     time.Time      // when the writes began to fail, as far as the events tell now
	last      time.Time      // of its promotion events
	completed bool           // as a failover
	switched  bool           // as a switchover
	earlier   audit.Failover // as an earlier run measured it
}

// all are the changes of the writer that events, databases, earlier runs and people tell of, in the order of time.
func (a Auditor) all(in Input) []change {
	events := slices.Clone(in.Events)
	slices.SortStableFunc(events, func(x, y record.Event) int { return x.At.Compare(y.At) })
	out := promotions(events)
	for i := range out {
		out[i].describe(events, out[:i])
	}
	out = append(out, unannounced(events, out)...)
	out = stated(in.Stated, events, out)
	out = a.named(in.Known, out)
	slices.SortStableFunc(out, func(x, y change) int { return x.Promoted.Compare(y.Promoted) })
	return out
}

// target is the region whose cluster a message speaks of; where it names none, the one that told it.
func target(e record.Event) audit.Region {
	if e.Member != "" {
		return e.Member
	}
	return e.Region
}

// promotions groups the events that end a change of the writer. RDS gives events no common id, both regions may tell of one
// failover, and some events come late: a promotion to a region that writes already is no new change, unless another began or
// the writer moved in between.
func promotions(events []record.Event) []change {
	var out []change
	for _, e := range events {
		if e.Type != record.WriterPromoted && e.Type != record.FailoverCompleted && e.Type != record.SwitchoverCompleted {
			continue
		}
		at := slices.IndexFunc(out, func(c change) bool { return c.tells(e, events, out) })
		if at < 0 {
			out, at = append(out, change{Failover: audit.Failover{To: target(e), Seen: audit.SeenInEvents, Promoted: e.At}}), len(out)
		}
		c := &out[at]
		if at == len(out)-1 {
			c.last = e.At
		}
		c.completed = c.completed || e.Type == record.FailoverCompleted
		c.switched = c.switched || e.Type == record.SwitchoverCompleted
	}
	return out
}

// completes is how much later than the promotion a completion may be told.
const completes = 2 * time.Hour

// tells reports whether an event is of this change, of those found so far. A completion closes a promotion that nothing has
// closed, even behind a change to another region; else the change is the newest, and within sameFailover.
func (c change) tells(e record.Event, events []record.Event, found []change) bool {
	after := e.At.Sub(c.Promoted)
	closes := e.Type != record.WriterPromoted && !c.completed && !c.switched
	newest := c.Promoted.Equal(found[len(found)-1].Promoted) && c.To == found[len(found)-1].To
	switch {
	case c.To != target(e) || beganBetween(events, c.To, c.last, e.At):
		return false
	case newest:
		return !movedBetween(events, c.To, c.last, e.At) && (after < sameFailover || closes && after < completes)
	}
	return closes && after < sameFailover && latest(found, c.To).Promoted.Equal(c.Promoted)
}

// latest is the newest of the changes to a region.
func latest(found []change, to audit.Region) change {
	var out change
	for _, c := range found {
		if c.To == to {
			out = c
		}
	}
	return out
}

// movedBetween reports whether another region's database was seen to accept writes between two moments. Nobody looked between
// the first and the last sight of a writer, so only those two count.
func movedBetween(events []record.Event, to audit.Region, from, until time.Time) bool {
	inside := func(at time.Time) bool { return at.After(from.Add(tellingApart)) && at.Before(until) }
	return slices.ContainsFunc(events, func(e record.Event) bool {
		return e.Type == record.WriterSeen && e.Region != to && (inside(e.At) || inside(lastSeen(e)))
	})
}

// beganBetween reports whether another change to the same region began between two moments.
func beganBetween(events []record.Event, to audit.Region, from, until time.Time) bool {
	return slices.ContainsFunc(events, func(e record.Event) bool {
		return starts(e) && target(e) == to && e.At.After(from) && e.At.Before(until)
	})
}

func starts(e record.Event) bool {
	return e.Type == record.FailoverStarted || e.Type == record.SwitchoverStarted
}

// describe reads the events before a promotion: whether it was planned, when it began, and where the writer was before.
func (c *change) describe(events []record.Event, before []change) {
	c.began = c.Promoted
	opened := c.Promoted.Add(-sameFailover)
	if len(before) > 0 {
		previous := before[len(before)-1]
		if previous.last.After(opened) {
			opened = previous.last
		}
		if previous.To != c.To {
			c.From = previous.To
		}
	}
	planned := false // by the newest start, where it did not fail
	for _, e := range events {
		if !e.At.After(opened) || e.At.After(c.Promoted) {
			continue
		}
		switch {
		case starts(e) && target(e) == c.To:
			planned = e.Type == record.SwitchoverStarted
			c.begin(e.At)
		case e.Type == record.SwitchoverFailed:
			planned, c.began = false, c.Promoted // what it blocked works again
		case e.Type == record.WriterShutDown && target(e) != c.To, e.Type == record.WritesBlocked && target(e) != c.To:
			c.From = target(e)
			planned = planned && e.Type == record.WriterShutDown
			c.begin(e.At)
		case e.Type == record.WriteBlockTimedOut && target(e) != c.To:
			c.From = target(e)
			planned = false
		}
	}
	// What ended as a failover was one, whatever else is told; what only began as a switchover is taken for one.
	c.Planned = !c.completed && (c.switched || planned)
	if c.From == "" {
		c.From = otherMember(events, c.To, c.Promoted)
	}
}

func (c *change) begin(at time.Time) {
	if at.Before(c.began) {
		c.began = at
	}
}

// otherMember is the region that wrote before a moment, by what its database said; else the only other one that is a member, or
// that RDS tells anything of.
func otherMember(events []record.Event, to audit.Region, at time.Time) audit.Region {
	var wrote audit.Region
	var members []audit.Region
	for _, e := range events {
		switch {
		case e.Type == record.WriterSeen && e.Region != to && e.At.Before(at):
			wrote = e.Region
		case (e.Type == record.Member || e.Type == record.MemberLeft || shown[e.Type]) && target(e) != to && !slices.Contains(members, target(e)):
			members = append(members, target(e))
		}
	}
	if wrote == "" && len(members) == 1 {
		return members[0]
	}
	return wrote
}
