package app

import (
	"context"
	"maps"
	"slices"
	"time"

	"parallax/auditors/failover"
	"parallax/internal/audit"
	"parallax/internal/pipeline"
	"parallax/internal/record"
	"parallax/sources/topology"
)

// aroundFailover is how far before and after a promotion the data is read.
const aroundFailover = time.Hour

// failoverJob finds changes of the writer in what RDS and the databases say, now and in earlier runs, and measures from the data
// what each cost in time.
func (a *App) failoverJob(ctx context.Context, t task) (audit.Outcome, error) {
	var o audit.Outcome
	if a.cfg.Topology.GlobalCluster == "" {
		o.Coverage = append(o.Coverage, notConfigured("topology", t.window, "topology.global_cluster"))
		return o, nil
	}
	in, coverage, err := a.watch(ctx, &o, t)
	if err != nil {
		return o, err
	}
	auditor := failover.Auditor{Rules: a.failoverRules()}
	for _, f := range auditor.Detect(in) {
		if f.Planned {
			continue
		}
		layers, lines, err := a.readLayers(ctx, t, f, auditor.Surroundings(in, f)) // only a failover makes the data worth reading
		if err != nil {
			return o, err
		}
		in.Layers = append(in.Layers, layers)
		coverage = append(coverage, lines...)
	}
	judge(&o, auditor, in, coverage)
	return o, a.rehearse(ctx, t, &o)
}

func (a *App) failoverRules() failover.Rules {
	rules := failover.Rules{
		Scope: a.cfg.Topology.GlobalCluster, RPO: a.cfg.Objectives.RPO, RTO: a.cfg.Objectives.RTO,
		SnapshotAlarm: a.cfg.Topology.SnapshotAlarm, Around: aroundFailover,
	}
	if len(a.cfg.Tables) > 0 {
		rules.Origin = a.cfg.Tables[0].Attributes.Origin
	}
	return rules
}

// readTopology asks RDS in every region.
func (a *App) readTopology(ctx context.Context, t task) ([]record.Event, []audit.Coverage, error) {
	var events []record.Event
	var coverage []audit.Coverage
	for _, region := range slices.Sorted(maps.Keys(a.cfg.Topology.Clusters)) {
		a.progress("asking RDS in "+string(region), 0, 0)
		src := topology.Source{
			Region: region, Global: a.cfg.Topology.GlobalCluster, Clusters: a.cfg.Topology.Clusters,
			Client: a.aws.rds(region), AsOf: t.asOf, Settings: topology.Settings{Timeout: a.cfg.AWS.Timeout},
		}
		about := audit.Coverage{Source: "topology", Scope: a.cfg.Topology.GlobalCluster, Region: region, Window: t.window}
		r, err := pipeline.Collect(ctx, src, about, audit.Cursor{})
		if err != nil {
			return nil, nil, err
		}
		events = append(events, r.Records...)
		coverage = append(coverage, r.Coverage)
	}
	return events, coverage, nil
}

// readLayers reads the data of the first ledger, table and bucket pair around a failover. A layer that is not configured, or
// could not be read, is not measured, and its absence is explained.
func (a *App) readLayers(ctx context.Context, t task, f audit.Failover, around audit.Window) (failover.Layers, []audit.Coverage, error) {
	around.To = minTime(around.To, t.asOf)
	l := failover.Layers{Of: f, Around: around, Missing: map[string]string{}, Further: a.further()}
	var coverage []audit.Coverage
	for _, read := range []func(context.Context, task, *failover.Layers) ([]audit.Coverage, error){
		a.readLedgerLayer, a.readKeysLayer, a.readReceiptsLayer,
	} {
		lines, err := read(ctx, task{window: around, asOf: t.asOf}, &l)
		if err != nil {
			return l, nil, err
		}
		coverage = append(coverage, lines...)
	}
	return l, coverage, nil
}

// further names what readLayers leaves out, so that no figure is taken for that of all.
func (a *App) further() []string {
	var out []string
	for _, l := range a.cfg.Ledgers[min(1, len(a.cfg.Ledgers)):] {
		out = append(out, failover.LayerLedger+" "+l.Name+": only the first configured ledger is measured")
	}
	for _, t := range a.cfg.Tables[min(1, len(a.cfg.Tables)):] {
		out = append(out, failover.LayerKeys+" "+t.Name+": only the first configured table is measured")
	}
	for _, r := range a.cfg.Receipts[min(1, len(a.cfg.Receipts)):] {
		out = append(out, failover.LayerReceipts+" "+r.Name+": only the first configured pair of buckets is measured")
	}
	return out
}

