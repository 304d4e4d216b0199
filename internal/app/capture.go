package app

import (
	"context"
	"fmt"
	"slices"
	"time"

	"parallax/internal/archive"
	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/pipeline"
	"parallax/internal/record"
	"parallax/sources/ddbstream"
)

const (
	// segmentRecords is how many records of one shard are held in memory before they are written to the archive.
	segmentRecords = 20_000
	// nearTrim is how old the last complete reading of a stream may be before it comes near the 24 hours after which
	// records are trimmed.
	nearTrim = 18 * time.Hour
)

// captureJob reads every table's streams in every region into the change archive. Segments count only once they are
// committed together with the cursors behind them, so a run that is broken off leaves nothing behind that is read.
func (a *App) captureJob(ctx context.Context, t task) (audit.Outcome, error) {
	var o audit.Outcome
	if len(a.cfg.Tables) == 0 {
		o.Coverage = append(o.Coverage, notConfigured("ddbstream", t.window, "tables"))
		return o, nil
	}
	cursors, err := a.store.Cursors(ctx, "capture")
	if err != nil {
		return o, err
	}
	for _, table := range a.cfg.Tables {
		for _, region := range a.cfg.Regions {
			if err := a.captureStream(ctx, &o, table, region, cursors, t); err != nil {
				return o, err
			}
		}
	}
	if o.Window.Empty() {
		// There was no time that all streams had left to be read for. The request's window was not read again, and what
		// earlier captures found lost in it is still lost.
		o.Window = audit.At(t.asOf)
	}
	return o, nil
}

func (a *App) captureStream(
	ctx context.Context, o *audit.Outcome, table config.Table, region audit.Region, cursors map[string]audit.Cursor, t task,
) error {
	src := &ddbstream.Source{
		Tables: a.aws.dynamodb(region), Streams: a.aws.streams(region), Table: table.Name, Region: region, Cursors: cursors,
		ReadAt: t.asOf, Timeout: a.cfg.AWS.Timeout,
	}
	// A stream is read to the moment the run speaks for, whatever the slot: what is left unread may be trimmed.
	about := audit.Coverage{Source: "ddbstream", Scope: table.Name, Region: region, Window: audit.Window{From: t.window.From, To: t.asOf}}
	if through, known := src.ReadThrough(); known {
		about.Window.From = minTime(through, t.asOf) // what lies before was read, and no failure now can undo that
	}
	if about.Window.Empty() {
		about.Excluded = []audit.Exclusion{{Reason: "the stream was captured beyond this moment already"}}
		o.Coverage = append(o.Coverage, about)
		return nil
	}
	writer := segments{place: archive.Folder(a.cfg.Archive.Dir), open: map[string][]record.Change{}}
	stage := fmt.Sprintf("capturing %s in %s", table.Name, region)
	var read int64
	coverage, moved, err := pipeline.Drain(ctx, src, about, audit.Cursor{}, func(b record.Batch[record.Change]) error {
		read += int64(len(b.Records))
		a.progress(stage, read, 0)
		return writer.take(ctx, b.Records)
	})
	if err != nil {
		return err
	}
	if err := writer.flush(ctx); err != nil {
		return err
	}
	o.Segments = append(o.Segments, writer.done...)
	o.Cursors = append(o.Cursors, moved...)
	coverage.Window = spokenFor(src, coverage)
	if len(o.Coverage) == 0 {
		o.Window = coverage.Window
	}
	o.Window = intersect(o.Window, coverage.Window) // the time that every stream was read for
	if f, near := nearTrimFinding(src, table, region, t); near {
		o.Findings = append(o.Findings, f)
	}
	if f, lost := gapFinding(coverage); lost {
		o.Findings = append(o.Findings, f)
	}
	o.Coverage = append(o.Coverage, coverage)
	return nil
}

// spokenFor is the time a capture speaks for: from where the last complete one ended, or from where the stream's own
// history begins, to its watermark. Without a watermark it was not read to its end, and speaks for its gap alone: nobody
// knows how much of what is older was left unread with it.
func spokenFor(src *ddbstream.Source, c audit.Coverage) audit.Window {
	w := c.Window
	if c.Watermark.IsZero() {
		for _, g := range c.Gaps {
			if !g.Window.To.Before(w.To) {
				w.From = minTime(w.From, g.Window.From)
			}
		}
		return w
	}
	if through, known := src.ReadThrough(); known {
		w.From = through
	} else {
		w.From = maxTime(began(c), w.To.Add(-ddbstream.Retention))
	}
	w.To = c.Watermark
	w.From = minTime(w.From, w.To) // nothing at all where all of it had been trimmed before it could be read
	return w
}

