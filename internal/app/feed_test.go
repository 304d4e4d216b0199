package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/internal/lab/kinesis"
)

// ask calls an operation of a region's table as any client would, and decodes the answer.
func (w *tableWorld) ask(region, operation string, in, out any) {
	w.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		w.Fatal(err)
	}
	request, err := http.NewRequestWithContext(w.Context(), http.MethodPost, w.url[region], bytes.NewReader(body))
	if err != nil {
		w.Fatal(err)
	}
	request.Header.Set("X-Amz-Target", "DynamoDBStreams_20120810."+operation)
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261118/"+region+"/dynamodb/aws4_request, SignedHeaders=host, Signature=0")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		w.Fatal(err)
	}
	defer answer.Body.Close() //nolint:errcheck // it was read to its end
	if err := json.NewDecoder(answer.Body).Decode(out); err != nil || answer.StatusCode != http.StatusOK {
		w.Fatalf("%s: %s, %v", operation, answer.Status, err)
	}
}

// changes are the records of a region's stream, as a data stream would carry them, in order of time.
func (w *tableWorld) changes(region string) []kinesis.Change {
	w.Helper()
	type object = map[string]string
	var streams struct{ Streams []struct{ StreamArn string } }
	w.ask(region, "ListStreams", object{"TableName": "keys"}, &streams)
	arn := streams.Streams[0].StreamArn
	var described struct {
		StreamDescription struct{ Shards []struct{ ShardID string } }
	}
	w.ask(region, "DescribeStream", object{"StreamArn": arn}, &described)
	var all []kinesis.Change
	for _, shard := range described.StreamDescription.Shards {
		var place struct{ ShardIterator string }
		w.ask(region, "GetShardIterator", object{"StreamArn": arn, "ShardId": shard.ShardID, "ShardIteratorType": "TRIM_HORIZON"}, &place)
		var page struct {
			Records []struct {
				EventID, EventName string
				Dynamodb           struct {
					ApproximateCreationDateTime int64
					Keys, NewImage, OldImage    json.RawMessage
				}
			}
		}
		w.ask(region, "GetRecords", place, &page)
		for _, r := range page.Records {
			all = append(all, kinesis.Change{
				EventID: r.EventID, Event: r.EventName, Region: region, Table: "keys", Micro: true,
				At: time.Unix(r.Dynamodb.ApproximateCreationDateTime, 0), Keys: r.Dynamodb.Keys, Old: r.Dynamodb.OldImage, New: r.Dynamodb.NewImage,
			})
		}
	}
	slices.SortStableFunc(all, func(a, b kinesis.Change) int { return a.At.Compare(b.At) })
	return all
}

// dataStreams carry the changes of a world's table.
type dataStreams struct {
	*tableWorld
	streams map[string]*kinesis.Stream
	sent    map[string]bool // event ids
}

// overKinesis makes data streams for the world's table and lets the application read them.
func (w *tableWorld) overKinesis() *dataStreams {
	w.Helper()
	d := &dataStreams{tableWorld: w, streams: map[string]*kinesis.Stream{}, sent: map[string]bool{}}
	urls := map[string]string{}
	for region, replica := range map[string]string{dublin: london, london: dublin} {
		d.streams[region] = kinesis.New(kinesis.Options{
			Region: region, Name: "keys-changes", Table: "keys", HashKey: "pk", Replicas: []string{replica}, Shards: 2, Start: noon,
		})
		url, stop, err := d.streams[region].Serve()
		if err != nil {
			w.Fatal(err)
		}
		w.Cleanup(stop)
		urls[region] = url
	}
	own := w.url
	w.url = urls // which answer for the table too, as far as a reader asks
	w.configure(settings{kinesis: urls, table: fmt.Sprintf("    kinesis: {streams: {%s: keys-changes, %s: keys-changes}}\n", dublin, london)})
	w.url = own
	return d
}

// feed sends what has changed since the last time until a moment: each two neighbours the wrong way round, and everything
// once more.
func (d *dataStreams) feed(to time.Time) {
	d.Helper()
	d.keys.Advance(to)
	for region, stream := range d.streams {
		fresh := slices.DeleteFunc(d.changes(region), func(c kinesis.Change) bool { return d.sent[c.EventID] })
		for i := 0; i+1 < len(fresh); i += 2 {
			fresh[i], fresh[i+1] = fresh[i+1], fresh[i]
		}
		for _, c := range slices.Concat(fresh, fresh) {
			stream.Advance(c.At.Add(time.Second))
			stream.Put(string(c.Keys), c.JSON())
			d.sent[c.EventID] = true
		}
		stream.Advance(to)
	}
}

// The same changes by way of a data stream, out of order and sent twice, give the same findings as the table's own streams.
func TestKinesisGivesTheSameFindings(t *testing.T) {
	want := []string{"lww.lost_delete deleted proven", "lww.lost_write lost proven", "lww.not_replicated stuck proven"}
	for _, feed := range []string{"ddbstream", "kinesis"} {
		w := newTableWorld(t, nil)
		arrive := func(time.Time) {}
		if feed == "kinesis" {
			arrive = w.overKinesis().feed
		}
		arrive(minute(1))
		w.capture(minute(1))
		w.lose(minute(10), "lost")
		w.quiet(minute(12), "quiet")
		arrive(minute(20))
		w.capture(minute(20))
		w.write(dublin, minute(21), "deleted", "accepted")
		w.remove(dublin, minute(22), "deleted")
		w.write(london, minute(22).Add(time.Second), "deleted", "disputed")
		w.keys.LoseNext(dublin, "stuck")
		w.write(dublin, minute(25), "stuck", "accepted")
		arrive(minute(59))
		captured := w.capture(minute(59))
		w.wantVerdict(captured, audit.RunClean)
		if lines := linesOf(captured, feed); len(lines) != 2 || lines[0].Records == 0 || len(lines) != len(captured.Coverage) {
			t.Errorf("lines of the capture: %+v, want two of %s", captured.Coverage, feed)
		}
		run := w.run("lww", minutes(5, 40), minute(59))
		w.wantVerdict(run, audit.RunFindings)
		w.wantFindings("found by way of "+feed, said(run.Reported), want...)
	}
}
