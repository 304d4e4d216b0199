package kinesis

import (
	"encoding/json"
	"time"
)

// Change is a record as DynamoDB writes it into a data stream. Keys and images are objects in DynamoDB's notation, nil
// where there is none. Source: Amazon DynamoDB Developer Guide, "Using Kinesis Data Streams to capture changes to DynamoDB".
type Change struct {
	EventID string
	Event   string // INSERT, MODIFY, REMOVE
	Region  string
	Table   string
	At      time.Time
	Micro   bool // the time is in microseconds, otherwise in milliseconds
	Keys    json.RawMessage
	Old     json.RawMessage
	New     json.RawMessage
	ByTTL   bool
}

// JSON is the record's text.
func (c Change) JSON() []byte {
	stream := map[string]any{"ApproximateCreationDateTime": c.At.UnixMilli(), "Keys": c.Keys, "SizeBytes": len(c.Keys) + len(c.Old) + len(c.New)}
	if c.Micro {
		stream["ApproximateCreationDateTime"] = c.At.UnixMicro()
		stream["ApproximateCreationDateTimePrecision"] = "MICROSECOND"
	}
	if c.Old != nil {
		stream["OldImage"] = c.Old
	}
	if c.New != nil {
		stream["NewImage"] = c.New
	}
	record := map[string]any{
		"awsRegion": c.Region, "eventID": c.EventID, "eventName": c.Event, "userIdentity": nil, "recordFormat": "application/json",
		"tableName": c.Table, "dynamodb": stream, "eventSource": "aws:dynamodb",
	}
	if c.ByTTL {
		record["userIdentity"] = map[string]string{"type": "Service", "principalId": "dynamodb.amazonaws.com"}
	}
	out, err := json.Marshal(record)
	if err != nil {
		return nil // the keys or images are no JSON; the reader will say so
	}
	return out
}
