package aurora

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// How far stretches that differ are cut before their rows are read.
const (
	fanOut       = 16     // a stretch is cut into so many
	leafRows     = 8      // one with no more rows is read: digests of its parts would be no smaller
	maxDiffering = 16_384 // stretches that are cut further, which bounds memory
	fewStretches = 64     // too few to tell a share
)

// Where digests do not pay any more: so many stretches differ that all their rows are to be read. In the first cut a stretch
// holds a thousand rows where there are millions, so that nearly all of them may differ by one row each.
const (
	shareFirst   = 0.95
	shareFurther = 0.2
)

// checksums compares by digests and reports whether it came to an end. Where a database refuses to make them, or nearly all
// of the window differs, the method changes to the merge.
func (c *comparison) checksums(ctx context.Context) bool {
	queries, sums := [2]digestQuery{}, [2]summary{}
	cutting, errs := c.cut(ctx)
	if errs[0] == nil && errs[1] == nil {
		errs = c.each(func(i int, s *side) (err error) {
			queries[i] = newDigestQuery(s.Mapping, s.signature)
			if sums[i], err = s.sumUp(ctx, cutting, queries[i]); err == nil {
				err = s.findIndex(ctx)
			}
			return err
		})
	}
	if reason := c.refused(errs); reason != "" {
		c.method, c.why = MethodMerge, reason
		return false
	}
	if !c.went(errs) {
		return false
	}
	level := c.differ(sums[0].stretches, sums[1].stretches)
	if level.tooMany(shareFirst) {
		c.method, c.why, c.equal = MethodMerge, fmt.Sprintf("%d of %d stretches of time differ, so that checksums save nothing", len(level.differing), level.examined), 0
		return false
	}
	leaves, ok := c.drill(ctx, level, cutting.width, queries)
	if !ok {
		return false
	}
	for i, s := range c.sides {
		s.records, s.checksum = sums[i].rows(), sums[i].checksum()
	}
	if !c.merge(ctx, leaves) {
		return false
	}
	for i, s := range c.sides {
		s.certifyDigest(sums[i])
		unseen := s.certifyTotals(sums[i].totals)
		if i == 0 {
			c.equal -= min(unseen, c.equal)
		}
	}
	return true
}

// cut finds where both copies have rows, and cuts that.
func (c *comparison) cut(ctx context.Context) (cut, [2]error) {
	var from, to [2]time.Time
	errs := c.each(func(i int, s *side) (err error) {
		from[i], to[i], err = s.span(ctx)
		return err
	})
	first, last := from[0], to[0]
	if first.IsZero() || !from[1].IsZero() && from[1].Before(first) {
		first = from[1]
	}
	if to[1].After(last) {
		last = to[1]
	}
	return newCut(first, last, firstStretches), errs
}

// refused says that a database does not make digests of the mapped query, though it may well be read.
func (c *comparison) refused(errs [2]error) string {
	for i, err := range errs {
		var refused *pgconn.PgError
		var unopened *pgconn.ConnectError
		switch {
		case errors.Is(err, errCurrencies):
			return err.Error()
		case errors.As(err, &refused) && !errors.As(err, &unopened) && !passing(err) && !tooLong(err):
			return fmt.Sprintf("checksums were refused in %s (%s)", c.sides[i].Region, refused.Code)
		}
	}
	return ""
}

// cutLevel is what the stretches of one width have come to.
type cutLevel struct {
	differing []stretch // in order of time, with the larger number of rows of both sides
	examined  int       // with rows
	parents   int       // they were cut from; 0 for the first cut
}

// tooMany reports that more than a share of many stretches differ. It says nothing where cutting did not part the rows, as
// many were created within a short time.
func (l cutLevel) tooMany(share float64) bool {
	return len(l.differing) > maxDiffering ||
		l.examined >= max(fewStretches, 4*l.parents) && float64(len(l.differing)) > share*float64(l.examined)
}

// drill cuts stretches until few rows are left in each; those are returned, in order of time.
func (c *comparison) drill(ctx context.Context, level cutLevel, width int64, queries [2]digestQuery) ([]stretch, bool) {
	var leaves []stretch
	for first := true; ; first = false {
		var wide []stretch
		for _, s := range level.differing {
			if s.rows > leafRows && s.to-s.from > 1 {
				wide = append(wide, s)
			} else {
				leaves = append(leaves, s)
			}
		}
		if len(wide) == 0 || len(wide) > maxDiffering || !first && level.tooMany(shareFurther) {
			leaves = append(leaves, wide...)
			slices.SortFunc(leaves, func(a, b stretch) int { return cmp.Compare(a.from, b.from) })
			return leaves, true
		}
		width = max((width+fanOut-1)/fanOut, 1)
		parts := [2][]stretch{}
		errs := c.each(func(i int, s *side) (err error) {
			parts[i], err = s.drill(ctx, wide, width, queries[i])
			return err
		})
		if !c.went(errs) {
			return nil, false
		}
		level = c.differ(parts[0], parts[1])
		level.parents = len(wide)
	}
}

// differ finds the stretches in which two copies differ and counts the rows of the others as equal. Both were cut alike.
func (c *comparison) differ(a, b []stretch) cutLevel {
	var l cutLevel
	for len(a) > 0 || len(b) > 0 {
		l.examined++
		switch {
		case len(b) == 0 || len(a) > 0 && a[0].from < b[0].from:
			l.differing, a = append(l.differing, a[0]), a[1:]
		case len(a) == 0 || b[0].from < a[0].from:
			l.differing, b = append(l.differing, b[0]), b[1:]
		default:
			if a[0].rows == b[0].rows && a[0].sum == b[0].sum {
				c.equal += a[0].rows
			} else {
				one := a[0]
				one.rows = max(a[0].rows, b[0].rows)
				l.differing = append(l.differing, one)
			}
			a, b = a[1:], b[1:]
		}
	}
	return l
}
