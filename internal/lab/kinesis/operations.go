package kinesis

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// iteratorLife is how long an iterator is good for. Source: Kinesis API reference, GetShardIterator.
const iteratorLife = 5 * time.Minute

// account is the one in the names of streams.
const account = "123456789012"

type operation func(s *Stream, body []byte) (any, error)

var operations = map[string]operation{
	"Kinesis_20131202.DescribeStreamSummary":                decoded((*Stream).describeSummary),
	"Kinesis_20131202.ListShards":                           decoded((*Stream).listShards),
	"Kinesis_20131202.GetShardIterator":                     decoded((*Stream).getIterator),
	"Kinesis_20131202.GetRecords":                           decoded((*Stream).getRecords),
	"DynamoDB_20120810.DescribeTable":                       decoded((*Stream).describeTable),
	"DynamoDB_20120810.DescribeKinesisStreamingDestination": decoded((*Stream).describeDestination),
}

// decoded makes an operation of a method with a typed request. A field the method does not know is refused: a stand-in
// that ignored it would answer another question than the one asked.
func decoded[In any](answer func(*Stream, In) (any, error)) operation {
	return func(s *Stream, body []byte) (any, error) {
		var in In
		decoder := json.NewDecoder(bytes.NewReader(body))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&in); err != nil {
			return nil, refuse("ValidationException", "%v", err)
		}
		return answer(s, in)
	}
}

type object = map[string]any

func (s *Stream) arn() string {
	return "arn:aws:kinesis:" + s.options.Region + ":" + account + ":stream/" + s.options.Name
}