// readLedgerLayer reads the ledger in force and every restored old primary, each for itself.
func (a *App) readLedgerLayer(ctx context.Context, t task, l *failover.Layers) ([]audit.Coverage, error) {
	if len(a.cfg.Ledgers) == 0 {
		l.Missing[failover.LayerLedger] = "no ledger is configured (ledgers)"
		return nil, nil
	}
	ledger := a.cfg.Ledgers[0]
	snapshots := ledger.Restored()
	ledger.Snapshot, ledger.Snapshots = nil, nil
	l.Missing[failover.LayerSnapshot] = "no snapshot of the old primary is configured (ledgers[].snapshot)"
	var coverage []audit.Coverage
	for i := range max(len(snapshots), 1) {
		one := ledger
		if i < len(snapshots) {
			one.Snapshot = &snapshots[i]
		}
		copies, err := a.readLedger(ctx, one, t.window)
		if err != nil {
			return nil, err
		}
		coverage = append(coverage, copies.coverage...)
		if copies.writer == nil {
			l.Entries, l.Missing[failover.LayerLedger] = nil, "no copy that accepts writes could be read"
			return append(coverage, noWriter(ledger, t.window)), nil
		}
		l.Entries = copies.writer
		if i == 0 {
			var known bool
			l.Ahead, l.AheadError, known = a.ahead(ctx, ledger, l.Of.To, l.Of.From, t.window)
			l.ClocksUnknown = !known
		}
		switch {
		case copies.snapshot != nil:
			l.Copies = append(l.Copies, failover.Copy{Region: one.Snapshot.Region, Entries: copies.snapshot})
			delete(l.Missing, failover.LayerSnapshot)
		case one.Snapshot != nil:
			l.Missing[failover.LayerSnapshot] = "the snapshot of the old primary could not be read"
		}
	}
	return coverage, nil
}

// readKeysLayer reads what was captured of the first table.
func (a *App) readKeysLayer(ctx context.Context, t task, l *failover.Layers) ([]audit.Coverage, error) {
	if len(a.cfg.Tables) == 0 {
		l.Missing[failover.LayerKeys] = "no table is configured (tables)"
		return nil, nil
	}
	captured := audit.Window{From: t.window.From, To: minTime(t.window.To, t.asOf.Add(-arrival(a.cfg)))}
	if captured.Empty() {
		l.Missing[failover.LayerKeys] = "what was written around the failover is not captured yet"
		return nil, nil
	}
	held, err := a.readArchive(ctx, a.cfg.Tables[0], task{window: captured, asOf: t.asOf})
	if err != nil {
		return nil, err
	}
	l.Missing[failover.LayerKeys] = "the archive of changes has gaps around the failover"
	if held.complete() {
		l.Keys = slices.Concat([]record.Change{}, held.changes)
	}
	return held.coverage, nil
}

// readReceiptsLayer judges the receipts of the first pair of buckets.
func (a *App) readReceiptsLayer(ctx context.Context, t task, l *failover.Layers) ([]audit.Coverage, error) {
	if len(a.cfg.Receipts) == 0 {
		l.Missing[failover.LayerReceipts] = "no receipts are configured (receipts)"
		return nil, nil
	}
	result, lines, err := a.auditReceipts(ctx, a.cfg.Receipts[0], t)
	if err != nil {
		return nil, err
	}
	l.Missing[failover.LayerReceipts] = "the buckets or the ledger could not be read completely"
	if !slices.ContainsFunc(lines, func(c audit.Coverage) bool { return !c.Complete() }) {
		l.Receipts = slices.Concat([]audit.Finding{}, result.Findings)
	}
	return lines, nil
}

// notConfigured is the coverage of a job that has nothing to read: not clean, and it says what to configure.
func notConfigured(source string, w audit.Window, setting string) audit.Coverage {
	return audit.Coverage{Source: source, Scope: "-", Window: w, Gaps: []audit.Gap{{
		Window: w, Reason: "nothing to read: " + setting + " is not configured", Remedy: "parallax config example shows how",
	}}}
}
