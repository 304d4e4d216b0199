package kinesis_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"

	"parallax/internal/audit"
	labkinesis "parallax/internal/lab/kinesis"
	"parallax/internal/record"
	"parallax/sources/kinesis"
)

const (
	table  = "idempotency-keys"
	stream = "keys-changes"
	dublin = "eu-west-1"
	london = "eu-west-2"
)

var start = time.Date(2026, 11, 18, 13, 55, 0, 0, time.UTC)

// lab is a data stream, a reader of it, and what the reader has committed so far.
type lab struct {
	t       *testing.T
	stream  *labkinesis.Stream
	source  *kinesis.Source
	from    time.Time // where the windows begin
	now     time.Time
	written int
}

func newLab(t *testing.T, change func(*labkinesis.Options)) *lab {
	t.Helper()
	o := labkinesis.Options{
		Region: dublin, Name: stream, Table: table, HashKey: "pk", Replicas: []string{london}, Shards: 2, Start: start,
	}
	if change != nil {
		change(&o)
	}
	l := &lab{t: t, stream: labkinesis.New(o), from: o.Start, now: o.Start}
	url, stop, err := l.stream.Serve()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	l.source = source(url)
	return l
}

func source(url string) *kinesis.Source {
	keys := credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "example", "")
	return &kinesis.Source{
		Tables:  dynamodb.New(dynamodb.Options{Region: dublin, BaseEndpoint: &url, Credentials: keys, RetryMaxAttempts: 1}),
		Streams: awskinesis.New(awskinesis.Options{Region: dublin, BaseEndpoint: &url, Credentials: keys, RetryMaxAttempts: 1}),
		Table:   table, Stream: stream, Region: dublin, Backoff: time.Millisecond, Interval: -1, Cursors: map[string]audit.Cursor{},
	}
}

// insert is the change that makes an item, one second before it arrives.
func (l *lab) insert(n int) labkinesis.Change {
	key := fmt.Sprintf("order-%04d", n)
	return labkinesis.Change{
		EventID: fmt.Sprintf("event-%04d", n), Event: "INSERT", Region: dublin, Table: table, At: l.now.Add(-time.Second), Micro: true,
		Keys: json.RawMessage(`{"pk":{"S":"` + key + `"}}`), New: json.RawMessage(`{"pk":{"S":"` + key + `"},"amount_minor":{"N":"12.50e2"}}`),
	}
}

// write puts n new items, one a minute, and returns the shards they are in.
func (l *lab) write(n int) []string {
	l.t.Helper()
	var shards []string
	for range n {
		l.written++
		l.tick(time.Minute)
		shards = append(shards, l.put(l.insert(l.written)))
	}
	l.tick(2 * time.Second)
	return shards
}

func (l *lab) tick(d time.Duration) {
	l.now = l.now.Add(d)
	l.stream.Advance(l.now)
}

func (l *lab) put(c labkinesis.Change) string { return l.stream.Put(string(c.Keys), c.JSON()) }

// reading is everything one Read yielded.
type reading struct {
	changes  []record.Change
	gaps     []audit.Gap
	extents  map[string]audit.Extent
	excluded map[string]int64
	mark     time.Time
	err      error
}

// read reads to the present and commits the cursors as a store would.
func (l *lab) read() reading {
	l.t.Helper()
	return l.until(l.now.Add(time.Second))
}

func (l *lab) until(to time.Time) reading {
	l.t.Helper()
	out := reading{extents: map[string]audit.Extent{}, excluded: map[string]int64{}}
	cursors := maps.Clone(l.source.Cursors)
	for b, err := range l.source.Read(l.t.Context(), audit.Window{From: l.from, To: to}, audit.Cursor{}) {
		if err != nil {
			out.err = err
			break
		}
		out.changes = append(out.changes, b.Records...)
		out.gaps = append(out.gaps, b.Gaps...)
		for _, e := range b.Extents {
			if _, twice := out.extents[e.Name]; twice {
				l.t.Errorf("extent %s reported twice", e.Name)
			}
			out.extents[e.Name] = e
		}
		for _, e := range b.Excluded {
			out.excluded[e.Reason] += e.Records
		}
		if !b.Watermark.IsZero() {
			out.mark = b.Watermark
		}
		if c := b.Cursor; c.Stream != "" {
			if c.Version != l.source.Cursors[c.Stream].Version {
				l.t.Errorf("cursor %s: version %d", c.Stream, c.Version)
			}
			c.Version++
			cursors[c.Stream] = c
		}
	}
	l.source.Cursors = cursors
	return out
}

func (r reading) keys() []string {
	var out []string
	for _, c := range r.changes {
		out = append(out, c.Key)
	}
	slices.Sort(out)
	return out
}

// wants checks that exactly the orders from first to last were read, each once.
func (r reading) wants(t *testing.T, first, last int) {
	t.Helper()
	var want []string
	for i := first; i <= last; i++ {
		want = append(want, fmt.Sprintf("order-%04d", i))
	}
	if got := r.keys(); !slices.Equal(got, want) {
		t.Errorf("read %d records %v, want orders %d to %d", len(got), got, first, last)
	}
}

func (r reading) whole(t *testing.T) {
	t.Helper()
	if r.err != nil || len(r.gaps) > 0 || r.mark.IsZero() {
		t.Errorf("err %v, gaps %v, watermark %v", r.err, r.gaps, r.mark)
	}
}

func (r reading) gap(t *testing.T, reason string) audit.Gap {
	t.Helper()
	for _, g := range r.gaps {
		if strings.Contains(g.Reason, reason) {
			if g.Remedy == "" {
				t.Errorf("gap without a remedy: %+v", g)
			}
			return g
		}
	}
	t.Fatalf("no gap says %q: %+v", reason, r.gaps)
	return audit.Gap{}
}

// faults spoils the first n calls of an operation that ask for something containing part.
func (l *lab) faults(op, part string, n int64, f labkinesis.Fault) {
	var left atomic.Int64
	left.Store(n)
	l.stream.Fault(func(got, body string) *labkinesis.Fault {
		if got == op && strings.Contains(body, part) && left.Add(-1) >= 0 {
			return &f
		}
		return nil
	})
}
