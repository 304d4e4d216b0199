package s3events

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"parallax/internal/audit"
)

// documented is the example of "Receiving replication failure events with Amazon S3 Event Notifications", with names of the lab.
const documented = `{"Records":[{"eventVersion":"2.2","eventSource":"aws:s3","awsRegion":"eu-west-1","eventTime":"2026-11-18T11:04:32.527Z",
"eventName":"Replication:OperationFailedReplication","userIdentity":{"principalId":"s3.amazonaws.com"},
"requestParameters":{"sourceIPAddress":"s3.amazonaws.com"},"responseElements":{"x-amz-request-id":"r","x-amz-id-2":"h"},
"s3":{"s3SchemaVersion":"1.0","configurationId":"c","bucket":{"name":"here","ownerIdentity":{"principalId":"111122223333"},"arn":"arn:aws:s3:::here"},
"object":{"key":"red+flower%2B%C3%A9.jpg","size":520080,"eTag":"e","versionId":"abcdeH0Xp66ep__QDjR76LK7Gc9X4wKO","sequencer":"0066DA1CBF104C0D51"}},
"replicationEventData":{"replicationRuleId":"rule","destinationBucket":"arn:aws:s3:::there","s3Operation":"OBJECT_PUT",
"requestTime":"2026-11-18T11:03:59.168Z","failureReason":"AssumeRoleNotPermitted"}}]}`

var understood = audit.Replication{
	Bucket: "here", Destination: "there", Key: "red flower+é.jpg", VersionID: "abcdeH0Xp66ep__QDjR76LK7Gc9X4wKO", Operation: "OBJECT_PUT",
	Signal: audit.ReplicationFailed, At: time.Date(2026, 11, 18, 11, 4, 32, 527e6, time.UTC),
	Requested: time.Date(2026, 11, 18, 11, 3, 59, 168e6, time.UTC), Reason: "AssumeRoleNotPermitted",
}

// quoted is a text as JSON writes it.
func quoted(s string) string {
	js, err := json.Marshal(s)
	if err != nil {
		panic("a string has its JSON")
	}
	return string(js)
}

func TestEveryWrappingTellsTheSame(t *testing.T) {
	sns := `{"Type":"Notification","MessageId":"m","TopicArn":"arn:aws:sns:eu-west-1:1:t","Subject":"Amazon S3 Notification","Message":` +
		quoted(documented) + `,"Timestamp":"2026-11-18T11:04:33.000Z","SignatureVersion":"1","Signature":"s","SigningCertURL":"u"}`
	bridge := func(detail string) string {
		return `{"version":"0","id":"i","detail-type":"Replication","source":"our.relay","account":"1","time":"2026-11-18T11:04:33Z","region":"eu-west-1","resources":[],"detail":` + detail + `}`
	}
	for name, body := range map[string]string{
		"plain": documented, "sns": sns, "eventbridge": bridge(documented), "eventbridge, as text": bridge(quoted(documented)), "sns in eventbridge": bridge(sns),
		"pipe": bridge(`{"messageId":"m","receiptHandle":"h","body":` + quoted(documented) + `,"eventSource":"aws:sqs"}`), "blanks": " \n" + documented + "\n",
		"with the prefix of configurations": strings.Replace(documented, "Replication:Op", "s3:Replication:Op", 1),
		"newer minor version":               strings.Replace(documented, `"2.2"`, `"2.7"`, 1),
		"name of the bucket alone":          strings.Replace(documented, "arn:aws:s3:::there", "there", 1),
	} {
		items, err := decode(body)
		if err != nil || len(items) != 1 || items[0].bucket != "here" || items[0].region != "eu-west-1" || items[0].other != "" {
			t.Errorf("%s: %+v, %v", name, items, err)
		} else if items[0].told != understood {
			t.Errorf("%s:\n got %+v\nwant %+v", name, items[0].told, understood)
		}
	}
}

func TestSignals(t *testing.T) {
	as := func(name, more string) string {
		return strings.NewReplacer("OperationFailedReplication", name, `,"failureReason":"AssumeRoleNotPermitted"`, more).Replace(documented)
	}
	for name, c := range map[string]struct {
		body string
		want func(r *audit.Replication)
	}{
		"missed": {as("OperationMissedThreshold", `,"threshold":15`), func(r *audit.Replication) {
			r.Signal, r.Reason, r.Threshold = audit.ReplicationMissed, "", 15*time.Minute
		}},
		"late, threshold as a duration": {as("OperationReplicatedAfterThreshold", `,"threshold":"PT1H5M","replicationTime":"?"`), func(r *audit.Replication) {
			r.Signal, r.Reason, r.Threshold = audit.ReplicationLate, "", 65*time.Minute
		}},
		"late, threshold of an unknown form": {as("OperationReplicatedAfterThreshold", `,"threshold":{"a":1}`), func(r *audit.Replication) {
			r.Signal, r.Reason, r.Threshold = audit.ReplicationLate, "", 15*time.Minute
		}},
		"not tracked": {as("OperationNotTracked", ""), func(r *audit.Replication) { r.Signal, r.Reason = audit.ReplicationUntracked, "" }},
		"null version": {strings.Replace(documented, `"versionId":"abcdeH0Xp66ep__QDjR76LK7Gc9X4wKO",`, `"versionId":null,`, 1), func(r *audit.Replication) {
			r.VersionID = ""
		}},
		"card number in the key": {strings.Replace(documented, "red+flower%2B%C3%A9", "card+4111111111111111", 1), func(r *audit.Replication) {
			r.Key = "card 411111******1111.jpg"
		}},
	} {
		want := understood
		c.want(&want)
		if items, err := decode(c.body); err != nil || len(items) != 1 || items[0].told != want {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", name, items, err, want)
		}
	}
}

