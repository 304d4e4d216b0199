package kinesis_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

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
	if got := r.extents[kinesis.ExtentConsistency].Totals["mode"]; got != "EVENTUAL" {
		t.Errorf("consistency %q", got)
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
