package kinesis_test

import (
	"testing"
	"time"

	labkinesis "parallax/internal/lab/kinesis"
)

func TestWhatWasTrimmedIsAGap(t *testing.T) {
	l := newLab(t, nil)
	l.write(4)
	before := l.read()
	before.whole(t)
	l.write(2) // will be trimmed
	l.tick(30 * time.Hour)
	l.write(40) // in both shards
	r := l.read()
	r.wants(t, 7, 46)
	if r.mark.IsZero() {
		t.Error("no watermark: what was trimmed will never come")
	}
	for _, shard := range []string{"shardId-000000000000", "shardId-000000000001"} {
		g := r.gap(t, "shard "+shard+" may have been trimmed before it was read")
		if g.Window.From.After(before.mark.Add(time.Second)) || g.Window.To.Before(start.Add(30*time.Hour)) {
			t.Errorf("gap %s does not hold the time from %s on", g.Window, before.mark)
		}
	}
	l.read().whole(t)
}

func TestAShardThatWasNotTrimmedAfterAllHasNoGapAndNoRepetition(t *testing.T) {
	l := newLab(t, nil)
	l.write(8) // in both shards
	l.read().whole(t)
	l.write(4)
	l.source.ReadAt = l.now.Add(30 * time.Hour)
	r := l.read()
	r.whole(t)
	r.wants(t, 9, 12)
}

func TestAnIdleStreamReadInTimeHasNoGap(t *testing.T) {
	l := newLab(t, nil)
	l.write(4)
	l.read().whole(t)
	for range 6 {
		l.tick(20 * time.Hour)
		l.read().whole(t)
	}
	l.write(2)
	r := l.read()
	r.whole(t)
	r.wants(t, 5, 6)
}

func TestAShardThatVanishedBeforeItWasDrainedIsAGap(t *testing.T) {
	l := newLab(t, func(o *labkinesis.Options) { o.Shards = 1 })
	l.write(2)
	l.read().whole(t)
	l.write(1)
	l.stream.Split("shardId-000000000000")
	l.tick(time.Minute)
	l.stream.Merge("shardId-000000000001", "shardId-000000000002")
	l.tick(48 * time.Hour)
	l.write(1)
	r := l.read()
	r.wants(t, 4, 4)
	for _, reason := range []string{
		"shard shardId-000000000000 was trimmed before it was read to its end",
		"shard shardId-000000000001 came and went between two runs",
		"shard shardId-000000000002 came and went between two runs",
	} {
		if g := r.gap(t, reason); !g.Lost {
			t.Errorf("%s: not said to be lost", reason)
		}
	}
	r = l.read()
	r.whole(t)
}

func TestAFirstReadingSaysWhatWasTrimmedBefore(t *testing.T) {
	l := newLab(t, nil)
	l.write(3)
	l.tick(30 * time.Hour)
	l.write(2)
	r := l.read()
	r.wants(t, 4, 5)
	if g := r.gap(t, "was trimmed before the first capture"); !g.Window.From.Equal(start) || !g.Window.To.Equal(l.now.Add(-24*time.Hour)) {
		t.Errorf("gap %s", g.Window)
	}
	if r.mark.IsZero() || len(l.source.Cursors) == 0 {
		t.Error("the next run would begin again")
	}
	l.read().whole(t)
}
