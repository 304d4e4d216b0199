package globaltable_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"

	"parallax/internal/lab/globaltable"
)

func TestDescribe(t *testing.T) {
	c := globaltable.New(options(1))
	must(t, c.Put(dublin, start, item("order-1", "a"), globaltable.Condition{}))
	client := serve(t, c, dublin)
	out, err := client.table.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String(table)})
	must(t, err)
	d := out.Table
	if *d.TableName != table || *d.ItemCount != 1 || *d.GlobalTableVersion != "2019.11.21" || len(*d.TableId) != 36 ||
		*d.TableArn != "arn:aws:dynamodb:eu-west-1:123456789012:table/idempotency-keys" || d.BillingModeSummary.BillingMode != types.BillingModePayPerRequest ||
		*d.KeySchema[0].AttributeName != "pk" || d.StreamSpecification.StreamViewType != types.StreamViewTypeNewAndOldImages ||
		*d.LatestStreamArn != *d.TableArn+"/stream/2026-11-18T13:55:00.000" || !d.CreationDateTime.Equal(start) {
		t.Errorf("the description is %+v", d)
	}
	if len(d.Replicas) != 1 || *d.Replicas[0].RegionName != london || d.Replicas[0].ReplicaStatus != types.ReplicaStatusActive {
		t.Errorf("the replicas are %+v", d.Replicas)
	}
	ttl, err := client.table.DescribeTimeToLive(t.Context(), &dynamodb.DescribeTimeToLiveInput{TableName: d.TableArn})
	must(t, err)
	if ttl.TimeToLiveDescription.TimeToLiveStatus != types.TimeToLiveStatusDisabled {
		t.Errorf("time to live is %+v", ttl.TimeToLiveDescription)
	}
	tables, err := client.table.ListTables(t.Context(), &dynamodb.ListTablesInput{})
	must(t, err)
	if len(tables.TableNames) != 1 || tables.TableNames[0] != table {
		t.Errorf("the tables are %v", tables.TableNames)
	}
	o := options(1)
	o.ListSelf = true
	out, err = serve(t, globaltable.New(o), dublin).table.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String(table)})
	must(t, err)
	if len(out.Table.Replicas) != 2 {
		t.Errorf("with ListSelf the replicas are %+v", out.Table.Replicas)
	}
}

// Writes over HTTP are application writes at the virtual present.
func TestItemsByProtocol(t *testing.T) {
	c := globaltable.New(options(1))
	client := serve(t, c, dublin)
	name := aws.String(table)
	put := &dynamodb.PutItemInput{TableName: name, Item: stringItem("pk", "order-1", "state", "a"), ConditionExpression: aws.String("attribute_not_exists(#k)"),
		ExpressionAttributeNames: map[string]string{"#k": "pk"}}
	_, err := client.table.PutItem(t.Context(), put)
	must(t, err)
	_, err = client.table.PutItem(t.Context(), put)
	var refused *types.ConditionalCheckFailedException
	if !errors.As(err, &refused) {
		t.Errorf("the second put: %v", err)
	}
	updated, err := client.table.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{TableName: name, Key: stringItem("pk", "order-1"),
		UpdateExpression: aws.String("SET #s = :new, amount_minor = :n"), ConditionExpression: aws.String("#s = :old"), ReturnValues: types.ReturnValueAllNew,
		ExpressionAttributeNames: map[string]string{"#s": "state"}, ExpressionAttributeValues: map[string]types.AttributeValue{
			":new": &types.AttributeValueMemberS{Value: "b"}, ":old": &types.AttributeValueMemberS{Value: "a"}, ":n": &types.AttributeValueMemberN{Value: "12.50"}}})
	must(t, err)
	if got := updated.Attributes["amount_minor"].(*types.AttributeValueMemberN).Value; got != "12.5" {
		t.Errorf("the number is %s, want 12.5", got)
	}
	c.Advance(start.Add(time.Minute))
	got, err := serve(t, c, london).table.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: name, Key: stringItem("pk", "order-1")})
	must(t, err)
	if state := got.Item["state"].(*types.AttributeValueMemberS).Value; state != "b" {
		t.Errorf("London has %s, want b", state)
	}
	deleted, err := client.table.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: name, Key: stringItem("pk", "order-1"), ReturnValues: types.ReturnValueAllOld})
	must(t, err)
	if len(deleted.Attributes) != 3 {
		t.Errorf("the deleted item was %v", deleted.Attributes)
	}
	got, err = client.table.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: name, Key: stringItem("pk", "order-1")})
	must(t, err)
	if got.Item != nil {
		t.Errorf("after the delete there is %v", got.Item)
	}
}