func (s *Stream) named(name string) error {
	if name == s.options.Name {
		return nil
	}
	return refuse("ResourceNotFoundException", "Stream %s under account %s not found.", name, account)
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

func number(seq uint64) string { return fmt.Sprintf("4959%052d", seq) }

func (s *Stream) describeSummary(in struct{ StreamName string }) (any, error) {
	if err := s.named(in.StreamName); err != nil {
		return nil, err
	}
	open := 0
	for _, sh := range s.shards {
		if sh.end == 0 {
			open++
		}
	}
	return object{"StreamDescriptionSummary": object{
		"StreamName": s.options.Name, "StreamARN": s.arn(), "StreamStatus": s.status, "RetentionPeriodHours": int(s.options.Retention / time.Hour),
		"StreamCreationTimestamp": seconds(s.made), "EnhancedMonitoring": []any{}, "EncryptionType": "NONE", "OpenShardCount": open, "ConsumerCount": 0,
	}}, nil
}

// listShards answers two shards a page, so that readers have to turn pages.
func (s *Stream) listShards(in struct {
	StreamName, NextToken string
	MaxResults            int
},
) (any, error) {
	from := 0
	if in.NextToken != "" {
		if in.StreamName != "" {
			return nil, refuse("InvalidArgumentException", "NextToken and StreamName cannot be provided together.")
		}
		var err error
		if from, err = strconv.Atoi(in.NextToken); err != nil {
			return nil, refuse("InvalidArgumentException", "Invalid NextToken.")
		}
	} else if err := s.named(in.StreamName); err != nil {
		return nil, err
	}
	out := object{}
	shards := []object{}
	for i := from; i < len(s.shards); i++ {
		sh := s.shards[i]
		if sh.end != 0 && sh.closed.Before(s.horizon()) {
			continue
		}
		if len(shards) == 2 {
			out["NextToken"] = strconv.Itoa(i)
			break
		}
		shards = append(shards, sh.describe())
	}
	out["Shards"] = shards
	return out, nil
}

func (sh *shard) describe() object {
	wide := func(half uint64, low uint64) string {
		n := new(big.Int).Lsh(new(big.Int).SetUint64(half), 64)
		return n.Or(n, new(big.Int).SetUint64(low)).String()
	}
	sequence := object{"StartingSequenceNumber": number(sh.begin)}
	if sh.end != 0 {
		sequence["EndingSequenceNumber"] = number(sh.end)
	}
	out := object{
		"ShardId": sh.id, "SequenceNumberRange": sequence,
		"HashKeyRange": object{"StartingHashKey": wide(sh.low, 0), "EndingHashKey": wide(sh.high, ^uint64(0))},
	}
	for i, name := range []string{"ParentShardId", "AdjacentParentShardId"} {
		if i < len(sh.parents) {
			out[name] = sh.parents[i]
		}
	}
	return out
}

// iterator is a place in a shard, behind a sequence number. To clients it is a text without meaning.
type iterator struct {
	Shard string
	After uint64
	Pages int
	Made  time.Time
}

func (it iterator) text() (string, error) {
	js, err := json.Marshal(it)
	return base64.StdEncoding.EncodeToString(js), err
}

func (s *Stream) getIterator(in struct{ StreamName, ShardId, ShardIteratorType, StartingSequenceNumber string }) (any, error) {
	if err := s.named(in.StreamName); err != nil {
		return nil, err
	}
	sh := s.shard(in.ShardId)
	if sh == nil || sh.end != 0 && sh.closed.Before(s.horizon()) {
		return nil, refuse("ResourceNotFoundException", "Shard %s in stream %s under account %s does not exist", in.ShardId, in.StreamName, account)
	}
	it := iterator{Shard: sh.id, Made: s.now}
	switch in.ShardIteratorType {
	case "TRIM_HORIZON":
		for _, e := range sh.records {
			if e.at.Before(s.horizon()) {
				it.After = e.seq
			}
		}
	case "AFTER_SEQUENCE_NUMBER":
		after, err := strconv.ParseUint(strings.TrimPrefix(in.StartingSequenceNumber, "4959"), 10, 64)
		if err != nil || after < sh.begin {
			return nil, refuse("InvalidArgumentException", "StartingSequenceNumber %s is invalid for shard %s", in.StartingSequenceNumber, sh.id)
		}
		it.After = after
	default:
		return nil, refuse("ValidationException", "ShardIteratorType %s is not supported here", in.ShardIteratorType)
	}
	text, err := it.text()
	return object{"ShardIterator": text}, err
}

// getRecords answers with what lies behind the iterator. Behind a record that was trimmed it finds nothing any more and
// stays as far behind as the stream remembers, as readers of the service have seen
// (github.com/harlow/kinesis-consumer, issue 125).
func (s *Stream) getRecords(in struct {
	ShardIterator string
	Limit         int
},
) (any, error) {
	var it iterator
	js, err := base64.StdEncoding.DecodeString(in.ShardIterator)
	if err != nil || json.Unmarshal(js, &it) != nil || s.shard(it.Shard) == nil {
		return nil, refuse("InvalidArgumentException", "Invalid ShardIterator.")
	}
	if s.now.Sub(it.Made) > iteratorLife {
		return nil, refuse("ExpiredIteratorException", "Iterator expired. The iterator was created at time %s.", it.Made)
	}
	sh := s.shard(it.Shard)
	next := iterator{Shard: it.Shard, After: it.After, Pages: it.Pages + 1, Made: s.now}
	records, behind := s.page(sh, it, in.Limit)
	out := object{"MillisBehindLatest": behind.Milliseconds()}
	shown := []object{}
	for _, e := range records {
		next.After = e.seq
		shown = append(shown, object{
			"SequenceNumber": number(e.seq), "ApproximateArrivalTimestamp": seconds(e.at), "PartitionKey": e.partition, "Data": e.data,
		})
	}
	out["Records"] = shown
	if sh.end != 0 && len(records) == 0 && behind == 0 {
		return out, nil // the end of the shard
	}
	out["NextShardIterator"], err = next.text()
	return out, err
}

func (s *Stream) page(sh *shard, it iterator, limit int) (records []entry, behind time.Duration) {
	limit = min(max(limit, 1), s.options.Page)
	for i, e := range sh.records {
		switch {
		case e.seq <= it.After:
		case e.at.Before(s.horizon()) && it.After != 0:
			return nil, s.options.Retention // stuck behind a trimmed record
		case e.at.Before(s.horizon()):
		case s.options.Sparse > 0 && it.Pages%(s.options.Sparse+1) != s.options.Sparse:
			return nil, max(s.now.Sub(e.at), time.Second)
		default:
			end := min(i+limit, len(sh.records))
			if end < len(sh.records) {
				behind = max(s.now.Sub(sh.records[end].at), time.Millisecond)
			}
			return sh.records[i:end], behind
		}
	}
	return nil, 0
}

func (s *Stream) describeTable(in struct{ TableName string }) (any, error) {
	if in.TableName != s.options.Table {
		return nil, refuse("ResourceNotFoundException", "Requested resource not found: Table: %s not found", in.TableName)
	}
	keys := []object{{"AttributeName": s.options.HashKey, "KeyType": "HASH"}}
	if s.options.RangeKey != "" {
		keys = append([]object{{"AttributeName": s.options.RangeKey, "KeyType": "RANGE"}}, keys...)
	}
	replicas := []object{}
	for _, region := range s.options.Replicas {
		replicas = append(replicas, object{"RegionName": region, "ReplicaStatus": "ACTIVE"})
	}
	return object{"Table": object{"TableName": s.options.Table, "TableStatus": "ACTIVE", "KeySchema": keys, "Replicas": replicas}}, nil
}

func (s *Stream) describeDestination(in struct{ TableName string }) (any, error) {
	if in.TableName != s.options.Table {
		return nil, refuse("ResourceNotFoundException", "Requested resource not found: Table: %s not found", in.TableName)
	}
	all := []object{}
	if s.destination != "" {
		all = append(all, object{"StreamArn": cmp.Or(s.elsewhere, s.arn()), "DestinationStatus": s.destination, "ApproximateCreationDateTimePrecision": "MICROSECOND"})
	}
	return object{"TableName": s.options.Table, "KinesisDataStreamDestinations": all}, nil
}

func refuse(kind, format string, args ...any) *refusedError {
	return &refusedError{Fault{Type: kind, Status: http.StatusBadRequest, Message: fmt.Sprintf(format, args...)}}
}
