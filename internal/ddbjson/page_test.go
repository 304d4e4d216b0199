package ddbjson_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"parallax/internal/ddbjson"
	"parallax/internal/record"
)

const body = `{"NextShardIterator":"next\/1","Records":[
{"awsRegion":"eu-west-1","eventID":"1","eventName":"MODIFY","eventSource":"aws:dynamodb","eventVersion":"1.1",
 "dynamodb":{"ApproximateCreationDateTime":1.732112E9,"Keys":{"pk":{"S":"order/1"},"sk":{"N":"1.50"}},"SequenceNumber":"100000000000000000001",
  "NewImage":{"sk":{"N":"1.50"},"pk":{"S":"order\u002f1"},"m":{"M":{"b":{"L":[{"N":"-0.0"}, {"NULL":true}]},"a":{"NS":["10","9"]}}},"n":{"S":"x\n\u00e9\ud83d\ude00"}},
  "OldImage":{"pk":{"S":"order/1"},"sk":{"N":"1.5"},"bin":{"B":"AP9="}},"SizeBytes":10,"StreamViewType":"NEW_AND_OLD_IMAGES"}},
{"eventName":"REMOVE","userIdentity":{"type":"Service","principalId":"dynamodb.amazonaws.com"},
 "dynamodb":{"ApproximateCreationDateTime":1732112001,"Keys":{"sk":{"N":"2"},"pk":{"S":"a"}},"SequenceNumber":"100000000000000000002","OldImage":{"pk":{"S":"a"},"sk":{"N":"2"}}}},
{"eventName":"INSERT",
 "dynamodb":{"NewImage":{"pk":{"S":"a"},"amount":{"N":"abc"}},"ApproximateCreationDateTime":1732112002,"Keys":{"sk":{"N":"2"},"pk":{"S":"a"}},"SequenceNumber":"100000000000000000003"}}
]}`

func TestRecords(t *testing.T) {
	p, err := ddbjson.Records([]byte(body), []string{"pk", "sk"})
	if err != nil {
		t.Fatal(err)
	}
	want := []record.Change{
		{
			Seq: "100000000000000000001", Event: "MODIFY", At: time.Unix(1732112000, 0).UTC(), Key: "order%2F1/1.5",
			Old: `{"bin":{"B":"AP8="},"pk":{"S":"order/1"},"sk":{"N":"1.5"}}`,
			New: `{"m":{"M":{"a":{"NS":["10","9"]},"b":{"L":[{"N":"0"},{"NULL":true}]}}},"n":{"S":"x\u000aé😀"},"pk":{"S":"order/1"},"sk":{"N":"1.5"}}`,
		},
		{
			Seq: "100000000000000000002", Event: "REMOVE", At: time.Unix(1732112001, 0).UTC(), Key: "a/2",
			Old: `{"pk":{"S":"a"},"sk":{"N":"2"}}`, ByTTL: true,
		},
		{Seq: "100000000000000000003", At: time.Unix(1732112002, 0).UTC()},
	}
	for i, c := range p.Changes {
		if c != want[i] {
			t.Errorf("record %d:\n got %+v\nwant %+v", i+1, c, want[i])
		}
	}
	if len(p.Changes) != len(want) || p.Next != "next/1" {
		t.Errorf("%d records, next %q", len(p.Changes), p.Next)
	}
	if len(p.Faults) != 1 || p.Faults[0].Error() != "record 3, sequence number 100000000000000000003: new image: attribute amount: not a number" {
		t.Errorf("faults %v", p.Faults)
	}
}

// A removal is one by time to live only if the service itself has made it.
func TestRemovalsByTimeToLive(t *testing.T) {
	for identity, want := range map[string]bool{
		`{"type":"Service","principalId":"dynamodb.amazonaws.com"}`:    true,
		`{"PrincipalId":"dynamodb.amazonaws.com","Type":"Service"}`:    true,
		`{"type":"Service","principalId":"replication.amazonaws.com"}`: false,
		`{"type":"Person","principalId":"dynamodb.amazonaws.com"}`:     false,
		`{"type":"Service"}`: false, `{"principalId":null,"x":[1]}`: false, `{}`: false, `null`: false,
	} {
		for event, image := range map[string]string{"REMOVE": "OldImage", "INSERT": "NewImage"} {
			p, err := ddbjson.Records([]byte(`{"Records":[{"dynamodb":{"ApproximateCreationDateTime":1,"SequenceNumber":"1","Keys":{"pk":{"S":"k"}},"`+image+
				`":{"pk":{"S":"k"}}},"userIdentity":`+identity+`,"eventName":"`+event+`"}]}`), []string{"pk"})
			if err != nil || len(p.Faults) > 0 || p.Changes[0].ByTTL != (want && event == "REMOVE") {
				t.Errorf("%s by %s: %+v, %v", event, identity, p, err)
			}
		}
	}
}

