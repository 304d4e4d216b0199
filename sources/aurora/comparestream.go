package aurora

import (
	"context"

	"parallax/internal/audit"
)

// pageOf is one page of rows, or why there is none.
type pageOf struct {
	rows []row
	err  error
}

// stream reads the rows of windows, which are in order of time and share nothing, one page ahead of who takes them. The
// rows of one key are never in two pages.
type stream struct {
	*side
	pages <-chan pageOf
	rows  []row // of the page in hand
	err   error
}

// open begins to read; cancelling ctx ends it, and the channel is closed then.
func (s *side) open(ctx context.Context, windows []audit.Window) *stream {
	pages := make(chan pageOf, 1)
	go func() {
		defer close(pages)
		if err := s.send(ctx, windows, pages); err != nil {
			select {
			case pages <- pageOf{err: err}:
			case <-ctx.Done():
			}
		}
	}()
	return &stream{side: s, pages: pages}
}

func (s *side) send(ctx context.Context, windows []audit.Window, pages chan<- pageOf) error {
	reader := &reading{Source: s.Source}
	for _, w := range windows {
		reader.window, reader.after = w, nil
		for more := true; more; {
			var rows []row
			var err error
			if rows, more, err = reader.page(ctx); err != nil {
				return err
			}
			if len(rows) == 0 {
				continue
			}
			last := positionOf(rows[len(rows)-1].entry)
			reader.after = &last
			select {
			case pages <- pageOf{rows: rows}:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	return nil
}

// head is the first row not yet taken, nil after the last one. Its error stays.
func (s *stream) head() *row {
	for len(s.rows) == 0 && s.err == nil {
		page, open := <-s.pages
		if !open {
			return nil
		}
		s.rows, s.err = page.rows, page.err
	}
	if s.err != nil {
		return nil
	}
	return &s.rows[0]
}

// take removes the rows that share the key of the first.
func (s *stream) take() []row {
	first := positionOf(s.rows[0].entry)
	n := 1
	for n < len(s.rows) && positionOf(s.rows[n].entry).compare(first) == 0 {
		n++
	}
	group := s.rows[:n:n]
	s.rows = s.rows[n:]
	return group
}