// What says nothing of a replication and is understood: it may be deleted.
func TestOthers(t *testing.T) {
	for body, want := range map[string]item{
		`{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2026-11-18T11:04:33.000Z","Bucket":"here","RequestId":"r","HostId":"h"}`:    {other: testEvent},
		`{"Type":"Notification","Message":"{\"Service\":\"Amazon S3\",\"Event\":\"s3:TestEvent\",\"Bucket\":\"here\"}"}`:                   {other: testEvent},
		strings.Replace(documented, "Replication:OperationFailedReplication", "ObjectCreated:Put", 1):                                      {bucket: "here", region: "eu-west-1", other: "ObjectCreated event, which is not about replication"},
		strings.Replace(documented, "Replication:OperationFailedReplication", "LifecycleTransition", 1):                                    {bucket: "here", region: "eu-west-1", other: "LifecycleTransition event, which is not about replication"},
		`{"detail-type":"Object Created","source":"aws.s3","region":"eu-west-1","detail":{"bucket":{"name":"here"},"object":{"key":"a"}}}`: {bucket: "here", region: "eu-west-1", other: eventBridged},
	} {
		if items, err := decode(body); err != nil || !reflect.DeepEqual(items, []item{want}) {
			t.Errorf("%s: %+v, %v", body, items, err)
		}
	}
}

