// Package sourcetest holds every source to the contract of pipeline.Source with one suite: it reads the same again,
// resumes without gap or repeat, stops when it is told to, and says what it could not read.
package sourcetest

import (
	"testing"

	"parallax/internal/audit"
	"parallax/internal/pipeline"
)

// Case is one source over data that do not change while the suite runs, and what is known of them.
type Case[R any] struct {
	Open    func(t *testing.T) pipeline.Source[R] // a fresh source; its own type, not a wrapper around it
	Window  audit.Window                          // all of it can be read; no record lies before it
	Records int                                   // what the source yields over Window, at least one
	ID      func(R) string                        // tells any two records apart

	Stream   func(R) string // records of one stream have an order; nil: all are one stream
	Timeless func(R) bool   // records that are yielded whatever the window; nil: none
	// Stands says how many records the extents and exclusions of a whole read vouch for; nil: what the extents hold
	// less what was excluded.
	Stands func(extents []audit.Extent, excluded []audit.Exclusion) int64
	// Resume makes a source that goes on behind the cursors an earlier read has left, by stream, and the cursor to give
	// to Read; nil: the source has no cursors.
	Resume func(t *testing.T, left map[string]audit.Cursor) (pipeline.Source[R], audit.Cursor)

	// Unreachable are sources of whose data nothing can be had, by the cause: nobody answers, a refusal, an empty folder.
	Unreachable map[string]func(t *testing.T) pipeline.Source[R]
}

// Exercise runs the suite. Goroutines are told apart by the source's package, so no other test of that package may run
// at the same time.
func Exercise[R any](t *testing.T, c Case[R]) {
	t.Helper()
	run := func(name string, check func(*testing.T) problems) {
		t.Run(name, func(t *testing.T) {
			for _, text := range check(t) {
				t.Error(text)
			}
		})
	}
	run("reads the same again", c.again)
	run("adds up", c.addsUp)
	run("stops when the consumer leaves", c.leaving)
	run("stops when the context ends", c.ending)
	run("reads nothing in an empty window", c.empty)
	if c.Resume != nil {
		run("resumes without gap or repeat", c.resuming)
	}
	if len(c.Unreachable) == 0 {
		t.Error("no unreachable source is given")
	}
	for cause, open := range c.Unreachable {
		run("unreachable/"+cause, func(t *testing.T) problems { return c.unreachable(t, open) })
	}
}
