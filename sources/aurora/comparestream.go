package aurora

import (
	"context"
	"fmt"
	"math"

	"github.com/jackc/pgx/v5"

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
func (s *side) open(ctx context.Context, windows []stretch) *stream {
	pages := make(chan pageOf, 1)
	go func() {
		defer close(pages)
		send := func(p pageOf) bool {
			s.prepare(p.rows)
			select {
			case pages <- p:
				return true
			case <-ctx.Done():
				return false
			}
		}
		if err := s.readWindows(ctx, windows, send); err != nil {
			send(pageOf{err: err})
		}
	}()
	return &stream{side: s, pages: pages}
}

// readWindows reads stretches with few rows together, and others by pages.
func (s *side) readWindows(ctx context.Context, windows []stretch, send func(pageOf) bool) error {
	for len(windows) > 0 {
		n, expected := 0, int64(0)
		for n < len(windows) && n < drillRanges && expected+windows[n].rows <= int64(s.Settings.PageRows) {
			expected += windows[n].rows
			n++
		}
		rows, whole, err := []row(nil), false, error(nil)
		if n > 1 {
			rows, whole, err = s.readTogether(ctx, windows[:n])
		}
		switch {
		case err != nil:
			return err
		case whole:
			if len(rows) > 0 && !send(pageOf{rows: rows}) {
				return ctx.Err()
			}
		default:
			n = max(n, 1)
			for _, w := range windows[:n] {
				if err := s.readPages(ctx, w, send); err != nil {
					return err
				}
			}
		}
		windows = windows[n:]
	}
	return nil
}

// readTogether reads all rows of several stretches by one statement. It reports false where there are far more than
// expected, or they take too long.
func (s *side) readTogether(ctx context.Context, windows []stretch) (rows []row, whole bool, err error) {
	since, until := bounds(windows)
	c, limit := s.Mapping.Columns, 2*s.Settings.PageRows
	query := fmt.Sprintf("select %s from %s order by %s, %s limit $3", c.selectList(), s.Mapping.within(s.unindexed), column(c.CreatedAt), c.order())
	err = s.retry(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if err := s.steer(ctx, tx, !s.unindexed, false); err != nil {
			return err
		}
		result, err := tx.Query(ctx, query, since, until, limit+1)
		if err != nil {
			return err
		}
		names := c.extraNames()
		rows, err = pgx.CollectRows(result, func(cr pgx.CollectableRow) (row, error) { return scanRow(cr, names) })
		return err
	})
	if tooLong(err) {
		return nil, false, nil
	}
	return rows, len(rows) <= limit, err
}

func (s *side) readPages(ctx context.Context, w stretch, send func(pageOf) bool) error {
	reader := &reading{Source: s.Source, window: audit.Window{From: micro(w.from), To: micro(w.to)}}
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
		if !send(pageOf{rows: rows}) {
			return ctx.Err()
		}
	}
	return nil
}

// wholeOf is a window of which nobody knows how many rows it has.
func wholeOf(w audit.Window) stretch {
	return stretch{from: microsecond(w.From).UnixMicro(), to: microsecond(w.To).UnixMicro(), rows: math.MaxInt64 / 2}
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
