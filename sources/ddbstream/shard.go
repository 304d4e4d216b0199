package ddbstream

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
	"github.com/aws/smithy-go/middleware"

	"parallax/internal/audit"
	"parallax/internal/awscall"
	"parallax/internal/record"
)

// outcome is how the reading of a shard ended.
type outcome int

const (
	failed  outcome = iota // not read to the window's end, and a gap says so
	paused                 // open, and read to the end of what there is
	passed                 // closed and read to its end, but some of it is left for a later window
	drained                // closed, and nothing more will ever come
)

// ended reports whether nothing more can come in the shard, so that its children may be read.
func (o outcome) ended() bool { return o == passed || o == drained }

const patience = 1000 // empty pages of a closed shard before it counts as stuck

// reader is the reading of one shard.
type reader struct {
	*run
	id       string
	closing  bool // the shard is closed: only a missing next iterator ends it
	pos      position
	before   position // pos as the last run left it
	holding  bool     // a record of a later window was passed over: the position stays before it
	last     string   // last sequence number seen in this run, whatever became of the record
	begin    string   // where the shard began
	first    string
	newest   string // of the records read in this run
	records  int64
	since    time.Time // of the newest record read in this run
	trimmed  bool      // records were lost before the next one to come
	idle     int
	renewals int             // iterators renewed since the last page
	repeated int             // pages since the last that held a new record, all of them repeating records
	prior    []record.Change // the last page with records
	pace     pace
	answers  answers
}

// shard reads one shard from its cursor on.
func (r *run) shard(ctx context.Context, s types.Shard) outcome {
	rd := &reader{run: r, id: aws.ToString(s.ShardId), pace: pace{step: r.Backoff}}
	rd.answers.keys = r.keys
	rd.closing = rangeOf(s).EndingSequenceNumber != nil
	if r.resume {
		rd.pos = r.position(rd.id)
	}
	if rd.pos.closed {
		return drained
	}
	rd.before = rd.pos
	// A shard with no record read so far has no position that trimming could refuse; only its age tells.
	rd.begin = aws.ToString(rangeOf(s).StartingSequenceNumber)
	rd.trimmed = r.resume && rd.pos.seq == "" && r.last.through.Before(r.horizon())
	how := rd.read(ctx)
	if how == failed || ctx.Err() != nil {
		return failed
	}
	if rd.trimmed {
		rd.lost(ctx, r.window.To)
	}
	switch {
	case how != drained:
	case rd.holding:
		how = passed
	default:
		rd.pos.far, rd.pos.to = "", time.Time{}
	}
	rd.pos.closed = how == drained
	b := batch{Cursor: r.at(rd.id, rd.pos)}
	if rd.records > 0 {
		b.Extents = []audit.Extent{{Name: rd.id, From: rd.first, To: rd.newest, Records: rd.records}}
	}
	r.send(ctx, b)
	return how
}

func rangeOf(s types.Shard) types.SequenceNumberRange {
	if s.SequenceNumberRange == nil {
		return types.SequenceNumberRange{}
	}
	return *s.SequenceNumberRange
}

// read pages through the shard.
func (rd *reader) read(ctx context.Context) outcome {
	iterator, ok := rd.iterator(ctx)
	for ok && iterator != nil {
		err := rd.retry(ctx, func(ctx context.Context) (middleware.Metadata, error) {
			m, err := rd.answers.get(ctx, rd.Streams, limited(iterator, rd.PageLimit))
			rd.pace.heard(m, err)
			return m, err
		})
		if err != nil {
			iterator, ok = rd.recover(ctx, "GetRecords", err)
			continue
		}
		rd.renewals = 0
		page := rd.answers.page
		if rd.repeats(ctx, *iterator, &page) {
			return failed
		}
		if beyond := rd.page(ctx, page); beyond && !rd.closing {
			return paused
		}
		if iterator = nil; page.Next != "" {
			iterator = &page.Next
		}
		if iterator != nil && rd.idle >= rd.IdlePages && !rd.closing {
			return paused
		}
		if rd.idle > patience {
			rd.gap(ctx, audit.Gap{Window: rd.unread(), Reason: fmt.Sprintf("closed shard %s does not come to an end", rd.id), Remedy: "run again"})
			return failed
		}
		if err := awscall.Sleep(ctx, max(rd.Interval, rd.pace.delay)); err != nil {
			return failed
		}
	}
	if !ok || ctx.Err() != nil {
		return failed
	}
	return drained
}

// lost reports the records that were trimmed before they were read, up to the first one that was not.
func (rd *reader) lost(ctx context.Context, until time.Time) {
	rd.trimmed = false
	w := rd.unread()
	w.From = later(w.From, rd.since)
	w.To = until
	rd.gone(ctx, audit.Gap{
		Window: w, Reason: fmt.Sprintf("shard %s was trimmed before it was read", rd.id),
		Remedy: "run capture at least every few hours; compare the table by a scan for this time",
	})
}

// iterator opens the shard behind the last record read, or at what is left of it.
func (rd *reader) iterator(ctx context.Context) (*string, bool) {
	in := &dynamodbstreams.GetShardIteratorInput{StreamArn: aws.String(rd.arn), ShardId: aws.String(rd.id), ShardIteratorType: types.ShardIteratorTypeTrimHorizon}
	if from := cmp.Or(rd.last, rd.pos.seq); from != "" && !rd.trimmed {
		in.ShardIteratorType, in.SequenceNumber = types.ShardIteratorTypeAfterSequenceNumber, aws.String(from)
	}
	var out *dynamodbstreams.GetShardIteratorOutput
	err := rd.retry(ctx, func(ctx context.Context) (m middleware.Metadata, err error) {
		out, err = rd.Streams.GetShardIterator(ctx, in)
		if err == nil {
			m = out.ResultMetadata
		}
		return m, err
	})
	if err != nil {
		return rd.recover(ctx, "GetShardIterator", err)
	}
	return out.ShardIterator, true
}

// recover goes on after a refusal that belongs to the stream's nature: an expired iterator is renewed, after trimming the
// reading goes on with the oldest record left. Anything else is a gap and ends the shard for this run; its cursor stays.
func (rd *reader) recover(ctx context.Context, operation string, err error) (*string, bool) {
	if ctx.Err() != nil {
		return nil, false
	}
	rd.renewals++
	switch c := awscall.Code(err); {
	case c == "ExpiredIteratorException" && rd.renewals <= rd.Retries:
		return rd.iterator(ctx)
	case c == "TrimmedDataAccessException" && rd.renewals <= rd.Retries:
		rd.trimmed = true
		return rd.iterator(ctx)
	case c == "ResourceNotFoundException":
		rd.gap(ctx, audit.Gap{
			Window: rd.unread(), Reason: fmt.Sprintf("shard %s was trimmed while it was read", rd.id),
			Remedy: "run capture at least every few hours; compare the table by a scan for this time",
		})
	default:
		rd.gap(ctx, explain(err, operation, "shard "+rd.id, rd.unread()))
	}
	return nil, false
}
