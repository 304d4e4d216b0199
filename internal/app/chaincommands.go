package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"parallax/auditors/chain/saga"
	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/pipeline"
	"parallax/internal/record"
	"parallax/sources/aurora"
)

// commandContext is how far around a window commands are read, so that a transfer's first and last step are known.
const commandContext = 24 * time.Hour

// judgeCommands looks at the transfers of every configured table of commands.
func (a *App) judgeCommands(ctx context.Context, o *audit.Outcome, t task) error {
	for _, c := range a.cfg.Commands {
		l, _ := a.ledgerNamed(c.Ledger)
		copies, err := a.readCommands(ctx, c, l, commandWindow(t))
		if err != nil {
			return err
		}
		if copies.writer == nil {
			o.Coverage = append(o.Coverage, append(copies.coverage, copies.noWriter(c, t.window))...)
			continue
		}
		result := saga.Auditor{Rules: sagaRules(c)}.Audit(saga.Input{
			Window: t.window, AsOf: t.asOf, Commands: copies.writer, Incomplete: copies.unread, Snapshot: copies.snapshot,
		})
		copies.coverage[copies.line].Gaps = append(copies.coverage[copies.line].Gaps, result.Gaps...)
		add(o, result.Judgement, copies.coverage)
	}
	return nil
}

// commandWindow is what is read of commands: nothing later than the moment the audit speaks for.
func commandWindow(t task) audit.Window {
	w := t.window.Around(commandContext)
	w.To = minTime(w.To, t.asOf)
	return w
}

func sagaRules(c config.Commands) saga.Rules {
	rules := saga.Rules{Scope: c.Name, Pending: c.Pending, Done: c.Done, Deadline: c.Deadline}
	if c.Columns.Side != "" {
		rules.Sides = c.Sides
	}
	return rules
}

// commandCopies are the commands of one table in each place. The writer's are nil where there is none, or more than there may be.
type commandCopies struct {
	writer, snapshot []record.Command
	unread           bool // some of the writer's were not read
	writers          []audit.Region
	sharded          bool // each region writes its own
	line             int  // the writer's, in coverage
	coverage         []audit.Coverage
}

// readCommands reads the database that takes the writes (in a sharded ledger: every region's own), and the restored old
// primaries. Another region's copy follows the writer and has nothing to add.
func (a *App) readCommands(ctx context.Context, c config.Commands, l config.Ledger, w audit.Window) (commandCopies, error) {
	copies := commandCopies{sharded: l.Sharded()}
	for _, region := range slices.Sorted(maps.Keys(l.Regions)) {
		src, gap := a.commandSource(ctx, c, l.Regions[region].Connection, region, "")
		about := audit.Coverage{Source: "commands", Scope: c.Name, Region: region, Window: w}
		if gap != nil {
			about.Gaps = []audit.Gap{{Window: w, Reason: gap.Reason, Remedy: gap.Remedy}}
			copies.coverage = append(copies.coverage, about)
			copies.unread = copies.unread || l.Sharded()
			continue
		}
		if src.Witness != record.Writer && !l.Sharded() {
			continue
		}
		copies.writers = append(copies.writers, region)
		r, err := pipeline.Collect(ctx, src, about, audit.Cursor{})
		if err != nil {
			return copies, err
		}
		copies.line = len(copies.coverage)
		copies.coverage = append(copies.coverage, r.Coverage)
		copies.unread = copies.unread || !r.Coverage.Complete()
		copies.writer = append(append([]record.Command{}, copies.writer...), r.Records...)
	}
	if len(copies.writers) > 1 && !l.Sharded() {
		copies.writer = nil
	}
	return copies, a.readLostCommands(ctx, c, l, w, &copies)
}

func (a *App) readLostCommands(ctx context.Context, c config.Commands, l config.Ledger, w audit.Window, copies *commandCopies) error {
	for _, conn := range l.Restored() {
		about := audit.Coverage{Source: "commands snapshot", Scope: c.Name, Region: conn.Region, Window: w}
		src, gap := a.commandSource(ctx, c, conn, conn.Region, record.Snapshot)
		if gap != nil {
			about.Gaps = []audit.Gap{{Window: w, Reason: gap.Reason, Remedy: gap.Remedy}}
			copies.coverage = append(copies.coverage, about)
			continue
		}
		r, err := pipeline.Collect(ctx, src, about, audit.Cursor{})
		if err != nil {
			return err
		}
		copies.coverage = append(copies.coverage, r.Coverage)
		copies.snapshot = append(copies.snapshot, r.Records...)
	}
	return nil
}

// commandSource reaches one copy and asks what it is; a copy that does not answer is a gap.
func (a *App) commandSource(ctx context.Context, c config.Commands, conn config.Connection, region audit.Region, witness record.Witness) (aurora.CommandSource, *audit.Gap) {
	at := c.Columns
	src := aurora.CommandSource{
		Scope: c.Name, Region: region, Witness: witness, Table: c.Table, Query: c.Query, Settings: a.ledgerSettings(),
		Columns: aurora.CommandColumns{
			ID: at.ID, Transfer: at.Transfer, Side: at.Side, Status: at.Status, Deadline: at.Deadline, PaymentID: at.PaymentID,
			AmountMinor: at.AmountMinor, Currency: at.Currency, Region: at.Region, CreatedAt: at.CreatedAt, UpdatedAt: at.UpdatedAt,
		},
	}
	pool, err := a.ledgerPool(ctx, conn, region)
	if err != nil {
		return src, &audit.Gap{Reason: err.Error(), Remedy: "check the address of ledger " + c.Ledger + " in " + string(region)}
	}
	a.progress("reading commands "+c.Name+" in "+string(region), 0, 0)
	src.DB = pool
	if src.Witness, err = src.Identify(ctx); err != nil {
		reason, remedy := err.Error(), "run parallax doctor"
		if said := (*aurora.ReadError)(nil); errors.As(err, &said) {
			remedy = said.Remedy
		}
		return src, &audit.Gap{Reason: reason, Remedy: remedy}
	}
	return src, nil
}

// noWriter says why there is nothing to judge.
func (c commandCopies) noWriter(of config.Commands, w audit.Window) audit.Coverage {
	reason := "no copy of commands " + of.Name + " that accepts writes could be read"
	if len(c.writers) > 1 && !c.sharded {
		names := make([]string, len(c.writers))
		for i, r := range c.writers {
			names[i] = string(r)
		}
		reason = fmt.Sprintf("commands %s are written in %s at once: which copy is in force cannot be told", of.Name, strings.Join(names, " and "))
	}
	return audit.Coverage{Source: "commands", Scope: of.Name, Window: w, Gaps: []audit.Gap{{
		Window: w, Reason: reason, Remedy: "run parallax doctor; after a failover, make sure that the promoted cluster is configured and the old writer fenced",
	}}}
}
