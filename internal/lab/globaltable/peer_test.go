package globaltable_test

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	streamtypes "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"parallax/internal/lab/globaltable"
)

// What only one of the two sets, and why.
var (
	onlyOurs = map[string]string{
		"DescribeTable: Table.GlobalTableVersion":                       "the peer has no global tables",
		"DescribeTable: Table.MultiRegionConsistency":                   "the peer has no global tables",
		"DescribeTable: Table.Replicas.RegionName":                      "the peer has no global tables",
		"DescribeTable: Table.Replicas.ReplicaStatus":                   "the peer has no global tables",
		"DescribeStream: StreamDescription.KeySchema.AttributeName":     "the service tells the keys of the stream",
		"DescribeStream: StreamDescription.KeySchema.KeyType":           "the service tells the keys of the stream",
		"GetShardIterator of no shard: error ResourceNotFoundException": "the peer takes any shard",
		"GetShardIterator without number: error ValidationException":    "the peer needs no number",
	}
	onlyPeers = map[string]string{
		"DescribeStream: StreamDescription.Shards.SequenceNumberRange.EndingSequenceNumber": "the peer ends an open shard",
		"GetShardIterator of no shard: ShardIterator":                                       "the peer takes any shard",
		"GetShardIterator without number: ShardIterator":                                    "the peer needs no number",
	}
)

// The stand-in answers the same calls with the same fields and the same exceptions as dynoxide, a DynamoDB server by
// other people.
func TestShapeOfPeer(t *testing.T) {
	c := globaltable.New(options(1))
	own := serve(t, c, dublin)
	peer := connect(startPeer(t), dublin)
	createTable(t, peer)
	got, want := shapes(t, own), shapes(t, peer)
	compare(t, "only the stand-in sets", got, want, onlyOurs)
	compare(t, "only the peer sets", want, got, onlyPeers)
}

// compare expects a to set what b does not exactly where that is known.
func compare(t *testing.T, what string, a, b map[string][]string, known map[string]string) {
	t.Helper()
	found := map[string]bool{}
	for _, call := range slices.Sorted(maps.Keys(a)) {
		for _, field := range difference(a[call], b[call]) {
			found[call+": "+field] = true
		}
	}
	for _, place := range slices.Sorted(maps.Keys(found)) {
		if known[place] == "" {
			t.Errorf("%s %s", what, place)
		}
	}
	for place, reason := range known {
		if !found[place] {
			t.Errorf("%s no longer %s (%s)", what, place, reason)
		}
	}
}

// shapes makes the same calls to a server and returns, by call, what is set in the answer, or the exception.
func shapes(t *testing.T, client clients) map[string][]string {
	out := map[string][]string{}
	note := func(call string, answer any, err error) {
		if err != nil {
			out[call] = []string{"error " + code(err)}
			return
		}
		fields := map[string]bool{}
		collect(reflect.ValueOf(answer), "", fields)
		out[call] = slices.Sorted(maps.Keys(fields))
	}
	tableCalls(t.Context(), client.table, note)
	streamCalls(t, client, note)
	return out
}

type noteFunc func(call string, answer any, err error)

