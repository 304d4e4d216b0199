package ddbstream_test

import (
	"maps"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/internal/lab/globaltable"
	"parallax/internal/pipeline"
	"parallax/internal/record"
	"parallax/sources/ddbstream"
	"parallax/sources/sourcetest"
)

// TestExercise reads on behind a committed run, as every run but the first does: the cursors of a run are committed
// together, and the first ones mean nothing without the stream's own, which comes last.
func TestExercise(t *testing.T) {
	l := newLab(t, func(o *globaltable.Options) { o.PageRecords = 3; o.ShardRoll = 20 * time.Minute })
	l.write(10)
	l.read().whole(t)
	l.write(40)
	open := func(*testing.T) pipeline.Source[record.Change] { return l.opened(nil) }
	refused := func(op, kind string) func(*testing.T) pipeline.Source[record.Change] {
		return func(t *testing.T) pipeline.Source[record.Change] {
			l.faults(op, "", 1000, globaltable.Fault{Type: kind})
			t.Cleanup(func() { l.cluster.Fault(nil) })
			return l.opened(nil)
		}
	}
	sourcetest.Exercise(t, sourcetest.Case[record.Change]{
		Open: open, Window: audit.Window{From: start, To: l.cluster.Now().Add(time.Second)}, Records: 40,
		ID:     func(c record.Change) string { return c.Shard + "/" + c.Seq },
		Stream: func(c record.Change) string { return c.Shard },
		Resume: func(_ *testing.T, left map[string]audit.Cursor) (pipeline.Source[record.Change], audit.Cursor) {
			return l.opened(left), audit.Cursor{}
		},
		Unreachable: map[string]func(*testing.T) pipeline.Source[record.Change]{
			"nobody there":     func(*testing.T) pipeline.Source[record.Change] { return source("http://127.0.0.1:1") },
			"table refused":    refused("DescribeTable", "AccessDeniedException"),
			"stream refused":   refused("DescribeStream", "AccessDeniedException"),
			"iterator refused": refused("GetShardIterator", "AccessDeniedException"),
			"records refused":  refused("GetRecords", "AccessDeniedException"),
		},
	})
}

// opened is a source that has read what is committed, and the cursors of left.
func (l *lab) opened(left map[string]audit.Cursor) *ddbstream.Source {
	src := *l.source
	src.Cursors = maps.Clone(l.source.Cursors)
	maps.Copy(src.Cursors, left)
	return &src
}
