package ddbstream

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go/middleware"

	"parallax/internal/audit"
	"parallax/internal/awscall"
)

// run is one reading of one stream.
type run struct {
	Source
	window audit.Window
	out    chan batch

	arn    string
	keys   []string  // names of the key attributes, the hash key first
	first  time.Time // where the history of a stream begins that is read for the first time
	last   mark      // where the last committed run stood
	resume bool      // there was one, on this very stream

	calls *awscall.Calls

	mu   sync.Mutex
	fell bool      // something was not read to the window's end
	now  time.Time // of the service, at its first answer
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
	if r.resume && !r.last.through.IsZero() {
		from = r.last.through
	}
	return audit.Window{From: from, To: r.window.To}
}

// table finds the stream and reads it.
func (r *run) table(ctx context.Context) {
	var described *dynamodb.DescribeTableOutput
	err := r.retry(ctx, func(ctx context.Context) (m middleware.Metadata, err error) {
		described, err = r.Tables.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String(r.Table)})
		if err == nil {
			m = described.ResultMetadata
		}
		return m, err
	})
	if err != nil {
		if ctx.Err() == nil {
			r.gap(ctx, explain(err, "DescribeTable", r.Table, r.unread()))
		}
		return
	}
	t := described.Table
	// The stream's own description names them too, but not every server's does.
	for _, k := range t.KeySchema {
		if k.KeyType == types.KeyTypeHash {
			r.keys = append([]string{aws.ToString(k.AttributeName)}, r.keys...)
		} else {
			r.keys = append(r.keys, aws.ToString(k.AttributeName))
		}
	}
	if !r.adopt(ctx, t) {
		return
	}
	r.replicas(ctx, t)
	if r.lineage(ctx) {
		r.finish(ctx)
	}
}

// adopt takes the table's newest stream, if it is one that can be audited.
func (r *run) adopt(ctx context.Context, t *types.TableDescription) bool {
	spec := t.StreamSpecification
	if spec == nil || !aws.ToBool(spec.StreamEnabled) || aws.ToString(t.LatestStreamArn) == "" {
		r.gap(ctx, audit.Gap{
			Window: r.unread(), Reason: "table " + r.Table + " has no stream in " + string(r.Region),
			Remedy: "enable the table's stream with view type NEW_AND_OLD_IMAGES",
		})
		return false
	}
	if view := spec.StreamViewType; view != types.StreamViewTypeNewAndOldImages {
		r.gap(ctx, audit.Gap{
			Window: r.unread(), Reason: "the stream of " + r.Table + " in " + string(r.Region) + " has view type " + string(view) + ", which tells " + untold(view),
			Remedy: "disable the stream and enable it again with view type NEW_AND_OLD_IMAGES",
		})
		return false
	}
	r.arn = aws.ToString(t.LatestStreamArn)
	label := aws.ToString(t.LatestStreamLabel)
	if label == "" {
		label = r.arn
	}
	last, known := r.mark()
	r.resume = known && last.label == label
	if known && !r.resume {
		r.gone(ctx, audit.Gap{
			Window: audit.Window{From: last.through, To: later(last.through, born(label, r.window.To))},
			Reason: "the stream of " + r.Table + " in " + string(r.Region) + " was disabled and enabled again since it was last read",
			Remedy: "keep the stream enabled; compare the table by a scan for this time",
		})
	}
	if known && !r.resume {
		r.retire(ctx, func(string) bool { return false })
	}
	r.last = mark{label: label, through: last.through}
	if !r.resume {
		r.history(ctx)
	}
	return true
}

// untold says what a stream of a view leaves out, and what can therefore not be proven. Source: API reference,
// StreamSpecification.StreamViewType.
func untold(view types.StreamViewType) string {
	switch view {
	case types.StreamViewTypeNewImage:
		return "nothing of what a write replaced: no write and no delete can be proven lost"
	case types.StreamViewTypeOldImage:
		return "nothing of what a write stored: no write can be proven lost or replicated"
	default:
		return "neither what a write stored nor what it replaced: nothing can be proven of any write"
	}
}

// retire closes the cursors of shards that are not listed any more and returns those that had not been drained, sorted.
func (r *run) retire(ctx context.Context, listed func(shard string) bool) []string {
	var gone []string
	for name := range r.Cursors {
		if shard, ours := strings.CutPrefix(name, r.streamName()+"/"); ours && !listed(shard) && !r.position(shard).closed {
			gone = append(gone, shard)
		}
	}
	slices.Sort(gone)
	for _, shard := range gone {
		r.send(ctx, batch{Cursor: r.at(shard, position{seq: r.position(shard).seq, closed: true})})
	}
	return gone
}

// replicas tells which replicas the table has: with more than two nothing can be concluded from a version's absence.
func (r *run) replicas(ctx context.Context, t *types.TableDescription) {
	totals := map[string]string{}
	for _, replica := range t.Replicas {
		totals[aws.ToString(replica.RegionName)] = string(replica.ReplicaStatus)
	}
	if len(totals) > 0 {
		r.send(ctx, batch{Extents: []audit.Extent{{Name: ExtentReplicas, Totals: totals}, {Name: ExtentConsistency, Totals: consistency(t)}}})
	}
}

// consistency tells how the replicas agree: a strongly consistent table has no last writer that wins. Source: API
// reference, TableDescription.MultiRegionConsistency and GlobalTableWitnesses.
func consistency(t *types.TableDescription) map[string]string {
	totals := map[string]string{"mode": string(cmp.Or(t.MultiRegionConsistency, types.MultiRegionConsistencyEventual))}
	for _, w := range t.GlobalTableWitnesses {
		totals["witness "+aws.ToString(w.RegionName)] = string(w.WitnessStatus)
	}
	return totals
}

// history says where the history of a stream begins that is read for the first time: with the stream itself, or where
// trimming has got to by now. What the window holds before is lost.
func (r *run) history(ctx context.Context) {
	begin := born(r.last.label, time.Time{})
	if r.horizon().After(begin) {
		begin = r.horizon()
		if w := (audit.Window{From: r.window.From, To: earlier(begin, r.window.To)}); w.From.Before(w.To) {
			r.gone(ctx, audit.Gap{
				Window: audit.Window{From: later(w.From, born(r.last.label, w.From)), To: w.To},
				Reason: "the stream of " + r.Table + " in " + string(r.Region) + " was trimmed before the first capture",
				Remedy: "compare the table by a scan for this time; a stream keeps its records for 24 hours",
			})
		}
	}
	r.first = begin
	r.send(ctx, batch{Extents: []audit.Extent{{Name: ExtentHistory, To: begin.UTC().Format(time.RFC3339)}}})
}

// finish says how far the whole stream was read.
func (r *run) finish(ctx context.Context) {
	r.mu.Lock()
	fell := r.fell
	r.mu.Unlock()
	b := batch{}
	through := r.reached(r.window.To).Add(-r.Delay)
	switch {
	case !fell:
		b.Watermark = through
		b.Cursor = r.marked(mark{label: r.last.label, through: later(r.last.through, through)})
	case !r.resume:
		b.Cursor = r.marked(mark{label: r.last.label, through: later(r.last.through, earlier(later(r.window.From, r.first), r.window.To))})
	}
	r.send(ctx, b)
}

// born is when a stream was enabled: its label says so. Source: API reference, StreamDescription.StreamLabel.
func born(label string, otherwise time.Time) time.Time {
	for _, layout := range []string{"2006-01-02T15:04:05.999", time.RFC3339Nano} {
		if t, err := time.Parse(layout, label); err == nil {
			return t
		}
	}
	return otherwise
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
