package app

import (
	"cmp"
	"context"

	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/pipeline"
	"parallax/internal/record"
	"parallax/sources/health"
	"parallax/sources/incident"
)

// readSigns reads what was said of a failover beside the databases: by the health checks that stand before the regions, and by
// the users' own incident file. Only what is configured is read; what of that cannot be read is a gap.
func (a *App) readSigns(ctx context.Context, t task) ([]record.Event, []audit.Coverage, error) {
	var events []record.Event
	var coverage []audit.Coverage
	for _, check := range a.cfg.Topology.HealthChecks {
		name := cmp.Or(check.Name, check.ID)
		a.progress("asking health check "+name, 0, 0)
		about := audit.Coverage{Source: "health check " + name, Scope: a.cfg.Topology.GlobalCluster, Region: check.Region, Window: t.window}
		r, err := pipeline.Collect(ctx, a.healthSource(check, name, t), about, audit.Cursor{})
		if err != nil {
			return nil, nil, err
		}
		events = append(events, r.Records...)
		coverage = append(coverage, r.Coverage)
	}
	if a.cfg.Topology.Incident != "" {
		notes, line := a.readIncident(t)
		events = append(events, notes...)
		coverage = append(coverage, line)
	}
	return events, coverage, nil
}

func (a *App) healthSource(check config.HealthCheck, name string, t task) health.Source {
	return health.Source{
		ID: check.ID, Name: name, Of: check.Region, AsOf: t.asOf,
		Metrics: a.aws.cloudwatch(health.Region), Checkers: a.aws.route53(health.Region),
		Settings: health.Settings{Timeout: a.cfg.AWS.Timeout},
	}
}

// readIncident reads the users' incident file. Its notes speak for their own moments: those outside the window are left out.
func (a *App) readIncident(t task) ([]record.Event, audit.Coverage) {
	line := audit.Coverage{Source: record.IncidentFile, Scope: a.cfg.Topology.GlobalCluster, Window: t.window}
	all, err := incident.Read(a.cfg.Topology.Incident)
	if err != nil {
		line.Gaps = []audit.Gap{{Window: t.window, Reason: err.Error(), Remedy: "correct the file named by topology.incident, or take the setting away"}}
		return nil, line
	}
	var inside []record.Event
	for _, e := range all {
		if t.window.Holds(e.At) && !e.At.After(t.asOf) {
			inside = append(inside, e)
		}
	}
	line.Records = int64(len(inside))
	line.Extents = []audit.Extent{{Name: "notes of the incident file", Records: int64(len(all))}}
	if outside := len(all) - len(inside); outside > 0 {
		line.Excluded = []audit.Exclusion{{Reason: "note of another time than the window", Records: int64(outside)}}
	}
	return inside, line
}
