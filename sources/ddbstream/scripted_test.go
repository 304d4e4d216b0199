package ddbstream_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	tabletypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"parallax/internal/audit"
	"parallax/sources/ddbstream"
)

// scripted is a stream of one open shard that answers what it is told to, page by page.
type scripted struct {
	pages  [][]types.Record // by the number in the iterator; none beyond the last
	stuck  bool             // every page's next iterator is the one that was asked
	circle bool             // the list of shards never ends
	silent bool             // GetRecords never answers
	err    error            // of DescribeTable
	calls  atomic.Int64
}

func (s *scripted) DescribeTable(context.Context, *dynamodb.DescribeTableInput, ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error) {
	s.calls.Add(1)
	return &dynamodb.DescribeTableOutput{Table: &tabletypes.TableDescription{
		LatestStreamArn: aws.String("arn"), LatestStreamLabel: aws.String(start.Format("2006-01-02T15:04:05.000")),
		StreamSpecification: &tabletypes.StreamSpecification{
			StreamEnabled: aws.Bool(true), StreamViewType: tabletypes.StreamViewTypeNewAndOldImages,
		},
	}}, s.err
}

func (s *scripted) DescribeStream(context.Context, *dynamodbstreams.DescribeStreamInput, ...func(*dynamodbstreams.Options)) (*dynamodbstreams.DescribeStreamOutput, error) {
	d := &types.StreamDescription{
		KeySchema: []types.KeySchemaElement{{AttributeName: aws.String("pk"), KeyType: types.KeyTypeHash}},
		Shards:    []types.Shard{{ShardId: aws.String("shard-1")}, {ShardId: aws.String("shard-2")}, {ShardId: aws.String("shard-3")}},
	}
	if s.circle {
		d.LastEvaluatedShardId = aws.String("shard-1")
	}
	if !s.silent {
		d.Shards = d.Shards[:1]
	}
	return &dynamodbstreams.DescribeStreamOutput{StreamDescription: d}, nil
}

func (s *scripted) GetShardIterator(_ context.Context, in *dynamodbstreams.GetShardIteratorInput, _ ...func(*dynamodbstreams.Options)) (*dynamodbstreams.GetShardIteratorOutput, error) {
	n := 0
	for i, page := range s.pages {
		for _, r := range page {
			if *r.Dynamodb.SequenceNumber == aws.ToString(in.SequenceNumber) {
				n = i // the page is answered from behind the record on
				s.pages = append(append([][]types.Record{}, s.pages[:i]...), append([][]types.Record{after(page, *in.SequenceNumber)}, s.pages[i+1:]...)...)
			}
		}
	}
	return &dynamodbstreams.GetShardIteratorOutput{ShardIterator: aws.String(fmt.Sprint(n))}, nil
}

func after(page []types.Record, seq string) []types.Record {
	for i, r := range page {
		if *r.Dynamodb.SequenceNumber == seq {
			return page[i+1:]
		}
	}
	return page
}

func (s *scripted) GetRecords(ctx context.Context, in *dynamodbstreams.GetRecordsInput, _ ...func(*dynamodbstreams.Options)) (*dynamodbstreams.GetRecordsOutput, error) {
	s.calls.Add(1)
	if s.silent {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	n := 0
	if _, err := fmt.Sscan(*in.ShardIterator, &n); err != nil {
		return nil, err
	}
	out := &dynamodbstreams.GetRecordsOutput{NextShardIterator: aws.String(fmt.Sprint(n + 1))}
	if n < len(s.pages) {
		out.Records = s.pages[n]
	}
	if s.stuck {
		out.NextShardIterator = in.ShardIterator
	}
	return out, nil
}

// put is the record of a new item, written so many minutes after the start.
func put(n int, minute float64) types.Record {
	at := start.Add(time.Duration(minute * float64(time.Minute)))
	key := map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: fmt.Sprintf("order-%04d", n)}}
	return types.Record{EventName: types.OperationTypeInsert, Dynamodb: &types.StreamRecord{
		SequenceNumber: aws.String(fmt.Sprintf("1%020d", n)), ApproximateCreationDateTime: &at, Keys: key, NewImage: key,
	}}
}

