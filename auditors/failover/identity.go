package failover

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// tellingApart is how far the clocks of RDS, of the databases and of the audit may be apart.
const tellingApart = 5 * time.Minute

// unannounced are the changes of the writer that the databases show and no event explains: someone detached a cluster and
// promoted it by hand. It happened between the last sight of the old writer and the first sight of the new one.
func unannounced(events []record.Event, announced []change) []change {
	bySource := map[string][]record.Event{}
	for _, e := range events {
		if e.Type == record.WriterSeen {
			bySource[e.Source] = append(bySource[e.Source], e)
		}
	}
	var out []change
	for _, source := range slices.Sorted(maps.Keys(bySource)) {
		seen := bySource[source]
		for i := 1; i < len(seen); i++ {
			from, until := lastSeen(seen[i-1]), seen[i].At
			if seen[i].Region == seen[i-1].Region || explained(announced, seen[i].Region, from, until) ||
				announcedLate(events, announced, byHand(seen[i-1].Region, seen[i].Region, from, until), until) {
				continue
			}
			out = append(out, byHand(seen[i-1].Region, seen[i].Region, from, until))
		}
	}
	slices.SortFunc(out, func(x, y change) int { return cmp.Or(x.Promoted.Compare(y.Promoted), cmp.Compare(x.To, y.To)) })
	return slices.CompactFunc(out, func(x, y change) bool { // several ledgers of one cluster
		return x.To == y.To && y.Promoted.Sub(x.Promoted).Abs() <= x.PromotedError+y.PromotedError
	})
}

func lastSeen(e record.Event) time.Time {
	if e.Until.After(e.At) {
		return e.Until
	}
	return e.At
}

func explained(announced []change, to audit.Region, from, until time.Time) bool {
	return slices.ContainsFunc(announced, func(c change) bool {
		return c.To == to && !c.last.Before(from.Add(-tellingApart)) && !c.began.After(until.Add(tellingApart))
	})
}

// announcedLate reports whether RDS told later of a change that the databases show: of one to a region that was writing by then,
// which nothing had begun. The databases know better when it was.
func announcedLate(events []record.Event, announced []change, seen change, until time.Time) bool {
	for i := range announced {
		c := &announced[i]
		between := slices.ContainsFunc(announced, func(o change) bool { return o.Promoted.After(seen.Promoted) && o.Promoted.Before(c.Promoted) })
		if c.To != seen.To || between || !c.began.Equal(c.Promoted) || !c.Promoted.After(until) || c.Promoted.Sub(until) >= sameFailover ||
			beganBetween(events, c.To, until, c.Promoted) || movedBetween(events, c.To, until.Add(-tellingApart), c.Promoted) {
			continue
		}
		c.From, c.began, c.Promoted, c.PromotedError = seen.From, seen.Promoted, seen.Promoted, seen.PromotedError
		return true
	}
	return false
}

func byHand(from, to audit.Region, last, first time.Time) change {
	half := max(first.Sub(last)/2, 0)
	c := change{Failover: audit.Failover{From: from, To: to, Seen: audit.SeenInData, Promoted: first.Add(-half), PromotedError: half}}
	c.began, c.last = c.Promoted, c.Promoted
	return c
}

// StatedError is how exactly a person is taken to know the moment.
const StatedError = 15 * time.Minute

// Apart is how far a moment that a person tells of lies from a change of the writer that began at a moment, and whether the
// person may mean it. A planned one is never meant: it needs no reconciliation, and hides no failover of the same hour.
func Apart(f audit.Failover, began, at time.Time) (apart time.Duration, near bool) {
	from, to := earlier(began, f.Promoted), later(began, f.Promoted)
	switch {
	case at.Before(from):
		apart = from.Sub(at)
	case at.After(to):
		apart = at.Sub(to)
	}
	limit := StatedError
	if f.Seen != audit.SeenByPerson { // whose own error is that of a person again
		limit += f.PromotedError
	}
	return apart, !f.Planned && apart <= limit
}

