package app

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"parallax/internal/archive"
	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/pipeline"
	"parallax/internal/record"
	"parallax/sources/ddbstream"
	"parallax/sources/kinesis"
)

// segmentRecords is how many records of one shard are held in memory before they are written to the archive.
const segmentRecords = 20_000

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
	a.tidy(ctx, t.asOf, o.Coverage)
	if o.Window.Empty() {
		// There was no time that all streams had left to be read for. The request's window was not read again, and what
		// earlier captures found lost in it is still lost.
		o.Window = audit.At(t.asOf)
	}
	return o, nil
}

// feed is where the changes of a table in one region come from.
type feed interface {
	pipeline.Source[record.Change]
	ReadThrough() (time.Time, bool) // the moment up to which the committed cursors have read it; false if there are none
}

func (a *App) feed(table config.Table, region audit.Region, cursors map[string]audit.Cursor, t task) feed {
	if stream := table.Kinesis.Streams[region]; stream != "" {
		return &kinesis.Source{
			Tables: a.aws.dynamodb(region), Streams: a.aws.kinesis(region), Table: table.Name, Stream: stream, Region: region, Cursors: cursors,
			ReadAt: t.asOf, Late: table.Kinesis.Late, Timeout: a.cfg.AWS.Timeout, Retries: a.patience(),
		}
	}
	return &ddbstream.Source{
		Tables: a.aws.dynamodb(region), Streams: a.aws.streams(region), Table: table.Name, Region: region, Cursors: cursors,
		ReadAt: t.asOf, Timeout: a.cfg.AWS.Timeout, Retries: a.patience(),
	}
}

// patience is how often the readers of streams and tables ask again, with growing pauses, when the client has given up: what
// is not read now may be gone tomorrow.
func (a *App) patience() int { return max(1, 3*a.cfg.AWS.Retries-1) }

// feedName is how certificates name a table's feed.
func feedName(table config.Table) string {
	if len(table.Kinesis.Streams) > 0 {
		return "kinesis"
	}
	return "ddbstream"
}

func (a *App) captureStream(
	ctx context.Context, o *audit.Outcome, table config.Table, region audit.Region, cursors map[string]audit.Cursor, t task,
) error {
	src := a.feed(table, region, cursors, t)
	// A stream is read to the moment the run speaks for, whatever the slot: what is left unread may be trimmed.
	about := audit.Coverage{Source: feedName(table), Scope: table.Name, Region: region, Window: audit.Window{From: t.window.From, To: t.asOf}}
	if through, known := src.ReadThrough(); known {
		about.Window.From = minTime(through, t.asOf) // what lies before was read, and no failure now can undo that
	}
	if about.Window.Empty() {
		about.Excluded = []audit.Exclusion{{Reason: "the stream was captured beyond this moment already"}}
		o.Coverage = append(o.Coverage, about)
		return nil
	}
	writer := segments{place: a.place(), open: map[string][]record.Change{}}
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
	if f, near := nearTrim(src, coverage, t); near {
		o.Findings = append(o.Findings, f)
	}
	o.Findings = append(o.Findings, gapFindings(coverage)...)
	o.Coverage = append(o.Coverage, coverage)
	return nil
}

// spokenFor is the time a capture speaks for: from where the last complete one ended, or from where the stream's own
// history begins, to its watermark. Without a watermark it was not read to its end, and speaks for its gap alone: nobody
// knows how much of what is older was left unread with it.
func spokenFor(src feed, c audit.Coverage) audit.Window {
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

// segments collects each shard's records, in their order, and writes them to the archive.
type segments struct {
	place archive.Place
	open  map[string][]record.Change
	held  int // bytes of the open ones
	done  []audit.Segment
}

// segmentBytes bounds what all open segments hold in memory: items may have 400 KB each.
const segmentBytes = 64 << 20

func (s *segments) take(ctx context.Context, changes []record.Change) error {
	for _, c := range changes {
		s.open[c.Shard] = append(s.open[c.Shard], c)
		if len(s.open[c.Shard]) >= segmentRecords {
			if err := s.write(ctx, c.Shard); err != nil {
				return err
			}
		}
		if s.held += len(c.Key) + len(c.Old) + len(c.New); s.held >= segmentBytes {
			if err := s.flush(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *segments) flush(ctx context.Context) error {
	s.held = 0
	for _, shard := range slices.Sorted(maps.Keys(s.open)) {
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
	if strings.HasPrefix(shard, record.UnorderedShard) {
		changes = sorted(changes)
	}
	segment, err := archive.Write(ctx, s.place, changes)
	if err != nil {
		return err
	}
	s.done = append(s.done, segment)
	return nil
}

// sorted sorts what a feed brought out of order and drops what it brought twice. What it brings twice in two segments the
// audit drops.
func sorted(changes []record.Change) []record.Change {
	slices.SortStableFunc(changes, func(a, b record.Change) int {
		switch {
		case record.SeqLess(a.Seq, b.Seq):
			return -1
		case record.SeqLess(b.Seq, a.Seq):
			return 1
		default:
			return 0
		}
	})
	return slices.CompactFunc(changes, func(a, b record.Change) bool { return a.Seq == b.Seq })
}
