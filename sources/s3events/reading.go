package s3events

import (
	"context"
	"crypto/md5" //nolint:gosec // what SQS sends with each message
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go/middleware"

	"parallax/internal/audit"
	"parallax/internal/awscall"
	"parallax/internal/record"
)

// named bounds how many messages that were not understood are named one by one.
const named = 20

const (
	// clocksApart is how far the clocks of those that send events may be ahead of the queue's.
	clocksApart = 5 * time.Minute
	// longestKept is more than a topic, 23 days, and a queue, 14 days, keep a message together. Sources: Amazon SNS Developer
	// Guide, "Amazon SNS message delivery retries"; Amazon SQS Developer Guide, "Amazon SQS message quotas".
	longestKept = 60 * 24 * time.Hour
)

// reading is the state of one Read.
type reading struct {
	Source
	settings Settings
	window   audit.Window
	name     string // of the queue
	calls    *awscall.Calls
	now      time.Time // by the service's clock

	open       bool // there may be more
	received   bool // the queue has given what it has, if only nothing
	deliveries int
	events     int64 // tellings in the messages that were understood, of whatever
	told       map[audit.Replication]bool
	from, to   time.Time
	excluded   map[string]int64
	gaps       []audit.Gap
	unread     int               // messages that were not understood, or only in part
	mute       bool              // it does not tell about itself
	lost       bool              // an answer was lost on the way, and what was in it is hidden
	hidden     int               // messages that another reader holds
	about      map[string]string // what the queue says of itself
}

func (r *reading) gap(reason, remedy string) {
	r.gaps = append(r.gaps, audit.Gap{Window: r.window, Reason: reason, Remedy: remedy})
}

// receive takes the next messages and returns what they tell that was not told before.
func (r *reading) receive(ctx context.Context) []audit.Replication {
	var out *sqs.ReceiveMessageOutput
	err := r.calls.Do(ctx, func(ctx context.Context) (m middleware.Metadata, err error) {
		if out, err = r.Client.ReceiveMessage(ctx, r.request(), byHand); err != nil {
			r.lost = r.lost || answerLost(err)
			return m, err
		}
		return out.ResultMetadata, nil
	})
	switch {
	case ctx.Err() != nil:
		return nil
	case errors.Is(err, errBudget):
		r.open = false
		r.gap(fmt.Sprintf("queue %s in %s holds more messages than were read in %s", r.name, r.Region, r.settings.Budget), moreRemedy)
		return nil
	case err != nil:
		r.open = false
		r.gap(r.explain(err, "ReceiveMessage"))
		return nil
	}
	r.received, r.open = true, len(out.Messages) > 0
	var fresh []audit.Replication
	for _, m := range out.Messages {
		fresh = append(fresh, r.take(m)...)
	}
	if r.deliveries += len(out.Messages); r.open && r.deliveries >= r.settings.MaxMessages {
		r.open = false
		r.gap(fmt.Sprintf("queue %s in %s holds more than %d messages; the rest was not read", r.name, r.Region, r.settings.MaxMessages), moreRemedy)
	}
	return fresh
}

func (r *reading) request() *sqs.ReceiveMessageInput {
	return &sqs.ReceiveMessageInput{
		QueueUrl: aws.String(r.Queue), MaxNumberOfMessages: 10,
		WaitTimeSeconds: int32(r.settings.Wait / time.Second), VisibilityTimeout: int32(r.settings.Hidden / time.Second), //nolint:gosec // 12 hours at most
	}
}

// byHand leaves to this package what the client would do by itself: compare checksums, where it gives up all messages of an
// answer for one that is damaged, and try again, which would hide that an answer was lost.
func byHand(o *sqs.Options) {
	o.DisableMessageChecksumValidation = true
	o.Retryer = aws.NopRetryer{}
}

// answerLost reports whether a request may have been carried out though no answer came.
func answerLost(err error) bool {
	var dial *net.OpError
	return awscall.Code(err) == "" && !awscall.Uncredentialed(err) && !(errors.As(err, &dial) && dial.Op == "dial")
}

