package config

import (
	"strings"
	"testing"
)

const withReceipts = minimal + `receipts:
  - name: receipts
    ledger: payments
    key_pattern: 'receipts/(?P<payment_id>.+)'
    regions:
      eu-west-1: {bucket: one, inventory: {bucket: lists, id: daily}}
      eu-west-2: {bucket: two, inventory: {bucket: lists, id: daily}}
    events:
`

func TestEventQueues(t *testing.T) {
	t.Parallel()
	cfg, err := parse("p.yaml", []byte(withReceipts+"      eu-west-1: https://sqs.eu-west-1.amazonaws.com/111122223333/replication\n"), []string{
		"PARALLAX_RECEIPTS_RECEIPTS_EVENTS_EU_WEST_2=https://sqs.eu-west-2.amazonaws.com/000000000000/replication",
	})
	if err != nil {
		t.Fatal(err)
	}
	if events := cfg.Receipts[0].Events; len(events) != 2 || events["eu-west-2"] != "https://sqs.eu-west-2.amazonaws.com/000000000000/replication" {
		t.Errorf("%v", events)
	}
}

func TestBrokenEventQueues(t *testing.T) {
	t.Parallel()
	line := strings.Count(withReceipts, "\n") + 1
	for _, c := range []struct{ events, want string }{
		{"eu-west-1: replication", "not the URL of a queue: write https://sqs.eu-west-1.amazonaws.com/account/name"},
		{"eu-west-1: arn:aws:sqs:eu-west-1:111122223333:replication", "not the URL of a queue: write https://sqs.eu-west-1.amazonaws.com/account/name"},
		{"eu-west-1: https://sqs.eu-west-1.amazonaws.com/replication", "not the URL of a queue: write https://sqs.eu-west-1.amazonaws.com/account/name"},
		{"eu-west-1: https://key:secret@sqs.eu-west-1.amazonaws.com/1/replication", "holds a user: credentials come from the SDK's default chain, never from here"},
		{"eu-west-1: https://sqs.eu-west-1.amazonaws.com/1/replication.fifo", "S3 sends no events to a FIFO queue: name a standard one"},
		{"eu-west-1: https://sqs.eu-west-2.amazonaws.com/1/replication", "the queue is in eu-west-2: S3 sends events to a queue of the bucket's own region"},
		{"eu-west-1: https://eu-west-2.queue.amazonaws.com/1/replication", "the queue is in eu-west-2: S3 sends events to a queue of the bucket's own region"},
		{"eu-west-1: https://queues.example/1/a", "this host is not asked, but the region's endpoint: set aws.endpoints.eu-west-1.sqs to it, or correct the URL"},
		{`eu-west-1: ""`, "must not be empty"},
	} {
		_, err := parse("p.yaml", []byte(withReceipts+"      "+c.events+"\n"), nil)
		if err == nil || !strings.HasSuffix(err.Error(), "receipts.receipts.events.eu-west-1: "+c.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("line %d, %s:\n got %v\nwant %s", line, c.events, err, c.want)
		}
	}
	_, err := parse("p.yaml", []byte(withReceipts+"      eu-west-1: https://queues.example/1/a\n      eu-west-2: https://queues.example/1/a\n      us-east-1: https://queues.example/1/a\n"), nil)
	for _, want := range []string{"events.eu-west-2: is the queue of eu-west-1 too: a queue is in one region", "events.us-east-1: unknown region"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