// Pages and segments of a scan give every item once.
func TestScan(t *testing.T) {
	c := globaltable.New(options(1))
	const items = 57
	for i := range items {
		must(t, c.Put(dublin, start, item(fmt.Sprintf("order-%d", i), "a"), globaltable.Condition{}))
	}
	must(t, c.Delete(dublin, start, "order-0", globaltable.Condition{}))
	client := serve(t, c, dublin)
	for _, segments := range []int32{0, 3} {
		seen := map[string]int{}
		for segment := range max(segments, 1) {
			in := &dynamodb.ScanInput{TableName: aws.String(table), Limit: aws.Int32(5)}
			if segments > 0 {
				in.Segment, in.TotalSegments = aws.Int32(segment), aws.Int32(segments)
			}
			for pages := dynamodb.NewScanPaginator(client.table, in); pages.HasMorePages(); {
				out, err := pages.NextPage(t.Context())
				must(t, err)
				for _, found := range out.Items {
					seen[found["pk"].(*types.AttributeValueMemberS).Value]++
				}
			}
		}
		if len(seen) != items-1 {
			t.Errorf("%d segments: %d items, want %d", segments, len(seen), items-1)
		}
		for key, n := range seen {
			if n != 1 {
				t.Errorf("%d segments: %s seen %d times", segments, key, n)
			}
		}
	}
}

func TestErrorsByProtocol(t *testing.T) {
	c := globaltable.New(options(1))
	client := serve(t, c, dublin)
	arn, shard := client.arn(t), client.shards(t)[0].ShardId
	name, ctx := aws.String(table), t.Context()
	update := func(expression, condition string) error {
		in := &dynamodb.UpdateItemInput{TableName: name, Key: stringItem("pk", "order-1"), UpdateExpression: &expression,
			ExpressionAttributeValues: map[string]types.AttributeValue{":a": &types.AttributeValueMemberS{Value: "a"}}}
		if condition != "" {
			in.ConditionExpression = &condition
		}
		_, err := client.table.UpdateItem(ctx, in)
		return err
	}
	must(t, update("set a = :a", "attribute_not_exists(pk)"))
	for label, tc := range map[string]struct {
		call func() error
		want string
	}{
		"unknown table": {func() error {
			_, err := client.table.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String("other")})
			return err
		}, "ResourceNotFoundException"},
		"unknown stream": {func() error {
			_, err := client.streams.DescribeStream(ctx, &dynamodbstreams.DescribeStreamInput{StreamArn: aws.String(*arn + "0")})
			return err
		}, "ResourceNotFoundException"},
		"other region": {func() error {
			_, err := client.iterator(ctx, aws.String(strings.Replace(*arn, dublin, london, 1)), shard, "LATEST", nil)
			return err
		}, "ResourceNotFoundException"},
		"unknown shard": {func() error {
			_, err := client.iterator(ctx, arn, aws.String("shardId-00000000000000000000-00000000"), "LATEST", nil)
			return err
		}, "ResourceNotFoundException"},
		"number of another": {func() error {
			_, err := client.iterator(ctx, arn, shard, "AFTER_SEQUENCE_NUMBER", aws.String("100000000000000000000"))
			return err
		}, "ValidationException"},
		"no number": {func() error { _, err := client.iterator(ctx, arn, shard, "AT_SEQUENCE_NUMBER", nil); return err }, "ValidationException"},
		"bad iterator": {func() error {
			_, err := client.streams.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: aws.String("x")})
			return err
		}, "ValidationException"},
		"page too large": {func() error {
			_, err := client.streams.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: aws.String("x|y|z"), Limit: aws.Int32(2000)})
			return err
		}, "ValidationException"},
		"add":             {func() error { return update("ADD a :a", "") }, "ValidationException"},
		"function":        {func() error { return update("SET a = list_append(a, :a)", "") }, "ValidationException"},
		"document path":   {func() error { return update("SET a.b = :a", "") }, "ValidationException"},
		"twice":           {func() error { return update("SET a = :a, a = :a", "") }, "ValidationException"},
		"missing value":   {func() error { return update("SET a = :b", "") }, "ValidationException"},
		"missing name":    {func() error { return update("SET #a = :a", "") }, "ValidationException"},
		"key":             {func() error { return update("SET pk = :a", "") }, "ValidationException"},
		"other condition": {func() error { return update("SET a = :a", "attribute_exists(a)") }, "ValidationException"},
		"there already":   {func() error { return update("SET a = :a", "attribute_not_exists(a)") }, "ConditionalCheckFailedException"},
		"set and removed": {func() error { return update("SET a = :a REMOVE b, a", "") }, "ValidationException"},
		"condition":       {func() error { return update("SET b = :a", "b = :a") }, "ConditionalCheckFailedException"},
		"unused value": {func() error {
			_, err := client.table.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: name, Key: stringItem("pk", "x"), ExpressionAttributeValues: stringItem(":v", "x")})
			return err
		}, "ValidationException"},
		"unused name": {func() error {
			_, err := client.table.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: name, Key: stringItem("pk", "x"), ExpressionAttributeNames: map[string]string{"#v": "x"}})
			return err
		}, "ValidationException"},
		"wrong key": {func() error {
			_, err := client.table.GetItem(ctx, &dynamodb.GetItemInput{TableName: name, Key: stringItem("pk", "x", "sk", "y")})
			return err
		}, "ValidationException"},
		"filter": {func() error {
			_, err := client.table.Scan(ctx, &dynamodb.ScanInput{TableName: name, FilterExpression: aws.String("a = b")})
			return err
		}, "ValidationException"},
		"unknown operation": {func() error { _, err := client.table.ListBackups(ctx, &dynamodb.ListBackupsInput{}); return err }, "UnknownOperationException"},
	} {
		if err := tc.call(); code(err) != tc.want {
			t.Errorf("%s: %v, want %s", label, err, tc.want)
		}
	}
}

