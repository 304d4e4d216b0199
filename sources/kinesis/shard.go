package kinesis

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go/middleware"

	"parallax/internal/audit"
	"parallax/internal/awscall"
	"parallax/internal/ddbjson"
)

// outcome is how the reading of a shard ended.
type outcome int

const (
	failed  outcome = iota // not read to the window's end, and a gap says so
	paused                 // read to the window's end, or to the end of what there is
	drained                // closed, and nothing more will ever come
)

// reader is the reading of one shard.
type reader struct {
	*run
	id       string
	closing  bool // the shard is closed: only a missing next iterator ends it
	pos      position
	base     time.Time // arrivals before this were read by earlier runs
	last     string    // last sequence number seen in this run, whatever became of the record
	first    string    // of the records read in this run
	records  int64
	trimmed  bool // records may have been trimmed before the next one to come
	jumped   bool // the reading went on at the trim horizon already
	renewals int  // iterators renewed since the last page
	pause    time.Duration
	behind   time.Duration // how far the last page was from the newest record
	seen     memory
	scanner  ddbjson.Scanner
	left     map[string]int64 // records left out, by reason
}

// shard reads one shard from its cursor on.
func (r *run) shard(ctx context.Context, s types.Shard) outcome {
	rd := &reader{run: r, id: aws.ToString(s.ShardId), closing: !open(s), pause: r.Interval, left: map[string]int64{}}
	if r.resume {
		rd.pos = r.position(rd.id)
		rd.base = rd.pos.read
		if rd.base.IsZero() {
			rd.base = r.last.through
		}
		// The service does not refuse a sequence number that it has trimmed: it answers with empty pages. Only time tells.
		rd.trimmed = rd.base.Before(r.horizon())
	}
	if rd.pos.closed {
		return drained
	}
	how := rd.read(ctx)
	if ctx.Err() != nil {
		return failed
	}
	b := batch{Excluded: rd.excluded()}
	if how != failed {
		if rd.trimmed {
			rd.lost(ctx, r.horizon())
		}
		rd.pos.read = later(rd.pos.read, r.reached())
		rd.pos.closed = how == drained
		b.Cursor = r.at(rd.id, rd.pos)
		if rd.records > 0 {
			b.Extents = []audit.Extent{{Name: rd.id, From: rd.first, To: rd.pos.seq, Records: rd.records}}
		}
	}
	r.send(ctx, b)
	return how
}

func (rd *reader) excluded() []audit.Exclusion {
	var out []audit.Exclusion
	for _, reason := range slices.Sorted(maps.Keys(rd.left)) {
		out = append(out, audit.Exclusion{Reason: reason, Records: rd.left[reason]})
	}
	return out
}

// read pages through the shard.
func (rd *reader) read(ctx context.Context) outcome {
	iterator, ok := rd.iterator(ctx)
	for ok && iterator != nil {
		page, err := rd.get(ctx, iterator)
		if err != nil {
			iterator, ok = rd.recover(ctx, "kinesis:GetRecords", err)
			continue
		}
		rd.renewals = 0
		if rd.repeats(ctx, iterator, page) {
			return failed
		}
		if beyond := rd.page(ctx, page.Records); beyond || rd.caughtUp(page) {
			return paused
		}
		iterator = page.NextShardIterator
		if iterator != nil && rd.sunk(page) {
			rd.trimmed, rd.jumped, rd.base = true, true, later(rd.base, rd.pos.read)
			iterator, ok = rd.iterator(ctx)
			continue
		}
		if iterator != nil && awscall.Sleep(ctx, rd.pause) != nil {
			return failed
		}
	}
	if !ok || ctx.Err() != nil {
		return failed
	}
	return drained
}

// caughtUp reports whether the shard was read to the present: an open one has nothing more at this moment. Source: API
// reference, GetRecords, MillisBehindLatest. What a busy shard gets while it is read is for the next run.
func (rd *reader) caughtUp(page *kinesis.GetRecordsOutput) bool {
	const slack = 2 * time.Second // the service sends its clock in whole seconds
	if rd.closing || page.NextShardIterator == nil {
		return false
	}
	if len(page.Records) == 0 {
		return page.MillisBehindLatest != nil && *page.MillisBehindLatest == 0
	}
	tail := rd.readAt().Add(slack)
	return !slices.ContainsFunc(page.Records, func(r types.Record) bool { return aws.ToTime(r.ApproximateArrivalTimestamp).Before(tail) })
}

// sunk reports that the reading has fallen behind the trim horizon, where the service answers with empty pages for good.
func (rd *reader) sunk(page *kinesis.GetRecordsOutput) bool {
	return len(page.Records) == 0 && !rd.jumped && rd.setup.Retention > 0 && rd.behind >= rd.setup.Retention
}

// get reads a page. A shard that throttles is read more slowly, and again faster once it no longer does.
func (rd *reader) get(ctx context.Context, iterator *string) (*kinesis.GetRecordsOutput, error) {
	var page *kinesis.GetRecordsOutput
	refused := false
	err := rd.retry(ctx, func(ctx context.Context) (m middleware.Metadata, err error) {
		page, err = rd.Streams.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: iterator, Limit: aws.Int32(rd.PageLimit)})
		if err == nil {
			return page.ResultMetadata, nil
		}
		refused = refused || awscall.Throttled(err)
		return m, err
	})
	if refused {
		rd.pause = min(2*max(rd.pause, time.Millisecond), slowest)
	} else {
		rd.pause = max(rd.pause/2, rd.Interval)
	}
	if err == nil {
		rd.behind = time.Duration(aws.ToInt64(page.MillisBehindLatest)) * time.Millisecond
	}
	return page, err
}

// iterator opens the shard behind the last record read, or at what is left of it.
func (rd *reader) iterator(ctx context.Context) (*string, bool) {
	in := &kinesis.GetShardIteratorInput{StreamName: aws.String(rd.Stream), ShardId: aws.String(rd.id), ShardIteratorType: types.ShardIteratorTypeTrimHorizon}
	if from := cmp.Or(rd.last, rd.pos.seq); from != "" && !rd.trimmed {
		in.ShardIteratorType, in.StartingSequenceNumber = types.ShardIteratorTypeAfterSequenceNumber, aws.String(from)
	}
	var out *kinesis.GetShardIteratorOutput
	err := rd.retry(ctx, func(ctx context.Context) (m middleware.Metadata, err error) {
		out, err = rd.Streams.GetShardIterator(ctx, in)
		if err == nil {
			m = out.ResultMetadata
		}
		return m, err
	})
	if err != nil {
		return rd.recover(ctx, "kinesis:GetShardIterator", err)
	}
	return out.ShardIterator, true
}

// recover goes on after a refusal that belongs to the stream's nature: an iterator that has expired, five minutes old, is
// renewed. Anything else is a gap and ends the shard for this run; its cursor stays where it was read to.
func (rd *reader) recover(ctx context.Context, operation string, err error) (*string, bool) {
	if ctx.Err() != nil {
		return nil, false
	}
	rd.renewals++
	if awscall.Code(err) == "ExpiredIteratorException" && rd.renewals <= rd.Retries {
		return rd.iterator(ctx)
	}
	what := "shard " + rd.id
	if rd.behind > 0 {
		what += fmt.Sprintf(", %s behind,", rd.behind.Round(time.Second))
	}
	w := rd.unread()
	w.From = earlier(later(w.From, rd.pos.read.Add(-rd.Late)), w.To)
	rd.gap(ctx, explain(err, operation, what, w))
	return nil, false
}
