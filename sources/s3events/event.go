package s3events

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"parallax/internal/audit"
	"parallax/internal/pan"
)

// Threshold is what S3 measures replications by where an event does not say: S3 Replication Time Control has no other.
// Source: Amazon S3 API reference, "ReplicationTimeValue".
const Threshold = 15 * time.Minute

// event is one record of a notification. replicationTime and the form of threshold are not described, and the first is not
// used. Sources: Amazon S3 User Guide, "Event message structure" and "Receiving replication failure events with Amazon S3
// Event Notifications"; AWS SDK for Java, S3EventNotification.ReplicationEventDataEntity, for the names of all fields.
type event struct {
	Version string `json:"eventVersion"`
	Source  string `json:"eventSource"`
	Region  string `json:"awsRegion"`
	Time    string `json:"eventTime"`
	Name    string `json:"eventName"`
	S3      struct {
		Bucket struct {
			Name string `json:"name"`
		} `json:"bucket"`
		Object struct {
			Key       string `json:"key"`
			VersionID string `json:"versionId"`
		} `json:"object"`
	} `json:"s3"`
	Replication *replication `json:"replicationEventData"`
}

type replication struct {
	Destination string          `json:"destinationBucket"`
	Operation   string          `json:"s3Operation"`
	Requested   string          `json:"requestTime"`
	Reason      string          `json:"failureReason"`
	Threshold   json.RawMessage `json:"threshold"`
}

// signals are the events about replication, without the "s3:" that their names have in configurations.
// Source: Amazon S3 User Guide, "Supported event types for SQS, SNS, and Lambda".
var signals = map[string]audit.ReplicationSignal{
	"Replication:OperationMissedThreshold":          audit.ReplicationMissed,
	"Replication:OperationReplicatedAfterThreshold": audit.ReplicationLate,
	"Replication:OperationFailedReplication":        audit.ReplicationFailed,
	"Replication:OperationNotTracked":               audit.ReplicationUntracked,
}

var eventGroup = regexp.MustCompile(`^[A-Za-z]{1,40}$`)

func decodeRecord(raw json.RawMessage) (item, error) {
	var e event
	if err := json.Unmarshal(raw, &e); err != nil {
		return item{}, wrongType(err)
	}
	if e.Source != "aws:s3" {
		return item{}, errors.New("eventSource is not aws:s3")
	}
	// A new major version is one that readers of the old cannot read ("Event message structure").
	if major, _, _ := strings.Cut(e.Version, "."); major != "2" {
		return item{}, errors.New("eventVersion is not 2")
	}
	it := item{bucket: e.S3.Bucket.Name, region: e.Region}
	if it.bucket == "" {
		return item{}, errors.New("s3.bucket.name is missing")
	}
	name := strings.TrimPrefix(e.Name, "s3:")
	group, _, _ := strings.Cut(name, ":")
	switch {
	case group != "Replication" && eventGroup.MatchString(group):
		it.other = group + " event, which is not about replication"
		return it, nil
	case signals[name] == "":
		return item{}, errors.New("eventName is none that is known")
	}
	told, err := e.told(signals[name])
	it.told = told
	return it, err
}

// told is what the event says of a replication. Its region is not set. Card numbers are cut.
func (e event) told(signal audit.ReplicationSignal) (audit.Replication, error) {
	r := audit.Replication{Bucket: pan.Mask(e.S3.Bucket.Name), Signal: signal}
	data := e.Replication
	if data == nil {
		return r, errors.New("replicationEventData is missing")
	}
	var err error
	if r.At, err = moment("eventTime", e.Time); err != nil {
		return r, err
	}
	measured := signal == audit.ReplicationMissed || signal == audit.ReplicationLate
	if data.Requested != "" || measured {
		if r.Requested, err = moment("replicationEventData.requestTime", data.Requested); err != nil {
			return r, err
		}
	}
	if measured && r.At.Before(r.Requested) {
		return r, errors.New("eventTime is before replicationEventData.requestTime")
	}
	if r.Key, err = decodeKey(e.S3.Object.Key); err != nil {
		return r, err
	}
	destination := data.Destination[strings.LastIndexByte(data.Destination, ':')+1:]
	if destination == "" {
		return r, errors.New("replicationEventData.destinationBucket is missing")
	}
	r.Destination, r.Operation = pan.Mask(destination), pan.Mask(data.Operation)
	if v := e.S3.Object.VersionID; v != "null" {
		r.VersionID = pan.Mask(v)
	}
	switch {
	case measured:
		r.Threshold = threshold(data.Threshold)
	case signal == audit.ReplicationFailed:
		r.Reason = pan.Mask(data.Reason)
	}
	return r, nil
}

// moment reads a time as events carry it, to the microsecond.
func moment(field, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, fmt.Errorf("%s is missing", field)
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || at.Year() < 2006 { // before there was S3
		return time.Time{}, fmt.Errorf("%s is not a time", field)
	}
	return at.UTC().Truncate(time.Microsecond), nil
}

// decodeKey is the key as the application wrote it: in events it is encoded as in the query of a URL.
// Source: Amazon S3 User Guide, "Event message structure": "red flower.jpg" comes as "red+flower.jpg".
func decodeKey(encoded string) (string, error) {
	key, err := url.QueryUnescape(encoded)
	switch {
	case encoded == "":
		return "", errors.New("s3.object.key is missing")
	case err != nil:
		return "", errors.New("s3.object.key is not encoded as in a URL")
	case !utf8.ValidString(key):
		return "", errors.New("s3.object.key is not UTF-8")
	case len(key) > 1024:
		return "", errors.New("s3.object.key is longer than 1024 bytes")
	}
	return pan.Mask(key), nil
}

var isoDuration = regexp.MustCompile(`^PT(?:(\d{1,4})H)?(?:(\d{1,4})M)?(?:(\d{1,5})S)?$`)

// threshold reads minutes, or a duration as ISO 8601 writes it. What is neither is S3's own threshold.
func threshold(raw json.RawMessage) time.Duration {
	text := strings.Trim(string(raw), `"`)
	if n, err := strconv.Atoi(text); err == nil && n > 0 && n <= 1440 {
		return time.Duration(n) * time.Minute
	}
	var d time.Duration
	if m := isoDuration.FindStringSubmatch(text); m != nil {
		for i, unit := range []time.Duration{time.Hour, time.Minute, time.Second} {
			n, _ := strconv.Atoi(m[i+1]) // digits or nothing
			d += time.Duration(n) * unit
		}
	}
	if d <= 0 {
		return Threshold
	}
	return d
}
