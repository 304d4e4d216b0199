package kinesis

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	tables "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go/middleware"

	"parallax/internal/audit"
)

// Setup is how a table's changes come into a data stream, as both services describe it.
type Setup struct {
	ARN         string        // of the data stream
	Status      string        // of the data stream: ACTIVE, UPDATING, CREATING, DELETING
	Created     time.Time     // when the data stream was made
	Retention   time.Duration // how long it keeps its records
	Shards      int           // open ones
	Destination string        // whether the table sends its changes there: ACTIVE, DISABLED, ENABLE_FAILED, ...; "" if it never was told to
	Note        string        // what DynamoDB says of the destination
	Precision   string        // of the records' times: MILLISECOND or MICROSECOND; "" where the service does not say
	Keys        []string      // names of the table's key attributes, the hash key first
	Replicas    map[string]string
	Consistency string // between the replicas: EVENTUAL or STRONG
}

// Inspect asks how the feed is set up, and returns what would keep a reading from being whole, as gaps without a window.
func (s *Source) Inspect(ctx context.Context) (Setup, []audit.Gap) {
	r := s.begin()
	if g, ok := r.inspect(ctx); !ok {
		g.Window = audit.Window{}
		return r.setup, []audit.Gap{g}
	}
	if g, ok := r.setup.unreadable(s.Stream); ok {
		return r.setup, []audit.Gap{g}
	}
	if g, ok := r.setup.unfed(s.Table, s.Stream); ok {
		return r.setup, []audit.Gap{g}
	}
	return r.setup, nil
}

// inspect fills in the setup, or explains what was not answered.
func (r *run) inspect(ctx context.Context) (audit.Gap, bool) {
	var table *dynamodb.DescribeTableOutput
	err := r.retry(ctx, func(ctx context.Context) (m middleware.Metadata, err error) {
		table, err = r.Tables.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String(r.Table)})
		if err == nil {
			m = table.ResultMetadata
		}
		return m, err
	})
	if err != nil {
		return explain(err, "dynamodb:DescribeTable", "table "+r.Table, r.unread()), false
	}
	r.setup.table(table.Table)
	var summary *kinesis.DescribeStreamSummaryOutput
	err = r.retry(ctx, func(ctx context.Context) (m middleware.Metadata, err error) {
		summary, err = r.Streams.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: aws.String(r.Stream)})
		if err == nil {
			m = summary.ResultMetadata
		}
		return m, err
	})
	if err != nil {
		return explain(err, "kinesis:DescribeStreamSummary", "data stream "+r.Stream, r.unread()), false
	}
	r.setup.stream(summary.StreamDescriptionSummary)
	var sent *dynamodb.DescribeKinesisStreamingDestinationOutput
	err = r.retry(ctx, func(ctx context.Context) (m middleware.Metadata, err error) {
		in := &dynamodb.DescribeKinesisStreamingDestinationInput{TableName: aws.String(r.Table)}
		sent, err = r.Tables.DescribeKinesisStreamingDestination(ctx, in)
		if err == nil {
			m = sent.ResultMetadata
		}
		return m, err
	})
	if err != nil {
		return explain(err, "dynamodb:DescribeKinesisStreamingDestination", "table "+r.Table, r.unread()), false
	}
	r.setup.destination(sent.KinesisDataStreamDestinations)
	return audit.Gap{}, true
}

func (s *Setup) table(t *tables.TableDescription) {
	for _, k := range t.KeySchema {
		if k.KeyType == tables.KeyTypeHash {
			s.Keys = append([]string{aws.ToString(k.AttributeName)}, s.Keys...)
		} else {
			s.Keys = append(s.Keys, aws.ToString(k.AttributeName))
		}
	}
	s.Consistency = string(cmp.Or(t.MultiRegionConsistency, tables.MultiRegionConsistencyEventual))
	s.Replicas = map[string]string{}
	for _, replica := range t.Replicas {
		s.Replicas[aws.ToString(replica.RegionName)] = string(replica.ReplicaStatus)
	}
}

func (s *Setup) stream(d *types.StreamDescriptionSummary) {
	s.ARN, s.Status = aws.ToString(d.StreamARN), string(d.StreamStatus)
	s.Created = aws.ToTime(d.StreamCreationTimestamp).UTC()
	s.Retention = time.Duration(aws.ToInt32(d.RetentionPeriodHours)) * time.Hour
	s.Shards = int(aws.ToInt32(d.OpenShardCount))
}

// destination takes the one of the table's destinations that is the stream; a table may have had others.
func (s *Setup) destination(all []tables.KinesisDataStreamDestination) {
	for _, d := range all {
		if aws.ToString(d.StreamArn) == s.ARN {
			s.Destination, s.Precision = string(d.DestinationStatus), string(d.ApproximateCreationDateTimePrecision)
			s.Note = aws.ToString(d.DestinationStatusDescription)
		}
	}
}

// unreadable reports a stream that has no shards to be read, being made or deleted.
func (s *Setup) unreadable(stream string) (audit.Gap, bool) {
	if s.Status == string(types.StreamStatusActive) || s.Status == string(types.StreamStatusUpdating) {
		return audit.Gap{}, false
	}
	return audit.Gap{
		Reason: fmt.Sprintf("data stream %s is not active: %s", stream, cmp.Or(s.Status, "no status")),
		Remedy: "wait until the stream is active; compare the table by a scan if it was deleted",
	}, true
}

// unfed reports a table that does not send its changes to the stream. Source: API reference of DynamoDB,
// KinesisDataStreamDestination.
func (s *Setup) unfed(table, stream string) (audit.Gap, bool) {
	switch tables.DestinationStatus(s.Destination) {
	case tables.DestinationStatusActive, tables.DestinationStatusUpdating: // updating changes the precision alone
		return audit.Gap{}, false
	}
	return audit.Gap{
		Reason: fmt.Sprintf("table %s does not send its changes to data stream %s: its destination is %s", table, stream, cmp.Or(s.Destination, "not set")),
		Remedy: "enable the table's Kinesis streaming destination; compare the table by a scan for this time",
	}, true
}