func tableCalls(ctx context.Context, client *dynamodb.Client, note noteFunc) {
	name, key := aws.String(table), stringItem("pk", "order-1")
	full := map[string]types.AttributeValue{
		"pk": key["pk"], "n": &types.AttributeValueMemberN{Value: "1.50"}, "yes": &types.AttributeValueMemberBOOL{Value: true},
		"none": &types.AttributeValueMemberNULL{Value: true}, "bytes": &types.AttributeValueMemberB{Value: []byte("hi")},
		"set":  &types.AttributeValueMemberSS{Value: []string{"b", "a"}},
		"list": &types.AttributeValueMemberL{Value: []types.AttributeValue{&types.AttributeValueMemberS{Value: "x"}}},
		"map":  &types.AttributeValueMemberM{Value: stringItem("x", "y")},
	}
	absent := aws.String("attribute_not_exists(pk)")
	values := stringItem(":a", "a")
	noted(ctx, note, "PutItem", client.PutItem, &dynamodb.PutItemInput{TableName: name, Item: full, ConditionExpression: absent})
	noted(ctx, note, "PutItem refused", client.PutItem, &dynamodb.PutItemInput{TableName: name, Item: full, ConditionExpression: absent})
	noted(ctx, note, "PutItem of an unknown table", client.PutItem, &dynamodb.PutItemInput{TableName: aws.String("other"), Item: full})
	noted(ctx, note, "PutItem without key", client.PutItem, &dynamodb.PutItemInput{TableName: name, Item: stringItem("x", "y")})
	noted(ctx, note, "PutItem returning", client.PutItem, &dynamodb.PutItemInput{TableName: name, Item: full, ReturnValues: "ALL_OLD"})
	noted(ctx, note, "PutItem of another", client.PutItem, &dynamodb.PutItemInput{TableName: name, Item: stringItem("pk", "order-2")})
	noted(ctx, note, "GetItem", client.GetItem, &dynamodb.GetItemInput{TableName: name, Key: key})
	noted(ctx, note, "GetItem of none", client.GetItem, &dynamodb.GetItemInput{TableName: name, Key: stringItem("pk", "none")})
	noted(ctx, note, "GetItem by a wrong key", client.GetItem, &dynamodb.GetItemInput{TableName: name, Key: stringItem("sk", "none")})
	update := func(call, expression, condition string, returns types.ReturnValue) {
		in := &dynamodb.UpdateItemInput{TableName: name, Key: key, UpdateExpression: &expression, ExpressionAttributeValues: values, ReturnValues: returns}
		if condition != "" {
			in.ConditionExpression = &condition
		}
		noted(ctx, note, call, client.UpdateItem, in)
	}
	update("UpdateItem", "SET a = :a", "", "")
	update("UpdateItem returning old", "SET a = :a", "a = :a", "ALL_OLD")
	update("UpdateItem returning new", "SET b = :a", "", "ALL_NEW")
	update("UpdateItem refused", "SET b = :a", "pk = :a", "")
	update("UpdateItem of the key", "SET pk = :a", "", "")
	update("UpdateItem twice", "SET b = :a, b = :a", "", "")
	update("UpdateItem with a value missing", "SET b = :b", "", "")
	update("UpdateItem with a name missing", "SET #b = :a", "", "")
	update("UpdateItem of nonsense", "nonsense", "", "")
	noted(ctx, note, "Scan", client.Scan, &dynamodb.ScanInput{TableName: name})
	page, err := client.Scan(ctx, &dynamodb.ScanInput{TableName: name, Limit: aws.Int32(1)})
	if err == nil {
		page.Items = page.Items[:0] // which item comes first is not told
	}
	note("Scan of a page", page, err)
	noted(ctx, note, "Scan of a segment out of range", client.Scan, &dynamodb.ScanInput{TableName: name, Segment: aws.Int32(2), TotalSegments: aws.Int32(2)})
	noted(ctx, note, "DescribeTable", client.DescribeTable, &dynamodb.DescribeTableInput{TableName: name})
	noted(ctx, note, "DescribeTable of none", client.DescribeTable, &dynamodb.DescribeTableInput{TableName: aws.String("other")})
	noted(ctx, note, "DescribeTimeToLive", client.DescribeTimeToLive, &dynamodb.DescribeTimeToLiveInput{TableName: name})
	noted(ctx, note, "DescribeTimeToLive of none", client.DescribeTimeToLive, &dynamodb.DescribeTimeToLiveInput{TableName: aws.String("other")})
	noted(ctx, note, "ListTables", client.ListTables, &dynamodb.ListTablesInput{})
	noted(ctx, note, "DeleteItem of none", client.DeleteItem, &dynamodb.DeleteItemInput{TableName: name, Key: stringItem("pk", "none")})
	noted(ctx, note, "DeleteItem refused", client.DeleteItem, &dynamodb.DeleteItemInput{TableName: name, Key: key, ConditionExpression: absent})
	noted(ctx, note, "DeleteItem", client.DeleteItem, &dynamodb.DeleteItemInput{TableName: name, Key: key, ReturnValues: "ALL_OLD"})
}

// noted makes a call and notes its answer.
func noted[In, Out, Option any](ctx context.Context, note noteFunc, name string, call func(context.Context, *In, ...Option) (*Out, error), in *In) {
	out, err := call(ctx, in)
	note(name, out, err)
}

