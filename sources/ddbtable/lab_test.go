package ddbtable_test

import (
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

	"parallax/internal/audit"
	"parallax/internal/lab/globaltable"
	"parallax/internal/record"
	"parallax/sources/ddbtable"
)

const (
	table  = "idempotency-keys"
	dublin = "eu-west-1"
	london = "eu-west-2"
)

var (
	start  = time.Date(2026, 11, 18, 13, 55, 0, 0, time.UTC)
	window = audit.Window{From: start, To: start.Add(24 * time.Hour)}
)

// lab is a global table and a reader of its Dublin replica.
type lab struct {
	t       *testing.T
	cluster *globaltable.Cluster
	source  *ddbtable.Source
}

// newLab makes a table of n items.
func newLab(t *testing.T, n int) *lab {
	t.Helper()
	l := &lab{t: t, cluster: globaltable.New(globaltable.Options{
		Regions: []string{dublin, london}, Table: table, HashKey: "pk", Seed: 7, Start: start,
		MinDelay: 300 * time.Millisecond, MaxDelay: time.Second,
	})}
	url, stop, err := l.cluster.Serve(dublin)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	l.source = source(url)
	for i := range n {
		l.put(globaltable.Item{"pk": {Type: "S", Text: name(i)}, "amount_minor": {Type: "N", Text: "12.50e2"}})
	}
	return l
}

func name(i int) string { return fmt.Sprintf("order-%04d", i) }

func (l *lab) put(item globaltable.Item) {
	l.t.Helper()
	if err := l.cluster.Put(dublin, start.Add(time.Minute), item, globaltable.Condition{}); err != nil {
		l.t.Fatal(err)
	}
}

// source reads from a server as fast as it can, ten items a page.
func source(url string) *ddbtable.Source {
	keys := credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "example", "")
	return &ddbtable.Source{
		Tables: dynamodb.New(dynamodb.Options{Region: dublin, BaseEndpoint: &url, Credentials: keys, RetryMaxAttempts: 1}),
		Table:  table, Region: dublin, Backoff: time.Millisecond, Units: 1e6, Limit: 10,
	}
}

// reading is everything one Read yielded.
type reading struct {
	items   map[string]record.Image
	twice   []string
	gaps    []audit.Gap
	extents map[string]audit.Extent
	cursors map[string]audit.Cursor
	err     error
}

func read(t *testing.T, s *ddbtable.Source) reading {
	t.Helper()
	out := reading{items: map[string]record.Image{}, extents: map[string]audit.Extent{}, cursors: map[string]audit.Cursor{}}
	for b, err := range s.Read(t.Context(), window, audit.Cursor{}) {
		if err != nil {
			out.err = err
			break
		}
		for _, it := range b.Records {
			if _, seen := out.items[it.Key]; seen {
				out.twice = append(out.twice, it.Key)
			}
			if !it.Image.Canonical() {
				t.Errorf("image of %s is not canonical: %s", it.Key, it.Image)
			}
			out.items[it.Key] = it.Image
		}
		out.gaps = append(out.gaps, b.Gaps...)
		for _, x := range b.Extents {
			out.extents[x.Name] = x
		}
		if b.Cursor.Stream != "" {
			out.cursors[b.Cursor.Stream] = b.Cursor
		}
	}
	return out
}

// whole checks that n items were read, each once, and that nothing is said to be missing.
func (r reading) whole(t *testing.T, n int) {
	t.Helper()
	if r.err != nil || len(r.gaps) > 0 || len(r.twice) > 0 || len(r.items) != n {
		t.Errorf("err %v, gaps %+v, twice %v, %d items, want %d", r.err, r.gaps, r.twice, len(r.items), n)
	}
	for i := range n {
		if _, there := r.items[name(i)]; !there {
			t.Fatalf("%s was not read; got %v", name(i), slices.Sorted(maps.Keys(r.items)))
		}
	}
}

// gap is the one gap, whose reason holds each of the parts.
func (r reading) gap(t *testing.T, parts ...string) audit.Gap {
	t.Helper()
	if r.err != nil || len(r.gaps) != 1 {
		t.Fatalf("err %v, gaps %+v, want one", r.err, r.gaps)
	}
	g := r.gaps[0]
	if g.Remedy == "" || g.Window != window {
		t.Errorf("gap without a remedy or over another window: %+v", g)
	}
	for _, part := range append(parts, table, dublin) {
		if !strings.Contains(g.Reason, part) {
			t.Errorf("the gap does not say %q: %s", part, g.Reason)
		}
	}
	return g
}

// faults spoils the first n calls of an operation whose request holds part.
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
