package ddbstream_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"

	"parallax/internal/audit"
	"parallax/internal/lab/globaltable"
	"parallax/internal/record"
	"parallax/sources/ddbstream"
)

const (
	table  = "idempotency-keys"
	dublin = "eu-west-1"
	london = "eu-west-2"
)

var start = time.Date(2026, 11, 18, 13, 55, 0, 0, time.UTC)

// lab is a global table, a reader of its Dublin stream, and what the reader has committed so far.
type lab struct {
	t       *testing.T
	cluster *globaltable.Cluster
	source  *ddbstream.Source
	now     time.Time
	written int
}

func newLab(t *testing.T, change func(*globaltable.Options)) *lab {
	t.Helper()
	o := globaltable.Options{
		Regions: []string{dublin, london}, Table: table, HashKey: "pk", Seed: 7, Start: start,
		MinDelay: 300 * time.Millisecond, MaxDelay: time.Second,
	}
	if change != nil {
		change(&o)
	}
	l := &lab{t: t, cluster: globaltable.New(o), now: start}
	url, stop, err := l.cluster.Serve(dublin)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	l.source = source(url)
	return l
}

func source(url string) *ddbstream.Source {
	keys := credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "example", "")
	return &ddbstream.Source{
		Tables:  dynamodb.New(dynamodb.Options{Region: dublin, BaseEndpoint: &url, Credentials: keys, RetryMaxAttempts: 1}),
		Streams: dynamodbstreams.New(dynamodbstreams.Options{Region: dublin, BaseEndpoint: &url, Credentials: keys, RetryMaxAttempts: 1}),
		Table:   table, Region: dublin, Backoff: time.Millisecond, Cursors: map[string]audit.Cursor{},
	}
}

// write puts n new items in Dublin, one a minute.
func (l *lab) write(n int) {
	l.t.Helper()
	for range n {
		l.now = l.now.Add(time.Minute)
		l.written++
		item := globaltable.Item{
			"pk": {Type: "S", Text: fmt.Sprintf("order-%04d", l.written)}, "amount_minor": {Type: "N", Text: "12.50e2"},
		}
		if err := l.cluster.Put(dublin, l.now, item, globaltable.Condition{Absent: true}); err != nil {
			l.t.Fatal(err)
		}
	}
	l.cluster.Advance(l.now.Add(2 * time.Second))
}

// reading is everything one Read yielded.
type reading struct {
	changes []record.Change
	gaps    []audit.Gap
	extents map[string]audit.Extent
	mark    time.Time
	err     error

	excluded int64
}

// read reads to the present and commits the cursors as a store would.
func (l *lab) read() reading {
	l.t.Helper()
	return l.until(l.cluster.Now().Add(time.Second))
}

func (l *lab) until(to time.Time) reading {
	l.t.Helper()
	out := reading{extents: map[string]audit.Extent{}}
	cursors := maps.Clone(l.source.Cursors)
	for b, err := range l.source.Read(l.t.Context(), audit.Window{From: start, To: to}, audit.Cursor{}) {
		if err != nil {
			out.err = err
			break
		}
		out.changes = append(out.changes, b.Records...)
		out.gaps = append(out.gaps, b.Gaps...)
		for _, x := range b.Excluded {
			out.excluded += x.Records
		}
		for _, e := range b.Extents {
			if _, twice := out.extents[e.Name]; twice {
				l.t.Errorf("extent %s reported twice", e.Name)
			}
			out.extents[e.Name] = e
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
func (l *lab) faults(op, part string, n int, f globaltable.Fault) {
	left := make(chan struct{}, n)
	for range n {
		left <- struct{}{}
	}
	l.cluster.Fault(func(_, got string, r *http.Request) *globaltable.Fault {
		body, _ := io.ReadAll(r.Body)
		if got != op || !strings.Contains(string(body), part) {
			return nil
		}
		select {
		case <-left:
			return &f
		default:
			return nil
		}
	})
}

func cancelled(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