func TestKinesis(t *testing.T) {
	c, id, err := ddbjson.Kinesis([]byte(`{"awsRegion":"eu-west-1","eventID":"7e","eventName":"INSERT","userIdentity":null,"recordFormat":"application/json","tableName":"keys",
		"dynamodb":{"ApproximateCreationDateTime":1732112000123456,"ApproximateCreationDateTimePrecision":"MICROSECOND","Keys":{"pk":{"S":"a"}},"NewImage":{"pk":{"S":"a"}},"SizeBytes":4},"eventSource":"aws:dynamodb"}`), []string{"pk"})
	want := record.Change{
		Table: "keys", Region: "eu-west-1", Event: "INSERT", Key: "a", New: `{"pk":{"S":"a"}}`, At: time.Unix(1732112000, 123_456_000).UTC(),
	}
	if err != nil || id != "7e" || c != want {
		t.Errorf("%+v, %q, %v", c, id, err)
	}
	_, _, err = ddbjson.Kinesis([]byte(`{"eventName":"INSERT","dynamodb":{"ApproximateCreationDateTime":1,"Keys":{"id":{"S":"a"}}}}`), []string{"pk"})
	var fault ddbjson.Fault
	if !errors.As(err, &fault) || fault.What() != "keys: no attribute pk" {
		t.Errorf("%v", err)
	}
}

func TestItems(t *testing.T) {
	p, err := ddbjson.Items([]byte(`{"Count":2,"Items":[{"v":{"N":"1E2"},"pk":{"B":"AA=="}},{"pk":{"S":"x"},"v":{"X":1}}], "LastEvaluatedKey":{"pk":{"S":"x"}}}`), []string{"pk"})
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Items) != 2 || p.Items[0] != (ddbjson.Item{Key: "AA==", Image: `{"pk":{"B":"AA=="},"v":{"N":"100"}}`}) {
		t.Errorf("%+v", p.Items)
	}
	if len(p.Faults) != 1 || p.Faults[0].Error() != "record 2: attribute v: an unknown type of value" {
		t.Errorf("%v", p.Faults)
	}
	if string(p.Rest) != `{"Count":2,"LastEvaluatedKey":{"pk":{"S":"x"}}}` {
		t.Errorf("%s", p.Rest)
	}
}

// A page costs a handful of allocations, however many records it has.
func TestPagesCostFewAllocations(t *testing.T) {
	for _, records := range []int{10, 1000} {
		body, keys := page(records), []string{"pk"}
		var s ddbjson.Scanner
		if n := testing.AllocsPerRun(5, func() { _, _ = s.Records(body, keys) }); n > 8 {
			t.Errorf("%d records: %.0f allocations", records, n)
		}
	}
}

// A Scanner gives the same page whatever it has read before, and what it gave stays as it is.
func TestScannerKeepsNothingOfTheLastBody(t *testing.T) {
	var s ddbjson.Scanner
	for _, c := range bodies {
		before, err := s.Records([]byte(body), []string{"pk", "sk"})
		if err != nil {
			t.Fatal(err)
		}
		was := before.Changes[0]
		own, ownErr := ddbjson.Records([]byte(c.body), []string{"pk"})
		kept, keptErr := s.Records([]byte(c.body), []string{"pk"})
		if !slices.Equal(own.Changes, kept.Changes) || !slices.Equal(own.Faults, kept.Faults) || own.Next != kept.Next || (ownErr == nil) != (keptErr == nil) {
			t.Errorf("%s: %v, %v; a new scanner: %v, %v", c.name, kept, keptErr, own, ownErr)
		}
		if before.Changes[0] != was || was.Key != "order%2F1/1.5" {
			t.Errorf("%s: changes what was read before: %+v", c.name, before.Changes[0])
		}
	}
}