// stated adds what people say and nothing else shows.
func stated(moments []time.Time, events []record.Event, all []change) []change {
	for _, at := range moments {
		if slices.ContainsFunc(all, func(c change) bool { _, near := Apart(c.Failover, c.began, at); return near }) {
			continue
		}
		c := change{Failover: audit.Failover{Seen: audit.SeenByPerson, Promoted: at, PromotedError: StatedError}, began: at, last: at}
		c.To = writerAfter(events, at)
		c.From = otherMember(events, c.To, at)
		all = append(all, c)
	}
	return all
}

// writerAfter is the region whose database accepted writes at a moment, or the next one seen to.
func writerAfter(events []record.Event, at time.Time) audit.Region {
	for _, e := range events {
		if e.Type == record.WriterSeen && !lastSeen(e).Before(at) || e.Type == record.Member && e.Writer && e.Member != "" {
			return target(e)
		}
	}
	return ""
}

// named gives every change its name, which never moves: that of the failover an earlier run has found there, if one has. What
// earlier runs have found and nothing tells of any more stays.
func (a Auditor) named(known []audit.Failover, all []change) []change {
	taken := make([]bool, len(known))
	for i := range all {
		c := &all[i]
		c.Cluster = a.Rules.Scope
		if k := nearest(known, taken, *c); k >= 0 {
			taken[k] = true
			c.adopt(known[k])
			continue
		}
		c.At = c.began
		c.Key = fmt.Sprintf("%s/%s/%s", c.Cluster, c.To, c.Promoted.UTC().Format("2006-01-02T15:04Z"))
		c.unlike(known, all[:i])
	}
	for k, f := range known {
		if !taken[k] && f.Cluster == a.Rules.Scope {
			c := change{Failover: f, began: f.At, last: f.Promoted, completed: !f.Planned, switched: f.Planned, earlier: f}
			c.Measures, c.Marks, c.Unmeasured = nil, nil, nil
			all = append(all, c)
		}
	}
	return all
}

// unlike gives what a person tells of a name of its own where a switchover of the same minute has it.
func (c *change) unlike(known []audit.Failover, before []change) {
	for _, b := range before {
		known = append(slices.Clip(known), b.Failover)
	}
	for _, other := range known {
		if c.Seen != audit.SeenByPerson || other.Cluster != c.Cluster || other.To != c.To {
			continue
		}
		if other.Key == c.Key {
			c.Key += "/stated"
		}
		if other.At.Equal(c.At) {
			c.At = c.At.Add(time.Microsecond)
		}
	}
}

// nearest is the known failover to the same region that lies nearest and is not another's, or -1. An earlier run may have known
// a change by any of its events.
func nearest(known []audit.Failover, taken []bool, c change) int {
	best, least := -1, time.Duration(0)
	for k, other := range known {
		apart := max(c.Promoted.Sub(other.Promoted), other.Promoted.Sub(later(c.Promoted, c.last)), 0)
		if taken[k] || other.Cluster != c.Cluster || other.To != c.To || apart > sameFailover/2+other.PromotedError+c.PromotedError {
			continue
		}
		_, near := Apart(other, other.At, c.Promoted)
		if c.Seen == audit.SeenByPerson && !near || c.Planned && other.Seen == audit.SeenByPerson {
			continue
		}
		if best < 0 || apart < least {
			best, least = k, apart
		}
	}
	return best
}

// adopt takes over what an earlier run knew and this one cannot tell better.
func (c *change) adopt(f audit.Failover) {
	c.At, c.Key = f.At, f.Key
	if c.Key == "" {
		c.Key = fmt.Sprintf("%s/%s/%s", c.Cluster, c.To, f.Promoted.UTC().Format("2006-01-02T15:04Z"))
	}
	if c.From == "" {
		c.From = f.From
	}
	c.Snapshot, c.SnapshotExpires, c.earlier = f.Snapshot, f.SnapshotExpires, f
}
