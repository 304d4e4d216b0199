// Package kinesis reads the changes of one DynamoDB table in one region out of a Kinesis data stream: every shard in the
// order of its lineage, from where the last committed run stopped, and says in gaps what it could not read.
//
// Unlike a table's own stream this feed repeats records and brings them out of order. It keeps them for up to a year, not
// for a day, and its times have a fraction.
//
// Source of the rules: Amazon DynamoDB Developer Guide, "Using Kinesis Data Streams to capture changes to DynamoDB"; API
// reference of Kinesis Data Streams, operations DescribeStreamSummary, ListShards, GetShardIterator and GetRecords.
package kinesis

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// Tables is the part of the DynamoDB client that is needed. *dynamodb.Client is one.
type Tables interface {
	DescribeTable(context.Context, *dynamodb.DescribeTableInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error)
	DescribeKinesisStreamingDestination(context.Context, *dynamodb.DescribeKinesisStreamingDestinationInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeKinesisStreamingDestinationOutput, error)
}

// Streams is the part of the Kinesis client that is needed. *kinesis.Client is one.
type Streams interface {
	DescribeStreamSummary(context.Context, *kinesis.DescribeStreamSummaryInput, ...func(*kinesis.Options)) (*kinesis.DescribeStreamSummaryOutput, error)
	ListShards(context.Context, *kinesis.ListShardsInput, ...func(*kinesis.Options)) (*kinesis.ListShardsOutput, error)
	GetShardIterator(context.Context, *kinesis.GetShardIteratorInput, ...func(*kinesis.Options)) (*kinesis.GetShardIteratorOutput, error)
	GetRecords(context.Context, *kinesis.GetRecordsInput, ...func(*kinesis.Options)) (*kinesis.GetRecordsOutput, error)
}

// Names of the extents that tell of the stream as a whole rather than of a shard.
const (
	ExtentHistory     = "history before capture" // To: the moment before which nothing of this stream could be read, RFC 3339
	ExtentReplicas    = "replicas"               // Totals: replica region -> status, as DescribeTable names them
	ExtentConsistency = "consistency"            // Totals: mode, EVENTUAL or STRONG
	ExtentFeed        = "feed"                   // Totals: stream, retention, precision, destination
)

// Source reads one table's changes in one region. It implements pipeline.Source[record.Change].
//
// A stream has one cursor per shard, so Read takes its positions from Cursors and ignores its own cursor argument. A
// shard's cursor is "kinesis/<table>/<region>/<stream>@<made>/<shard>"; its position is "<sequence number>/<moment>": the last record read,
// and up to which arrivals the shard was read, with "!" behind it once the shard is closed and drained. The cursor
// "kinesis/<table>/<region>" says which stream they belong to and up to which moment all of it was read.
//
// Shard of a Change is record.UnorderedShard and the shard's name; Seq is what Seq makes of its time and its event.
type Source struct {
	Tables  Tables
	Streams Streams
	Table   string
	Stream  string // name of the data stream
	Region  audit.Region
	Cursors map[string]audit.Cursor // the committed ones, by stream; those of other tables are ignored

	// ReadAt is the earliest moment at which the stream can be said to be read. The clock of the service, which it sends
	// with its answers, overrides an earlier one: retention counts from when the stream is really read.
	ReadAt time.Time

	// Late is how long after a change its record may arrive behind newer ones; default 1 min. The watermark stays behind
	// the arrivals by it. The guide says that records may come in another order than the changes and more than once, and
	// gives no bound (section "How Kinesis Data Streams works with DynamoDB"), so this is a judgement and no promise of AWS.
	Late time.Duration

	PageLimit int32         // records a page, at most 10,000; default 10,000
	Workers   int           // shards read at the same time; default 4
	Interval  time.Duration // least time between two pages of one shard, which allows 5 a second; default 200 ms, negative none
	Retries   int           // attempts beyond the client's own when throttled or cut off; default 6
	Backoff   time.Duration // before the first of them, doubling; default 200 ms
	Timeout   time.Duration // of one request with the client's own retries; default 30 s
	Budget    time.Duration // of the whole reading; what is unread by then is a gap; default 10 min
}

// Read yields the records that lie behind the committed cursors and arrived before the window's end, those of one shard
// as they arrived, which is neither the order of the changes nor without repetition across two readings. Within one
// reading a record that repeats one of the last Remembered of its shard is left out and counted. Records older than the
// window are yielded too: each is read once, and not reading it now would lose it.
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
			r.stream(ctx)
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
			yield(batch{Region: s.Region}, fmt.Errorf("read data stream %s in %s: %w", s.Stream, s.Region, err))
		}
	}
}

type batch = record.Batch[record.Change]

func (s *Source) withDefaults() Source {
	c := *s
	if c.Late <= 0 {
		c.Late = time.Minute
	}
	if c.PageLimit <= 0 {
		c.PageLimit = 10_000
	}
	if c.Workers <= 0 {
		c.Workers = 4
	}
	if c.Interval == 0 {
		c.Interval = 200 * time.Millisecond
	}
	if c.Retries <= 0 {
		c.Retries = 6
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
