package kinesis_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"parallax/internal/audit"
	labkinesis "parallax/internal/lab/kinesis"
	"parallax/internal/record"
	"parallax/sources/kinesis"
)

func TestARecordIsAChange(t *testing.T) {
	l := newLab(t, func(o *labkinesis.Options) { o.Shards = 1 })
	l.tick(time.Minute)
	c := l.insert(1)
	c.At = start.Add(1234567 * time.Microsecond)
	l.put(c)
	gone := labkinesis.Change{
		EventID: "event-0002", Event: "REMOVE", Region: dublin, Table: table, At: start.Add(2345 * time.Millisecond),
		Keys: c.Keys, Old: json.RawMessage(`{"pk":{"S":"order-0001"},"amount_minor":{"N":"1250"}}`), ByTTL: true,
	}
	l.put(gone)
	r := l.read()
	r.whole(t)
	if len(r.changes) != 2 {
		t.Fatalf("%+v", r.changes)
	}
	want := record.Change{
		Table: table, Region: dublin, Shard: "kinesis-shardId-000000000000", Seq: kinesis.Seq(c.At, "event-0001"), Event: "INSERT",
		At: c.At, Key: "order-0001", New: `{"amount_minor":{"N":"1250"},"pk":{"S":"order-0001"}}`,
	}
	if r.changes[0] != want {
		t.Errorf("read %+v\nwant %+v", r.changes[0], want)
	}
	if got := r.changes[1]; !got.ByTTL || got.Old != want.New || !got.At.Equal(gone.At) || !record.SeqLess(want.Seq, got.Seq) {
		t.Errorf("read %+v", got)
	}
	e := r.extents["shardId-000000000000"]
	if e.Records != 2 || e.From == "" || e.From == e.To {
		t.Errorf("extent %+v", e)
	}
	if h := r.extents[kinesis.ExtentHistory].To; h != start.Add(time.Minute).Format(time.RFC3339) {
		t.Errorf("history begins at %s", h)
	}
	if got := r.extents[kinesis.ExtentReplicas].Totals; got[london] != "ACTIVE" {
		t.Errorf("replicas %v", got)
	}
	if got, want := r.mark, l.now.Add(-time.Minute); !got.Equal(want) {
		t.Errorf("watermark %s, want %s: a minute may be late", got, want)
	}
}

func TestSeqOrdersByTimeAndKnowsRepetitions(t *testing.T) {
	at := time.UnixMicro(1_700_000_000_123_456)
	one, two := kinesis.Seq(at, "a"), kinesis.Seq(at, "b")
	if one == two || one != kinesis.Seq(at, "a") || len(one) != 36 || !strings.HasPrefix(one, "1700000000123456") {
		t.Errorf("%s, %s", one, two)
	}
	for _, earlier := range []time.Duration{time.Microsecond, time.Second, 50 * 365 * 24 * time.Hour} {
		for _, event := range []string{"a", "b", "c", "d"} {
			if s := kinesis.Seq(at.Add(-earlier), event); !record.SeqLess(s, one) || !record.SeqLess(s, two) || s >= one {
				t.Errorf("%s earlier: %s is not before %s", earlier, s, one)
			}
		}
	}
}

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

func TestRecordsOfOthersAreLeftOutAndCounted(t *testing.T) {
	l := newLab(t, nil)
	l.write(2)
	other, elsewhere, keyed := l.insert(3), l.insert(4), l.insert(5)
	other.Table = "orders"
	elsewhere.Region = london
	keyed.Table, keyed.Keys, keyed.New = "orders", json.RawMessage(`{"id":{"S":"a"}}`), json.RawMessage(`{"id":{"S":"a"}}`)
	for _, c := range []labkinesis.Change{other, elsewhere, keyed} {
		l.put(c)
	}
	r := l.read()
	r.whole(t)
	r.wants(t, 1, 2)
	if r.excluded["of another table"] != 2 || r.excluded["of the table's replica in another region"] != 1 {
		t.Errorf("left out %v", r.excluded)
	}
}

