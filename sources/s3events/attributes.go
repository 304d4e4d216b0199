package s3events

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go/middleware"

	"parallax/internal/audit"
	"parallax/internal/awscall"
)

// attributes asks the queue about itself before anything is read of it: what another reader holds, and for how long it keeps
// what nobody reads. The numbers of messages are approximate.
// Source: Amazon SQS API reference, GetQueueAttributes.
func (r *reading) attributes(ctx context.Context) {
	all, ok := r.ask(ctx)
	if !ok {
		return
	}
	r.hidden = number(all, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible)
	retention := time.Duration(number(all, types.QueueAttributeNameMessageRetentionPeriod)) * time.Second
	r.about = map[string]string{"dead-letter queue": deadLetter(all[string(types.QueueAttributeNameRedrivePolicy)])}
	if retention <= 0 {
		return
	}
	r.about["kept for"] = retention.String()
	if oldest := r.now.Add(-retention); !r.ReadAt.IsZero() && r.ReadAt.Before(oldest) {
		r.gaps = append(r.gaps, audit.Gap{
			Window: audit.Window{From: r.ReadAt.UTC(), To: oldest}, Lost: true,
			Reason: fmt.Sprintf("queue %s in %s keeps messages for %s and was last read at %s", r.name, r.Region, retention, r.ReadAt.UTC().Format(time.RFC3339)),
			Remedy: "run the lag job more often than the queue forgets, or raise the queue's message retention period",
		})
	}
}

// leftBehind asks again after the reading: what is hidden then and not held here is with somebody else.
func (r *reading) leftBehind(ctx context.Context) {
	if all, ok := r.ask(ctx); ok {
		r.hidden = max(r.hidden, number(all, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible)-r.Held.count())
	}
}

// ask reports whether the queue has answered. That it did not is one gap, however often it is asked.
func (r *reading) ask(ctx context.Context) (map[string]string, bool) {
	if r.mute {
		return nil, false
	}
	var out *sqs.GetQueueAttributesOutput
	err := r.calls.Do(ctx, func(ctx context.Context) (m middleware.Metadata, err error) {
		if out, err = r.Client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
			QueueUrl: aws.String(r.Queue), AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll},
		}); err != nil {
			return m, err
		}
		return out.ResultMetadata, nil
	})
	if err != nil {
		if r.mute = true; ctx.Err() == nil && !errors.Is(err, errBudget) { // the budget is a gap of those who receive
			r.gap(r.explain(err, "GetQueueAttributes"))
			r.open = r.open && awscall.Code(err) != "" // where nobody answers, nothing further is asked
		}
		return nil, false
	}
	return out.Attributes, true
}

func number(attributes map[string]string, name types.QueueAttributeName) int {
	n, err := strconv.Atoi(attributes[string(name)])
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// deadLetter says what becomes of a message that is not understood.
func deadLetter(policy string) string {
	var p struct {
		Receives json.RawMessage `json:"maxReceiveCount"` // a number, or a text in old queues
	}
	if json.Unmarshal([]byte(policy), &p) != nil || len(p.Receives) == 0 {
		return "none"
	}
	n, err := strconv.Atoi(strings.Trim(string(p.Receives), `"`))
	if err != nil {
		return "configured"
	}
	return fmt.Sprintf("after %d receives", n)
}
