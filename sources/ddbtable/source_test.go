package ddbtable_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/internal/lab/globaltable"
	"parallax/internal/pipeline"
	"parallax/internal/record"
	"parallax/sources/ddbtable"
	"parallax/sources/sourcetest"
)

func TestExercise(t *testing.T) {
	l := newLab(t, 200)
	open := func(*testing.T) pipeline.Source[ddbtable.Item] { return l.opened(nil) }
	refused := func(op, kind string) func(*testing.T) pipeline.Source[ddbtable.Item] {
		return func(t *testing.T) pipeline.Source[ddbtable.Item] {
			l.faults(op, "", 1000, globaltable.Fault{Type: kind})
			t.Cleanup(func() { l.cluster.Fault(nil) })
			return l.opened(nil)
		}
	}
	sourcetest.Exercise(t, sourcetest.Case[ddbtable.Item]{
		Open: open, Window: window, Records: 200,
		ID:     func(it ddbtable.Item) string { return it.Key },
		Stream: func(it ddbtable.Item) string { return string(rune('0' + it.Segment)) },
		Resume: func(_ *testing.T, left map[string]audit.Cursor) (pipeline.Source[ddbtable.Item], audit.Cursor) {
			return l.opened(left), audit.Cursor{}
		},
		Unreachable: map[string]func(*testing.T) pipeline.Source[ddbtable.Item]{
			"nobody there":        func(*testing.T) pipeline.Source[ddbtable.Item] { return source("http://127.0.0.1:1") },
			"description refused": refused("DescribeTable", "AccessDeniedException"),
			"scan refused":        refused("Scan", "AccessDeniedException"),
			"always throttled":    refused("Scan", "ProvisionedThroughputExceededException"),
		},
	})
}

// opened is a source that goes on behind what is left.
func (l *lab) opened(left map[string]audit.Cursor) *ddbtable.Source {
	s := *l.source
	s.Cursors = left
	return &s
}

func TestReadsEveryItemOnce(t *testing.T) {
	for _, segments := range []int{1, 3, 16} {
		l := newLab(t, 120)
		l.source.Segments = segments
		r := read(t, l.source)
		r.whole(t, 120)
		if got, want := r.items["order-0007"], record.Image(`{"amount_minor":{"N":"1250"},"pk":{"S":"order-0007"}}`); got != want {
			t.Errorf("image %s, want %s", got, want)
		}
		if scan := r.extents[ddbtable.ExtentScan]; scan.From == "" || scan.To < scan.From || scan.Totals["read capacity units"] == "0" {
			t.Errorf("%d segments: %+v", segments, scan)
		}
		if len(r.extents) != segments+1 {
			t.Errorf("%d segments, extents %v", segments, slices.Sorted(maps.Keys(r.extents)))
		}
	}
}

func TestEmptyTable(t *testing.T) {
	r := read(t, newLab(t, 0).source)
	r.whole(t, 0)
	if len(r.extents) != 5 {
		t.Errorf("extents %+v", r.extents)
	}
}

// An item may have 400 KB, so that a page holds two or three.
func TestLargestItems(t *testing.T) {
	l := newLab(t, 0)
	l.source.Limit = 0
	for i := range 7 {
		l.put(globaltable.Item{"pk": {Type: "S", Text: name(i)}, "note": {Type: "S", Text: strings.Repeat("é", 200<<10)}})
	}
	read(t, l.source).whole(t, 7)
}

func TestProgress(t *testing.T) {
	l := newLab(t, 50)
	var last, about int64
	l.source.Progress = func(read, n int64) {
		if read <= last {
			t.Errorf("%d read after %d", read, last)
		}
		last, about = read, n
	}
	read(t, l.source).whole(t, 50)
	if last != 50 || about != 50 {
		t.Errorf("told %d of %d", last, about)
	}
}

// What passes by itself is read in the end, and each item once.
func TestPassingTrouble(t *testing.T) {
	for what, f := range map[string]globaltable.Fault{
		"throttled":       {Type: "ProvisionedThroughputExceededException"},
		"throttled by us": {Type: "ThrottlingException"},
		"server fault":    {Type: "InternalServerError"},
		"bad gateway":     {Status: 502, Type: "BadGateway"},
		"cut":             {Cut: true},
		"bad checksum":    {BadCRC: true},
	} {
		t.Run(what, func(t *testing.T) {
			l := newLab(t, 60)
			l.faults("Scan", "ExclusiveStartKey", 4, f)
			read(t, l.source).whole(t, 60)
		})
	}
}

// What does not pass is a gap that says what to do.
func TestLastingTrouble(t *testing.T) {
	for what, c := range map[string]struct {
		fault          globaltable.Fault
		reason, remedy string
	}{
		"denied":       {globaltable.Fault{Type: "AccessDeniedException"}, "AccessDeniedException", "dynamodb:Scan"},
		"no table":     {globaltable.Fault{Type: "ResourceNotFoundException"}, "ResourceNotFoundException", "replica exists"},
		"throttled":    {globaltable.Fault{Type: "ProvisionedThroughputExceededException"}, "ProvisionedThroughput", "read_units"},
		"server fault": {globaltable.Fault{Type: "InternalServerError"}, "InternalServerError", "run again"},
		"cut":          {globaltable.Fault{Cut: true}, "ends early", "endpoint"},
		"bad checksum": {globaltable.Fault{BadCRC: true}, "checksum", "endpoint"},
		"silent":       {globaltable.Fault{Delay: time.Minute}, "nothing came", "reachable"},
	} {
		t.Run(what, func(t *testing.T) {
			l := newLab(t, 60)
			l.source.Timeout = 2 * time.Second
			l.faults("Scan", "ExclusiveStartKey", 1000, c.fault)
			r := read(t, l.source)
			g := r.gap(t, c.reason, "of 4 segments")
			if !strings.Contains(g.Remedy, c.remedy) {
				t.Errorf("the remedy does not say %q: %s", c.remedy, g.Remedy)
			}
			if len(r.items) == 0 || len(r.items) == 60 {
				t.Errorf("%d items", len(r.items))
			}
		})
	}
}

func TestBudget(t *testing.T) {
	l := newLab(t, 60)
	l.source.Budget = time.Nanosecond
	read(t, l.source).gap(t, "time allowed")
}

// A read that was broken off goes on where it stopped.
func TestGoesOnAfterTrouble(t *testing.T) {
	l := newLab(t, 200)
	l.source.Retries = 1
	l.faults("Scan", "ExclusiveStartKey", 1000, globaltable.Fault{Type: "InternalServerError"})
	first := read(t, l.source)
	l.cluster.Fault(nil)
	l.source.Cursors = first.cursors
	second := read(t, l.source)
	for k := range first.items {
		if _, twice := second.items[k]; twice {
			t.Errorf("%s was read twice", k)
		}
	}
	maps.Copy(second.items, first.items)
	second.whole(t, 200)
	l.source.Cursors = second.cursors
	if third := read(t, l.source); len(third.items) > 0 || len(third.gaps) > 0 {
		t.Errorf("%d items and gaps %v after the end", len(third.items), third.gaps)
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for b, err := range newLab(t, 5).source.Read(ctx, window, audit.Cursor{}) {
		if err == nil || len(b.Gaps) > 0 {
			t.Errorf("batch %+v, err %v", b, err)
		}
	}
}
