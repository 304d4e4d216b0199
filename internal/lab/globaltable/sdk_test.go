package globaltable_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	streamtypes "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
	"github.com/aws/smithy-go"

	"parallax/internal/lab/globaltable"
)

const (
	dublin = "eu-west-1"
	london = "eu-west-2"
	table  = "idempotency-keys"
)

var start = time.Date(2026, 11, 18, 13, 55, 0, 0, time.UTC)

func options(seed uint64) globaltable.Options {
	return globaltable.Options{
		Regions: []string{dublin, london}, Table: table, HashKey: "pk", Seed: seed, Start: start,
		MinDelay: 300 * time.Millisecond, MaxDelay: 1500 * time.Millisecond,
	}
}

func text(s string) globaltable.Value { return globaltable.Value{Type: "S", Text: s} }

func item(key, state string) globaltable.Item {
	return globaltable.Item{"pk": text(key), "state": text(state)}
}

// clients are the real ones of the SDK, for one region of a server.
type clients struct {
	table   *dynamodb.Client
	streams *dynamodbstreams.Client
}

// connect makes clients that try once, so that each error is seen.
func connect(url, region string) clients {
	keys := credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "example", "")
	return clients{
		dynamodb.New(dynamodb.Options{Region: region, BaseEndpoint: &url, Credentials: keys, RetryMaxAttempts: 1}),
		dynamodbstreams.New(dynamodbstreams.Options{Region: region, BaseEndpoint: &url, Credentials: keys, RetryMaxAttempts: 1}),
	}
}

func serve(t *testing.T, c *globaltable.Cluster, region string) clients {
	t.Helper()
	url, stop, err := c.Serve(region)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return connect(url, region)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// code is the exception type of an error, "" for none.
func code(err error) string {
	var api smithy.APIError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &api):
		return api.ErrorCode()
	}
	return "not an API error: " + err.Error()
}

func stringItem(pairs ...string) map[string]types.AttributeValue {
	out := map[string]types.AttributeValue{}
	for i := 0; i < len(pairs); i += 2 {
		out[pairs[i]] = &types.AttributeValueMemberS{Value: pairs[i+1]}
	}
	return out
}

func (c clients) arn(t *testing.T) *string {
	t.Helper()
	out, err := c.table.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String(table)})
	must(t, err)
	return out.Table.LatestStreamArn
}

// shards lists all, three a page.
func (c clients) shards(t *testing.T) []streamtypes.Shard {
	t.Helper()
	in := &dynamodbstreams.DescribeStreamInput{StreamArn: c.arn(t), Limit: aws.Int32(3)}
	var all []streamtypes.Shard
	for {
		out, err := c.streams.DescribeStream(t.Context(), in)
		must(t, err)
		all = append(all, out.StreamDescription.Shards...)
		if in.ExclusiveStartShardId = out.StreamDescription.LastEvaluatedShardId; in.ExclusiveStartShardId == nil {
			return all
		}
	}
}

func (c clients) iterator(ctx context.Context, arn, shard *string, kind streamtypes.ShardIteratorType, sequence *string) (*string, error) {
	out, err := c.streams.GetShardIterator(ctx, &dynamodbstreams.GetShardIteratorInput{
		StreamArn: arn, ShardId: shard, ShardIteratorType: kind, SequenceNumber: sequence,
	})
	if err != nil {
		return nil, fmt.Errorf("get shard iterator: %w", err)
	}
	return out.ShardIterator, nil
}

// readShard reads from the trim horizon until the shard is drained, or gives a page with nothing new while open. Refused
// calls are made again; empty pages in a closed shard are no end.
func (c clients) readShard(t *testing.T, shard streamtypes.Shard) []streamtypes.Record {
	t.Helper()
	it, err := c.iterator(t.Context(), c.arn(t), shard.ShardId, streamtypes.ShardIteratorTypeTrimHorizon, nil)
	must(t, err)
	var all []streamtypes.Record
	for empty := 0; it != nil && empty < 20; {
		out, err := c.streams.GetRecords(t.Context(), &dynamodbstreams.GetRecordsInput{ShardIterator: it})
		if code(err) == "LimitExceededException" {
			continue
		}
		must(t, err)
		all = append(all, out.Records...)
		it = out.NextShardIterator
		if empty++; len(out.Records) > 0 {
			empty = 0
		}
	}
	if closed := shard.SequenceNumberRange.EndingSequenceNumber != nil; closed != (it == nil) {
		t.Errorf("shard %s: closed %t, but drained %t", *shard.ShardId, closed, it == nil)
	}
	return all
}

func (c clients) records(t *testing.T) []streamtypes.Record {
	t.Helper()
	var all []streamtypes.Record
	for _, shard := range c.shards(t) {
		all = append(all, c.readShard(t, shard)...)
	}
	return all
}
