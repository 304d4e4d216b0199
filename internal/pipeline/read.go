package pipeline

import (
	"context"
	"errors"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// Reading is what one source yielded over a window, and the line of the certificate that says so.
type Reading[R any] struct {
	Records  []R
	Coverage audit.Coverage
	Cursors  []audit.Cursor
}

// Collect reads a source to its end and keeps every record. about names the line of coverage: source, scope, region, window.
//
// A source's error becomes a gap over the whole window, for nobody can say how much of it is missing; only a cancelled
// context is returned as an error.
func Collect[R any](ctx context.Context, src Source[R], about audit.Coverage, from audit.Cursor) (Reading[R], error) {
	r := Reading[R]{}
	cov, cursors, err := Drain(ctx, src, about, from, func(b record.Batch[R]) error {
		r.Records = append(r.Records, b.Records...)
		return nil
	})
	r.Coverage, r.Cursors = cov, cursors
	return r, err
}

// Drain reads a source to its end and hands every batch to each, in order. It returns the line of coverage and the last
// cursor of every stream. An error of each ends the reading and is returned, for it belongs to this side.
func Drain[R any](
	ctx context.Context, src Source[R], about audit.Coverage, from audit.Cursor, each func(record.Batch[R]) error,
) (audit.Coverage, []audit.Cursor, error) {
	cov := about
	last := map[string]int{}
	var cursors []audit.Cursor
	for batch, err := range src.Read(ctx, about.Window, from) {
		if err != nil {
			if stopped := context.Cause(ctx); stopped != nil {
				return cov, cursors, errors.Join(stopped, err)
			}
			cov.Gaps = append(cov.Gaps, audit.Gap{Window: about.Window, Reason: err.Error()})
			break
		}
		if err := each(batch); err != nil {
			return cov, cursors, err
		}
		note(&cov, batch)
		if batch.Cursor.Stream == "" {
			continue
		}
		if i, seen := last[batch.Cursor.Stream]; seen {
			cursors[i] = batch.Cursor
		} else {
			last[batch.Cursor.Stream] = len(cursors)
			cursors = append(cursors, batch.Cursor)
		}
	}
	return cov, cursors, context.Cause(ctx)
}

// note adds what a batch says of itself to the line of coverage.
func note[R any](cov *audit.Coverage, b record.Batch[R]) {
	cov.Records += int64(len(b.Records))
	cov.Extents = append(cov.Extents, b.Extents...)
	cov.Excluded = append(cov.Excluded, b.Excluded...)
	cov.Gaps = append(cov.Gaps, b.Gaps...)
	if b.Watermark.After(cov.Watermark) {
		cov.Watermark = b.Watermark
	}
}
