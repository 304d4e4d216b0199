package ddbstream

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"parallax/internal/audit"
)

// outcome is how the reading of a shard ended.
type outcome int

const (
	failed  outcome = iota // not read to the window's end, and a gap says so
	paused                 // read to the window's end or to the end of what there is
	drained                // closed, and nothing more will ever come
)

const patience = 1000 // empty pages of a closed shard before it counts as stuck

// reader is the reading of one shard.
type reader struct {
	*run
	id       string
	closing  bool // the shard is closed: only a missing next iterator ends it
	pos      position
	begin    string // where the shard began
	first    string
	records  int64
	since    time.Time // of the newest record read in this run
	trimmed  bool      // records were lost before the next one to come
	idle     int
	renewals int // iterators renewed since the last page
}

// shard reads one shard from its cursor on.
func (r *run) shard(ctx context.Context, s types.Shard) outcome {
	rd := &reader{run: r, id: aws.ToString(s.ShardId)}
	rd.closing = rangeOf(s).EndingSequenceNumber != nil
	if r.resume {
		rd.pos = r.position(rd.id)
	}
	if rd.pos.closed {
		return drained
	}
	// A shard with no record read so far has no position that trimming could refuse; only its age tells.
	rd.begin = aws.ToString(rangeOf(s).StartingSequenceNumber)
	rd.trimmed = r.resume && rd.pos.seq == "" && r.window.To.Sub(r.last.through) > Retention
	how := rd.read(ctx)
	if how == failed || ctx.Err() != nil {
		return failed
	}
	if rd.trimmed {
		rd.lost(ctx, r.window.To)
	}
	rd.pos.closed = how == drained
	b := batch{Cursor: r.at(rd.id, rd.pos)}
	if rd.records > 0 {
		b.Extents = []audit.Extent{{Name: rd.id, From: rd.first, To: rd.pos.seq, Records: rd.records}}
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
		var page *dynamodbstreams.GetRecordsOutput
		err := rd.retry(ctx, func() (err error) {
			page, err = rd.Streams.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: iterator, Limit: aws.Int32(rd.PageLimit)})
			return err
		})
		if err != nil {
			iterator, ok = rd.recover(ctx, "GetRecords", err)
			continue
		}
		rd.renewals = 0
		if full := rd.page(ctx, page.Records); full {
			return paused
		}
		iterator = page.NextShardIterator
		if iterator != nil && rd.idle >= rd.IdlePages && !rd.closing {
			return paused
		}
		if rd.idle > patience {
			rd.gap(ctx, audit.Gap{Window: rd.unread(), Reason: fmt.Sprintf("closed shard %s does not come to an end", rd.id), Remedy: "run again"})
			return failed
		}
		if err := sleep(ctx, rd.Interval); err != nil {
			return failed
		}
	}
	if !ok || ctx.Err() != nil {
		return failed
	}
	return drained
}

// page yields the records of one page; it reports true when the window's end was reached.
func (rd *reader) page(ctx context.Context, records []types.Record) bool {
	if len(records) == 0 {
		rd.idle++
		return false
	}
	rd.idle = 0
	var b batch
	full := false
	for _, rec := range records {
		c, err := decode(rec, rd.keys)
		c.Table, c.Region, c.Shard = rd.Table, rd.Region, rd.id
		if !rd.window.To.IsZero() && !c.At.IsZero() && !c.At.Before(rd.window.To) {
			full = true
			break
		}
		if rd.trimmed && rd.begin != c.Seq {
			rd.lost(ctx, c.At)
		}
		rd.trimmed = false
		if err != nil {
			rd.gone(ctx, audit.Gap{
				Window: audit.At(c.At), Reason: fmt.Sprintf("shard %s, record %s: %s", rd.id, c.Seq, err),
				Remedy: "report it: the stream holds something this version does not know",
			})
		} else {
			b.Records = append(b.Records, c)
		}
		if rd.first == "" {
			rd.first = c.Seq
		}
		rd.records++
		rd.pos.seq = c.Seq
		rd.since = later(rd.since, c.At)
	}
	if len(b.Records) > 0 {
		b.Cursor = rd.at(rd.id, rd.pos)
		rd.send(ctx, b)
	}
	return full
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
	if rd.pos.seq != "" && !rd.trimmed {
		in.ShardIteratorType, in.SequenceNumber = types.ShardIteratorTypeAfterSequenceNumber, aws.String(rd.pos.seq)
	}
	var out *dynamodbstreams.GetShardIteratorOutput
	err := rd.retry(ctx, func() (err error) {
		out, err = rd.Streams.GetShardIterator(ctx, in)
		return err
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
	switch c := code(err); {
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

// retry repeats a call that was throttled or cut off, beyond what the client itself does, with a doubling delay.
func (r *run) retry(ctx context.Context, call func() error) error {
	delay := r.Backoff
	for attempt := 0; ; attempt++ {
		err := call()
		if err == nil || attempt >= r.Retries || !transient(err) || ctx.Err() != nil {
			return err
		}
		if err := sleep(ctx, delay); err != nil {
			return err
		}
		delay *= 2
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
