// Package ddbtable reads the items of one DynamoDB table in one region: all of them by a parallel Scan that keeps within a
// given read capacity, or single ones by GetItem. It is what is left to compare where a stream has a gap.
//
// Source of the rules: Amazon DynamoDB API reference, operations Scan, GetItem and DescribeTable; Developer Guide,
// "Scanning tables in DynamoDB" and "Read capacity units".
package ddbtable

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// Tables is the part of the DynamoDB client that is needed. It must run the middleware that a call's options bring with
// them, as *dynamodb.Client does: items are taken from the answer's body, not from what the SDK makes of it.
type Tables interface {
	DescribeTable(context.Context, *dynamodb.DescribeTableInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error)
	Scan(context.Context, *dynamodb.ScanInput, ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error)
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
}

// Item is one item of the table as a strongly consistent read of this region gave it.
type Item struct {
	Key     string // as record.Change.Key has it
	Image   record.Image
	Segment int // of the scan, from 0; items of one segment come in the table's own order
}

// ExtentScan names the extent of the scan as a whole: From and To are the moments of the first and the last answer by the
// service's clock (RFC 3339), Totals what was consumed.
const ExtentScan = "scan"

// Source reads one table in one region. It implements pipeline.Source[Item].
//
// A scan shows the present, whatever the window: its window is the time on whose behalf the table is read, and the one
// that its gaps are over. Every segment has a cursor, "scan/<table>/<region>/<segment>of<segments>", whose position is the
// last key evaluated, or "!" behind the last one. They are for going on within a run that was interrupted, and are not to
// be committed: a comparison is the better the less time lies between its two ends.
type Source struct {
	Tables  Tables
	Table   string
	Region  audit.Region
	Cursors map[string]audit.Cursor // where an earlier read of this run stopped, by stream

	Segments int           // read at the same time; default 4
	Units    float64       // read capacity units a second to use at most, in all segments together; default 100
	Limit    int32         // items a page at most; default as many as Units allows a second
	Retries  int           // attempts beyond the client's own when throttled or cut off, for each page; default 7
	Backoff  time.Duration // before the first of them, doubling up to 15 s; default 250 ms
	Timeout  time.Duration // of one request with the client's own retries; default 30 s
	Budget   time.Duration // of the whole reading; what is unread by then is a gap; default 1 h

	// Progress is told after every page how many items were read and about how many there are: the service counts a
	// table's items every six hours. It is called in the goroutine that ranges over Read.
	Progress func(read, about int64)
}

// Read yields every item, a page at a time. Whatever could not be read is a Gap; the only errors are those of ctx.
func (s *Source) Read(ctx context.Context, w audit.Window, _ audit.Cursor) iter.Seq2[record.Batch[Item], error] {
	return func(yield func(record.Batch[Item], error) bool) {
		if w.Empty() {
			return // nobody has a question that the table could answer
		}
		ctx, cancel := context.WithCancel(ctx)
		r := s.begin(w)
		done := make(chan struct{})
		go func() {
			defer close(done)
			defer close(r.out)
			r.table(ctx)
		}()
		defer func() {
			cancel()
			for range r.out { //nolint:revive // drained so that no segment blocks on a consumer that has left
			}
			<-done
		}()
		read := int64(0)
		for b := range r.out {
			read += int64(len(b.Records))
			if s.Progress != nil && len(b.Records) > 0 {
				s.Progress(read, r.schema.about)
			}
			if !yield(b, nil) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(batch{Region: s.Region}, fmt.Errorf("scan %s in %s: %w", s.Table, s.Region, err))
		}
	}
}

type batch = record.Batch[Item]

func (s *Source) withDefaults() Source {
	c := *s
	if c.Segments <= 0 {
		c.Segments = 4
	}
	if c.Units <= 0 {
		c.Units = 100
	}
	if c.Retries <= 0 {
		c.Retries = 7
	}
	if c.Backoff <= 0 {
		c.Backoff = 250 * time.Millisecond
	}
	if c.Timeout <= 0 {
		c.Timeout = 30 * time.Second
	}
	if c.Budget <= 0 {
		c.Budget = time.Hour
	}
	return c
}
