package app

import (
	"context"
	"slices"
	"time"

	"parallax/auditors/lww"
	"parallax/internal/archive"
	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/history"
	"parallax/internal/record"
	"parallax/sources/ddbstream"
)

// historyContext is how far around a window the archive is read, so that a key's earlier and later versions are known.
const historyContext = 24 * time.Hour

const captureRemedy = "run parallax run capture well within the 24 hours that a stream keeps its records"

// tableArchive is what the change archive holds of one table around a window.
type tableArchive struct {
	place    archive.Place
	window   audit.Window
	segments []audit.Segment
	changes  []record.Change // only where readArchive has read them
	reach    map[audit.Region]lww.Reach
	coverage []audit.Coverage // one a region, then that of other sources
	unread   []audit.Region   // replicas of the table that are not configured, so nothing reads them
	lost     []audit.Window   // parts of the window that captures could not read
	strong   bool             // the table is strongly consistent between its regions
}

func (h *tableArchive) complete() bool {
	return !slices.ContainsFunc(h.coverage, func(c audit.Coverage) bool { return !c.Complete() })
}

// openArchive finds the segments that committed captures have named, and holds what they captured against the window.
func (a *App) openArchive(ctx context.Context, table config.Table, t task, around time.Duration) (*tableArchive, error) {
	h := &tableArchive{place: a.place(), window: t.window, reach: map[audit.Region]lww.Reach{}}
	captured, err := a.store.Coverage(ctx, "capture", table.Name)
	if err != nil {
		return h, err
	}
	if h.segments, err = a.store.Segments(ctx, table.Name, t.window.Around(around)); err != nil {
		return h, err
	}
	starts, err := a.store.ArchiveStarts(ctx, table.Name)
	if err != nil {
		return h, err
	}
	h.unread, h.strong = unreadReplicas(a.cfg.Regions, captured), strong(captured)
	h.segments = slices.DeleteFunc(h.segments, func(s audit.Segment) bool { return !slices.Contains(a.cfg.Regions, s.Region) })
	for _, region := range a.cfg.Regions {
		line := audit.Coverage{Source: "archive", Scope: table.Name, Region: region, Window: t.window}
		read := capturedIn(region, captured).since(starts[region])
		line.Gaps = uncaptured(read, t.window, minTime(t.window.To.Add(table.Settle), t.asOf), starts[region])
		for _, g := range read.gaps(t.window) {
			if g.Lost {
				h.lost = append(h.lost, g.Window)
			}
		}
		wide := read.around(t.window)
		reach := lww.Reach{From: maxTime(wide.From, t.window.From.Add(-around)), Through: wide.To}
		line.Watermark = reach.Through
		for _, g := range read.gaps(wide) {
			reach.Gaps = append(reach.Gaps, g.Window)
		}
		h.reach[region] = reach
		h.coverage = append(h.coverage, line)
	}
	for _, region := range h.unread {
		h.coverage[0].Gaps = append(h.coverage[0].Gaps, audit.Gap{
			Window: t.window, Reason: "replica " + string(region) + " is not read",
			Remedy: "a table is audited by all its replicas, of which Parallax reads two: until then only versions that name their origin are judged",
		})
	}
	return h, nil
}

// readArchive opens the archive and reads all changes in it.
func (a *App) readArchive(ctx context.Context, table config.Table, t task) (*tableArchive, error) {
	return a.readArchiveAround(ctx, table, t, historyContext)
}

// readArchiveAround reads further around the window than usual.
func (a *App) readArchiveAround(ctx context.Context, table config.Table, t task, around time.Duration) (*tableArchive, error) {
	h, err := a.openArchive(ctx, table, t, around)
	if err != nil {
		return h, err
	}
	var damaged []history.Damage
	for i, s := range h.segments {
		if err := ctx.Err(); err != nil {
			return h, err
		}
		a.progress("reading the archive of "+table.Name, int64(i+1), int64(len(h.segments)))
		changes, err := archive.Read(ctx, h.place, s)
		if err != nil {
			damaged = append(damaged, history.Damage{Segment: s, Err: err})
			continue
		}
		h.changes = append(h.changes, changes...)
	}
	h.read(damaged)
	return h, nil
}

// read enters into the certificate that the segments were read, all but the damaged ones, whose time is a gap.
func (h *tableArchive) read(damaged []history.Damage) {
	for i := range h.coverage {
		line := &h.coverage[i]
		for _, s := range h.segments {
			if s.Region != line.Region || slices.ContainsFunc(damaged, func(d history.Damage) bool { return d.Segment.Name == s.Name }) {
				continue
			}
			line.Records += s.Records
			line.Extents = append(line.Extents, audit.Extent{Name: s.Shard, From: s.First, To: s.Last, Records: s.Records, Checksum: "sha256:" + s.SHA256})
		}
		for _, d := range damaged {
			if d.Segment.Region != line.Region {
				continue
			}
			line.Gaps = append(line.Gaps, audit.Gap{Window: d.Segment.Window, Reason: d.Err.Error(), Remedy: archive.Remedy(d.Err)})
			reach := h.reach[line.Region]
			reach.Gaps = append(reach.Gaps, d.Segment.Window)
			h.reach[line.Region] = reach
		}
	}
}

// strong reports whether the newest capture says that the table is strongly consistent between its regions.
func strong(captured []audit.Coverage) bool {
	is := false
	for _, c := range captured {
		for _, x := range c.Extents {
			if x.Name == ddbstream.ExtentConsistency {
				is = x.Totals["mode"] == "STRONG"
			}
		}
	}
	return is
}

// unreadReplicas are the replicas that the newest captures of any region have named and the configuration does not, in
// order of name. Whether a region names itself among its replicas makes no difference.
func unreadReplicas(configured []audit.Region, captured []audit.Coverage) []audit.Region {
	newest := map[audit.Region]map[string]string{}
	for _, c := range captured {
		for _, x := range c.Extents {
			if x.Name == ddbstream.ExtentReplicas {
				newest[c.Region] = x.Totals
			}
		}
	}
	var out []audit.Region
	for _, named := range newest {
		for name := range named {
			if region := audit.Region(name); !slices.Contains(configured, region) && !slices.Contains(out, region) {
				out = append(out, region)
			}
		}
	}
	slices.Sort(out)
	return out
}

// uncaptured is every part of w that no capture has read, or that one reported as unread. A version written at the end of
// w may arrive until settled: the streams must have been read that far.
func uncaptured(captured timeline, w audit.Window, settled, starts time.Time) []audit.Gap {
	if !w.To.After(starts) {
		return []audit.Gap{{Window: w, Reason: "older than what the archive still holds", Remedy: "raise archive.retention for what is to be audited later"}}
	}
	read := captured.around(w)
	if intersect(read, w).Empty() {
		return []audit.Gap{{Window: w, Reason: "nothing of the window was captured", Remedy: captureRemedy}}
	}
	gaps := captured.gaps(w)
	if read.From.After(w.From) {
		reason := "not captured: the archive begins later"
		if read.From.Equal(starts) {
			reason = "older than what the archive still holds"
		}
		gaps = append(gaps, audit.Gap{Window: audit.Window{From: w.From, To: read.From}, Reason: reason, Remedy: captureRemedy})
	}
	if read.To.Before(settled) {
		gaps = append(gaps, audit.Gap{Window: audit.Window{From: read.To, To: settled}, Reason: "not captured yet", Remedy: captureRemedy})
	}
	return gaps
}