func (s *scripted) lab(t *testing.T) *lab {
	return &lab{t: t, source: &ddbstream.Source{
		Tables: s, Streams: s, Table: table, Region: dublin, Backoff: time.Millisecond, Cursors: map[string]audit.Cursor{},
	}}
}

func TestEmptyPagesOfAnOpenShardAreNotItsEnd(t *testing.T) {
	for _, empty := range []int{9, 31} {
		s := &scripted{pages: append(make([][]types.Record, empty), []types.Record{put(1, 1)})}
		r := s.lab(t).until(start.Add(time.Hour))
		r.wants(t, 1, 1)
		r.whole(t)
	}
}

func TestARecordOfALaterWindowHidesNoOther(t *testing.T) {
	l := (&scripted{pages: [][]types.Record{
		{put(1, 1), put(3, 12), put(4, 8)}, {put(5, 30)}, {put(6, 9), put(7, 31), put(8, 2)},
	}}).lab(t)
	l.source.ReadAt = start.Add(time.Hour)
	first := l.until(start.Add(10 * time.Minute))
	first.whole(t)
	if got := strings.Join(first.keys(), " "); got != "order-0001 order-0004 order-0006 order-0008" {
		t.Errorf("the first run read %s", got)
	}
	second := l.until(start.Add(20 * time.Minute))
	second.whole(t)
	if got := strings.Join(second.keys(), " "); got != "order-0003" {
		t.Errorf("the second run read %s", got)
	}
	third := l.until(start.Add(time.Hour))
	third.whole(t)
	if got := strings.Join(third.keys(), " "); got != "order-0005 order-0007" {
		t.Errorf("the third run read %s", got)
	}
	l.until(start.Add(2*time.Hour)).wants(t, 1, 0)
}

func TestAnswersThatGoRoundInACircleAreAGap(t *testing.T) {
	for reason, s := range map[string]*scripted{
		"its next iterator is the one that was asked": {stuck: true},
		"came after": {pages: [][]types.Record{{put(1, 1)}, {put(1, 1)}, {put(1, 1)}}},
		"the list of shards of idempotency-keys does not lead on": {circle: true},
	} {
		r := s.lab(t).until(start.Add(time.Hour))
		r.gap(t, reason)
		if !r.mark.IsZero() {
			t.Errorf("%s: watermark %v", reason, r.mark)
		}
	}
}

func TestSilenceCostsOneTimeoutAWorker(t *testing.T) {
	s := &scripted{silent: true}
	l := s.lab(t)
	l.source.Timeout, l.source.Workers = 20*time.Millisecond, 1
	r := l.until(start.Add(time.Hour))
	for _, shard := range []string{"shard-1", "shard-2", "shard-3"} {
		r.gap(t, shard+" got no answer: nothing came")
	}
	if n := s.calls.Load(); n != 2 { // DescribeTable and one GetRecords
		t.Errorf("%d calls", n)
	}
}

func TestTheWholeReadingHasABudget(t *testing.T) {
	l := (&scripted{}).lab(t)
	l.source.IdlePages, l.source.Interval, l.source.Budget = 1_000_000, time.Millisecond, 30*time.Millisecond
	r := l.until(start.Add(time.Hour))
	r.gap(t, "the time allowed for reading the stream is over")
	if !r.mark.IsZero() {
		t.Errorf("watermark %v", r.mark)
	}
}

func TestMissingCredentialsReadAsSuch(t *testing.T) {
	s := &scripted{err: fmt.Errorf("operation error DynamoDB: DescribeTable, get identity: get credentials: %w", context.Canceled)}
	g := s.lab(t).until(start.Add(time.Hour)).gap(t, "no AWS credentials were found")
	if !strings.Contains(g.Remedy, "AWS_PROFILE") || s.calls.Load() != 1 {
		t.Errorf("remedy %q after %d calls", g.Remedy, s.calls.Load())
	}
	unsigned := source("http://127.0.0.1:1")
	unsigned.Tables = dynamodb.New(dynamodb.Options{Region: dublin, Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{}, fmt.Errorf("no EC2 IMDS role found")
	})})
	l := &lab{t: t, source: unsigned}
	l.until(start.Add(time.Hour)).gap(t, "no AWS credentials were found")
}
