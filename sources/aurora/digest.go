package aurora

import (
	"context"
	"errors"
	"math/big"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// stretch is a part of a window and what its rows come to: two copies with as many rows and the same sum of hashes hold the
// same rows, but for a chance of one in 2^63. Moments are microseconds since 1970, the resolution of the database.
type stretch struct {
	from, to int64
	rows     int64
	sum      int64
}

// cut says how a window is cut into stretches of equal length.
type cut struct{ from, to, width int64 }

// firstStretches is how many stretches a window is cut into first.
const firstStretches = 4096

func newCut(from, to time.Time, n int64) cut {
	c := cut{from: microsecond(from).UnixMicro(), to: microsecond(to).UnixMicro()}
	c.width = max((c.to-c.from+n-1)/n, 1)
	return c
}

// number is how many stretches there are.
func (c cut) number() int64 { return (c.to - c.from + c.width - 1) / c.width }

// begin is where a stretch begins, the end of the window for the one after the last.
func (c cut) begin(i int64) time.Time { return micro(min(c.from+i*c.width, c.to)) }

func micro(at int64) time.Time { return time.UnixMicro(at).UTC() }

// summary is what the rows of a window come to.
type summary struct {
	stretches []stretch // in order of time; those without rows are left out
	totals    map[string]*currencyTotal
}

// How much one statement is asked for: as much as takes about this long, so that replay on a replica or vacuum on the writer
// never waits long. Without an index each statement reads the whole table, so that asking for less would cost more.
const (
	statementAim   = 2 * time.Second
	slowestGrowth  = 0.25
	fastestGrowth  = 8
	maxTooLong     = 8   // statements that may reach their time limit before the window is given up
	quickRatio     = 4   // the aim is at least so many times what the first, nearly empty statement took
	ofTheTimeLimit = 3   // and at most a third of the statement timeout
	drillRanges    = 256 // stretches that one statement cuts further
	drillRows      = 200_000
)

// sumUp sums up a window in the database, part by part. A part that takes too long is asked for again in smaller ones.
func (s *side) sumUp(ctx context.Context, c cut, q digestQuery) (summary, error) {
	out := summary{totals: map[string]*currencyTotal{}}
	aim, step, tooLongs := statementAim, int64(1), 0
	for i := int64(0); i < c.number(); {
		n := min(step, c.number()-i)
		part, took, err := s.sumUpPart(ctx, c, q, i, &n)
		switch {
		case tooLong(err) && n > 1 && tooLongs < maxTooLong:
			tooLongs++
			step = max(n/4, 1)
			continue
		case err != nil:
			return out, err
		}
		if err := out.add(part); err != nil {
			return out, err
		}
		if i == 0 {
			aim = min(max(aim, quickRatio*took), s.Settings.StatementTimeout/ofTheTimeLimit)
		}
		i += n
		growth := min(max(aim.Seconds()/max(took.Seconds(), 1e-6), slowestGrowth), fastestGrowth)
		step = max(int64(float64(n)*growth), 1)
	}
	return out, nil
}

// sumUpPart sums up n stretches from the i-th on; what replay cancels is tried again with half of them.
func (s *side) sumUpPart(ctx context.Context, c cut, q digestQuery, i int64, n *int64) (part summary, took time.Duration, err error) {
	failed := false
	err = s.retry(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if failed {
			*n = max(*n/2, 1)
		}
		failed = true
		part = summary{totals: map[string]*currencyTotal{}}
		if err := s.steer(ctx, tx, false, true); err != nil {
			return err
		}
		start := time.Now()
		rows, err := tx.Query(ctx, q.first, c.begin(i), c.begin(i+*n), micro(c.from), interval(c.width))
		if err != nil {
			return err
		}
		err = part.scan(rows, c)
		took = time.Since(start)
		return err
	})
	return part, took, err
}

// scan reads rows of digestQuery.first: stretches, and totals of currencies.
func (s *summary) scan(rows pgx.Rows, c cut) error {
	var at *time.Time
	var count, sum int64
	var total []*string
	_, err := pgx.ForEachRow(rows, []any{&at, &count, &sum, &total}, func() error {
		if at == nil {
			return s.total(count, total)
		}
		from := at.UnixMicro()
		s.stretches = append(s.stretches, stretch{from: from, to: min(from+c.width, c.to), rows: count, sum: sum})
		return nil
	})
	return err
}

func (s *summary) add(part summary) error {
	s.stretches = append(s.stretches, part.stretches...)
	for code, total := range part.totals {
		s.totals[code] = total.plus(s.totals[code])
	}
	if len(s.totals) > maxCurrencies {
		return errCurrencies
	}
	return nil
}

// drill cuts stretches further, all to one width, and sums up the parts.
func (s *side) drill(ctx context.Context, parents []stretch, width int64, q digestQuery) ([]stretch, error) {
	var out []stretch
	for len(parents) > 0 {
		n, rows := 0, int64(0)
		for n < len(parents) && n < drillRanges && (n == 0 || rows+parents[n].rows <= drillRows) {
			rows += parents[n].rows
			n++
		}
		found, err := s.drillPart(ctx, parents[:n], width, q)
		if err != nil {
			return nil, err
		}
		out, parents = append(out, found...), parents[n:]
	}
	return out, nil
}

func (s *side) drillPart(ctx context.Context, parents []stretch, width int64, q digestQuery) (found []stretch, err error) {
	since, until := bounds(parents)
	err = s.retry(ctx, func(ctx context.Context, tx pgx.Tx) error {
		found = nil
		if err := s.steer(ctx, tx, !s.unindexed, true); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, q.further(s.unindexed), since, until, interval(width))
		if err != nil {
			return err
		}
		parent := 0
		var at time.Time
		var count, sum int64
		_, err = pgx.ForEachRow(rows, []any{&at, &count, &sum}, func() error {
			from := at.UnixMicro()
			for parents[parent].to <= from {
				parent++
			}
			found = append(found, stretch{from: from, to: min(from+width, parents[parent].to), rows: count, sum: sum})
			return nil
		})
		return err
	})
	if tooLong(err) && len(parents) > 1 {
		first, err := s.drillPart(ctx, parents[:len(parents)/2], width, q)
		if err != nil {
			return nil, err
		}
		second, err := s.drillPart(ctx, parents[len(parents)/2:], width, q)
		return append(first, second...), err
	}
	return found, err
}

func bounds(parts []stretch) (since, until []time.Time) {
	for _, p := range parts {
		since, until = append(since, micro(p.from)), append(until, micro(p.to))
	}
	return since, until
}

// tooLong reports that a statement reached its time limit.
func tooLong(err error) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && refused.Code == "57014" && strings.Contains(refused.Message, "statement timeout")
}

// checksum is the sum over all stretches.
func (s *summary) checksum() string {
	total := new(big.Int)
	for _, one := range s.stretches {
		total.Add(total, big.NewInt(one.sum))
	}
	return "hashtextextended:" + total.String()
}

func (s *summary) rows() (n int64) {
	for _, one := range s.stretches {
		n += one.rows
	}
	return n
}
