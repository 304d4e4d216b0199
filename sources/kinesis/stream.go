package kinesis

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"parallax/internal/audit"
	"parallax/internal/awscall"
)

// run is one reading of one stream.
type run struct {
	Source
	window audit.Window
	out    chan batch

	setup  Setup
	last   mark // where the last committed run stood
	resume bool // there was one, on this very stream
	off    bool // the table does not send its changes

	calls *awscall.Calls

	mu     sync.Mutex
	fell   bool      // something was not read to the window's end
	now    time.Time // of the service, at its first answer
	oldest time.Time // the earliest arrival that was read
}

// send hands a batch to the consumer, unless nobody wants it any more.
func (r *run) send(ctx context.Context, b batch) {
	b.Region = r.Region
	select {
	case r.out <- b:
	case <-ctx.Done():
	}
}

// gap reports what was not read though it may still be there, and keeps the watermark from passing it.
func (r *run) gap(ctx context.Context, g audit.Gap) {
	r.mu.Lock()
	r.fell = true
	r.mu.Unlock()
	r.report(ctx, g)
}

// gone reports what can never be read any more: nothing is gained by waiting for it, and no later run reads over it.
func (r *run) gone(ctx context.Context, g audit.Gap) {
	g.Lost = true
	r.report(ctx, g)
}

func (r *run) report(ctx context.Context, g audit.Gap) {
	if g.Window.To.Before(g.Window.From) {
		g.Window.To = g.Window.From
	}
	r.send(ctx, batch{Gaps: []audit.Gap{g}})
}

// unread is the part of the window that no earlier run has read.
func (r *run) unread() audit.Window {
	from := r.window.From
	if m, known := r.mark(); known {
		from = m.through
	}
	return audit.Window{From: earlier(from, r.window.To), To: r.window.To}
}

// stream finds the stream and reads it.
func (r *run) stream(ctx context.Context) {
	if g, ok := r.inspect(ctx); !ok {
		if ctx.Err() == nil {
			r.gap(ctx, g)
		}
		return
	}
	if g, ok := r.setup.unreadable(r.Stream); ok {
		g.Window = r.unread()
		r.gap(ctx, g)
		return
	}
	r.adopt(ctx)
	r.fed(ctx)
	r.describe(ctx)
	if r.lineage(ctx) {
		r.finish(ctx)
	}
}

// adopt tells whether this is the stream that was read before: one of the same name may have been put in its place.
func (r *run) adopt(ctx context.Context) {
	label := r.Stream + "@" + r.setup.Created.Format(time.RFC3339Nano)
	last, known := r.mark()
	r.resume = known && last.label == label
	if known && !r.resume {
		r.gone(ctx, audit.Gap{
			Window: audit.Window{From: last.through, To: later(last.through, earlier(r.setup.Created, r.window.To))},
			Reason: "data stream " + r.Stream + " in " + string(r.Region) + " is not the one that was read before",
			Remedy: "keep the stream; compare the table by a scan for this time",
		})
	}
	r.last = mark{label: label, through: last.through, unfed: last.unfed}
}

// fed reports the time for which the table did not send its changes. Nothing tells since when, nor when it began again:
// the gap reaches back to where the last run found all of it read, and one found then ends here only.
func (r *run) fed(ctx context.Context) {
	g, off := r.setup.unfed(r.Table, r.Stream)
	switch {
	case off:
		r.off = true
	case r.last.unfed:
		g.Reason = "table " + r.Table + " began to send its changes to data stream " + r.Stream + " again; what it did not send before is missing"
		g.Remedy = "compare the table by a scan for this time"
	default:
		return
	}
	g.Window = r.unread()
	r.gone(ctx, g)
}

// describe tells what is known of the stream and of the table's replicas: with more than two nothing can be concluded from
// a version's absence.
func (r *run) describe(ctx context.Context) {
	b := batch{Extents: []audit.Extent{{Name: ExtentFeed, Totals: map[string]string{
		"stream": r.Stream, "retention": r.setup.Retention.String(), "precision": r.setup.Precision, "destination": r.setup.Destination,
	}}}}
	if len(r.setup.Replicas) > 0 {
		b.Extents = append(b.Extents, audit.Extent{Name: ExtentReplicas, Totals: r.setup.Replicas},
			audit.Extent{Name: ExtentConsistency, Totals: map[string]string{"mode": r.setup.Consistency}})
	}
	r.send(ctx, b)
}

// retire closes the cursors of shards that are not listed any more and returns those that had not been drained, sorted.
func (r *run) retire(ctx context.Context, listed func(shard string) bool) []string {
	var gone []string
	for name := range r.Cursors {
		if shard, ours := strings.CutPrefix(name, r.shardName("")); ours && !listed(shard) && !r.position(shard).closed {
			gone = append(gone, shard)
		}
	}
	slices.Sort(gone)
	for _, shard := range gone {
		p := r.position(shard)
		p.closed = true
		r.send(ctx, batch{Cursor: r.at(shard, p)})
	}
	return gone
}

// finish says how far the whole stream was read. All that arrived before the service's clock at the first answer was read,
// so all changes were that are older than that by what a record may be late.
func (r *run) finish(ctx context.Context) {
	if ctx.Err() != nil {
		return
	}
	through := r.reached().Add(-r.Late)
	begin := through
	if !r.resume {
		begin = r.history(ctx)
	}
	r.mu.Lock()
	fell := r.fell
	r.mu.Unlock()
	b := batch{}
	m := mark{label: r.last.label, unfed: r.off}
	switch {
	case !fell:
		b.Watermark = through
		m.through = later(r.last.through, through)
		b.Cursor = r.marked(m)
	case !r.resume:
		m.through = later(r.last.through, earlier(later(r.window.From, begin), r.window.To))
		b.Cursor = r.marked(m)
	}
	r.send(ctx, b)
}

// history says where the history of a stream begins that is read for the first time: with its oldest record. The table may
// have been told to send its changes long after the stream was made, and nothing but the first record tells. What the
// window holds before is lost if the stream has trimmed it.
func (r *run) history(ctx context.Context) time.Time {
	r.mu.Lock()
	begin := r.oldest
	r.mu.Unlock()
	if begin.IsZero() {
		begin = r.reached()
	}
	if horizon := r.horizon(); horizon.After(r.setup.Created) && r.window.From.Before(earlier(horizon, r.window.To)) {
		r.gone(ctx, audit.Gap{
			Window: audit.Window{From: later(r.window.From, r.setup.Created), To: earlier(horizon, r.window.To)},
			Reason: "data stream " + r.Stream + " in " + string(r.Region) + " was trimmed before the first capture",
			Remedy: "compare the table by a scan for this time, or let the stream keep its records for longer",
		})
	}
	r.send(ctx, batch{Extents: []audit.Extent{{Name: ExtentHistory, To: begin.UTC().Format(time.RFC3339)}}})
	return begin
}
