package globaltable_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	streamtypes "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"parallax/internal/lab/globaltable"
)

// Every change is in the stream of each region once, in the order of its item, whatever the pages, rolls and refusals.
func TestStreamHasEveryRecordOnceInOrder(t *testing.T) {
	o := options(3)
	o.ShardRoll, o.PageRecords, o.Throttle, o.EmptyPage = 10*time.Minute, 7, 0.2, 0.3
	c := globaltable.New(o)
	const keys, versions = 20, 12
	at := start
	for version := range versions {
		for key := range keys {
			at = at.Add(17 * time.Second)
			must(t, c.Put(dublin, at, item(fmt.Sprintf("order-%02d", key), fmt.Sprintf("v%02d", version)), globaltable.Condition{}))
		}
	}
	c.Advance(at.Add(time.Minute))
	for _, region := range []string{dublin, london} {
		client := serve(t, c, region)
		if n := len(client.shards(t)); n < 10 {
			t.Errorf("%s: %d shards, so hardly any roll", region, n)
		}
		seen, newest := map[string]int{}, ""
		byShard := map[string]string{}
		for _, shard := range client.shards(t) {
			last := ""
			for _, r := range client.readShard(t, shard) {
				d := r.Dynamodb
				checkRecord(t, region, r, seen)
				if *d.SequenceNumber <= last || len(*d.SequenceNumber) != 21 {
					t.Errorf("%s: sequence number %s after %q", region, *d.SequenceNumber, last)
				}
				last = *d.SequenceNumber
				newest = max(newest, last)
			}
			byShard[*shard.ShardId] = last
			if parent := aws.ToString(shard.ParentShardId); parent != "" && last != "" && byShard[parent] >= last {
				t.Errorf("%s: shard %s ends before its parent", region, *shard.ShardId)
			}
		}
		for key, n := range seen {
			if n != versions {
				t.Errorf("%s: %s has %d records, want %d", region, key, n, versions)
			}
		}
		if len(seen) != keys {
			t.Errorf("%s: %d keys in the stream, want %d", region, len(seen), keys)
		}
	}
}

// checkRecord expects the next version of the item, with the one before as its old image.
func checkRecord(t *testing.T, region string, r streamtypes.Record, seen map[string]int) {
	t.Helper()
	d := r.Dynamodb
	key := attribute(d.Keys["pk"])
	version := seen[key]
	seen[key]++
	name, before := streamtypes.OperationTypeInsert, ""
	if version > 0 {
		name, before = streamtypes.OperationTypeModify, fmt.Sprintf("v%02d", version-1)
	}
	if r.EventName != name || attribute(d.NewImage["state"]) != fmt.Sprintf("v%02d", version) || attribute(d.OldImage["state"]) != before {
		t.Errorf("%s %s: record %d is %s %q -> %q", region, key, version, r.EventName, attribute(d.OldImage["state"]), attribute(d.NewImage["state"]))
	}
	if *r.AwsRegion != region || aws.ToString(r.EventID) == "" || aws.ToInt64(d.SizeBytes) == 0 || d.StreamViewType != "NEW_AND_OLD_IMAGES" {
		t.Errorf("%s %s: fields of the record are wrong: %+v", region, key, r)
	}
	if at := *d.ApproximateCreationDateTime; at.Nanosecond() != 0 {
		t.Errorf("%s %s: created at %s, want whole seconds", region, key, at)
	}
}

func attribute(v streamtypes.AttributeValue) string {
	if s, ok := v.(*streamtypes.AttributeValueMemberS); ok {
		return s.Value
	}
	return ""
}

// A reader that stops anywhere goes on with the next record, by iterator or by number.
func TestStreamResumes(t *testing.T) {
	c := globaltable.New(options(1))
	for i := range 5 {
		must(t, c.Put(dublin, start.Add(time.Duration(i)*time.Second), item("order-1", fmt.Sprint(i)), globaltable.Condition{}))
	}
	client := serve(t, c, dublin)
	arn := client.arn(t)
	for _, shard := range client.shards(t) {
		all := client.readShard(t, shard)
		for i, r := range all {
			for kind, want := range map[streamtypes.ShardIteratorType]int{"AFTER_SEQUENCE_NUMBER": len(all) - i - 1, "AT_SEQUENCE_NUMBER": len(all) - i} {
				it, err := client.iterator(t.Context(), arn, shard.ShardId, kind, r.Dynamodb.SequenceNumber)
				must(t, err)
				out, err := client.streams.GetRecords(t.Context(), &dynamodbstreams.GetRecordsInput{ShardIterator: it})
				must(t, err)
				if len(out.Records) != want || out.NextShardIterator == nil {
					t.Errorf("%s record %d: %d records, want %d and an open shard", kind, i, len(out.Records), want)
				}
			}
		}
		it, err := client.iterator(t.Context(), arn, shard.ShardId, "LATEST", nil)
		must(t, err)
		must(t, c.Put(dublin, c.Now(), item("order-1", "new "+*shard.ShardId), globaltable.Condition{}))
		out, err := client.streams.GetRecords(t.Context(), &dynamodbstreams.GetRecordsInput{ShardIterator: it})
		must(t, err)
		if want := min(len(all), 1); len(out.Records) != want {
			t.Errorf("LATEST in %s: %d records, want %d", *shard.ShardId, len(out.Records), want)
		}
	}
}

