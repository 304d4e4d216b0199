package app

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"parallax/auditors/tablescan"
	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/pipeline"
	"parallax/internal/record"
	"parallax/sources/ddbtable"
)

// compared is what a comparison of a table's replicas, item by item, came to.
type compared struct {
	tablescan.Result
	coverage []audit.Coverage
}

// comparison is a comparison under way.
type comparison struct {
	*App
	table   config.Table
	lost    audit.Window // the time for which the streams are gone
	sources []*ddbtable.Source
	lines   []audit.Coverage // by region, and one for the comparison
}

// rereadings is how often items that differ are read again: a difference is reported if it stands still.
const rereadings = 2

// compareReplicas reads a table in every region and compares the items. It is done where part of a stream is lost: what
// happened then cannot be proven, but whether the regions agree now can be measured. The gap stays a gap.
func (a *App) compareReplicas(ctx context.Context, table config.Table, lost audit.Window, reported []audit.Finding) (compared, error) {
	c := &comparison{App: a, table: table, lost: lost}
	for _, region := range a.cfg.Regions {
		c.sources = append(c.sources, &ddbtable.Source{
			Tables: a.aws.dynamodb(region), Table: table.Name, Region: region, Units: float64(table.Scan.ReadUnits), Timeout: a.cfg.AWS.Timeout,
			Retries: a.patience(),
		})
		c.lines = append(c.lines, audit.Coverage{Source: "tablescan", Scope: table.Name, Region: region, Window: lost})
	}
	found, err := c.scan(ctx)
	if err != nil || slices.ContainsFunc(c.lines, func(l audit.Coverage) bool { return !l.Complete() }) {
		return compared{coverage: c.lines}, err // what was not read would look as if it were missing
	}
	in := tablescan.Input{Window: lost, Compared: found, Reported: map[string]bool{}}
	for _, f := range reported {
		in.Reported[f.Key] = in.Reported[f.Key] || f.Kind == audit.LWWNotReplicated || f.Kind == audit.LWWDiverged
	}
	for n := 0; n < rereadings && len(found.Suspects) > 0; n++ {
		reading, err := c.readAgain(ctx, found.Suspects)
		if err != nil {
			return compared{}, err
		}
		in.Readings = append(in.Readings, reading)
	}
	return c.judge(in), nil
}

// scan reads every replica, all at the same time, and compares the prints of their items.
func (c *comparison) scan(ctx context.Context) (tablescan.Comparison, error) {
	found := tablescan.Comparison{Regions: len(c.sources), MaxSuspects: c.cfg.Limits.MaxFindings}
	spool, err := ddbtable.NewSpool(c.scratch(), 0)
	if err != nil {
		return found, err
	}
	defer spool.Close() //nolint:errcheck // nothing is read from it any more
	errs := make([]error, len(c.sources))
	var running sync.WaitGroup
	var showing sync.Mutex
	for i, src := range c.sources {
		src.Progress = func(read, about int64) {
			showing.Lock()
			defer showing.Unlock()
			c.progress(fmt.Sprintf("scanning %s in %s", c.table.Name, src.Region), read, about)
		}
		running.Go(func() {
			c.lines[i], _, errs[i] = pipeline.Drain(ctx, src, c.lines[i], audit.Cursor{}, func(b record.Batch[ddbtable.Item]) error {
				return spool.Add(i, b.Records)
			})
		})
	}
	running.Wait()
	for _, err := range errs {
		if err != nil {
			return found, err
		}
	}
	for part := range spool.Parts() {
		err := found.Add(func(yield func(tablescan.Print, error) bool) {
			for p, err := range spool.Part(ctx, part) {
				if !yield(tablescan.Print(p), err) {
					return
				}
			}
		})
		if err != nil {
			return found, err
		}
	}
	return found, nil
}

// readAgain waits and reads the items that differ from every region.
func (c *comparison) readAgain(ctx context.Context, keys []string) (tablescan.Reading, error) {
	c.log.Info(fmt.Sprintf("waiting %s to read %d items of %s again, in which the regions differ", c.table.Scan.Pause, len(keys), c.table.Name))
	c.progress(fmt.Sprintf("reading %d items of %s again, after %s", len(keys), c.table.Name, c.table.Scan.Pause), 0, 0)
	select {
	case <-ctx.Done():
		return tablescan.Reading{}, ctx.Err()
	case <-time.After(c.table.Scan.Pause):
	}
	var out tablescan.Reading
	for i, src := range c.sources {
		got, err := src.Get(ctx, c.lost, keys)
		if err != nil {
			return out, err
		}
		c.lines[i].Gaps = append(c.lines[i].Gaps, got.Gaps...)
		out.Images = append(out.Images, got.Images)
		out.To = maxTime(out.To, got.To)
		if out.From.IsZero() || got.From.Before(out.From) {
			out.From = got.From
		}
	}
	return out, nil
}

// judge lets the auditor speak. Its findings are due at the beginning of the lost time: the run that has the gap in its
// window is the one to compare again.
func (c *comparison) judge(in tablescan.Input) compared {
	t := c.table
	out := compared{Result: tablescan.Auditor{Rules: tablescan.Rules{
		Table: t.Name, Regions: c.cfg.Regions, Settle: t.Settle, Financial: t.Financial, Attr: tablescan.Attributes(c.lwwRules(t).Attr),
	}}.Audit(in)}
	for i := range out.Findings {
		out.Findings[i].Shown = c.lost.From
	}
	line := audit.Coverage{Source: "comparison", Scope: t.Name, Window: c.lost, Extents: []audit.Extent{out.Extent}}
	for _, n := range in.Compared.Read {
		line.Records += n
	}
	if out.Unjudged > 0 {
		line.Gaps = append(line.Gaps, audit.Gap{
			Window: c.lost, Reason: fmt.Sprintf("%d items that differ between the regions were not read again", out.Unjudged),
			Remedy: "run again; raise limits.max_findings if there are too many",
		})
	}
	out.coverage = append([]audit.Coverage{line}, c.lines...)
	return out
}

// hull is the shortest window that holds all of them.
func hull(all []audit.Window) audit.Window {
	out := all[0]
	for _, w := range all[1:] {
		out = audit.Window{From: minTime(out.From, w.From), To: maxTime(out.To, w.To)}
	}
	return out
}
