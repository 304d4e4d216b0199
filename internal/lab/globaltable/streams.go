package globaltable

import "net/http"

// Shapes of requests and answers: Amazon DynamoDB API reference, DynamoDB Streams. A page of shards or streams holds at
// most 100.
type (
	listStreamsRequest struct {
		TableName               string
		Limit                   int
		ExclusiveStartStreamArn string
	}
	streamSummary struct{ StreamArn, StreamLabel, TableName string }
	shardFilter   struct{ Type, ShardId string }

	describeStreamRequest struct {
		StreamArn             string
		Limit                 int
		ExclusiveStartShardId string
		ShardFilter           *shardFilter
	}
	sequenceRange struct {
		StartingSequenceNumber string
		EndingSequenceNumber   string `json:",omitempty"`
	}
	shardDescription struct {
		ShardId             string
		ParentShardId       string `json:",omitempty"`
		SequenceNumberRange sequenceRange
	}
	streamDescription struct {
		CreationRequestDateTime float64
		KeySchema               []keyElement
		LastEvaluatedShardId    string `json:",omitempty"`
		Shards                  []shardDescription
		StreamArn               string
		StreamLabel             string
		StreamStatus            string
		StreamViewType          string
		TableName               string
	}
	shardIteratorRequest struct{ StreamArn, ShardId, ShardIteratorType, SequenceNumber string }

	recordsRequest struct {
		ShardIterator string
		Limit         *int
	}
	recordsAnswer struct {
		NextShardIterator string `json:",omitempty"`
		Records           []streamRecord
	}
	streamRecord struct {
		EventID      string       `json:"eventID"`
		EventName    string       `json:"eventName"`
		EventVersion string       `json:"eventVersion"`
		EventSource  string       `json:"eventSource"`
		AwsRegion    string       `json:"awsRegion"`
		Dynamodb     recordImages `json:"dynamodb"`
	}
	recordImages struct {
		ApproximateCreationDateTime int64
		Keys                        Item
		NewImage                    Item `json:",omitempty"`
		OldImage                    Item `json:",omitempty"`
		SequenceNumber              string
		SizeBytes                   int
		StreamViewType              string
	}
)

const maxPage = 100

func (c *Cluster) listStreams(r *replica, in listStreamsRequest) (any, error) {
	if in.Limit < 0 || in.Limit > maxPage {
		return nil, validation("Limit %d is not between 1 and %d", in.Limit, maxPage)
	}
	streams := []streamSummary{}
	own := in.TableName == "" || in.TableName == c.options.Table
	if own && c.options.View != ViewNone && in.ExclusiveStartStreamArn < c.streamArn(r.region) {
		streams = append(streams, streamSummary{c.streamArn(r.region), c.streamLabel(), c.options.Table})
	}
	return map[string]any{"Streams": streams}, nil
}

func (c *Cluster) describeStream(r *replica, in describeStreamRequest) (any, error) {
	if err := c.knownStream(r, in.StreamArn); err != nil {
		return nil, err
	}
	if in.Limit < 0 || in.Limit > maxPage {
		return nil, validation("Limit %d is not between 1 and %d", in.Limit, maxPage)
	}
	shards, more, err := c.shardPage(r, in)
	if err != nil {
		return nil, err
	}
	out := streamDescription{
		CreationRequestDateTime: epoch(c.options.Start),
		KeySchema:               c.keySchema(),
		Shards:                  shards,
		StreamArn:               in.StreamArn,
		StreamLabel:             c.streamLabel(),
		StreamStatus:            "ENABLED",
		StreamViewType:          c.options.View,
		TableName:               c.options.Table,
	}
	if more {
		out.LastEvaluatedShardId = shards[len(shards)-1].ShardId
	}
	return map[string]any{"StreamDescription": out}, nil
}

// shardPage lists shards and tells whether there are more. ShardFilter CHILD_SHARDS asks for the children of one.
func (c *Cluster) shardPage(r *replica, in describeStreamRequest) (page []shardDescription, more bool, err error) {
	if f := in.ShardFilter; f != nil && (f.Type != "CHILD_SHARDS" || f.ShardId == "") {
		return nil, false, validation("ShardFilter must have the type CHILD_SHARDS and a shard")
	}
	limit := in.Limit
	if limit == 0 {
		limit = maxPage
	}
	page = []shardDescription{}
	after := in.ExclusiveStartShardId == ""
	from := r.stream.shards[in.ExclusiveStartShardId]
	if !after && from == nil {
		return nil, false, validation("Invalid ExclusiveStartShardId")
	}
	for _, sh := range r.stream.listed(c.now, c.options.Retention) {
		// By number and not by identity, as the shard to start after may be gone since the page before.
		if !after && sh.first <= from.first || in.ShardFilter != nil && sh.parent != in.ShardFilter.ShardId {
			continue
		}
		if len(page) == limit {
			return page, true, nil
		}
		page = append(page, sh.describe())
	}
	return page, false, nil
}

