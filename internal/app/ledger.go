package app

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/pipeline"
	"parallax/internal/record"
	"parallax/sources/aurora"
)

// ledgerCopies are the rows of one ledger in each place. A copy that is nil was not read, or not completely.
type ledgerCopies struct {
	writer, reader, snapshot []record.Entry // of a sharded ledger the slices of all regions, and all snapshots together
	writerRegion             audit.Region
	writerRegions            []audit.Region // where the ledger is in force: all of them if it is sharded
	coverage                 []audit.Coverage
	places                   []place
}

// readLedger reads every copy of a ledger over a window.
func (a *App) readLedger(ctx context.Context, l config.Ledger, w audit.Window) (ledgerCopies, error) {
	var c ledgerCopies
	unread := false
	for _, region := range slices.Sorted(maps.Keys(l.Regions)) {
		one, r, err := a.readCopy(ctx, l, a.regionCopy(l, region, w))
		if err != nil {
			return c, err
		}
		c.add(string(region), one.server, r.Coverage)
		inForce := l.Sharded() || one.witness == record.Writer
		if inForce {
			c.writerRegions = append(c.writerRegions, region)
		}
		switch {
		case !r.Coverage.Complete():
			unread = unread || inForce
		case inForce:
			c.writer, c.writerRegion = append(entriesOf(r), c.writer...), region
		default:
			c.reader = entriesOf(r)
		}
	}
	if l.Sharded() && unread {
		c.writer = nil // a slice that is missing would let its payments look lost
	}
	if !l.Sharded() && len(c.writerRegions) > 1 {
		c.writer = nil
		c.coverage = append(c.coverage, twoWriters(l, c.writerRegions, w))
	}
	if err := a.readSnapshots(ctx, l, w, &c); err != nil {
		return c, err
	}
	c.sameServer(l, w)
	return c, nil
}

// readSnapshots puts the rows of all snapshots together; each row names the region whose old primary held it. Where one could
// not be read, none is used.
func (a *App) readSnapshots(ctx context.Context, l config.Ledger, w audit.Window, c *ledgerCopies) error {
	var rows []record.Entry
	unread := false
	for _, one := range a.snapshotCopies(l, w) {
		one, r, err := a.readCopy(ctx, l, one)
		if err != nil {
			return err
		}
		c.add(one.name, one.server, r.Coverage)
		unread = unread || !r.Coverage.Complete()
		rows = append(entriesOf(r), rows...)
	}
	if !unread {
		c.snapshot = rows
	}
	return nil
}

// ledgerCopy is one copy of a ledger: where it is and, once it was asked, what it is.
type ledgerCopy struct {
	name    string // "eu-west-1", or one of snapshotNames
	conn    config.Connection
	src     aurora.Source  // its DB is nil where the address cannot be used
	witness record.Witness // what it says of itself; what the configuration says until it was asked
	told    bool           // the witness is what it says
	server  string         // the server and database behind its address, empty where that does not answer or cannot be used
	line    audit.Coverage
}

func (a *App) regionCopy(l config.Ledger, region audit.Region, w audit.Window) ledgerCopy {
	at := l.Regions[region]
	return a.copyOf(l, string(region), at.Connection, region, record.Witness(at.RoleHint), w)
}

// snapshotCopies are the restored old primaries, in the order of the configuration.
func (a *App) snapshotCopies(l config.Ledger, w audit.Window) []ledgerCopy {
	var all []ledgerCopy
	names := snapshotNames(l)
	for i, conn := range l.Restored() {
		one := a.copyOf(l, names[i], conn, conn.Region, record.Snapshot, w)
		one.line.Source = "aurora snapshot"
		all = append(all, one)
	}
	return all
}

