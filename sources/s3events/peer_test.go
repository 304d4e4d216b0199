//go:build peers

package s3events_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"parallax/internal/audit"
	"parallax/internal/lab/queue"
	"parallax/sources/s3events"
)

// startMoto starts moto, a stand-in for AWS by other people, and returns its endpoint. `make test-peers` installs it.
func startMoto(t *testing.T) string {
	t.Helper()
	server, err := filepath.Abs("../../.tools/python-moto/bin/moto_server")
	if err == nil {
		_, err = os.Stat(server)
	}
	if err != nil {
		t.Fatalf("moto, a server to compare with, is installed by `make test-peers`: %v", err)
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), server, "-H", "127.0.0.1", "-p", port)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	url := "http://127.0.0.1:" + port
	for range 150 {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/moto-api/data.json", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if answer, err := http.DefaultClient.Do(req); err == nil {
			_ = answer.Body.Close()
			return url
		}
		time.Sleep(200 * time.Millisecond)
	}
	t.Fatal("moto does not answer")
	return ""
}

// shapes tells what a queue answers to everything this package asks, without what differs from message to message.
func shapes(t *testing.T, c *sqs.Client, url string) (said []string) {
	t.Helper()
	ctx := t.Context()
	say := func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }
	code := func(err error) string {
		var api smithy.APIError
		if errors.As(err, &api) {
			return api.ErrorCode()
		}
		return fmt.Sprint(err)
	}
	sent, err := c.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("é")})
	if err != nil {
		t.Fatal(err)
	}
	say("sent: %s", aws.ToString(sent.MD5OfMessageBody))
	receive := func() *types.Message {
		out, err := c.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 10, WaitTimeSeconds: 1, VisibilityTimeout: 30})
		if err != nil || len(out.Messages) > 1 {
			t.Fatalf("%v, %v", out, err)
		}
		if len(out.Messages) == 0 {
			say("received nothing: %t", out.Messages == nil)
			return nil
		}
		m := out.Messages[0]
		say("received %s, %s, the one that was sent: %t, attributes %d", *m.Body, *m.MD5OfBody, *m.MessageId == *sent.MessageId, len(m.Attributes))
		return &m
	}
	first := receive()
	receive()
	attributes, err := c.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll}})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed", "MessageRetentionPeriod", "VisibilityTimeout"} {
		say("%s is %s", name, attributes.Attributes[name])
	}
	change := func(what string, handle *string) {
		out, err := c.ChangeMessageVisibilityBatch(ctx, &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &url, Entries: []types.ChangeMessageVisibilityBatchRequestEntry{
			{Id: aws.String("0"), ReceiptHandle: handle, VisibilityTimeout: 0},
		}})
		if err != nil {
			say("%s: %s", what, code(err))
			return
		}
		say("%s: %d done, %d refused %s", what, len(out.Successful), len(out.Failed), codes(out.Failed))
	}
	change("give back", first.ReceiptHandle)
	second := receive()
	remove := func(what string, handle *string) {
		out, err := c.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: &url, Entries: []types.DeleteMessageBatchRequestEntry{{Id: aws.String("0"), ReceiptHandle: handle}}})
		if err != nil {
			say("%s: %s", what, code(err))
			return
		}
		say("%s: %d done, %d refused %s", what, len(out.Successful), len(out.Failed), codes(out.Failed))
	}
	remove("delete", second.ReceiptHandle)
	change("give back what is gone", aws.String("AQEBnothing"))
	receive()
	_, err = c.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: &url, Entries: []types.DeleteMessageBatchRequestEntry{}})
	say("delete nothing: %s", code(err))
	_, err = c.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: aws.String(url + "-of-nobody"), WaitTimeSeconds: 1})
	var missing *types.QueueDoesNotExist
	say("receive from no queue: %s, %t", code(err), errors.As(err, &missing))
	_, err = c.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 11})
	say("receive too many is refused: %t", err != nil)
	_, err = c.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String("of-nobody")})
	say("url of no queue: %s", code(err))
	return said
}

func codes(failed []types.BatchResultErrorEntry) string {
	all := map[string]bool{}
	for _, f := range failed {
		all[aws.ToString(f.Code)] = true
	}
	return strings.Join(slices.Sorted(maps.Keys(all)), ",")
}

// The stand-in answers as moto does.
func TestPeerShapes(t *testing.T) {
	moto := client(dublin, startMoto(t))
	made, err := moto.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("replication"), Attributes: map[string]string{"MessageRetentionPeriod": "345600"}})
	if err != nil {
		t.Fatal(err)
	}
	theirs := shapes(t, moto, *made.QueueUrl)
	q, s := open(t, queue.Options{})
	ours := shapes(t, s.Client.(*sqs.Client), q.URL())
	if !slices.Equal(ours, theirs) {
		for i := range max(len(ours), len(theirs)) {
			a, b := "", ""
			if i < len(ours) {
				a = ours[i]
			}
			if i < len(theirs) {
				b = theirs[i]
			}
			if a != b {
				t.Errorf("ours:   %s\ntheirs: %s", a, b)
			}
		}
	}
	t.Log(strings.Join(theirs, "\n"))
}

// The source reads, settles and leaves in a queue of moto what it does in one of the lab.
func TestSourceOfPeer(t *testing.T) {
	moto := client(dublin, startMoto(t))
	made, err := moto.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("replication")})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().UTC()
	for i := range 25 {
		if _, err := moto.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: made.QueueUrl, MessageBody: aws.String(late(
			"s3.object.key", fmt.Sprint("receipts/", i), "eventTime", now.Format(time.RFC3339),
			"replicationEventData.requestTime", now.Add(-20*time.Minute).Format(time.RFC3339),
		))}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := moto.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: made.QueueUrl, MessageBody: aws.String("no event")}); err != nil {
		t.Fatal(err)
	}
	s := s3events.Source{
		Region: dublin, Queue: *made.QueueUrl, Client: moto, Buckets: map[string]audit.Region{here: dublin}, Held: &s3events.Held{},
		Settings: s3events.Settings{Wait: time.Second},
	}
	for _, want := range []int{25, 0} {
		r := read(t, s)
		if len(r.Records) != want || len(r.Coverage.Gaps) != 1 || !strings.HasSuffix(r.Coverage.Gaps[0].Reason, "its body is not JSON") {
			t.Errorf("%d records, %s", len(r.Records), reasons(r.Coverage.Gaps))
		}
		if err := s.Held.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}