// take reads one message. It is settled later if all of it was understood and is about buckets that are audited.
func (r *reading) take(m types.Message) (fresh []audit.Replication) {
	id := aws.ToString(m.MessageId)
	again := r.Held.holds(id)
	items, err := open(m)
	mine := true
	for i := range items {
		home, known := r.Buckets[items[i].bucket]
		switch {
		case items[i].bucket == "": // a test of the connection
		case !known:
			mine = false
		case items[i].region != "" && items[i].region != string(home):
			err = errors.Join(err, fmt.Errorf("bucket %s is in %s, the configuration has it in %s", items[i].bucket, items[i].region, home))
			items[i].other = "event of a bucket that is in another region than configured"
		case items[i].other == "" && r.untimely(items[i].told):
			err = errors.Join(err, errUntimely)
			items[i].other = "event of a time that cannot be, by the queue's clock"
		default:
			items[i].told.Region = home
		}
	}
	r.Held.add(id, aws.ToString(m.ReceiptHandle), mine && err == nil)
	if again {
		return nil // it has been counted
	}
	if err != nil {
		r.unread++
		if r.unread <= named {
			r.gap(fmt.Sprintf("message %s of queue %s in %s: %s", id, r.name, r.Region, oneLine(err)), unreadRemedy)
		}
	}
	return r.count(items)
}

// untimely reports whether an event is of a time that is still to come, by the service's own clock, or of one so long ago that no
// queue would hold it any more. Without that clock there is none to hold it against.
func (r *reading) untimely(told audit.Replication) bool {
	latest := r.now.Add(clocksApart)
	return told.At.After(latest) || told.Requested.After(latest) || told.At.Before(r.now.Add(-longestKept))
}

// open reads a message whose body is the one that was sent.
func open(m types.Message) ([]item, error) {
	body := aws.ToString(m.Body)
	digest := md5.Sum([]byte(body)) //nolint:gosec // as above
	if m.MD5OfBody != nil && !strings.EqualFold(*m.MD5OfBody, hex.EncodeToString(digest[:])) {
		return nil, errChecksum
	}
	return decode(body)
}

// count sorts what a message tells into what is new and what is left out.
func (r *reading) count(items []item) (fresh []audit.Replication) {
	for _, it := range items {
		r.events++
		_, known := r.Buckets[it.bucket]
		switch {
		case it.bucket != "" && !known:
			r.excluded["event of a bucket that is not audited: its message is left in the queue"]++
		case it.other != "":
			r.excluded[it.other]++
		case r.told[it.told]:
			r.excluded["told twice"]++
		default:
			r.told[it.told] = true
			fresh = append(fresh, it.told)
			if r.from.IsZero() || it.told.At.Before(r.from) {
				r.from = it.told.At
			}
			if it.told.At.After(r.to) {
				r.to = it.told.At
			}
		}
	}
	return fresh
}

// last is the batch that says what was read.
func (r *reading) last() record.Batch[audit.Replication] {
	if r.unread > named {
		r.gap(fmt.Sprintf("%d more messages of queue %s in %s were not understood", r.unread-named, r.name, r.Region), unreadRemedy)
	}
	if r.lost {
		r.gap(fmt.Sprintf("an answer of queue %s in %s was lost on the way: messages that may have been in it are hidden for %s",
			r.name, r.Region, r.settings.Hidden), hiddenRemedy)
	}
	if r.hidden > 0 {
		r.gap(fmt.Sprintf("about %d messages of queue %s in %s are held by another reader", r.hidden, r.name, r.Region), hiddenRemedy)
	}
	b := record.Batch[audit.Replication]{Region: r.Region, Gaps: r.gaps}
	if !r.received {
		return b // nothing was read
	}
	e := audit.Extent{Name: "queue " + r.name, Records: r.events, Totals: map[string]string{
		"messages": fmt.Sprint(r.Held.count()), "left in the queue": fmt.Sprint(r.Held.left()),
	}}
	maps.Copy(e.Totals, r.about)
	if !r.from.IsZero() {
		e.From, e.To = r.from.Format(time.RFC3339), r.to.Format(time.RFC3339)
	}
	b.Extents = []audit.Extent{e}
	for _, reason := range slices.Sorted(maps.Keys(r.excluded)) {
		b.Excluded = append(b.Excluded, audit.Exclusion{Reason: reason, Records: r.excluded[reason]})
	}
	return b
}

func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }
