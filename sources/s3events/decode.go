package s3events

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"parallax/internal/audit"
)

const (
	// longest bounds a message, in bytes. Source: Amazon SQS Developer Guide, "Amazon SQS message quotas".
	longest = 1 << 20
	// deepest bounds how often a message is wrapped into another: S3 in SNS in EventBridge in a queue is three.
	deepest = 4
)

// What can be wrong with a message as a whole. No error repeats what the message says.
var (
	errChecksum  = errors.New("its body is not the one that was sent: the checksum is another")
	errLong      = fmt.Errorf("its body is longer than %d bytes", longest)
	errNoJSON    = errors.New("its body is not JSON")
	errNoObject  = errors.New("its body is not a JSON object")
	errForeign   = errors.New("it is neither an S3 event notification nor one wrapped by SNS or EventBridge")
	errEmpty     = errors.New("it holds no record")
	errDeep      = fmt.Errorf("it is wrapped more than %d times", deepest)
	errUntimely  = errors.New("its times cannot be, by the queue's clock: they are still to come, or longer ago than a queue keeps a message")
	errUnsure    = errors.New("it asks to confirm a subscription of SNS: confirm it, so that events come")
	testEvent    = "test of the connection by S3"
	eventBridged = "event of S3 through EventBridge, which gets none about replication"
)

// item is one thing that a message tells.
type item struct {
	bucket string // that it is about; empty for a test of the connection
	region string // of the bucket, as the event says
	other  string // why it tells nothing of a replication; empty where it does
	told   audit.Replication
}

// envelope is a message, or what is wrapped in one, as far as it tells what it is.
// Sources: Amazon S3 User Guide, "Event message structure", which has the test too; Amazon SNS Developer Guide, "Amazon
// SNS message and JSON formats"; Amazon EventBridge User Guide, "AWS service event metadata"; Amazon SQS Developer Guide,
// "Using Lambda with Amazon SQS", for a message that EventBridge Pipes passes on.
type envelope struct {
	Records json.RawMessage `json:"Records"` // S3

	Service string `json:"Service"` // S3's test: "Amazon S3"
	Event   string `json:"Event"`   // "s3:TestEvent"

	Type    string `json:"Type"`    // SNS: "Notification"
	Message string `json:"Message"` // what is wrapped

	DetailType string          `json:"detail-type"` // EventBridge
	Source     string          `json:"source"`
	Detail     json.RawMessage `json:"detail"`
	Region     string          `json:"region"`

	EventSource string  `json:"eventSource"` // of a message of SQS: "aws:sqs"
	Body        *string `json:"body"`
}

// decode tells what a message says. What was understood is returned beside an error about the rest.
func decode(body string) ([]item, error) {
	if len(body) > longest {
		return nil, errLong
	}
	return unwrap([]byte(body), 0)
}

func unwrap(body []byte, depth int) ([]item, error) {
	if depth > deepest {
		return nil, errDeep
	}
	if !json.Valid(body) {
		return nil, errNoJSON
	}
	if trimmed := bytes.TrimLeft(body, " \t\r\n"); trimmed[0] != '{' {
		return nil, errNoObject
	}
	var e envelope
	if err := json.Unmarshal(body, &e); err != nil {
		return nil, wrongType(err)
	}
	switch {
	case len(e.Records) > 0:
		return records(e.Records)
	case e.Event == "s3:TestEvent":
		return []item{{other: testEvent}}, nil
	case e.Type == "Notification":
		return unwrap([]byte(e.Message), depth+1)
	case e.Type == "SubscriptionConfirmation":
		return nil, errUnsure
	case e.DetailType != "" && e.Source == "aws.s3":
		return bridged(e)
	case e.DetailType != "" && len(e.Detail) > 0:
		return unwrap(unquoted(e.Detail), depth+1)
	case e.EventSource == "aws:sqs" && e.Body != nil:
		return unwrap([]byte(*e.Body), depth+1)
	default:
		return nil, errForeign
	}
}

// bridged is an event that S3 has sent to EventBridge: never one about replication.
// Source: Amazon EventBridge Events Reference, "Amazon Simple Storage Service events".
func bridged(e envelope) ([]item, error) {
	var detail struct {
		Bucket struct {
			Name string `json:"name"`
		} `json:"bucket"`
	}
	if err := json.Unmarshal(e.Detail, &detail); err != nil || detail.Bucket.Name == "" {
		return nil, errors.New("detail.bucket.name is missing")
	}
	return []item{{bucket: detail.Bucket.Name, region: e.Region, other: eventBridged}}, nil
}

// unquoted is JSON, or the JSON that a text of it holds.
func unquoted(raw json.RawMessage) []byte {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return []byte(text)
	}
	return raw
}

// records reads the records of a notification, each by itself.
func records(raw json.RawMessage) ([]item, error) {
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, errors.New("the list of Records is none")
	}
	if len(list) == 0 {
		return nil, errEmpty
	}
	var items []item
	var faults []error
	for i, one := range list {
		it, err := decodeRecord(one)
		if err != nil {
			if len(faults) < 3 {
				faults = append(faults, fmt.Errorf("record %d: %w", i+1, err))
			}
			continue
		}
		items = append(items, it)
	}
	return items, errors.Join(faults...)
}

// wrongType names the field that is of another type than it should be, and not what it holds.
func wrongType(err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) && wrong.Field != "" {
		return fmt.Errorf("%s is of another type than described", strings.ReplaceAll(wrong.Field, "..", "."))
	}
	return errors.New("it is not as described")
}
