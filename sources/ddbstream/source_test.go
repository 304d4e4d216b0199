package ddbstream_test

import (
	"strconv"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/internal/lab/globaltable"
	"parallax/sources/ddbstream"
)

func TestReadsEveryRecordOnceAcrossPagesAndRuns(t *testing.T) {
	l := newLab(t, func(o *globaltable.Options) { o.PageRecords = 3; o.EmptyPage = 0.3 })
	l.source.IdlePages = 30
	l.write(40)
	first := l.read()
	first.wants(t, 1, 40)
	first.whole(t)
	c := first.changes[0]
	if c.Table != table || c.Region != dublin || c.Event != "INSERT" || c.Shard == "" || c.Seq == "" || !c.Old.Absent() || c.At.IsZero() {
		t.Errorf("%+v", c)
	}
	if got := c.New.Text("amount_minor"); got != "1250" {
		t.Errorf("amount %+v", got)
	}
	again := l.read()
	again.wants(t, 1, 0)
	again.whole(t)
	l.write(5)
	third := l.read()
	third.wants(t, 41, 45)
	third.whole(t)
}

func TestFollowsShardsAsTheyRoll(t *testing.T) {
	l := newLab(t, func(o *globaltable.Options) { o.ShardRoll = 20 * time.Minute })
	l.write(50)
	first := l.read()
	first.wants(t, 1, 50)
	first.whole(t)
	shards := map[string]bool{}
	for _, c := range first.changes {
		shards[c.Shard] = true
	}
	if len(shards) < 4 {
		t.Errorf("only %d shards: they did not roll", len(shards))
	}
	l.write(50)
	second := l.read()
	second.wants(t, 51, 100)
	second.whole(t)
}

func TestReadsOneKeyInOrderAcrossRolls(t *testing.T) {
	l := newLab(t, func(o *globaltable.Options) { o.ShardRoll = 10 * time.Minute; o.PageRecords = 2 })
	l.write(1)
	for i := range 60 {
		l.now = l.now.Add(time.Minute)
		set := globaltable.Item{"n": {Type: "N", Text: string(rune('0' + i%10))}}
		if err := l.cluster.Update(dublin, l.now, "order-0001", set, globaltable.Condition{}); err != nil {
			t.Fatal(err)
		}
	}
	changes := l.read().changes
	if len(changes) != 61 {
		t.Fatalf("%d records", len(changes))
	}
	for i := 1; i < len(changes); i++ {
		if changes[i].Old != changes[i-1].New {
			t.Fatalf("record %d does not follow record %d", i, i-1)
		}
	}
}

func TestStopsAtTheWindowsEnd(t *testing.T) {
	l := newLab(t, func(o *globaltable.Options) { o.ShardRoll = 15 * time.Minute })
	l.write(40) // the shards that the window's end cuts are closed by now
	first := l.until(start.Add(10*time.Minute + 30*time.Second))
	first.wants(t, 1, 10)
	first.whole(t)
	rest := l.read()
	rest.wants(t, 11, 40)
	rest.whole(t)
}

func TestGoesOnAfterThrottlingExpiryAndServerFaults(t *testing.T) {
	for _, fault := range []globaltable.Fault{
		{Type: "LimitExceededException"}, {Type: "ThrottlingException"}, {Type: "ExpiredIteratorException"},
		{Type: "InternalServerError"}, {Cut: true}, {BadCRC: true},
	} {
		t.Run(fault.Type, func(t *testing.T) {
			l := newLab(t, func(o *globaltable.Options) { o.PageRecords = 5 })
			l.write(30)
			l.faults("GetRecords", "", 3, fault)
			r := l.read()
			r.wants(t, 1, 30)
			r.whole(t)
		})
	}
}

