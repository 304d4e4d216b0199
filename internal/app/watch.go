package app

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"parallax/auditors/failover"
	"parallax/internal/audit"
	"parallax/internal/config"
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

// writerMessage is what the history keeps of a database that accepts writes.
const writerMessage = "accepts writes"

// watchWriters asks every database of the ledgers with one writer whether it accepts writes.
func (a *App) watchWriters(ctx context.Context, t task, history []audit.TopologyEvent) ([]record.Event, []audit.Coverage, error) {
	var events []record.Event
	var coverage []audit.Coverage
	for _, l := range a.cfg.Ledgers {
		if l.Mode == "sharded" || len(l.Regions) == 0 {
			continue
		}
		var writers []audit.Region
		answered := true
		for _, region := range slices.Sorted(maps.Keys(l.Regions)) {
			writes, line := a.acceptsWrites(ctx, l, region, t)
			if err := ctx.Err(); err != nil {
				return nil, nil, err
			}
			coverage = append(coverage, line)
			answered = answered && line.Complete()
			if writes {
				writers = append(writers, region)
			}
		}
		last := &coverage[len(coverage)-1]
		switch {
		case len(writers) == 1:
			if e, is := sighting(history, "ledger "+l.Name, writers[0], t.asOf); is {
				events = append(events, e)
			}
		case len(writers) > 1:
			last.Gaps = append(last.Gaps, twoWriters(l, writers, t.window).Gaps...)
		case answered:
			last.Gaps = append(last.Gaps, noWriter(l, t.window).Gaps...)
		}
	}
	return events, coverage, nil
}

// acceptsWrites asks one database of a ledger for its role. What does not answer is a gap: a writer may be there.
func (a *App) acceptsWrites(ctx context.Context, l config.Ledger, region audit.Region, t task) (bool, audit.Coverage) {
	a.progress("asking ledger "+l.Name+" in "+string(region)+" for its role", 0, 0)
	one := a.regionCopy(l, region, audit.At(t.asOf))
	err := a.open(ctx, &one)
	line := one.line
	line.Source = "writer"
	if err != nil {
		line.Gaps = append(line.Gaps, audit.Gap{
			Window: line.Window, Reason: fmt.Sprintf("it is not known whether ledger %s in %s accepts writes: %s", l.Name, region, strings.TrimSpace(err.Error())),
			Remedy: "run parallax doctor; the job runs again with its schedule",
		})
	}
	if !line.Complete() {
		return false, line
	}
	line.Records, line.Extents = 1, []audit.Extent{{Name: string(one.witness), Records: 1}}
	return one.witness == record.Writer, line
}

// ahead is how far the clock of one region's database is ahead of another's, as far as both answer, and how exactly that is
// known. The dates of rows are mostly those clocks'.
func (a *App) ahead(ctx context.Context, l config.Ledger, region, of audit.Region, w audit.Window) (offset, accuracy time.Duration) {
	for _, at := range []audit.Region{region, of} {
		if _, configured := l.Regions[at]; !configured {
			return 0, 0
		}
		one := a.regionCopy(l, at, w)
		if err := a.open(ctx, &one); err != nil || one.src.DB == nil {
			return 0, 0
		}
		there, exactly, err := one.src.ClockOffset(ctx)
		if err != nil {
			return 0, 0
		}
		offset, accuracy = there-offset, accuracy+exactly
	}
	return -offset, accuracy
}

// sighting is the event that a database accepts writes: the one known already, seen so until now, or a new one. A run for a
// moment before what is known has nothing to add.
func sighting(history []audit.TopologyEvent, source string, region audit.Region, asOf time.Time) (record.Event, bool) {
	e := record.Event{
		Region: region, Type: record.WriterSeen, Source: source, At: asOf.UTC().Truncate(time.Microsecond), Until: asOf.UTC().Truncate(time.Microsecond),
		Message: writerMessage, Member: region, Writer: true,
	}
	var last audit.TopologyEvent
	for _, h := range history {
		if h.Type == string(record.WriterSeen) && h.Source == source && !h.At.Before(last.At) {
			last = h
		}
	}
	if last.Region == region {
		e.At = last.At
	}
	return e, !asOf.Before(maxTime(last.At, last.Until))
}