// began is the moment before which nothing of the stream could be read; zero if it says none.
func began(c audit.Coverage) time.Time {
	for _, x := range c.Extents {
		if x.Name == ddbstream.ExtentHistory {
			if t, err := time.Parse(time.RFC3339, x.To); err == nil {
				return t
			}
		}
	}
	return time.Time{}
}

// nearTrimFinding warns long before the stream forgets what was not read.
func nearTrimFinding(src *ddbstream.Source, table config.Table, region audit.Region, t task) (audit.Finding, bool) {
	through, known := src.ReadThrough()
	age := t.asOf.Sub(through)
	if !known || age < nearTrim {
		return audit.Finding{}, false
	}
	key := table.Name + "/" + string(region)
	return audit.Finding{
		Fingerprint: audit.NewFingerprint(audit.CoverageStreamNearTrim, table.Name, key, through.UTC().Format(time.RFC3339)),
		Kind:        audit.CoverageStreamNearTrim, Severity: audit.High, Verdict: audit.Proven, Status: audit.Open,
		Scope: table.Name, Key: key, Region: region, Window: audit.At(t.window.From),
		Rule:     fmt.Sprintf("last complete reading older than %s; a stream keeps its records for %s", nearTrim, ddbstream.Retention),
		Reason:   fmt.Sprintf("The stream of %s in %s was last read completely %s ago; after 24 hours its records are lost.", table.Name, region, age.Round(time.Minute)),
		Evidence: []audit.Evidence{{Source: "stream " + table.Name, Region: region, At: through, Note: "last complete reading"}},
	}, true
}

// gapFinding tells of the parts of a stream that are lost, because nothing will read them later: one finding a stream and
// run, however many shards it lost.
func gapFinding(c audit.Coverage) (audit.Finding, bool) {
	if len(c.Gaps) == 0 {
		return audit.Finding{}, false
	}
	key := c.Scope + "/" + string(c.Region)
	hull := c.Gaps[0].Window
	apart := make([]string, 0, len(c.Gaps))
	var evidence []audit.Evidence
	for i, g := range c.Gaps {
		hull = audit.Window{From: minTime(hull.From, g.Window.From), To: maxTime(hull.To, g.Window.To)}
		apart = append(apart, g.Window.String()+" "+g.Reason)
		if i < maxGapEvidence {
			evidence = append(evidence, audit.Evidence{
				Source: "stream " + c.Scope, Region: c.Region, At: g.Window.From, Field: "not read", Value: g.Reason, Note: g.Remedy,
			})
		}
	}
	slices.Sort(apart)
	reason := fmt.Sprintf("Part of the stream of %s in %s was not read: %s.", c.Scope, c.Region, c.Gaps[0].Reason)
	if more := len(c.Gaps) - 1; more > 0 {
		reason = fmt.Sprintf("%d parts of the stream of %s in %s were not read; the first: %s.", more+1, c.Scope, c.Region, c.Gaps[0].Reason)
	}
	return audit.Finding{
		Fingerprint: audit.NewFingerprint(audit.CoverageGap, c.Scope, key, apart...),
		Kind:        audit.CoverageGap, Severity: audit.High, Verdict: audit.Proven, Status: audit.Open,
		Scope: c.Scope, Key: key, Region: c.Region, Window: hull, Rule: "part of a stream that was not read", Reason: reason, Evidence: evidence,
	}, true
}

// maxGapEvidence bounds how many gaps a finding lists; the certificate lists all.
const maxGapEvidence = 10

// segments collects each shard's records, in their order, and writes them to the archive.
type segments struct {
	place archive.Place
	open  map[string][]record.Change
	done  []audit.Segment
}

func (s *segments) take(ctx context.Context, changes []record.Change) error {
	for _, c := range changes {
		s.open[c.Shard] = append(s.open[c.Shard], c)
		if len(s.open[c.Shard]) >= segmentRecords {
			if err := s.write(ctx, c.Shard); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *segments) flush(ctx context.Context) error {
	for shard := range s.open {
		if err := s.write(ctx, shard); err != nil {
			return err
		}
	}
	return nil
}

func (s *segments) write(ctx context.Context, shard string) error {
	changes := s.open[shard]
	delete(s.open, shard)
	if len(changes) == 0 {
		return nil
	}
	segment, err := archive.Write(ctx, s.place, changes)
	if err != nil {
		return err
	}
	s.done = append(s.done, segment)
	return nil
}
