package app

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"parallax/auditors/ledger"
	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/pipeline"
	"parallax/internal/record"
	"parallax/sources/aurora"
)

// ledgerJob compares the copies of every configured ledger. They are read beyond both ends of the window, as a row's
// counterpart may lie there. Without a writer there is nothing to compare with.
func (a *App) ledgerJob(ctx context.Context, t task) (audit.Outcome, error) {
	var o audit.Outcome
	for _, l := range a.cfg.Ledgers {
		copies, err := a.readLedger(ctx, l, t.window.Around(ledgerContext))
		if err != nil {
			return o, err
		}
		if copies.writer == nil {
			o.Coverage = append(o.Coverage, append(copies.coverage, noWriter(l, t.window))...)
			continue
		}
		copies.checkStatuses(l)
		in := ledger.Input{Window: t.window, AsOf: t.asOf, Writer: copies.writerRegion}
		if copies.reader != nil {
			in.Copies = append(in.Copies, ledger.Copy{Region: copies.readerRegion, Witness: record.Reader, Writer: copies.writer, Rows: copies.reader})
		}
		if copies.snapshot != nil {
			in.Copies = append(in.Copies, ledger.Copy{Region: l.Snapshot.Region, Witness: record.Snapshot, Writer: copies.writer, Rows: copies.snapshot})
		}
		auditor := ledger.Auditor{Rules: ledger.Rules{Scope: l.Name, Margin: l.Margin, Compare: l.Compare}}
		judge(&o, auditor, in, copies.coverage)
	}
	return o, nil
}

// ledgerCopies are the rows of one ledger in each place. A copy that is nil was not read, or not completely.
type ledgerCopies struct {
	writer, reader, snapshot []record.Entry
	writerRegion             audit.Region
	readerRegion             audit.Region
	coverage                 []audit.Coverage
	places                   []place
}

// readLedger reads every copy of a ledger over a window.
func (a *App) readLedger(ctx context.Context, l config.Ledger, w audit.Window) (ledgerCopies, error) {
	var c ledgerCopies
	var writers []audit.Region
	for _, region := range slices.Sorted(maps.Keys(l.Regions)) {
		witness := record.Witness(l.Regions[region].RoleHint)
		r, server, err := a.readCopy(ctx, l, l.Regions[region].Connection, region, &witness, w)
		if err != nil {
			return c, err
		}
		c.add(string(region), server, r.Coverage)
		if witness == record.Writer {
			writers = append(writers, region)
		}
		if !r.Coverage.Complete() {
			continue
		}
		if witness == record.Writer {
			c.writer, c.writerRegion = entriesOf(r), region
		} else {
			c.reader, c.readerRegion = entriesOf(r), region
		}
	}
	if len(writers) > 1 {
		c.writer = nil
		c.coverage = append(c.coverage, twoWriters(l, writers, w))
	}
	if err := a.readSnapshot(ctx, l, w, &c); err != nil {
		return c, err
	}
	c.sameServer(l, w)
	return c, nil
}

func (a *App) readSnapshot(ctx context.Context, l config.Ledger, w audit.Window, c *ledgerCopies) error {
	if l.Snapshot == nil {
		return nil
	}
	witness := record.Snapshot
	r, server, err := a.readCopy(ctx, l, *l.Snapshot, l.Snapshot.Region, &witness, w)
	if err != nil {
		return err
	}
	r.Coverage.Source = "aurora snapshot"
	c.add(snapshotName, server, r.Coverage)
	if r.Coverage.Complete() {
		c.snapshot = entriesOf(r)
	}
	return nil
}

// readCopy reads one copy and names the server behind its address, empty where that does not answer. The witness is what the
// configuration says, and becomes what the database says of itself.
func (a *App) readCopy(
	ctx context.Context, l config.Ledger, conn config.Connection, region audit.Region, witness *record.Witness, w audit.Window,
) (r pipeline.Reading[record.Entry], server string, err error) {
	about := audit.Coverage{Source: "aurora", Scope: l.Name, Region: region, Window: w}
	pool, err := a.ledgerPool(ctx, conn, region)
	if err != nil { // an address that cannot be used is a copy that was not read, not the end of the run
		about.Gaps = []audit.Gap{{Window: w, Reason: err.Error(), Remedy: "check the address of ledger " + l.Name + " in " + string(region)}}
		return pipeline.Reading[record.Entry]{Coverage: about}, "", nil //nolint:nilerr // see above
	}
	a.progress("reading ledger "+l.Name+" in "+string(region), 0, 0)
	src := aurora.Source{Scope: l.Name, Region: region, Witness: *witness, Mapping: mapping(l), DB: pool, Settings: a.ledgerSettings()}
	found, err := src.Identify(ctx)
	if err == nil {
		server, err = src.Server(ctx)
	}
	if err == nil {
		*witness = found // where it does not answer, reading it says why; where it contradicts, too
	}
	r, err = pipeline.Collect(ctx, src, about, audit.Cursor{})
	return r, server, err
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
