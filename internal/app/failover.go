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

// failoverJob finds failovers in what RDS says, and measures from the data what each cost in time.
func (a *App) failoverJob(ctx context.Context, t task) (audit.Outcome, error) {
	var o audit.Outcome
	if a.cfg.Topology.GlobalCluster == "" {
		o.Coverage = append(o.Coverage, notConfigured("topology", t.window, "topology.global_cluster"))
		return o, nil
	}
	in := failover.Input{Window: t.window, AsOf: t.asOf}
	events, coverage, err := a.readTopology(ctx, t)
	if err != nil {
		return o, err
	}
	in.Events = events
	auditor := failover.Auditor{Rules: a.failoverRules()}
	if len(auditor.Audit(in).Failovers) > 0 { // only a failover makes the data worth reading
		more, err := a.readLayers(ctx, t, &in)
		if err != nil {
			return o, err
		}
		coverage = append(coverage, more...)
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

// readLayers reads the data of the first ledger, table and bucket pair around the window; a layer that is not configured is
// not measured.
func (a *App) readLayers(ctx context.Context, t task, in *failover.Input) ([]audit.Coverage, error) {
	around := t.window.Around(aroundFailover)
	var coverage []audit.Coverage
	if len(a.cfg.Ledgers) > 0 {
		copies, err := a.readLedger(ctx, a.cfg.Ledgers[0], around)
		if err != nil {
			return nil, err
		}
		coverage = append(coverage, copies.coverage...)
		if copies.writer == nil {
			coverage = append(coverage, noWriter(a.cfg.Ledgers[0], t.window))
		} else {
			in.Entries, in.Snapshot = copies.writer, copies.snapshot
		}
	}
	if len(a.cfg.Tables) > 0 {
		captured := audit.Window{From: t.window.From, To: minTime(t.window.To, t.asOf.Add(-arrival(a.cfg)))}
		held, err := a.readArchive(ctx, a.cfg.Tables[0], task{window: captured, asOf: t.asOf})
		if err != nil {
			return nil, err
		}
		if held.complete() {
			in.Keys = held.changes
		}
		coverage = append(coverage, held.coverage...)
	}
	if len(a.cfg.Receipts) > 0 {
		result, lines, err := a.auditReceipts(ctx, a.cfg.Receipts[0], t)
		if err != nil {
			return nil, err
		}
		in.Receipts = result.Findings
		coverage = append(coverage, lines...)
	}
	return coverage, nil
}

// notConfigured is the coverage of a job that has nothing to read: not clean, and it says what to configure.
func notConfigured(source string, w audit.Window, setting string) audit.Coverage {
	return audit.Coverage{Source: source, Scope: "-", Window: w, Gaps: []audit.Gap{{
		Window: w, Reason: "nothing to read: " + setting + " is not configured", Remedy: "parallax config example shows how",
	}}}
}