func streamCalls(t *testing.T, client clients, note noteFunc) {
	ctx, arn, api := t.Context(), client.arn(t), client.streams
	noted(ctx, note, "ListStreams", api.ListStreams, &dynamodbstreams.ListStreamsInput{TableName: aws.String(table)})
	noted(ctx, note, "ListStreams of none", api.ListStreams, &dynamodbstreams.ListStreamsInput{TableName: aws.String("other")})
	noted(ctx, note, "DescribeStream", api.DescribeStream, &dynamodbstreams.DescribeStreamInput{StreamArn: arn})
	other := aws.String(strings.Replace(*arn, table, "other", 1))
	noted(ctx, note, "DescribeStream of none", api.DescribeStream, &dynamodbstreams.DescribeStreamInput{StreamArn: other})
	var records []streamtypes.Record
	for _, shard := range client.openShards(t) {
		in := &dynamodbstreams.GetShardIteratorInput{StreamArn: arn, ShardId: shard.ShardId, ShardIteratorType: "TRIM_HORIZON"}
		noted(ctx, note, "GetShardIterator", api.GetShardIterator, in)
		it, err := api.GetShardIterator(ctx, in)
		must(t, err)
		page, err := api.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: it.ShardIterator})
		must(t, err)
		note("GetRecords", &dynamodbstreams.GetRecordsOutput{NextShardIterator: page.NextShardIterator}, nil)
		records = append(records, page.Records...)
		in = &dynamodbstreams.GetShardIteratorInput{StreamArn: arn, ShardId: shard.ShardId, ShardIteratorType: "AFTER_SEQUENCE_NUMBER"}
		noted(ctx, note, "GetShardIterator without number", api.GetShardIterator, in)
		in = &dynamodbstreams.GetShardIteratorInput{StreamArn: arn, ShardId: aws.String("shardId-00000000000000000000-00000000"), ShardIteratorType: "LATEST"}
		noted(ctx, note, "GetShardIterator of no shard", api.GetShardIterator, in)
	}
	byName := map[streamtypes.OperationType][]streamtypes.Record{}
	for _, r := range records {
		byName[r.EventName] = append(byName[r.EventName], r)
	}
	for name, some := range byName {
		note("record "+string(name), some, nil)
	}
	noted(ctx, note, "GetRecords by nonsense", api.GetRecords, &dynamodbstreams.GetRecordsInput{ShardIterator: aws.String("nonsense")})
}

// openShards are those without a child. The peer shows an ending number for them too.
func (c clients) openShards(t *testing.T) []streamtypes.Shard {
	all := c.shards(t)
	parents := map[string]bool{}
	for _, shard := range all {
		parents[aws.ToString(shard.ParentShardId)] = true
	}
	return slices.DeleteFunc(all, func(s streamtypes.Shard) bool { return parents[*s.ShardId] })
}

// collect notes the paths of the fields that are set; lists and maps count as one.
func collect(v reflect.Value, path string, fields map[string]bool) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return
		}
		if v.Kind() == reflect.Interface { // an attribute value: its type is part of the shape
			path += "(" + strings.TrimPrefix(v.Elem().Type().Elem().Name(), "AttributeValueMember") + ")"
			fields[path] = true
			return
		}
		if v.Elem().Kind() != reflect.Struct || v.Elem().Type() == reflect.TypeFor[time.Time]() {
			fields[path] = true
			return
		}
		collect(v.Elem(), path, fields)
	case reflect.Struct:
		for i := range v.NumField() {
			if name := v.Type().Field(i).Name; name != "ResultMetadata" && v.Type().Field(i).IsExported() {
				collect(v.Field(i), strings.TrimPrefix(path+"."+name, "."), fields)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			collect(v.Index(i), path, fields)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			collect(v.MapIndex(key), path+"["+key.String()+"]", fields)
		}
	default:
		if !v.IsZero() {
			fields[path] = true
		}
	}
}

func difference(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(field string) bool { return slices.Contains(b, field) })
}

func createTable(t *testing.T, client clients) {
	t.Helper()
	_, err := client.table.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: aws.String(table), BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("pk"), AttributeType: "S"}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("pk"), KeyType: "HASH"}},
		StreamSpecification:  &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: "NEW_AND_OLD_IMAGES"},
	})
	must(t, err)
}