func (a *App) copyOf(l config.Ledger, name string, conn config.Connection, region audit.Region, witness record.Witness, w audit.Window) ledgerCopy {
	settings := a.ledgerSettings()
	settings.Pace = l.Pace
	return ledgerCopy{
		name: name, conn: conn, witness: witness,
		src:  aurora.Source{Scope: l.Name, Region: region, Witness: witness, Mapping: mapping(l), Settings: settings},
		line: audit.Coverage{Source: "aurora", Scope: l.Name, Region: region, Window: w},
	}
}

// open opens sessions to a copy and asks which witness and which server it is. The witness is what the configuration says, and
// becomes what the database says of itself. An address that cannot be used is a copy that was not read, not the end of the
// run; a database that does not answer is returned as the reason why.
func (a *App) open(ctx context.Context, one *ledgerCopy) (reason error) {
	pool, err := a.ledgerPool(ctx, one.conn, one.src.Region)
	if err != nil {
		one.line.Gaps = []audit.Gap{{
			Window: one.line.Window, Reason: err.Error(), Remedy: "check the address of ledger " + one.src.Scope + " in " + string(one.src.Region),
		}}
		return nil //nolint:nilerr // see above
	}
	one.src.DB = pool
	found, err := one.src.Identify(ctx)
	if err == nil {
		one.server, err = one.src.Server(ctx)
	}
	if err == nil {
		one.witness, one.told = found, true
	}
	return err
}

// readCopy opens a copy and reads all its rows of the window.
func (a *App) readCopy(ctx context.Context, l config.Ledger, one ledgerCopy) (ledgerCopy, pipeline.Reading[record.Entry], error) {
	_ = a.open(ctx, &one) // where it does not answer, reading it says why; where it contradicts, too
	if one.src.DB == nil {
		return one, pipeline.Reading[record.Entry]{Coverage: one.line}, nil
	}
	a.progress("reading ledger "+l.Name+" in "+one.name, 0, 0)
	r, err := pipeline.Collect(ctx, one.src, one.line, audit.Cursor{})
	return one, r, err
}

func (c *ledgerCopies) add(name, server string, line audit.Coverage) {
	c.places = append(c.places, place{name: name, server: server, line: len(c.coverage)})
	c.coverage = append(c.coverage, line)
}

// entriesOf is never nil: an empty copy that was read completely differs from one that was not read.
func entriesOf(r pipeline.Reading[record.Entry]) []record.Entry {
	if r.Records == nil {
		return []record.Entry{}
	}
	return r.Records
}

func noWriter(l config.Ledger, w audit.Window) audit.Coverage {
	return audit.Coverage{Source: "aurora", Scope: l.Name, Window: w, Gaps: []audit.Gap{{
		Window: w, Reason: "no copy of ledger " + l.Name + " that accepts writes could be read, so there is nothing to hold the others against",
		Remedy: "run parallax doctor; after a failover, make sure that the promoted cluster is configured",
	}}}
}

func twoWriters(l config.Ledger, writers []audit.Region, w audit.Window) audit.Coverage {
	names := make([]string, len(writers))
	for i, r := range writers {
		names[i] = string(r)
	}
	return audit.Coverage{Source: "aurora", Scope: l.Name, Window: w, Gaps: []audit.Gap{{
		Window: w, Reason: fmt.Sprintf("ledger %s accepts writes in %s at once: which copy is in force cannot be told", l.Name, strings.Join(names, " and ")),
		Remedy: "fence the old writer, or configure it as the ledger's snapshot",
	}}}
}

func mapping(l config.Ledger) aurora.Mapping {
	c := l.Columns
	return aurora.Mapping{Table: l.Table, Query: l.Query, Columns: aurora.Columns{
		ID: c.ID, PaymentID: c.PaymentID, IdempotencyKey: c.IdempotencyKey, AmountMinor: c.AmountMinor, Currency: c.Currency,
		Status: c.Status, Network: c.Network, NetworkReference: c.NetworkReference, RRN: c.RRN, AuthCode: c.AuthCode,
		OwnerRegion: c.OwnerRegion, CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt, Extra: c.Extra,
	}}
}
