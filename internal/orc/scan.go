package orc

import (
	"context"
	"fmt"
	"slices"

	"parallax/internal/join"
)

// rowsAtOnce is how many rows are decoded at a time: their columns stay in the second cache. A multiple of 8.
const rowsAtOnce = 4096

// Scan hands the rows of all stripes to emit, some thousand at a time, as values in the order that the columns are asked for.
// A batch may be used until emit returns; its buffers are then used again. An error of emit ends the scan and is returned, and
// so is the cause of a context that has ended.
//
// A column is found by its very name, or else by its only one without regard to case. See Type for what its values are.
func (f *File) Scan(ctx context.Context, columns []string, emit func(*join.Batch) error) error {
	s, err := f.scanner(columns)
	if err != nil {
		return fmt.Errorf("scan orc: %w", err)
	}
	for i := range f.tail.stripes {
		if err := s.stripe(ctx, i, emit); err != nil {
			return err
		}
	}
	return nil
}

// ScanStripe does the same for one stripe, so that several may be scanned at once.
func (f *File) ScanStripe(ctx context.Context, stripe int, columns []string, emit func(*join.Batch) error) error {
	if stripe < 0 || stripe >= len(f.tail.stripes) {
		return fmt.Errorf("scan orc: there is no stripe %d", stripe)
	}
	s, err := f.scanner(columns)
	if err != nil {
		return fmt.Errorf("scan orc: %w", err)
	}
	return s.stripe(ctx, stripe, emit)
}

// scanner scans one stripe after the other.
type scanner struct {
	file    *File
	footer  *stream // of the stripe
	message []byte  // what it holds
	whole   bools   // PRESENT of the rows themselves
	partly  bool    // whether there is such a stream
	there   []bool
	columns []*column
	out     []join.Column
}

func (f *File) scanner(names []string) (*scanner, error) {
	if len(names) == 0 {
		return nil, unsupported("no column is asked for")
	}
	m, u := newMemory(f.limit), newUnpacker(f.tail.packing)
	s := &scanner{file: f, footer: newStream(f, m, u)}
	s.whole.stream = newStream(f, m, u)
	for _, name := range names {
		c, err := newColumn(f, m, u, name)
		if err != nil {
			return nil, err
		}
		s.columns = append(s.columns, c)
	}
	s.out = make([]join.Column, len(names))
	return s, nil
}

// stripe scans a stripe.
func (s *scanner) stripe(ctx context.Context, i int, emit func(*join.Batch) error) error {
	if err := s.open(i); err != nil {
		return fmt.Errorf("scan orc: stripe %d %w", i, err)
	}
	batch := join.Batch{Value: s.out}
	for left := s.file.tail.stripes[i].rows; left > 0; left -= int64(batch.Rows) {
		if ctx.Err() != nil {
			return context.Cause(ctx) //nolint:wrapcheck // as the caller gave it
		}
		batch.Rows = int(min(left, rowsAtOnce))
		if err := s.complete(batch.Rows); err != nil {
			return fmt.Errorf("scan orc: stripe %d %w", i, err)
		}
		for k, c := range s.columns {
			if err := c.read(batch.Rows, &s.out[k]); err != nil {
				return fmt.Errorf("scan orc: stripe %d column %s %w", i, c.named, err)
			}
		}
		if err := emit(&batch); err != nil {
			return err
		}
	}
	if err := s.complete(0); err != nil {
		return fmt.Errorf("scan orc: stripe %d %w", i, err)
	}
	for _, c := range s.columns {
		if err := c.close(); err != nil {
			return fmt.Errorf("scan orc: stripe %d column %s %w", i, c.named, err)
		}
	}
	return nil
}

// open reads the footer of a stripe and prepares its columns.
func (s *scanner) open(i int) error {
	about := s.file.tail.stripes[i]
	s.footer.open(about.offset+about.index+about.data, about.footer)
	message, err := s.footer.rest(s.message[:0])
	s.message = message
	if err != nil {
		return fmt.Errorf("footer %w", err)
	}
	d, err := parseDirectory(message, about, s.file.tail.types)
	if err != nil {
		return fmt.Errorf("footer %w", err)
	}
	p, there := d.streams[streamKey{0, present}]
	s.partly = there
	s.whole.stream.open(p.at, p.size)
	s.whole.open()
	for _, c := range s.columns {
		if err := c.open(&d); err != nil {
			return fmt.Errorf("column %s %w", c.named, err)
		}
	}
	return nil
}

// complete refuses rows that are null as a whole, among the next n or, with 0, at the end of the stripe: no writer of flat
// rows has them, though some say of every row that it is there.
func (s *scanner) complete(n int) error {
	if !s.partly {
		return nil
	}
	if n == 0 {
		done, err := s.whole.done()
		if err == nil && !done {
			err = errLeft
		}
		return in(present, err)
	}
	s.there = slices.Grow(s.there[:0], n)[:n]
	truths, err := s.whole.read(s.there)
	if err == nil && truths < n {
		err = unsupported("has rows that are null as a whole")
	}
	return in(present, err)
}