func (sh *shard) describe() shardDescription {
	out := shardDescription{ShardId: sh.id, ParentShardId: sh.parent}
	out.SequenceNumberRange.StartingSequenceNumber = sequenceText(sh.first)
	if !sh.closed.IsZero() {
		out.SequenceNumberRange.EndingSequenceNumber = sequenceText(sh.last)
	}
	return out
}

func (c *Cluster) getShardIterator(r *replica, in shardIteratorRequest) (any, error) {
	if err := c.knownStream(r, in.StreamArn); err != nil {
		return nil, err
	}
	r.stream.trim(c.now, c.options.Retention)
	sh, ok := r.stream.shards[in.ShardId]
	if !ok {
		return nil, notFound("Requested resource not found: Shard does not exist")
	}
	if sh.gone(c.now.Add(-c.options.Retention)) {
		return nil, trimmedAccess()
	}
	after, err := sh.position(in.ShardIteratorType, in.SequenceNumber, r.stream.sequence)
	if err != nil {
		return nil, err
	}
	return map[string]string{"ShardIterator": iterator{in.StreamArn, sh.id, after, 0}.text()}, nil
}

// position is the number after which an iterator reads.
func (sh *shard) position(kind, sequence string, newest uint64) (uint64, error) {
	switch kind {
	case "TRIM_HORIZON":
		return max(sh.first-1, sh.trimmed), nil
	case "LATEST":
		return newest, nil
	case "AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER":
	default:
		return 0, validation("ShardIteratorType %q is not one of those known", kind)
	}
	n, ok := parseSequence(sequence)
	if !ok || n < sh.first || !sh.closed.IsZero() && n > sh.last {
		return 0, validation("Invalid SequenceNumber")
	}
	// Any number that is older than the trim point is refused, also by AFTER at the last record trimmed.
	if n <= sh.trimmed {
		return 0, trimmedAccess()
	}
	if kind == "AT_SEQUENCE_NUMBER" {
		n--
	}
	return n, nil
}

func (c *Cluster) getRecords(r *replica, in recordsRequest) (any, error) {
	it, ok := parseIterator(in.ShardIterator)
	if !ok || it.arn != c.streamArn(r.region) {
		return nil, validation("Invalid ShardIterator")
	}
	limit := c.options.PageRecords
	if in.Limit != nil {
		if *in.Limit < 1 || *in.Limit > DefaultPageRecords {
			return nil, validation("Limit %d is not between 1 and %d", *in.Limit, DefaultPageRecords)
		}
		limit = min(limit, *in.Limit)
	}
	if c.options.Throttle > 0 && c.readers.Float64() < c.options.Throttle {
		return nil, &failure{http.StatusBadRequest, tableNamespace + "LimitExceededException", "Rate exceeded for shard " + it.shard}
	}
	it.pages++
	r.stream.trim(c.now, c.options.Retention)
	sh, ok := r.stream.shards[it.shard]
	if !ok || it.after < sh.trimmed {
		return nil, trimmedAccess()
	}
	if c.options.EmptyPage > 0 && c.readers.Float64() < c.options.EmptyPage {
		return recordsAnswer{NextShardIterator: it.text(), Records: []streamRecord{}}, nil
	}
	return c.readShard(r.region, sh, it, limit), nil
}

// readShard reads a page. There is no next iterator once a closed shard has been read to its end.
func (c *Cluster) readShard(region string, sh *shard, it iterator, limit int) recordsAnswer {
	out := recordsAnswer{Records: []streamRecord{}}
	size, drained := 0, !sh.closed.IsZero()
	for _, e := range sh.after(it.after) {
		record := c.record(region, e)
		if len(out.Records) == limit || size > 0 && size+record.Dynamodb.SizeBytes > pageBytes {
			drained = false
			break
		}
		out.Records = append(out.Records, record)
		size += record.Dynamodb.SizeBytes
		it.after = e.sequence
	}
	if !drained {
		out.NextShardIterator = it.text()
	}
	return out
}

func (c *Cluster) record(region string, e entry) streamRecord {
	keys := Item{c.options.HashKey: {Type: "S", Text: e.key}}
	return streamRecord{
		EventID:      e.id,
		EventName:    e.name,
		EventVersion: "1.1",
		EventSource:  "aws:dynamodb",
		AwsRegion:    region,
		Dynamodb: recordImages{
			ApproximateCreationDateTime: e.at.Unix(),
			Keys:                        keys,
			NewImage:                    e.after,
			OldImage:                    e.before,
			SequenceNumber:              sequenceText(e.sequence),
			SizeBytes:                   keys.size() + e.imagesBytes,
			StreamViewType:              c.options.View,
		},
	}
}

func (c *Cluster) knownStream(r *replica, arn string) error {
	if c.options.View == ViewNone || arn != c.streamArn(r.region) {
		return notFound("Requested resource not found: Stream: %s not found", arn)
	}
	return nil
}

func trimmedAccess() *failure {
	return &failure{http.StatusBadRequest, tableNamespace + "TrimmedDataAccessException",
		"The operation attempted to read past the oldest stream record in a shard"}
}
