package app

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"parallax/auditors/lag"
	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/pipeline"
	"parallax/sources/s3events"
)

// eventSource is what coverage calls the queues.
const eventSource = "s3 events"

// lagEvents are what the queues of S3 have told, and what of it a run keeps.
type lagEvents struct {
	fresh    []audit.Replication
	lines    map[queueOf]audit.Coverage // of each queue
	unread   map[queueOf]string         // why nothing came of a queue
	cursors  []audit.Cursor
	coverage []audit.Coverage // of each bucket
}

// queueOf names the queue of a region.
type queueOf struct {
	region audit.Region
	url    string
}

func (q queueOf) stream() string { return eventSource + " " + string(q.region) + " " + q.url }

// queues are the configured queues, each with the buckets whose events come to it: pairs of buckets may share one.
func (a *App) queues() map[queueOf]map[string]audit.Region {
	all := map[queueOf]map[string]audit.Region{}
	for _, r := range a.cfg.Receipts {
		for region, url := range r.Events {
			q := queueOf{region, url}
			if all[q] == nil {
				all[q] = map[string]audit.Region{}
			}
			all[q][r.Regions[region].Bucket] = region
		}
	}
	return all
}

// readEvents empties the queues as far as they are read in the time allowed. The messages are deleted once the outcome is
// committed. A queue has no past: a run that speaks for an earlier moment takes what earlier runs have read.
func (a *App) readEvents(ctx context.Context, t task) (lagEvents, error) {
	e := lagEvents{lines: map[queueOf]audit.Coverage{}, unread: map[queueOf]string{}}
	queues := a.queues()
	if len(queues) == 0 {
		return e, nil
	}
	cursors, err := a.store.Cursors(ctx, "lag")
	if err != nil {
		return e, err
	}
	for _, q := range slices.SortedFunc(maps.Keys(queues), func(a, b queueOf) int { return strings.Compare(a.stream(), b.stream()) }) {
		cursor := cursors[q.stream()]
		cursor.Stream = q.stream()
		read, _ := time.Parse(time.RFC3339Nano, string(cursor.Pos)) // empty before the first run
		about := audit.Coverage{Source: eventSource, Region: q.region, Window: t.window}
		if t.longAgo() {
			e.lines[q] = past(about, read, t)
			continue
		}
		if err := a.readQueue(ctx, q, queues[q], read, about, t, &e); err != nil {
			return e, err
		}
		if line := e.lines[q]; line.Complete() && read.Before(t.asOf) {
			cursor.Pos = audit.Position(t.asOf.UTC().Format(time.RFC3339Nano))
			e.cursors = append(e.cursors, cursor)
		}
	}
	return e, nil
}

func (a *App) readQueue(
	ctx context.Context, q queueOf, buckets map[string]audit.Region, read time.Time, about audit.Coverage, t task, e *lagEvents,
) error {
	a.progress("reading the events of "+string(q.region), 0, 0)
	held := &s3events.Held{}
	t.after.commit(held.Settle, held.Return)
	src := s3events.Source{
		Region: q.region, Queue: q.url, Buckets: buckets, ReadAt: read, Client: a.aws.sqs(q.region), Held: held,
		Settings: s3events.Settings{Timeout: a.cfg.AWS.Timeout},
	}
	reading, err := pipeline.Collect(ctx, src, about, audit.Cursor{})
	if err != nil {
		return err
	}
	e.fresh = append(e.fresh, reading.Records...)
	e.lines[q] = reading.Coverage
	if len(reading.Coverage.Extents) == 0 && len(reading.Coverage.Gaps) > 0 {
		e.unread[q] = reading.Coverage.Gaps[0].Reason
	}
	return nil
}

// past is the line of a queue in a run that speaks for an earlier moment.
func past(about audit.Coverage, read time.Time, t task) audit.Coverage {
	if read.Before(t.asOf) {
		about.Gaps = []audit.Gap{{
			Window: t.window, Reason: "a queue is only read for now, and no earlier run has read it up to " + t.asOf.UTC().Format(time.RFC3339),
			Remedy: "run the lag job without --as-of",
		}}
	}
	return about
}

// line is the line of coverage of one bucket.
func (e *lagEvents) line(r config.Receipts, region audit.Region) audit.Coverage {
	line := e.lines[queueOf{region, r.Events[region]}]
	line.Scope = r.Name
	line.Extents, line.Excluded = slices.Clone(line.Extents), slices.Clone(line.Excluded)
	line.Gaps = slices.Clone(line.Gaps)
	return line
}

// unmeasured are the paths out of buckets whose queue gave nothing.
func (e *lagEvents) unmeasured(receipts []config.Receipts) (out []lag.Unmeasured) {
	for _, r := range receipts {
		for _, region := range slices.Sorted(maps.Keys(r.Events)) {
			reason, unread := e.unread[queueOf{region, r.Events[region]}]
			if !unread {
				continue
			}
			for _, to := range slices.Sorted(maps.Keys(r.Regions)) {
				if to != region {
					out = append(out, lag.Unmeasured{Path: lag.Path{Layer: "s3", Scope: r.Name, From: region, To: to}, Reason: reason})
				}
			}
		}
	}
	return out
}

// note adds what was left out of the measurement to the line.
func note(line *audit.Coverage, n map[string]int64) {
	for _, reason := range slices.Sorted(maps.Keys(n)) {
		line.Excluded = append(line.Excluded, audit.Exclusion{Reason: reason, Records: n[reason]})
	}
}

// leftOut is why an event gives no lag; empty where it does.
func leftOut(r audit.Replication, to audit.Region) string {
	switch {
	case to == "":
		return "replication to a bucket that is not the other one of the pair"
	case r.Signal == audit.ReplicationFailed:
		return fmt.Sprintf("replication failed (%s): there is no lag, see receipt.replication_failed", failureReason(r))
	case r.Signal == audit.ReplicationUntracked:
		return "S3 does not watch this replication any more: whether it was in time is undetermined"
	}
	return ""
}

func failureReason(r audit.Replication) string {
	if r.Reason == "" {
		return "no reason told"
	}
	return r.Reason
}
