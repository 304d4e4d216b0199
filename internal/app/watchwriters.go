package app

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/record"
)

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
		case len(writers) == 1 && t.longAgo():
			last.Extents = append(last.Extents, audit.Extent{Name: "not noted: it is the role of now, and the run is for a moment before"})
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

// presence is how far the moment a run speaks for may lie before the clock here: what a database says is of now, and one run
// takes its time.
const presence = 10 * time.Minute

// longAgo reports whether a run speaks for a moment of which the databases of now tell nothing.
func (t task) longAgo() bool { return !t.now.IsZero() && t.now.Sub(t.asOf) > presence }

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

// ahead is how far the clock of one region's database is ahead of another's, and how exactly that is known; it is
// not where one of them does not answer. The dates of rows are mostly those clocks'.
func (a *App) ahead(ctx context.Context, l config.Ledger, region, of audit.Region, w audit.Window) (offset, accuracy time.Duration, known bool) {
	for _, at := range []audit.Region{region, of} {
		if _, configured := l.Regions[at]; !configured {
			return 0, 0, false
		}
		one := a.regionCopy(l, at, w)
		if err := a.open(ctx, &one); err != nil || one.src.DB == nil {
			return 0, 0, false
		}
		there, exactly, err := one.src.ClockOffset(ctx)
		if err != nil {
			return 0, 0, false
		}
		offset, accuracy = there-offset, accuracy+exactly
	}
	return -offset, accuracy, true
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
