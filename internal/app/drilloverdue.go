package app

import (
	"context"

	"parallax/auditors/failover"
	"parallax/internal/audit"
)

// rehearse adds to a failover job's outcome whether a failover should have been rehearsed. The finding belongs to no window but
// to the cluster, so each run judges it again by name.
func (a *App) rehearse(ctx context.Context, t task, o *audit.Outcome) error {
	since, err := a.store.FirstRun(ctx, "failover")
	if err != nil {
		return err
	}
	drills, err := a.store.Drills(ctx)
	if err != nil {
		return err
	}
	known, err := a.knownFailovers(ctx, t.asOf)
	if err != nil {
		return err
	}
	r := failover.Rehearsal{
		Scope: a.cfg.Topology.GlobalCluster, Every: a.cfg.Drills.Every, AsOf: t.asOf, Since: since, Drills: drills,
		Known: append(known, o.Failovers...),
	}
	o.Findings = append(o.Findings, r.Audit()...)
	o.Rejudged = append(o.Rejudged, r.Fingerprint())
	return nil
}
