package app

import (
	"context"
	"fmt"
	"slices"
	"time"

	"parallax/auditors/lww"
	"parallax/internal/archive"
	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/record"
	"parallax/sources/ddbstream"
)

// historyContext is how far around a window the archive is read, so that a key's earlier and later versions are known.
const historyContext = 24 * time.Hour

const captureRemedy = "run parallax run capture well within the 24 hours that a stream keeps its records"

// history is what the change archive holds of one table around a window.
type history struct {
	changes  []record.Change
	reach    map[audit.Region]lww.Reach
	coverage []audit.Coverage
	unread   []audit.Region // replicas of the table that are not configured, so nothing reads them
}

func (h history) complete() bool {
	return !slices.ContainsFunc(h.coverage, func(c audit.Coverage) bool { return !c.Complete() })
}

// readArchive reads the segments that committed captures have named, and holds what they captured against the window.
func (a *App) readArchive(ctx context.Context, table config.Table, t task) (history, error) {
	h := history{reach: map[audit.Region]lww.Reach{}}
	captured, err := a.store.Coverage(ctx, "capture", table.Name)
	if err != nil {
		return h, err
	}
	segments, err := a.store.Segments(ctx, table.Name, t.window.Around(historyContext))
	if err != nil {
		return h, err
	}
	h.unread = unreadReplicas(a.cfg.Regions, captured)
	for _, region := range a.cfg.Regions {
		line := audit.Coverage{Source: "archive", Scope: table.Name, Region: region, Window: t.window}
		read := capturedIn(region, captured)
		line.Gaps = uncaptured(read, t.window, minTime(t.window.To.Add(table.Settle), t.asOf))
		wide := read.around(t.window)
		reach := lww.Reach{From: wide.From, Through: wide.To}
		line.Watermark = reach.Through
		if err := a.readSegments(ctx, &h, &line, segments); err != nil {
			return h, err
		}
		for _, g := range append(read.gaps(wide), line.Gaps...) {
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

// readSegments reads one region's segments; a damaged or missing one is a gap over its records' times.
func (a *App) readSegments(ctx context.Context, h *history, line *audit.Coverage, segments []audit.Segment) error {
	for i, s := range segments {
		if s.Region != line.Region {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		a.progress(fmt.Sprintf("reading the archive of %s in %s", line.Scope, line.Region), int64(i+1), int64(len(segments)))
		changes, err := archive.Read(ctx, archive.Folder(a.cfg.Archive.Dir), s)
		if err != nil {
			line.Gaps = append(line.Gaps, audit.Gap{Window: s.Window, Reason: err.Error(), Remedy: archive.Remedy(err)})
			continue
		}
		h.changes = append(h.changes, changes...)
		line.Records += int64(len(changes))
		line.Extents = append(line.Extents, audit.Extent{
			Name: s.Shard, From: s.First, To: s.Last, Records: s.Records, Checksum: "sha256:" + s.SHA256,
		})
	}
	return nil
}

// uncaptured is every part of w that no capture has read, or that one reported as unread. A version written at the end of
// w may arrive until settled: the streams must have been read that far.
func uncaptured(captured timeline, w audit.Window, settled time.Time) []audit.Gap {
	read := captured.around(w)
	if intersect(read, w).Empty() {
		return []audit.Gap{{Window: w, Reason: "nothing of the window was captured", Remedy: captureRemedy}}
	}
	gaps := captured.gaps(w)
	if read.From.After(w.From) {
		gaps = append(gaps, audit.Gap{Window: audit.Window{From: w.From, To: read.From}, Reason: "not captured: the archive begins later", Remedy: captureRemedy})
	}
	if read.To.Before(settled) {
		gaps = append(gaps, audit.Gap{Window: audit.Window{From: read.To, To: settled}, Reason: "not captured yet", Remedy: captureRemedy})
	}
	return gaps
}