func TestWhatStaysUnreadIsAGapAndIsReadLater(t *testing.T) {
	for _, c := range []struct{ op, kind, reason string }{
		{"DescribeTable", "AccessDeniedException", "DescribeTable of idempotency-keys was refused: AccessDeniedException"},
		{"DescribeStream", "AccessDeniedException", "DescribeStream of idempotency-keys was refused: AccessDeniedException"},
		{"GetShardIterator", "ThrottlingException", "GetShardIterator of shard"},
		{"GetRecords", "LimitExceededException", "was refused: LimitExceededException"},
		{"GetRecords", "ExpiredIteratorException", "was refused: ExpiredIteratorException"},
		{"GetRecords", "AccessDeniedException", "was refused: AccessDeniedException"},
	} {
		t.Run(c.op+" "+c.kind, func(t *testing.T) {
			l := newLab(t, nil)
			l.write(10)
			l.faults(c.op, "", 1000, globaltable.Fault{Type: c.kind})
			r := l.read()
			r.gap(t, c.reason)
			if !r.mark.IsZero() || len(r.changes) > 0 {
				t.Errorf("watermark %v, %d records", r.mark, len(r.changes))
			}
			l.cluster.Fault(nil)
			later := l.read()
			later.wants(t, 1, 10)
			later.whole(t)
		})
	}
}

func TestNoChildBeforeItsParent(t *testing.T) {
	play := func() *lab {
		l := newLab(t, func(o *globaltable.Options) { o.ShardRoll = 10 * time.Minute })
		l.write(1)
		for i := range 30 {
			l.now = l.now.Add(time.Minute)
			set := globaltable.Item{"n": {Type: "N", Text: strconv.Itoa(i)}}
			if err := l.cluster.Update(dublin, l.now, "order-0001", set, globaltable.Condition{}); err != nil {
				t.Fatal(err)
			}
		}
		return l
	}
	first := play().read().changes[0]
	l := play()
	l.faults("GetShardIterator", first.Shard, 1000, globaltable.Fault{Type: "ThrottlingException"})
	if r := l.read(); len(r.changes) != 0 || len(r.gaps) == 0 {
		t.Errorf("%d records of later shards while %s could not be read; gaps %v", len(r.changes), first.Shard, r.gaps)
	}
	l.cluster.Fault(nil)
	r := l.read()
	r.whole(t)
	if len(r.changes) != 31 || r.changes[0].Seq != first.Seq {
		t.Errorf("%d records afterwards", len(r.changes))
	}
}

func TestTrimmingIsAGap(t *testing.T) {
	l := newLab(t, func(o *globaltable.Options) { o.ShardRoll = time.Hour })
	l.write(10)
	l.read().wants(t, 1, 10)
	l.write(10) // never read
	l.now = l.now.Add(30 * time.Hour)
	l.write(10)
	r := l.read()
	r.wants(t, 21, 30)
	g := r.gap(t, "trimmed before it was read")
	if !g.Lost {
		t.Error("what is trimmed is not said to be lost")
	}
	if g.Window.From.After(start.Add(11*time.Minute)) || !g.Window.Covers(audit.At(start.Add(15*time.Minute))) {
		t.Errorf("the gap is %s", g.Window)
	}
	if r.mark.IsZero() {
		t.Error("what is trimmed never comes: the watermark may pass it")
	}
	l.write(5)
	next := l.read()
	next.wants(t, 31, 35)
	next.whole(t) // a gap is reported once
}

func TestTrimmedPositionIsAGap(t *testing.T) {
	l := newLab(t, nil)
	l.write(10)
	l.read().wants(t, 1, 10)
	l.write(10)
	l.faults("GetShardIterator", "AFTER_SEQUENCE_NUMBER", 1, globaltable.Fault{Type: "TrimmedDataAccessException"})
	r := l.read()
	r.gap(t, "trimmed before it was read")
}

