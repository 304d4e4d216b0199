package app

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"parallax/auditors/ledger"
	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/record"
)

// ledgerJob compares the copies of every configured ledger.
func (a *App) ledgerJob(ctx context.Context, t task) (audit.Outcome, error) {
	var o audit.Outcome
	for _, l := range a.cfg.Ledgers {
		c := &ledgerAudit{App: a, ledger: l, task: t, rules: ledger.Rules{
			Scope: l.Name, Margin: l.Margin, Compare: l.Compare, Charged: l.Statuses.Charged,
		}}
		if err := c.open(ctx); err != nil {
			return o, err
		}
		audited := c.replicated
		if l.Sharded() {
			audited = c.sharded
		}
		judgement, err := audited(ctx)
		if err != nil {
			return o, err
		}
		add(&o, judgement, c.coverage())
	}
	return o, nil
}

// ledgerAudit is one ledger's audit over a window.
type ledgerAudit struct {
	*App
	task
	ledger     config.Ledger
	rules      ledger.Rules
	copies     []*ledgerCopy // one a region in their order, then the snapshots
	promotions []ledger.Promotion
	further    []audit.Coverage // what no copy's line can say
}

// coverage is the certificate: a line for each copy, and what is to be said beside.
func (c *ledgerAudit) coverage() []audit.Coverage {
	var lines []audit.Coverage
	for _, one := range c.copies {
		lines = append(lines, one.line)
	}
	return append(lines, c.further...)
}

// gap notes in a copy's line what was not read, once.
func (one *ledgerCopy) gap(g audit.Gap) {
	if !slices.Contains(one.line.Gaps, g) {
		one.line.Gaps = append(one.line.Gaps, g)
	}
}

// usable reports whether a copy answered and is no other copy once more.
func (one *ledgerCopy) usable() bool { return one.server != "" }

func (one *ledgerCopy) snapshot() bool { return one.src.Witness == record.Snapshot }

// open asks every copy which it is.
func (c *ledgerAudit) open(ctx context.Context) error {
	for _, region := range slices.Sorted(maps.Keys(c.ledger.Regions)) {
		one := c.regionCopy(c.ledger, region, c.window)
		c.copies = append(c.copies, &one)
	}
	for _, one := range c.snapshotCopies(c.ledger, c.window) {
		c.copies = append(c.copies, &one)
	}
	var places []place
	for i, one := range c.copies {
		c.progress("asking ledger "+c.ledger.Name+" in "+one.name, 0, 0)
		if err := c.ask(ctx, one); err != nil {
			one.gap(gapOf(c.window, err))
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("open ledger %s: %w", c.ledger.Name, err)
		}
		places = append(places, place{name: one.name, server: one.server, line: i})
	}
	for _, t := range sameServers(c.ledger, places, c.window) {
		c.copies[t.line].gap(t.gap)
		c.copies[t.line].server = ""
		if !t.snapshot() {
			c.distrust(t.server)
		}
	}
	return nil
}

// ask finds out which copy it is and whether its rows can be read. The error is why not.
func (c *ledgerAudit) ask(ctx context.Context, one *ledgerCopy) error {
	if err := c.App.open(ctx, one); err != nil || one.src.DB == nil {
		return err
	}
	err := one.src.Readable(ctx)
	if err == nil && !one.snapshot() {
		err = c.clock(ctx, one)
	}
	if err != nil {
		one.server = "" // nothing is held against what cannot be read
	}
	return err
}

// distrust stops using the copies of a server that stands for two regions: which of them it is cannot be told.
func (c *ledgerAudit) distrust(server string) {
	for _, one := range c.copies {
		if one.server == server {
			one.server = ""
		}
	}
}

// clockStep is the resolution in which the distance of clocks is told, so that it is the same from one run to the next.
const clockStep = 100 * time.Millisecond

// clock measures how far a region's clock is from this process's, by which AsOf is told. No margin is thinner than that.
func (c *ledgerAudit) clock(ctx context.Context, one *ledgerCopy) error {
	offset, accuracy, err := one.src.ClockOffset(ctx)
	if err != nil {
		return err
	}
	apart := (offset.Abs() + accuracy + clockStep - 1).Truncate(clockStep)
	if apart > clockStep {
		c.rules.Clock = max(c.rules.Clock, apart)
	}
	one.line.Extents = append(one.line.Extents, audit.Extent{Name: "clock", Totals: map[string]string{"apart from ours": "at most " + apart.String()}})
	return nil
}

// replicated holds the copies of a ledger with one writer against it.
func (c *ledgerAudit) replicated(ctx context.Context) (audit.Judgement, error) {
	writer := c.writer()
	if writer == nil {
		return audit.Judgement{}, nil
	}
	if err := c.readPromotions(ctx); err != nil {
		return audit.Judgement{}, err
	}
	pairs, err := c.compareAll(ctx, writer, c.copies)
	if err != nil {
		return audit.Judgement{}, err
	}
	c.unwitnessed(pairs)
	return c.judge(ctx, writer, pairs)
}

// writer is the one copy in force; nil where there is none or more than one, and the certificate says so.
func (c *ledgerAudit) writer() *ledgerCopy {
	var writers []*ledgerCopy
	var regions []audit.Region
	for _, one := range c.copies {
		if one.told && one.witness == record.Writer { // one that cannot be read accepts writes all the same
			writers, regions = append(writers, one), append(regions, one.src.Region)
		}
	}
	switch {
	case len(writers) > 1:
		c.further = append(c.further, twoWriters(c.ledger, regions, c.window))
	case len(writers) == 1 && writers[0].usable():
		return writers[0]
	default:
		c.further = append(c.further, noWriter(c.ledger, c.window))
	}
	return nil
}

// readPromotions takes from the history of failovers when each region was promoted.
func (c *ledgerAudit) readPromotions(ctx context.Context) error {
	if c.store == nil {
		return nil
	}
	known, err := c.store.Failovers(ctx)
	if err != nil {
		return err
	}
	for _, f := range known {
		if !f.Planned && !f.Promoted.IsZero() && f.Cluster == c.cfg.Topology.GlobalCluster {
			c.promotions = append(c.promotions, ledger.Promotion{From: f.From, To: f.To, At: f.Promoted, Error: f.PromotedError})
		}
	}
	return nil
}
