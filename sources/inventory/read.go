package inventory

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// Read yields the objects whose last modification lies in w or within the margin around it, from the newest complete
// inventory not younger than AsOf. An inventory that was begun before the end of w leaves a gap from there on. The watermark
// is the moment of the scan. The cursor is not used: an inventory is always read as a whole. The only error is that of ctx.
func (s Source) Read(ctx context.Context, w audit.Window, _ audit.Cursor) iter.Seq2[record.Batch[record.Object], error] {
	return func(yield func(record.Batch[record.Object], error) bool) {
		s.Settings.fill()
		s.Window, s.Every = w, 0
		r := &reading{Source: s, window: w, wide: w.Around(cmp.Or(s.Margin, time.Hour)), yield: yield, excluded: map[string]int64{}}
		r.run(ctx)
		if r.stopped {
			return
		}
		if err := context.Cause(ctx); err != nil {
			yield(record.Batch[record.Object]{Region: s.Region}, err)
			return
		}
		r.last()
	}
}

// reading is the state of one Read.
type reading struct {
	Source
	window, wide audit.Window
	yield        func(record.Batch[record.Object], error) bool
	stopped      bool // the consumer has broken off

	pending   []record.Object
	kept      int
	extents   []audit.Extent
	excluded  map[string]int64
	gaps      []audit.Gap
	watermark time.Time
}

func (r *reading) run(ctx context.Context) {
	list, gaps, err := r.Find(ctx)
	if err != nil {
		return
	}
	r.gaps = append(r.gaps, gaps...)
	if list == nil {
		return
	}
	defer r.closed(list)
	if list.Scanned.Before(r.window.To) {
		r.gaps = append(r.gaps, *r.late(list.Scanned, list.newest))
	}
	if !list.Scanned.Before(r.wide.From) {
		r.list(ctx, list)
	}
}

// closed lets the files of a list go.
func (r *reading) closed(list *List) {
	if err := list.Close(); err != nil {
		r.gaps = append(r.gaps, r.unread("folder for the files of inventories", err))
	}
}

// errEnough says that the consumer wants no more rows.
var errEnough = errors.New("no more rows wanted")

// list reads all files of a list.
func (r *reading) list(ctx context.Context, list *List) {
	complete := true
	for _, part := range list.Parts() {
		err := part.Scan(ctx, func(rows *Rows) error {
			for i := range rows.Len {
				o := rows.Object(i)
				o.SeenAt = list.Scanned
				if !r.keep(o) {
					return errEnough
				}
			}
			return nil
		})
		if complete = err == nil; !complete {
			break
		}
	}
	if ctx.Err() != nil || r.stopped {
		return
	}
	extents, excluded, gaps := list.Coverage()
	r.extents = append(r.extents, extents...)
	for _, e := range excluded {
		r.excluded[e.Reason] += e.Records
	}
	if complete { // what was not read is said already
		r.gaps = append(r.gaps, gaps...)
	}
	if complete && len(gaps) == 0 && list.Scanned.After(r.watermark) {
		r.watermark = list.Scanned
	}
}

// keep yields an object in its turn if it belongs to the window or its context. It reports false when no more is wanted.
func (r *reading) keep(o record.Object) bool {
	switch {
	case o.LastModified.After(r.AsOf):
		r.excluded["newer than the moment the audit speaks for"]++
		return true
	case !r.wide.Holds(o.LastModified):
		r.excluded["outside the window"]++
		return true
	case r.kept >= r.Settings.MaxObjects:
		r.gap(r.window, "more than "+count(r.Settings.MaxObjects)+" objects of "+r.Bucket+" in the window; the rest was not read",
			"audit a shorter window")
		return false
	}
	o.Region, o.Bucket = r.Region, r.Bucket
	r.pending = append(r.pending, o)
	r.kept++
	return len(r.pending) < rowsPerBatch || r.flush()
}

// flush hands over what has gathered; it reports whether the consumer wants more.
func (r *reading) flush() bool {
	if len(r.pending) == 0 {
		return true
	}
	batch := record.Batch[record.Object]{Records: r.pending, Region: r.Region}
	r.pending = nil
	if !r.yield(batch, nil) {
		r.stopped = true
	}
	return !r.stopped
}

// last yields the rest, with everything there is to say of the reading.
func (r *reading) last() {
	excluded := make([]audit.Exclusion, 0, len(r.excluded))
	for reason, n := range r.excluded {
		excluded = append(excluded, audit.Exclusion{Reason: reason, Records: n})
	}
	slices.SortFunc(excluded, func(a, b audit.Exclusion) int { return strings.Compare(a.Reason, b.Reason) })
	r.yield(record.Batch[record.Object]{
		Records: r.pending, Region: r.Region, Extents: r.extents, Excluded: excluded, Gaps: r.gaps, Watermark: r.watermark,
	}, nil)
}

func (r *reading) gap(w audit.Window, reason, remedy string) {
	r.gaps = append(r.gaps, audit.Gap{Window: w, Reason: reason, Remedy: remedy})
}