func TestFirstCaptureBehindATrim(t *testing.T) {
	l := newLab(t, func(o *globaltable.Options) { o.ShardRoll = time.Hour })
	l.write(10)
	l.now = l.now.Add(30 * time.Hour)
	l.write(10)
	r := l.read()
	r.wants(t, 11, 20)
	g := r.gap(t, "trimmed before the first capture")
	begin, err := time.Parse(time.RFC3339, r.extents[ddbstream.ExtentHistory].To)
	if want := l.cluster.Now().Add(-ddbstream.Retention); err != nil || begin.Sub(want).Abs() > 2*time.Second {
		t.Errorf("history begins at %v, want %v: %v", begin, want, err)
	}
	if !g.Window.From.Equal(start) || !g.Window.To.Truncate(time.Second).Equal(begin) {
		t.Errorf("the gap is %s", g.Window)
	}
}

func TestStreamsThatCannotBeAudited(t *testing.T) {
	t.Run("keys only", func(t *testing.T) {
		l := newLab(t, func(o *globaltable.Options) { o.View = "KEYS_ONLY" })
		l.write(3)
		r := l.read()
		r.gap(t, "view type KEYS_ONLY")
		if !r.mark.IsZero() {
			t.Error("watermark")
		}
	})
	t.Run("unknown table", func(t *testing.T) {
		l := newLab(t, nil)
		l.source.Table = "nothing"
		if g := l.read().gap(t, "ResourceNotFoundException"); g.Lost {
			t.Error("what may be read yet is said to be lost")
		}
	})
	t.Run("enabled again", func(t *testing.T) {
		l := newLab(t, nil)
		l.write(3)
		l.read().wants(t, 1, 3)
		c := l.source.Cursors["ddb/"+table+"/"+dublin]
		c.Pos = "2026-11-17T00:00:00.000 2026-11-18T13:50:00Z"
		l.source.Cursors[c.Stream] = c
		r := l.read()
		r.gap(t, "disabled and enabled again")
		r.wants(t, 1, 3) // another stream: its shards are read from their beginning
		l.read().whole(t)
	})
	t.Run("nobody there", func(t *testing.T) {
		l := newLab(t, nil)
		l.source = source("http://127.0.0.1:1")
		l.read().gap(t, "got no answer")
	})
}

func TestVanishedShardIsAGapOnce(t *testing.T) {
	l := newLab(t, nil)
	l.write(3)
	l.read().wants(t, 1, 3)
	name := "ddb/" + table + "/" + dublin + "/shardId-gone"
	l.source.Cursors[name] = audit.Cursor{Stream: name, Pos: "100", Version: 4}
	if g := l.read().gap(t, "shardId-gone was trimmed"); !g.Lost {
		t.Error("a vanished shard is not said to be lost")
	}
	l.read().whole(t)
}

// A first capture for an earlier moment reads what is left now: retention counts from the reading, by the service's clock.
func TestBackDatedFirstCaptureDoesNotSpeakForWhatWasTrimmed(t *testing.T) {
	for name, back := range map[string]time.Duration{"partly trimmed": 23 * time.Hour, "wholly trimmed": 26 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, func(o *globaltable.Options) { o.ShardRoll = time.Hour })
			l.write(10)
			l.now = l.now.Add(50 * time.Hour)
			l.write(1)
			asOf := l.now.Add(-back)
			l.source.ReadAt = asOf
			r := l.until(asOf)
			g := r.gap(t, "trimmed before the first capture")
			horizon := l.cluster.Now().Add(-ddbstream.Retention)
			until := horizon
			if asOf.Before(until) {
				until = asOf
			}
			if !g.Window.From.Equal(start) || g.Window.To.Sub(until).Abs() > 2*time.Second {
				t.Errorf("the gap is %s", g.Window)
			}
			begin, err := time.Parse(time.RFC3339, r.extents[ddbstream.ExtentHistory].To)
			if err != nil || begin.Sub(horizon).Abs() > 2*time.Second {
				t.Errorf("history begins at %v, want %v: %v", begin, horizon, err)
			}
		})
	}
}
