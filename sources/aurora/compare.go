package aurora

import (
	"cmp"
	"context"
	"fmt"
	"sync"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// Method is how two copies are compared.
type Method string

// The methods.
const (
	MethodChecksums Method = "checksums in the databases" // the databases sum up stretches of time; only rows of stretches that differ are read
	MethodMerge     Method = "ordered merge"              // every row of both copies is read, in the order of creation time and payment id
)

// CompareOptions say what is compared, and how much may come of it.
type CompareOptions struct {
	Fields   []string // fields of record.Entry whose values count, as ledgers[].compare names them; payment id and creation time always count
	IgnoreID bool     // the row id does not count: copies that are not of one cluster number their rows themselves
	MaxRows  int      // rows of each side that are kept; 100,000
	Method   Method   // empty: checksums wherever both databases hash alike
}

// Residue is what two copies of a window do not have in common, and what was read to know it.
//
// Rows of one creation time and payment id stand or fall together: unless both copies have as many and equal ones, all of
// them are in the residue. A payment whose creation time differs, or that has further rows at another time, is whole only
// after Lookup; a suspect has to be looked up before it is reported anyway.
type Residue struct {
	Left, Right []record.Entry // rows not proven equal, in the order of creation time and payment id
	Equal       int64          // rows proven equal, on each side
	Truncated   int64          // further rows not proven equal, both sides together, beyond CompareOptions.MaxRows; a gap says so
	Method      Method
	Why         string // why it was that method
	Bytes       int64  // sent and received on the databases' connections for this comparison; 0 where DB is not a pool of Open
	// LeftRead and RightRead are the lines of the certificate: rows, checksums and totals of each side, and what was not read.
	// Rows behind a gap were compared on neither side.
	LeftRead, RightRead audit.Coverage
}

// defaultMaxRows is how many rows of each side are kept, about 50 MB.
const defaultMaxRows = 100_000

// Compare finds the rows of a window in which two copies of a ledger differ, reading both at the same time. What a database
// refuses, rows that cannot be used and rows beyond a bound are gaps in LeftRead or RightRead; only a mapping that cannot be
// right and the end of ctx are errors.
func Compare(ctx context.Context, left, right Source, w audit.Window, o CompareOptions) (Residue, error) {
	o.MaxRows = cmp.Or(max(o.MaxRows, 0), defaultMaxRows)
	c := &comparison{window: w, options: o, sides: [2]*side{newSide(left, w), newSide(right, w)}}
	for _, s := range c.sides {
		if err := s.Mapping.check(); err != nil {
			return Residue{}, fmt.Errorf("compare ledger %s in %s: %w", s.Scope, s.Region, err)
		}
	}
	if !w.Empty() {
		c.run(ctx)
	}
	if err := ctx.Err(); err != nil {
		return Residue{}, fmt.Errorf("compare ledger %s: %w", left.Scope, err)
	}
	return c.residue(), nil
}

// comparison is the state of one Compare.
type comparison struct {
	window  audit.Window
	options CompareOptions
	sides   [2]*side // left, right
	equal   int64
	full    bool // one side keeps as many rows as it may: no further key is kept on either
	method  Method
	why     string
}

// each does something on both sides at the same time.
func (c *comparison) each(do func(i int, s *side) error) (errs [2]error) {
	var running sync.WaitGroup
	for i, s := range c.sides {
		running.Go(func() { errs[i] = do(i, s) })
	}
	running.Wait()
	return errs
}

// went reports whether something succeeded on both sides; what stopped a side becomes a gap of its window.
func (c *comparison) went(errs [2]error) bool {
	for i, s := range c.sides {
		if errs[i] != nil {
			s.stopped(errs[i])
		}
	}
	return errs[0] == nil && errs[1] == nil
}

func (c *comparison) run(ctx context.Context) {
	if !c.went(c.each(func(_ int, s *side) error { return s.begin(ctx, c.options) })) {
		return
	}
	c.choose()
	done := false
	if c.method == MethodChecksums {
		done = c.checksums(ctx)
	}
	if c.method == MethodMerge {
		done = c.merge(ctx, []stretch{wholeOf(c.window)})
	}
	if done {
		c.each(func(_ int, s *side) error { s.countUnplaced(ctx); return nil })
	}
}