// The bad input: each is refused for its own reason, and no reason repeats what the message says.
func TestBadInput(t *testing.T) {
	swap := func(old, with string) string {
		t.Helper()
		if !strings.Contains(documented, old) {
			t.Fatalf("%s is not in the example", old)
		}
		return strings.Replace(documented, old, with, 1)
	}
	wrapped := documented
	for range 6 {
		wrapped = `{"Type":"Notification","Message":` + quoted(wrapped) + `}`
	}
	for _, c := range []struct{ name, body, want string }{
		{"empty", "", "its body is not JSON"},
		{"text", "SECRET", "its body is not JSON"},
		{"cut off", documented[:len(documented)-9], "its body is not JSON"},
		{"two bodies", documented + documented, "its body is not JSON"},
		{"not UTF-8", strings.Replace(documented, "there", "\xff\xfe", 1), "replicationEventData.destinationBucket"},
		{"too long", `{"a":"` + strings.Repeat("a", longest) + `"}`, "longer than 1048576 bytes"},
		{"list", "[" + documented + "]", "not a JSON object"},
		{"number", "4111111111111111", "not a JSON object"},
		{"null", "null", "not a JSON object"},
		{"another message", `{"hello":"SECRET"}`, "neither an S3 event notification nor"},
		{"no records", `{"Records":[]}`, "holds no record"},
		{"records are no list", `{"Records":{"SECRET":1}}`, "the list of Records is none"},
		{"record is no object", `{"Records":["SECRET"]}`, "record 1: it is not as described"},
		{"record is null", `{"Records":[null]}`, "record 1: eventSource is not aws:s3"},
		{"another source", swap("aws:s3\"", "aws:SECRET\""), "eventSource is not aws:s3"},
		{"newer major version", swap(`"2.2"`, `"3.0"`), "eventVersion is not 2"},
		{"no version", swap(`"eventVersion":"2.2",`, ""), "eventVersion is not 2"},
		{"unknown replication event", swap("OperationFailedReplication", "OperationSECRET"), "eventName is none that is known"},
		{"no name", swap(`"eventName":"Replication:OperationFailedReplication",`, ""), "eventName is none that is known"},
		{"name of a strange form", swap("Replication:OperationFailedReplication", "4111 1111 1111 1111"), "eventName is none that is known"},
		{"no bucket", swap(`"name":"here",`, ""), "s3.bucket.name is missing"},
		{"no replication data", swap("replicationEventData", "otherEventData"), "replicationEventData is missing"},
		{"no event time", swap(`"eventTime":"2026-11-18T11:04:32.527Z",`, ""), "eventTime is missing"},
		{"event time of another form", swap("2026-11-18T11:04:32.527Z", "18.11.2026"), "eventTime is not a time"},
		{"event time before there was S3", swap("2026-11-18T11:04:32.527Z", "1970-01-01T00:00:00.000Z"), "eventTime is not a time"},
		{"event time is a number", swap(`"2026-11-18T11:04:32.527Z"`, "4111111111111111"), "eventTime is of another type"},
		{"request time of another form", swap("2026-11-18T11:03:59.168Z", "SECRET"), "replicationEventData.requestTime is not a time"},
		{"late without its request", strings.Replace(swap("OperationFailedReplication", "OperationMissedThreshold"), `"requestTime":"2026-11-18T11:03:59.168Z",`, "", 1), "requestTime is missing"},
		{"late before its request", strings.Replace(swap("OperationFailedReplication", "OperationMissedThreshold"), "11:03:59", "11:13:59", 1), "eventTime is before"},
		{"no key", swap(`"key":"red+flower%2B%C3%A9.jpg",`, ""), "s3.object.key is missing"},
		{"key of a wrong encoding", swap("%2B", "%2"), "s3.object.key is not encoded as in a URL"},
		{"key not UTF-8", swap("%C3%A9", "%C3"), "s3.object.key is not UTF-8"},
		{"key too long", swap("red+flower", strings.Repeat("r", 1025)), "s3.object.key is longer than 1024 bytes"},
		{"key is a list", swap(`"red+flower%2B%C3%A9.jpg"`, `["SECRET"]`), "s3.object.key is of another type"},
		{"no destination", swap(`"destinationBucket":"arn:aws:s3:::there",`, ""), "destinationBucket is missing"},
		{"empty destination", swap("arn:aws:s3:::there", "arn:aws:s3:::"), "destinationBucket is missing"},
		{"SNS without a message", `{"Type":"Notification"}`, "its body is not JSON"},
		{"SNS with another message", `{"Type":"Notification","Message":"{\"hello\":\"SECRET\"}"}`, "neither an S3 event notification nor"},
		{"SNS subscription", `{"Type":"SubscriptionConfirmation","Token":"SECRET","Message":"You have chosen"}`, "confirm a subscription"},
		{"EventBridge of another service", `{"detail-type":"EC2 Instance State-change Notification","source":"aws.ec2","detail":{"instance-id":"SECRET"}}`, "neither an S3"},
		{"EventBridge of S3 without a bucket", `{"detail-type":"Object Created","source":"aws.s3","detail":{"object":{"key":"SECRET"}}}`, "detail.bucket.name is missing"},
		{"wrapped too often", wrapped, "wrapped more than 4 times"},
		{"deeply nested", strings.Repeat(`{"Records":`, 20000), "its body is not JSON"},
	} {
		items, err := decode(c.body)
		if c.name == "not UTF-8" { // JSON replaces what is not UTF-8, and no such bucket is configured
			if err != nil || items[0].told.Destination != "\ufffd\ufffd" {
				t.Errorf("%s: %+v, %v", c.name, items, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || len(items) != 0 {
			t.Errorf("%s: %+v, %v; want %q", c.name, items, err, c.want)
		} else if strings.Contains(err.Error(), "SECRET") || strings.Contains(err.Error(), "4111") {
			t.Errorf("%s: the reason repeats the message: %v", c.name, err)
		}
	}
}

// One record that is not understood takes nothing from the others.
func TestOneBadRecordLeavesTheOthers(t *testing.T) {
	var one struct{ Records []json.RawMessage }
	if err := json.Unmarshal([]byte(documented), &one); err != nil {
		t.Fatal(err)
	}
	body := `{"Records":[{},` + string(one.Records[0]) + `,1,2,3]}`
	items, err := decode(body)
	if len(items) != 1 || items[0].told != understood || err == nil || !strings.HasPrefix(err.Error(), "record 1: ") {
		t.Errorf("%+v, %v", items, err)
	}
}

// Whatever comes is told or refused, and nothing it says is beyond what a record may hold.
func FuzzDecode(f *testing.F) {
	for _, body := range []string{
		documented, `{"Records":[]}`, `{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b"}`, `{"Type":"Notification","Message":` + quoted(documented) + `}`,
		`{"detail-type":"d","source":"aws.s3","detail":{"bucket":{"name":"b"}}}`, strings.Replace(documented, "FailedReplication", "MissedThreshold", 1),
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		items, err := decode(body)
		if len(items) == 0 && err == nil {
			t.Error("neither told nor refused")
		}
		for _, it := range items {
			r := it.told
			switch {
			case it.other != "":
			case it.bucket == "" || r.Destination == "" || r.Key == "" || len(r.Key) > 1024+64 || r.At.IsZero():
				t.Errorf("%+v", r)
			case (r.Signal == audit.ReplicationMissed || r.Signal == audit.ReplicationLate) && (r.Threshold <= 0 || r.Requested.IsZero() || r.At.Before(r.Requested)):
				t.Errorf("%+v", r)
			}
		}
		if again, _ := decode(body); !reflect.DeepEqual(again, items) {
			t.Error("a second time it tells something else")
		}
	})
}
