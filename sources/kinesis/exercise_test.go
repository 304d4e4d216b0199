package kinesis_test

import (
	"maps"
	"testing"
	"time"

	"parallax/internal/audit"
	labkinesis "parallax/internal/lab/kinesis"
	"parallax/internal/pipeline"
	"parallax/internal/record"
	"parallax/sources/kinesis"
	"parallax/sources/sourcetest"
)

// TestExercise reads on behind a committed run, as every run but the first does: the cursors of a run are committed
// together, and the first ones mean nothing without the stream's own, which comes last.
func TestExercise(t *testing.T) {
	l := newLab(t, func(o *labkinesis.Options) { o.Page = 3; o.Sparse = 1 })
	l.write(10)
	l.read().whole(t)
	shards := l.write(20)
	l.stream.Split(shards[0])
	l.write(10)
	l.stream.Merge("shardId-000000000002", "shardId-000000000003")
	l.write(10)
	open := func(*testing.T) pipeline.Source[record.Change] { return l.opened(nil) }
	refused := func(op string) func(*testing.T) pipeline.Source[record.Change] {
		return func(t *testing.T) pipeline.Source[record.Change] {
			l.faults(op, "", 1000, labkinesis.Fault{Type: "AccessDeniedException"})
			t.Cleanup(func() { l.stream.Fault(nil) })
			return l.opened(nil)
		}
	}
	sourcetest.Exercise(t, sourcetest.Case[record.Change]{
		Open: open, Window: audit.Window{From: start, To: l.now.Add(time.Second)}, Records: 40,
		ID:     func(c record.Change) string { return c.Shard + "/" + c.Seq },
		Stream: func(c record.Change) string { return c.Shard },
		Resume: func(_ *testing.T, left map[string]audit.Cursor) (pipeline.Source[record.Change], audit.Cursor) {
			return l.opened(left), audit.Cursor{}
		},
		Unreachable: map[string]func(*testing.T) pipeline.Source[record.Change]{
			"nobody there":        func(*testing.T) pipeline.Source[record.Change] { return source("http://127.0.0.1:1") },
			"table refused":       refused("DescribeTable"),
			"destination refused": refused("DescribeKinesisStreamingDestination"),
			"stream refused":      refused("DescribeStreamSummary"),
			"shards refused":      refused("ListShards"),
			"iterator refused":    refused("GetShardIterator"),
			"records refused":     refused("GetRecords"),
		},
	})
}

// opened is a source that has read what is committed, and the cursors of left.
func (l *lab) opened(left map[string]audit.Cursor) *kinesis.Source {
	src := *l.source
	src.Cursors = maps.Clone(l.source.Cursors)
	maps.Copy(src.Cursors, left)
	return &src
}
