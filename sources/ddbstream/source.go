// Package ddbstream reads the stream of one DynamoDB table in one region: every shard in the order of its lineage, from
// where the last committed run stopped, and says in gaps what it could not read.
//
// Source of the rules: Amazon DynamoDB Developer Guide, "Change data capture for DynamoDB Streams"; API reference of
// DynamoDB Streams, operations DescribeStream, GetShardIterator and GetRecords.
package ddbstream

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// Tables is the part of the DynamoDB client that is needed. *dynamodb.Client is one.
type Tables interface {
	DescribeTable(context.Context, *dynamodb.DescribeTableInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error)
}

// Streams is the part of the DynamoDB Streams client that is needed. *dynamodbstreams.Client is one.
type Streams interface {
	DescribeStream(context.Context, *dynamodbstreams.DescribeStreamInput, ...func(*dynamodbstreams.Options)) (*dynamodbstreams.DescribeStreamOutput, error)
	GetShardIterator(context.Context, *dynamodbstreams.GetShardIteratorInput, ...func(*dynamodbstreams.Options)) (*dynamodbstreams.GetShardIteratorOutput, error)
	GetRecords(context.Context, *dynamodbstreams.GetRecordsInput, ...func(*dynamodbstreams.Options)) (*dynamodbstreams.GetRecordsOutput, error)
}

// Retention is how long a stream keeps its records. Older ones may go at any moment.
const Retention = 24 * time.Hour

// Names of the extents that tell of the stream as a whole rather than of a shard.
const (
	ExtentHistory  = "history before capture" // To: the moment before which nothing of this stream could be read, RFC 3339
	ExtentReplicas = "replicas"               // Totals: replica region -> status, as DescribeTable names them

	// ExtentConsistency has Totals: "mode" -> "EVENTUAL" or "STRONG" (MRSC), which is EVENTUAL where DescribeTable says
	// nothing, and "witness <region>" -> status for each witness. Reported of global tables only.
	ExtentConsistency = "consistency"
)

// Source reads one table's stream in one region. It implements pipeline.Source[record.Change].
//
// A stream has one cursor per shard, so Read takes its positions from Cursors and ignores its own cursor argument. A
// shard's cursor is "ddb/<table>/<region>/<shard>"; its position is the last sequence number read, with "!" behind it
// once the shard is closed and drained, or "<read>/<far>/<moment>" where a record was left for a later window: those behind
// it up to far that were written before the moment are read too. The cursor "ddb/<table>/<region>" says which stream they belong to and up to
// which moment all of it was read.
type Source struct {
	Tables  Tables
	Streams Streams
	Table   string
	Region  audit.Region
	Cursors map[string]audit.Cursor // the committed ones, by stream; those of other tables are ignored

	// ReadAt is the earliest moment at which the stream can be said to be read. The clock of the service, which it sends
	// with its answers, overrides an earlier one: retention counts from when the stream is really read.
	ReadAt time.Time

	// IdlePages is how many consecutive empty pages, each with a new iterator, an open shard must answer with to count as
	// read to the present; default 32. The service marks the end of a closed shard only, and an empty page of an open one
	// may lie before records, so this is a judgement and no proof: a page skips an unknown part of the shard, whose life is
	// about four hours. What lies behind so many empty pages is read by a later run, as the position stays before it.
	IdlePages int
	PageLimit int32         // records a page, at most 1,000; default 1,000
	Workers   int           // shard families read at the same time; default 4
	Interval  time.Duration // least time between two pages of one shard; default none
	Delay     time.Duration // how late a record may appear in the stream: the watermark stays behind the window's end by it
	Retries   int           // attempts beyond the client's own when throttled or cut off; default 8
	Backoff   time.Duration // before the first of them, doubling up to 5 s; default 200 ms
	Timeout   time.Duration // of one request with the client's own retries; default 30 s
	Budget    time.Duration // of the whole reading; what is unread by then is a gap; default 10 min
}

// Read yields the records that lie behind the committed cursors and before the window's end, the records of one shard in
// their order. Records older than the window are yielded too: each is read once, and not reading it now would lose it.
// Whatever could not be read is a Gap; the only errors are those of ctx.
func (s *Source) Read(ctx context.Context, w audit.Window, _ audit.Cursor) iter.Seq2[record.Batch[record.Change], error] {
	return func(yield func(record.Batch[record.Change], error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		r := s.begin()
		r.window, r.out = w, make(chan batch)
		done := make(chan struct{})
		go func() {
			defer close(done)
			defer close(r.out)
			r.table(ctx)
		}()
		defer func() {
			cancel()
			for range r.out { //nolint:revive // drained so that no reader blocks on a consumer that has left
			}
			<-done
		}()
		for b := range r.out {
			if !yield(b, nil) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(batch{Region: s.Region}, fmt.Errorf("read stream of %s in %s: %w", s.Table, s.Region, err))
		}
	}
}

type batch = record.Batch[record.Change]

func (s *Source) withDefaults() Source {
	c := *s
	if c.IdlePages <= 0 {
		c.IdlePages = 32
	}
	if c.PageLimit <= 0 {
		c.PageLimit = 1000
	}
	if c.Workers <= 0 {
		c.Workers = 4
	}
	if c.Retries <= 0 {
		c.Retries = 8
	}
	if c.Backoff <= 0 {
		c.Backoff = 200 * time.Millisecond
	}
	if c.Timeout <= 0 {
		c.Timeout = 30 * time.Second
	}
	if c.Budget <= 0 {
		c.Budget = 10 * time.Minute
	}
	return c
}