// Requests without a signature, or with one for another region, are refused before anything else.
func TestSignatures(t *testing.T) {
	c := globaltable.New(options(1))
	url, stop, err := c.Serve(dublin)
	must(t, err)
	t.Cleanup(stop)
	_, err = connect(url, london).table.ListTables(t.Context(), &dynamodb.ListTablesInput{})
	if code(err) != "InvalidSignatureException" {
		t.Errorf("signed for another region: %v", err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader("{}"))
	must(t, err)
	request.Header.Set("X-Amz-Target", "DynamoDB_20120810.ListTables")
	answer, err := http.DefaultClient.Do(request)
	must(t, err)
	defer func() { must(t, answer.Body.Close()) }()
	body, err := io.ReadAll(answer.Body)
	must(t, err)
	if answer.StatusCode != http.StatusBadRequest || !bytes.Contains(body, []byte("#MissingAuthenticationTokenException")) {
		t.Errorf("unsigned: %s %s", answer.Status, body)
	}
	if _, _, err := c.Serve("us-east-1"); err == nil {
		t.Error("a region without replica is served")
	}
}

// Readers and writers at the same time, for the race detector.
func TestConcurrentUse(t *testing.T) {
	o := options(1)
	o.ShardRoll = time.Second
	c := globaltable.New(o)
	var all sync.WaitGroup
	for _, region := range []string{dublin, london} {
		client := serve(t, c, region)
		all.Go(func() {
			for range 3 {
				client.shards(t)
			}
		})
		all.Go(func() {
			for i := range 50 {
				_, err := client.table.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(table), Item: stringItem("pk", fmt.Sprint(i))})
				if err != nil {
					t.Error(err)
				}
				c.Advance(c.Now().Add(50 * time.Millisecond))
			}
		})
	}
	all.Wait()
	c.Advance(c.Now().Add(time.Minute))
	for _, region := range []string{dublin, london} {
		if n := len(serve(t, c, region).records(t)); n < 50 {
			t.Errorf("%s: %d records, want 50 or more", region, n)
		}
	}
}
