package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	streamtypes "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"parallax/internal/record"
)

// told is a stream record in words that the SDK and the archive share. Images are JSON in which equal items look equal.
type told struct {
	Seq, Event, Key, Old, New string
	At                        time.Time
}

// listing of a stream: its records by shard, in their order.
type shardRecords map[string][]told

func (s shardRecords) count() (n int) {
	for _, records := range s {
		n += len(records)
	}
	return n
}

// awsClients are the SDK's own, for one region of a server.
type awsClients struct {
	tables  *dynamodb.Client
	streams *dynamodbstreams.Client
}

func connectAWS(url, region string) awsClients {
	keys := credentials.NewStaticCredentialsProvider(exampleKey, "example", "")
	return awsClients{
		dynamodb.New(dynamodb.Options{Region: region, BaseEndpoint: &url, Credentials: keys}),
		dynamodbstreams.New(dynamodbstreams.Options{Region: region, BaseEndpoint: &url, Credentials: keys}),
	}
}

// exampleKey is the access key of AWS's own examples.
const exampleKey = "AKIDEXAMPLE"

// stream reads all of a table's stream by the plain SDK. keys names the table's key attributes, hash key first.
func (c awsClients) stream(t *testing.T, table string, keys []string) shardRecords {
	t.Helper()
	described, err := c.tables.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: &table})
	if err != nil {
		t.Fatal(err)
	}
	in := &dynamodbstreams.DescribeStreamInput{StreamArn: described.Table.LatestStreamArn}
	out := shardRecords{}
	for {
		page, err := c.streams.DescribeStream(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		for _, shard := range page.StreamDescription.Shards {
			if records := c.shard(t, in.StreamArn, shard.ShardId, keys); len(records) > 0 {
				out[*shard.ShardId] = records
			}
		}
		if in.ExclusiveStartShardId = page.StreamDescription.LastEvaluatedShardId; in.ExclusiveStartShardId == nil {
			return out
		}
	}
}

// idlePages is how many empty pages of an open shard end it here. It is no figure of the program's: nothing is written
// meanwhile, and the stand-in answers with at most a few empty pages in a row.
const idlePages = 20

func (c awsClients) shard(t *testing.T, arn, shard *string, keys []string) (out []told) {
	t.Helper()
	at, err := c.streams.GetShardIterator(t.Context(), &dynamodbstreams.GetShardIteratorInput{
		StreamArn: arn, ShardId: shard, ShardIteratorType: streamtypes.ShardIteratorTypeTrimHorizon,
	})
	if err != nil {
		t.Fatal(err)
	}
	idle := 0
	for next := at.ShardIterator; next != nil && idle < idlePages; {
		page, err := c.streams.GetRecords(t.Context(), &dynamodbstreams.GetRecordsInput{ShardIterator: next})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Records {
			out = append(out, told{
				Seq: aws.ToString(r.Dynamodb.SequenceNumber), Event: string(r.EventName), Key: keyText(t, r.Dynamodb.Keys, keys),
				Old: sdkImage(t, r.Dynamodb.OldImage), New: sdkImage(t, r.Dynamodb.NewImage),
				At: aws.ToTime(r.Dynamodb.ApproximateCreationDateTime).UTC(),
			})
		}
		if idle++; len(page.Records) > 0 {
			idle = 0
		}
		next = page.NextShardIterator
	}
	return out
}

// keyText is what record.Change says of its Key.
func keyText(t *testing.T, key map[string]streamtypes.AttributeValue, names []string) string {
	t.Helper()
	parts := make([]string, len(names))
	for i, name := range names {
		for _, text := range plain(t, key[name]) { // the one value under its type
			parts[i] = fmt.Sprint(text)
		}
		if len(names) > 1 {
			parts[i] = strings.NewReplacer("%", "%25", "/", "%2F").Replace(parts[i])
		}
	}
	return strings.Join(parts, "/")
}

// compareStreams expects the archive to hold a stream: each record once, in its shard's order, with equal content.
func compareStreams(t *testing.T, what string, want, got shardRecords) {
	t.Helper()
	shards := maps.Clone(want)
	maps.Copy(shards, got)
	for _, shard := range slices.Sorted(maps.Keys(shards)) {
		w, g := want[shard], got[shard]
		for i := range max(len(w), len(g)) {
			if i >= len(w) || i >= len(g) || w[i] != g[i] {
				t.Errorf("%s, shard %s: the stream has %d records, the archive %d; the first to differ is number %d:\nstream  %s\narchive %s",
					what, shard, len(w), len(g), i, excerpt(w, i), excerpt(g, i))
				break
			}
		}
	}
}

// excerpt shows a record, not all of 400 KB of it.
func excerpt(records []told, i int) string {
	if i >= len(records) {
		return "none"
	}
	text := fmt.Sprintf("%+v", records[i])
	return text[:min(len(text), 600)]
}

// items are a table's, each spelled, by the spelling of the whole item.
func (c awsClients) items(t *testing.T, table string) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	pages := dynamodb.NewScanPaginator(c.tables, &dynamodb.ScanInput{TableName: &table})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range page.Items {
			out[sdkImage(t, item)] = true
		}
	}
	return out
}

// compareItems plays an archive's records one after another and expects the table to hold what is left. Sequence
// numbers grow along a stream, so their order is that of each key.
func compareItems(t *testing.T, what string, want map[string]bool, archived shardRecords) {
	t.Helper()
	var all []told
	for _, records := range archived {
		all = append(all, records...)
	}
	slices.SortStableFunc(all, func(a, b told) int {
		switch {
		case record.SeqLess(a.Seq, b.Seq):
			return -1
		case record.SeqLess(b.Seq, a.Seq):
			return 1
		}
		return 0
	})
	newest := map[string]string{}
	for i, r := range all {
		if newest[r.Key] != r.Old {
			t.Errorf("%s, record %d: the item of key %s was not what the record says it was", what, i, r.Key)
		}
		newest[r.Key] = r.New
	}
	left := map[string]bool{}
	for _, image := range newest {
		if image != "" {
			left[image] = true
		}
	}
	if !maps.Equal(left, want) {
		t.Errorf("%s: the archive's records leave %d items, the table holds %d, and they are not the same", what, len(left), len(want))
	}
}
