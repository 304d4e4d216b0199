package app

import (
	"context"
	"slices"
	"time"

	"parallax/auditors/failover"
	"parallax/internal/audit"
	"parallax/internal/record"
	"parallax/sources/topology"
)

// historyKept is how far back the history of the databases is judged again.
const historyKept = 400 * 24 * time.Hour

// watch reads what is told of the databases now, adds it to the outcome's history, and puts it together with what earlier runs
// have read: RDS forgets.
func (a *App) watch(ctx context.Context, o *audit.Outcome, t task) (failover.Input, []audit.Coverage, error) {
	in := failover.Input{Window: t.window, AsOf: t.asOf}
	if !t.stated.IsZero() {
		in.Stated = []time.Time{t.stated}
	}
	cluster := a.cfg.Topology.GlobalCluster
	history, err := a.store.TopologyEvents(ctx, cluster, audit.Window{From: t.asOf.Add(-historyKept), To: t.asOf.Add(historyKept)})
	if err != nil {
		return in, nil, err
	}
	if in.Known, err = a.knownFailovers(ctx, t.asOf); err != nil {
		return in, nil, err
	}
	fresh, coverage, err := a.readTopology(ctx, t)
	if err != nil {
		return in, nil, err
	}
	if err := a.remembered(ctx, coverage); err != nil {
		return in, nil, err
	}
	for _, c := range coverage {
		if !c.Complete() {
			in.Silent = append(in.Silent, c.Region)
		}
	}
	writers, lines, err := a.watchWriters(ctx, t, history)
	if err != nil {
		return in, nil, err
	}
	fresh, coverage = append(fresh, writers...), append(coverage, lines...)
	signs, lines, err := a.readSigns(ctx, t)
	if err != nil {
		return in, nil, err
	}
	fresh, coverage = append(fresh, signs...), append(coverage, lines...)
	in.Events, o.Topology = a.united(upTo(history, t.asOf), fresh)
	return in, coverage, nil
}

// upTo is the history as it was known at a moment.
func upTo(history []audit.TopologyEvent, asOf time.Time) []audit.TopologyEvent {
	var out []audit.TopologyEvent
	for _, e := range history {
		if e.At.After(asOf) {
			continue
		}
		if e.Until.After(asOf) {
			e.Until = asOf
		}
		out = append(out, e)
	}
	return out
}

// knownFailovers are those of the cluster that runs up to a moment may know.
func (a *App) knownFailovers(ctx context.Context, asOf time.Time) ([]audit.Failover, error) {
	known, err := a.store.Failovers(ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(known, func(f audit.Failover) bool {
		return f.Cluster != a.cfg.Topology.GlobalCluster || f.Promoted.After(asOf)
	}), nil
}

// remembered takes away the gaps of what RDS has forgotten where earlier runs have read it.
func (a *App) remembered(ctx context.Context, coverage []audit.Coverage) error {
	var earlier []audit.Coverage
	for i := range coverage {
		line := &coverage[i]
		for j := 0; j < len(line.Gaps); j++ {
			g := line.Gaps[j]
			if !g.Lost {
				continue
			}
			if earlier == nil {
				var err error
				if earlier, err = a.store.Coverage(ctx, "failover", line.Scope); err != nil {
					return err
				}
			}
			rest := unreadBefore(line.Region, earlier, g)
			line.Gaps = slices.Replace(line.Gaps, j, j+1, rest...)
			j += len(rest) - 1
			line.Extents = append(line.Extents, audit.Extent{
				Name: "events that earlier runs have read", From: g.Window.From.Format(time.RFC3339), To: g.Window.To.Format(time.RFC3339),
			})
		}
	}
	return nil
}

// unreadBefore is what no earlier run has read of a forgotten time.
func unreadBefore(region audit.Region, earlier []audit.Coverage, g audit.Gap) []audit.Gap {
	left := []audit.Window{g.Window}
	for _, c := range earlier {
		if c.Source != "topology" || c.Region != region {
			continue
		}
		for _, read := range readOf(c) {
			var rest []audit.Window
			for _, w := range left {
				for _, part := range []audit.Window{{From: w.From, To: minTime(w.To, read.From)}, {From: maxTime(w.From, read.To), To: w.To}} {
					if !part.Empty() {
						rest = append(rest, part)
					}
				}
			}
			left = rest
		}
	}
	var out []audit.Gap
	for _, w := range left {
		out = append(out, audit.Gap{Window: w, Reason: g.Reason, Remedy: g.Remedy, Lost: true})
	}
	return out
}

// readOf are the parts of a line's window without its gaps.
func readOf(c audit.Coverage) []audit.Window {
	t := timeline{}.put(stretch{Window: c.Window})
	for i := range c.Gaps {
		if cut := intersect(c.Gaps[i].Window, c.Window); !cut.Empty() {
			t = t.put(stretch{Window: cut, gap: &c.Gaps[i]})
		}
	}
	var out []audit.Window
	for _, s := range t {
		if s.gap == nil {
			out = append(out, s.Window)
		}
	}
	return out
}

// united puts what is told now together with the history, each event once, and says what of it is to be kept. Who is a member
// is told anew by every run, and only kept where one has left.
func (a *App) united(history []audit.TopologyEvent, fresh []record.Event) (all []record.Event, kept []audit.TopologyEvent) {
	seen := map[audit.TopologyEvent]bool{}
	name := func(e audit.TopologyEvent) audit.TopologyEvent {
		e.At, e.Until = e.At.UTC().Truncate(time.Microsecond), time.Time{}
		return e
	}
	for _, e := range fresh {
		if e.Type == record.MemberLeft {
			e.At = firstSeen(history, e)
		}
		all = append(all, e)
		if e.Type == record.Member {
			continue
		}
		k := audit.TopologyEvent{
			Cluster: a.cfg.Topology.GlobalCluster, Region: e.Region, Type: string(e.Type), Source: e.Source, At: e.At, Message: e.Message, Until: e.Until,
		}
		if !seen[name(k)] {
			seen[name(k)] = true
			kept = append(kept, k)
		}
	}
	for _, e := range history {
		if !seen[name(e)] {
			all = append(all, a.eventOf(e))
		}
	}
	return all, kept
}

func firstSeen(history []audit.TopologyEvent, e record.Event) time.Time {
	for _, h := range history {
		if h.Type == string(e.Type) && h.Region == e.Region && h.Source == e.Source {
			return minTime(h.At, e.At)
		}
	}
	return e.At
}

// eventOf is an event of the history as its source told it.
func (a *App) eventOf(e audit.TopologyEvent) record.Event {
	out := record.Event{
		Region: e.Region, Type: record.EventType(e.Type), Source: e.Source, At: e.At, Message: e.Message, Until: e.Until,
		Global: e.Cluster, Member: topology.Subject(e.Message, a.cfg.Topology.Clusters),
	}
	if out.Type == record.MemberLeft || out.Type == record.WriterSeen {
		out.Member = e.Region
	}
	return out
}
