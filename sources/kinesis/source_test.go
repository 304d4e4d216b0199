package kinesis_test

import (
	"strings"
	"testing"
	"time"

	labkinesis "parallax/internal/lab/kinesis"
	"parallax/internal/record"
)

func TestRepetitionsAreLeftOutAndDisorderIsKept(t *testing.T) {
	l := newLab(t, func(o *labkinesis.Options) { o.Shards, o.Page = 1, 2 })
	l.tick(time.Minute)
	one, two, three := l.insert(1), l.insert(2), l.insert(3)
	three.At = one.At.Add(-10 * time.Second)
	for _, c := range []labkinesis.Change{one, two, one, three, two} {
		l.put(c)
	}
	r := l.read()
	r.whole(t)
	r.wants(t, 1, 3)
	if got := r.excluded["repeats a record that was read before"]; got != 2 || r.extents["shardId-000000000000"].Records != 5 {
		t.Errorf("%d left out, extents %+v", got, r.extents)
	}
	if last := r.changes[2]; last.Key != "order-0003" || !record.SeqLess(last.Seq, r.changes[0].Seq) {
		t.Errorf("read %+v", last)
	}
	l.put(one)
	again := l.read()
	again.wants(t, 1, 1)
	if again.changes[0] != r.changes[0] {
		t.Errorf("a repetition in a later run is %+v", again.changes[0])
	}
}

func TestRunsReadEachRecordOnceAcrossSplitsAndMerges(t *testing.T) {
	l := newLab(t, func(o *labkinesis.Options) { o.Page = 2 })
	l.write(5)
	first := l.read()
	first.whole(t)
	first.wants(t, 1, 5)
	l.write(3)
	l.stream.Split("shardId-000000000000")
	l.write(8)
	l.stream.Merge("shardId-000000000002", "shardId-000000000003")
	l.write(8)
	second := l.read()
	second.whole(t)
	second.wants(t, 6, 24)
	place := map[string]int{}
	for i, c := range second.changes {
		shard := strings.TrimPrefix(c.Shard, record.UnorderedShard)
		if _, seen := place[shard]; !seen {
			place[shard] = i
		}
	}
	if place["shardId-000000000004"] < place["shardId-000000000002"] || place["shardId-000000000004"] < place["shardId-000000000003"] {
		t.Errorf("a child was read before its parents: %v", place)
	}
	third := l.read()
	third.whole(t)
	third.wants(t, 1, 0)
}

func TestChildrenWaitForAParentThatCannotBeRead(t *testing.T) {
	l := newLab(t, func(o *labkinesis.Options) { o.Shards = 1 })
	l.write(2)
	l.read().whole(t)
	l.write(2)
	l.stream.Split("shardId-000000000000")
	l.write(4)
	l.faults("GetShardIterator", "shardId-000000000000", 1000, labkinesis.Fault{Type: "AccessDeniedException"})
	r := l.read()
	r.wants(t, 1, 0)
	r.gap(t, "GetShardIterator of shard shardId-000000000000 was refused")
	l.stream.Fault(nil)
	r = l.read()
	r.whole(t)
	r.wants(t, 3, 8)
}

func TestAShardThatClosesWhileItIsReadGivesWayToItsChildren(t *testing.T) {
	l := newLab(t, func(o *labkinesis.Options) { o.Shards = 1 })
	l.write(3)
	split := false
	l.stream.Fault(func(op, _ string) *labkinesis.Fault {
		if op == "GetShardIterator" && !split {
			split = true
			l.stream.Split("shardId-000000000000")
			l.put(l.insert(4))
		}
		return nil
	})
	r := l.read()
	r.whole(t)
	r.wants(t, 1, 4)
}

func TestWhatArrivesAfterTheWindowIsForALaterRun(t *testing.T) {
	l := newLab(t, nil)
	l.write(10)
	first := l.until(start.Add(5 * time.Minute)) // the fifth arrives in this very moment
	first.whole(t)
	first.wants(t, 1, 4)
	if want := start.Add(4 * time.Minute); !first.mark.Equal(want) {
		t.Errorf("watermark %s, want %s", first.mark, want)
	}
	l.read().wants(t, 5, 10)
}

func TestEmptyPagesAreNotTheEnd(t *testing.T) {
	l := newLab(t, func(o *labkinesis.Options) { o.Sparse, o.Page = 40, 2 })
	l.write(4)
	r := l.read()
	r.whole(t)
	r.wants(t, 1, 4)
}

// Another stream's shards have the names of the first one's: what is known of those says nothing of these.
func TestAShardOfAStreamInAnothersPlaceThatCannotBeReadAtOnceIsReadLater(t *testing.T) {
	l := newLab(t, func(o *labkinesis.Options) { o.Shards = 1 })
	l.write(3)
	l.stream.Split("shardId-000000000000")
	l.read().whole(t)
	l.stream.Replace()
	l.write(3)
	l.faults("GetRecords", "", 1000, labkinesis.Fault{Type: "AccessDeniedException"})
	l.read().wants(t, 1, 0)
	l.stream.Fault(nil)
	r := l.read()
	r.whole(t)
	r.wants(t, 4, 6)
	l.stream.Split("shardId-000000000000")
	l.write(3)
	r = l.read()
	r.whole(t)
	r.wants(t, 7, 9)
}

func TestAStreamInAnothersPlaceIsReadFromItsBeginningAndTheTimeBetweenIsAGap(t *testing.T) {
	l := newLab(t, nil)
	l.write(3)
	first := l.read()
	l.tick(time.Hour)
	l.stream.Replace()
	made := l.now
	l.write(3)
	r := l.read()
	r.wants(t, 4, 6)
	g := r.gap(t, "is not the one that was read before")
	if !g.Window.From.Equal(first.mark) || !g.Window.To.Equal(made) {
		t.Errorf("gap %s, want from %s to %s", g.Window, first.mark, made)
	}
	l.read().whole(t)
	l.stream.Status("DELETING")
	if r := l.read(); !r.mark.IsZero() {
		t.Errorf("watermark %s", r.mark)
	} else {
		r.gap(t, "is not active: DELETING")
	}
}
