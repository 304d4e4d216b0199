// Package pipeline moves records one way: from a source, through an auditor, into the store.
// It declares the three interfaces of that sentence and knows no implementation of any.
package pipeline

import (
	"context"
	"iter"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// Source yields the records of one stream in one region.
//
// Read yields the records of window w that lie after the cursor from (the zero Cursor is the beginning). What cannot be
// read for a reason that belongs to the data or the other side (a trimmed shard, a refused permission, a file with a
// wrong checksum, an unreachable endpoint) is yielded as a Gap inside a batch; an error is yielded last and means that
// nothing more can be said about the rest of the window. The consumer owns stopping: when it breaks off or ctx ends,
// Read returns with every goroutine it started joined.
type Source[R any] interface {
	Read(ctx context.Context, w audit.Window, from audit.Cursor) iter.Seq2[record.Batch[R], error]
}

// Auditor turns what was read into findings. It is a pure function: no I/O, no clock; the same input in the same order
// gives the same findings in the same order.
type Auditor[In any] interface {
	Audit(in In) audit.Judgement
}

// Store keeps what runs have said.
type Store interface {
	// Cursors returns the committed cursors of a job, by stream.
	Cursors(ctx context.Context, job string) (map[string]audit.Cursor, error)
	// Commit writes the whole outcome in one transaction or nothing of it. Committing the same RunID twice changes nothing the
	// second time. A cursor whose version has moved on meanwhile fails the commit with ErrStale of the store's package.
	Commit(ctx context.Context, o audit.Outcome) error
}
