package sourcetest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"parallax/internal/audit"
	"parallax/internal/pipeline"
	"parallax/internal/record"
)

const (
	patience = time.Minute     // of a whole read
	promptly = 5 * time.Second // from the consumer's leaving, or the context's end, to the source's return
	underWay = 3               // batches that may still come after the context's end, as they had been read before it
)

// problems is what a check has against a source.
type problems []string

func (p *problems) addf(format string, args ...any) { *p = append(*p, fmt.Sprintf(format, args...)) }

// reading is what one Read did.
type reading[R any] struct {
	batches []record.Batch[R]
	err     error
	late    int           // batches and errors after the error
	loaded  int           // records that came beside the error
	lag     time.Duration // from the last moment the consumer had the word to the source's return
	left    []string      // goroutines of the source that outlived it
}

// read reads until the source ends or each, which is asked after every batch with their number so far, says false.
func read[R any](
	ctx context.Context, src pipeline.Source[R], w audit.Window, from audit.Cursor, each func(batches int) bool,
) reading[R] {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var r reading[R]
	before := goroutines()
	word := time.Now()
	for b, err := range src.Read(ctx, w, from) {
		word = time.Now()
		switch {
		case r.err != nil:
			r.late++
			continue
		case err != nil:
			r.err, r.loaded = err, len(b.Records)
			continue
		}
		r.batches = append(r.batches, b)
		if each != nil && !each(len(r.batches)) {
			word = time.Now()
			break
		}
	}
	r.lag = time.Since(word)
	r.left = working(packageOf(src), before)
	return r
}

// conduct is what no reading may do, however it ends.
func (r reading[R]) conduct(p *problems) {
	if len(r.left) > 0 {
		p.addf("goroutines were not joined:\n%s", strings.Join(r.left, "\n\n"))
	}
	if r.late > 0 {
		p.addf("%d batches or errors came after the error %v", r.late, r.err)
	}
	if r.loaded > 0 {
		p.addf("%d records came beside the error %v: nobody will use them", r.loaded, r.err)
	}
	for _, b := range r.batches {
		if b.Cursor.Pos != "" && b.Cursor.Stream == "" {
			p.addf("cursor %q names no stream", b.Cursor.Pos)
		}
		for _, g := range b.Gaps {
			if g.Reason == "" || g.Remedy == "" {
				p.addf("gap without reason or remedy: %+v", g)
			}
		}
	}
}

// sound adds what keeps a reading of readable data from being whole.
func (r reading[R]) sound(p *problems) {
	r.conduct(p)
	if r.err != nil {
		p.addf("ended with the error %v", r.err)
	}
	for _, g := range r.gaps() {
		p.addf("gap where everything can be read: %+v", g)
	}
}

func (r reading[R]) gaps() []audit.Gap {
	var all []audit.Gap
	for _, b := range r.batches {
		all = append(all, b.Gaps...)
	}
	slices.SortFunc(all, func(a, b audit.Gap) int { return strings.Compare(a.Reason, b.Reason) })
	return all
}

func (r reading[R]) extents() []audit.Extent {
	var all []audit.Extent
	for _, b := range r.batches {
		all = append(all, b.Extents...)
	}
	slices.SortFunc(all, func(a, b audit.Extent) int { return strings.Compare(a.Name, b.Name) })
	return all
}

func (r reading[R]) excluded() []audit.Exclusion {
	var all []audit.Exclusion
	for _, b := range r.batches {
		all = append(all, b.Excluded...)
	}
	slices.SortFunc(all, func(a, b audit.Exclusion) int { return strings.Compare(a.Reason, b.Reason) })
	return all
}

func (r reading[R]) records() []R { return recordsOf(r.batches) }

func recordsOf[R any](batches []record.Batch[R]) []R {
	var all []R
	for _, b := range batches {
		all = append(all, b.Records...)
	}
	return all
}

// cursorsOf are the last cursors of the streams.
func cursorsOf[R any](batches []record.Batch[R]) map[string]audit.Cursor {
	last := map[string]audit.Cursor{}
	for _, b := range batches {
		if b.Cursor.Stream != "" {
			last[b.Cursor.Stream] = b.Cursor
		}
	}
	return last
}

// streams sorts records into their streams, each in its order.
func (c *Case[R]) streams(records []R) map[string][]R {
	out := map[string][]R{}
	for _, one := range records {
		stream := ""
		if c.Stream != nil {
			stream = c.Stream(one)
		}
		out[stream] = append(out[stream], one)
	}
	return out
}

// names are the records of the streams as text, to be compared and shown.
func (c *Case[R]) names(records []R) string {
	var out []string
	streams := c.streams(records)
	for _, stream := range slices.Sorted(maps.Keys(streams)) {
		var ids []string
		for _, one := range streams[stream] {
			ids = append(ids, c.ID(one))
		}
		out = append(out, stream+": "+strings.Join(ids, " "))
	}
	return strings.Join(out, "\n")
}
