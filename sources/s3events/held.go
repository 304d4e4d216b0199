package s3events

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// batch is how many messages one request settles at most. Source: Amazon SQS API reference, DeleteMessageBatch.
const batch = 10

// Held are the messages of one queue that were read and not settled. It belongs to one goroutine at a time.
type Held struct {
	client   Client
	queue    string
	timeout  time.Duration
	messages []message
	at       map[string]int // where a message stands, by its id
}

// message is one message that is held, by the handle of its newest delivery.
type message struct {
	handle     string
	understood bool // all of it, and it is about buckets that are audited
}

func (h *Held) begin(s Source, timeout time.Duration) {
	h.client, h.queue, h.timeout = s.Client, s.Queue, timeout
	if h.at == nil {
		h.at = map[string]int{}
	}
}

func (h *Held) holds(id string) bool {
	_, ok := h.at[id]
	return ok
}

func (h *Held) add(id, handle string, understood bool) {
	if i, ok := h.at[id]; ok {
		h.messages[i].handle = handle
		return
	}
	h.at[id] = len(h.messages)
	h.messages = append(h.messages, message{handle, understood})
}

func (h *Held) count() int { return len(h.messages) }

func (h *Held) left() (n int) {
	for _, m := range h.messages {
		if !m.understood {
			n++
		}
	}
	return n
}

// Settle deletes every message that was understood, for what it said is kept now, and gives the others back to the queue. A
// message that could not be deleted comes again, which harms nothing.
func (h *Held) Settle(ctx context.Context) error {
	var done, rest []string
	for _, m := range h.messages {
		if m.understood {
			done = append(done, m.handle)
		} else {
			rest = append(rest, m.handle)
		}
	}
	h.messages, h.at = nil, map[string]int{}
	return errors.Join(h.each(ctx, "delete", done, h.delete), h.each(ctx, "give back", rest, h.giveBack))
}

// Return gives every message back to the queue, for what it said was not kept.
func (h *Held) Return(ctx context.Context) error {
	var all []string
	for _, m := range h.messages {
		all = append(all, m.handle)
	}
	h.messages, h.at = nil, map[string]int{}
	return h.each(ctx, "give back", all, h.giveBack)
}

// each settles handles in batches and goes on after one that was refused.
func (h *Held) each(ctx context.Context, what string, handles []string, do func(context.Context, []string) (string, int, error)) error {
	var refused int
	var first string
	for from := 0; from < len(handles); from += batch {
		part := handles[from:min(from+batch, len(handles))]
		ctx, cancel := context.WithTimeout(ctx, h.timeout)
		code, n, err := do(ctx, part)
		cancel()
		if err != nil {
			return fmt.Errorf("%s %d messages of queue %s: %w", what, len(handles)-from, path.Base(h.queue), err)
		}
		if refused += n; first == "" {
			first = code
		}
	}
	if refused > 0 {
		return fmt.Errorf("%s messages of queue %s: %d of %d were refused: %s", what, path.Base(h.queue), refused, len(handles), first)
	}
	return nil
}

func (h *Held) delete(ctx context.Context, handles []string) (string, int, error) {
	entries := make([]types.DeleteMessageBatchRequestEntry, len(handles))
	for i, handle := range handles {
		entries[i] = types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: aws.String(handle)}
	}
	out, err := h.client.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: aws.String(h.queue), Entries: entries})
	if err != nil {
		return "", 0, err
	}
	return firstCode(out.Failed), len(out.Failed), nil
}

func (h *Held) giveBack(ctx context.Context, handles []string) (string, int, error) {
	entries := make([]types.ChangeMessageVisibilityBatchRequestEntry, len(handles))
	for i, handle := range handles {
		entries[i] = types.ChangeMessageVisibilityBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: aws.String(handle), VisibilityTimeout: 0}
	}
	out, err := h.client.ChangeMessageVisibilityBatch(ctx, &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: aws.String(h.queue), Entries: entries})
	if err != nil {
		return "", 0, err
	}
	return firstCode(out.Failed), len(out.Failed), nil
}

func firstCode(failed []types.BatchResultErrorEntry) string {
	for _, f := range failed {
		return aws.ToString(f.Code)
	}
	return ""
}