func TestWhatCannotBeDecodedIsAGapThatNamesItAndShowsNothing(t *testing.T) {
	l := newLab(t, func(o *labkinesis.Options) { o.Shards = 1 })
	secret := "secret-of-a-customer"
	noID := l.insert(9)
	noID.EventID = ""
	for reason, data := range map[string]string{
		"byte ":                          `{"` + secret + `"`,
		"byte 0":                         secret,
		"byte 0: ":                       "",
		"Kinesis Producer Library":       "\xF3\x89\x9A\xC2" + secret,
		"event id: missing":              string(noID.JSON()),
		"new image: ":                    `{"awsRegion":"eu-west-1","eventID":"x","eventName":"INSERT","tableName":"idempotency-keys","dynamodb":{"ApproximateCreationDateTime":1763474100000,"Keys":{"pk":{"S":"a"}},"NewImage":{"` + secret + `":{"N":"` + secret + `"}}},"eventSource":"aws:dynamodb"}`,
		"precision of the time: unknown": `{"awsRegion":"eu-west-1","eventID":"x","eventName":"INSERT","tableName":"idempotency-keys","dynamodb":{"ApproximateCreationDateTime":1763474100000,"ApproximateCreationDateTimePrecision":"FORTNIGHT","Keys":{"pk":{"S":"a"}},"NewImage":{"pk":{"S":"a"}}},"eventSource":"aws:dynamodb"}`,
		"time: not a time":               `{"awsRegion":"eu-west-1","eventID":"x","eventName":"INSERT","tableName":"idempotency-keys","dynamodb":{"ApproximateCreationDateTime":1763474100000000,"Keys":{"pk":{"S":"a"}},"NewImage":{"pk":{"S":"a"}}},"eventSource":"aws:dynamodb"}`,
	} {
		l.write(1)
		l.stream.Put("x", []byte(data))
		l.write(1)
		r := l.read()
		if len(r.changes) != 2 || r.mark.IsZero() || len(r.gaps) != 1 {
			t.Errorf("%s: read %v, watermark %v, gaps %+v", reason, r.keys(), r.mark, r.gaps)
		}
		g := r.gap(t, reason)
		if !strings.Contains(g.Reason, "shard shardId-000000000000, record 4959") || g.Window.Empty() {
			t.Errorf("%+v", g)
		}
		if strings.Contains(strings.ReplaceAll(g.Reason+g.Remedy, "attribute "+secret, ""), secret) {
			t.Errorf("a gap shows what the record holds: %+v", g)
		}
	}
}

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
	r.gap(t, "shard shardId-000000000000 was trimmed before it was read to its end")
	r.gap(t, "shard shardId-000000000001 came and went between two runs")
	r.gap(t, "shard shardId-000000000002 came and went between two runs")
	r = l.read()
	r.whole(t)
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

func TestATableThatDoesNotSendItsChangesIsAGapUntilItsReturnWasSeen(t *testing.T) {
	for _, status := range []string{"DISABLED", "DISABLING", "ENABLING", "ENABLE_FAILED", ""} {
		l := newLab(t, nil)
		l.write(3)
		first := l.read()
		first.whole(t)
		l.stream.Destination(status)
		l.tick(time.Hour)
		off := l.read()
		g := off.gap(t, "does not send its changes to data stream "+stream)
		if !g.Window.From.Equal(first.mark) || g.Window.To.Before(l.now) {
			t.Errorf("%q: gap %s", status, g.Window)
		}
		l.tick(time.Hour)
		l.stream.Destination("ACTIVE")
		l.write(1)
		on := l.read()
		on.wants(t, 4, 4)
		if g := on.gap(t, "again; what it did not send before is missing"); !g.Window.From.Equal(off.mark) {
			t.Errorf("%q: gap %s, want from %s", status, g.Window, off.mark)
		}
		l.read().whole(t)
	}
	l := newLab(t, nil)
	l.write(1)
	l.stream.Destination("UPDATING") // the precision alone changes
	l.read().whole(t)
}

func TestInspectSaysHowTheFeedIsSetUp(t *testing.T) {
	l := newLab(t, func(o *labkinesis.Options) { o.RangeKey = "sk"; o.Retention = 48 * time.Hour })
	s, gaps := l.source.Inspect(t.Context())
	if len(gaps) > 0 || s.Retention != 48*time.Hour || s.Precision != "MICROSECOND" || s.Destination != "ACTIVE" || s.Shards != 2 ||
		!slices.Equal(s.Keys, []string{"pk", "sk"}) || !s.Created.Equal(start) {
		t.Errorf("%+v, %+v", s, gaps)
	}
	l.stream.Destination("DISABLED")
	if _, gaps := l.source.Inspect(t.Context()); len(gaps) != 1 || !strings.Contains(gaps[0].Reason, "its destination is DISABLED") || gaps[0].Remedy == "" {
		t.Errorf("%+v", gaps)
	}
	l.stream.Destination("ACTIVE")
	l.stream.ARN("arn:aws:kinesis:eu-west-1:123456789012:stream/another")
	if _, gaps := l.source.Inspect(t.Context()); len(gaps) != 1 || !strings.Contains(gaps[0].Reason, "its destination is not set") {
		t.Errorf("%+v", gaps)
	}
	l.faults("DescribeKinesisStreamingDestination", "", 10, labkinesis.Fault{Type: "AccessDeniedException"})
	if _, gaps := l.source.Inspect(t.Context()); len(gaps) != 1 || gaps[0].Remedy != "allow dynamodb:DescribeKinesisStreamingDestination on it" ||
		gaps[0].Window != (audit.Window{}) {
		t.Errorf("%+v", gaps)
	}
}