// After the retention, records are gone, whole shards are no longer listed, and asking for them is an error of its own.
func TestStreamTrims(t *testing.T) {
	c := globaltable.New(options(1))
	must(t, c.Put(dublin, start, item("order-1", "old"), globaltable.Condition{}))
	client := serve(t, c, dublin)
	arn := client.arn(t)
	shard := firstWithRecords(t, client)
	old := client.readShard(t, shard)[0].Dynamodb.SequenceNumber
	early, err := client.iterator(t.Context(), arn, shard.ShardId, "TRIM_HORIZON", nil)
	must(t, err)

	c.Advance(start.Add(24 * time.Hour))
	if n := len(client.records(t)); n != 1 {
		t.Errorf("at 24 h: %d records, want 1", n)
	}
	c.Advance(start.Add(24*time.Hour + time.Second))
	if n := len(client.records(t)); n != 0 {
		t.Errorf("after 24 h: %d records, want 0", n)
	}
	check := func(when string) {
		t.Helper()
		_, err := client.streams.GetRecords(t.Context(), &dynamodbstreams.GetRecordsInput{ShardIterator: early})
		if code(err) != "TrimmedDataAccessException" {
			t.Errorf("%s: records by an early iterator: %v", when, err)
		}
		_, err = client.iterator(t.Context(), arn, shard.ShardId, "AFTER_SEQUENCE_NUMBER", old)
		if code(err) != "TrimmedDataAccessException" {
			t.Errorf("%s: iterator after the record trimmed: %v", when, err)
		}
	}
	check("record trimmed")
	c.Advance(start.Add(29 * time.Hour))
	for _, other := range client.shards(t) {
		if *other.ShardId == *shard.ShardId {
			t.Errorf("shard %s is still listed a day after it closed", *shard.ShardId)
		}
	}
	check("shard trimmed")
	if _, err := client.iterator(t.Context(), arn, shard.ShardId, "TRIM_HORIZON", nil); code(err) != "TrimmedDataAccessException" {
		t.Errorf("shard trimmed: iterator at the trim horizon: %v", err)
	}
	c.Advance(start.Add(60 * time.Hour))
	_, err = client.iterator(t.Context(), arn, shard.ShardId, "TRIM_HORIZON", nil)
	if code(err) != "ResourceNotFoundException" {
		t.Errorf("shard long gone: %v", err)
	}
}

func firstWithRecords(t *testing.T, client clients) streamtypes.Shard {
	t.Helper()
	for _, shard := range client.shards(t) {
		if len(client.readShard(t, shard)) > 0 {
			return shard
		}
	}
	t.Fatal("no shard has records")
	return streamtypes.Shard{}
}

// Shards form lines: a parent that closed has one child, found by the filter too, and the child's numbers are higher.
func TestShardLineage(t *testing.T) {
	c := globaltable.New(options(2))
	c.Advance(start.Add(10 * time.Hour))
	client := serve(t, c, london)
	children := map[string]int{}
	shards := client.shards(t)
	byID := map[string]streamtypes.Shard{}
	for _, shard := range shards {
		byID[*shard.ShardId] = shard
		if shard.ParentShardId == nil {
			continue
		}
		children[*shard.ParentShardId]++
		parent := byID[*shard.ParentShardId]
		if end := aws.ToString(parent.SequenceNumberRange.EndingSequenceNumber); end == "" || *shard.SequenceNumberRange.StartingSequenceNumber <= end {
			t.Errorf("shard %s starts at %s, its parent ends at %q", *shard.ShardId, *shard.SequenceNumberRange.StartingSequenceNumber, end)
		}
	}
	for _, shard := range shards {
		closed := shard.SequenceNumberRange.EndingSequenceNumber != nil
		if n := children[*shard.ShardId]; n > 1 || closed != (n == 1) {
			t.Errorf("shard %s: closed %t with %d children", *shard.ShardId, closed, n)
		}
		out, err := client.streams.DescribeStream(t.Context(), &dynamodbstreams.DescribeStreamInput{
			StreamArn: client.arn(t), ShardFilter: &streamtypes.ShardFilter{Type: "CHILD_SHARDS", ShardId: shard.ShardId},
		})
		must(t, err)
		if len(out.StreamDescription.Shards) != children[*shard.ShardId] {
			t.Errorf("shard %s: the filter finds %d children, want %d", *shard.ShardId, len(out.StreamDescription.Shards), children[*shard.ShardId])
		}
	}
	if len(children) < 4 {
		t.Errorf("%d shards have children after 10 h, so hardly any roll", len(children))
	}
}

func TestStreamViews(t *testing.T) {
	for view, want := range map[string][2]bool{ // old image, new image
		globaltable.ViewBoth: {true, true}, globaltable.ViewNew: {false, true},
		globaltable.ViewOld: {true, false}, globaltable.ViewKeys: {false, false},
	} {
		o := options(1)
		o.View = view
		c := globaltable.New(o)
		must(t, c.Put(dublin, start, item("order-1", "a"), globaltable.Condition{}))
		must(t, c.Put(dublin, start, item("order-1", "b"), globaltable.Condition{}))
		records := serve(t, c, dublin).records(t)
		if got := [2]bool{records[1].Dynamodb.OldImage != nil, records[1].Dynamodb.NewImage != nil}; len(records) != 2 || got != want {
			t.Errorf("%s: %d records, images %v, want %v", view, len(records), got, want)
		}
	}
	o := options(1)
	o.View = globaltable.ViewNone
	client := serve(t, globaltable.New(o), dublin)
	if arn := client.arn(t); arn != nil {
		t.Errorf("a table without stream names %s", *arn)
	}
	out, err := client.streams.ListStreams(t.Context(), &dynamodbstreams.ListStreamsInput{TableName: aws.String(table)})
	must(t, err)
	if len(out.Streams) != 0 {
		t.Errorf("a table without stream lists %d", len(out.Streams))
	}
}
