// Package s3events reads what S3 tells of replications that did not go as agreed: notifications that it sends to an Amazon SQS
// queue, by itself or through an SNS topic.
//
// A queue forgets a message only when its reader says so. What is read stays hidden from other readers for a while; it is
// deleted by Held.Settle, once what it said is kept, and comes again otherwise. A message that cannot be understood is never
// deleted: it is named, and left for the queue's dead-letter policy. The same may be told twice and in any order.
// Sources: Amazon SQS Developer Guide, "Amazon SQS standard queues" and "Amazon SQS visibility timeout"; Amazon S3 User
// Guide, "Receiving replication failure events with Amazon S3 Event Notifications".
package s3events

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"path"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"parallax/internal/audit"
	"parallax/internal/awscall"
	"parallax/internal/record"
)

// Client is the part of *sqs.Client that is used.
type Client interface {
	GetQueueAttributes(context.Context, *sqs.GetQueueAttributesInput, ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error)
	ReceiveMessage(context.Context, *sqs.ReceiveMessageInput, ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error)
	DeleteMessageBatch(context.Context, *sqs.DeleteMessageBatchInput, ...func(*sqs.Options)) (*sqs.DeleteMessageBatchOutput, error)
	ChangeMessageVisibilityBatch(context.Context, *sqs.ChangeMessageVisibilityBatchInput, ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityBatchOutput, error)
}

// Settings bound a read.
type Settings struct {
	Timeout     time.Duration // of one request with its retries, beside the time it waits for messages; 30 s where zero
	Wait        time.Duration // how long a request waits for messages; whole seconds, 1 to 20; 5 s where zero
	Budget      time.Duration // of the whole read; 1 minute where zero, and a gap beyond
	MaxMessages int           // deliveries taken in one read; 10,000 where zero, and a gap beyond
	Hidden      time.Duration // from other readers, after it was received: as long as it takes to keep what was read; 15 minutes where zero
}

func (s Settings) filled() Settings {
	s.Timeout = cmp.Or(s.Timeout, 30*time.Second)
	s.Wait = min(max(cmp.Or(s.Wait, 5*time.Second), time.Second), 20*time.Second) // a poll of less does not ask all of the service's machines
	s.Budget = cmp.Or(s.Budget, time.Minute)
	s.MaxMessages = cmp.Or(s.MaxMessages, 10_000)
	s.Hidden = min(cmp.Or(s.Hidden, 15*time.Minute), 12*time.Hour)
	return s
}

// Source is one queue.
type Source struct {
	Region   audit.Region            // of the queue
	Queue    string                  // its URL
	Buckets  map[string]audit.Region // whose replication is audited, and where each is; messages about others are left
	ReadAt   time.Time               // when the queue was last read to its end; zero where it never was
	Client   Client                  // a client for Region
	Settings Settings
	Held     *Held // gets what is read and not settled; not nil
}

// Read yields what the queue holds now, whatever the window, each telling once; the window names the time in which gaps are
// noted, and nothing is read where it is empty. What the queue does not give, and what is not understood, is a gap. The
// cursor is not used. The only error is that of ctx. Messages that an earlier Read with the same Held has left unsettled are
// given back first.
func (s Source) Read(ctx context.Context, w audit.Window, _ audit.Cursor) iter.Seq2[record.Batch[audit.Replication], error] {
	return func(yield func(record.Batch[audit.Replication], error) bool) {
		if w.Empty() {
			return
		}
		r := newReading(s, w)
		r.Held.begin(s, r.settings.Timeout)
		if err := r.Held.Return(ctx); err != nil && ctx.Err() == nil {
			r.gap("messages of an earlier read were not given back: "+err.Error(), hiddenRemedy)
		}
		r.attributes(ctx)
		for r.open && ctx.Err() == nil {
			if told := r.receive(ctx); len(told) > 0 && !yield(record.Batch[audit.Replication]{Records: told, Region: s.Region}, nil) {
				return
			}
		}
		r.leftBehind(ctx)
		if err := ctx.Err(); err != nil {
			yield(record.Batch[audit.Replication]{}, err)
			return
		}
		yield(r.last(), nil)
	}
}

var errBudget = errors.New("the time for reading is used up")

func newReading(s Source, w audit.Window) *reading {
	r := &reading{
		Source: s, settings: s.Settings.filled(), window: w, open: true, name: path.Base(s.Queue),
		told: map[audit.Replication]bool{}, excluded: map[string]int64{},
	}
	r.calls = awscall.Begin(awscall.Limits{
		Retries: 3, Backoff: 200 * time.Millisecond, Slowest: 2 * time.Second,
		Timeout: r.settings.Timeout + r.settings.Wait, Budget: r.settings.Budget, Over: errBudget,
	}, func(at time.Time) { r.now = at })
	return r
}
