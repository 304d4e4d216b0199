package s3events_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"parallax/internal/audit"
	"parallax/internal/lab/queue"
	"parallax/internal/pipeline"
	"parallax/sources/s3events"
)

const (
	dublin, london = audit.Region("eu-west-1"), audit.Region("eu-west-2")
	here, there    = "receipts-eu-west-1", "receipts-eu-west-2"
)

var (
	noon   = time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC)
	window = audit.Window{From: noon.Add(-time.Hour), To: noon}
)

func client(region audit.Region, url string) *sqs.Client {
	return sqs.New(sqs.Options{
		Region: string(region), BaseEndpoint: aws.String(url), Credentials: credentials.NewStaticCredentialsProvider("key", "secret", ""),
		RetryMaxAttempts: 1,
	})
}

// open makes an empty queue and a source for it.
func open(t *testing.T, o queue.Options) (*queue.Queue, s3events.Source) {
	t.Helper()
	o.Region, o.Name, o.Start = string(dublin), "replication", noon
	q := queue.New(o)
	url, stop, err := q.Serve()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return q, s3events.Source{
		Region: dublin, Queue: q.URL(), Client: client(dublin, url), Held: &s3events.Held{},
		Buckets: map[string]audit.Region{here: dublin}, Settings: s3events.Settings{Timeout: 5 * time.Second},
	}
}

func read(t *testing.T, s s3events.Source) pipeline.Reading[audit.Replication] {
	t.Helper()
	r, err := pipeline.Collect(t.Context(), s, audit.Coverage{Source: "s3 events", Scope: "receipts", Region: s.Region, Window: window}, audit.Cursor{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

type object = map[string]any

// late is a notification that an object was replicated after the threshold, with fields replaced by their paths:
// "s3.object.key". A nil value removes a field.
func late(changes ...any) string {
	return notification("Replication:OperationReplicatedAfterThreshold", changes...)
}

func notification(name string, changes ...any) string {
	return text(object{"Records": []any{record(name, changes...)}})
}

func record(name string, changes ...any) object {
	r := object{
		"eventVersion": "2.2", "eventSource": "aws:s3", "awsRegion": string(dublin), "eventName": name,
		"eventTime":    "2026-11-18T11:58:00.250Z",
		"userIdentity": object{"principalId": "s3.amazonaws.com"}, "requestParameters": object{"sourceIPAddress": "s3.amazonaws.com"},
		"responseElements": object{"x-amz-request-id": "C3D13FE58DE4C810", "x-amz-id-2": "FMyUVURIY8"},
		"s3": object{
			"s3SchemaVersion": "1.0", "configurationId": "replication",
			"bucket": object{"name": here, "ownerIdentity": object{"principalId": "A3NL1KOZZKExample"}, "arn": "arn:aws:s3:::" + here},
			"object": object{
				"key": "receipts/pay_1.json", "size": 312, "eTag": "d41d8cd98f00b204e9800998ecf8427e", "versionId": "096fKKXTRTtl3on89fVO",
				"sequencer": "0055AED6DCD90281E5",
			},
		},
		"replicationEventData": object{
			"replicationRuleId": "receipts", "destinationBucket": "arn:aws:s3:::" + there, "s3Operation": "OBJECT_PUT",
			"requestTime": "2026-11-18T11:38:00.125Z",
		},
	}
	for i := 0; i < len(changes); i += 2 {
		change(r, changes[i].(string), changes[i+1])
	}
	return r
}

func change(r object, path string, value any) {
	head, rest, deeper := strings.Cut(path, ".")
	switch {
	case deeper:
		change(r[head].(object), rest, value)
	case value == nil:
		delete(r, head)
	default:
		r[head] = value
	}
}

func text(v any) string {
	js, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("encode: %v", err)) // of a test's own values
	}
	return string(js)
}

func reasons(gaps []audit.Gap) string {
	var out []string
	for _, g := range gaps {
		out = append(out, g.Reason)
	}
	return strings.Join(out, "\n")
}
