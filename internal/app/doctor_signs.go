package app

import (
	"context"
	"strings"
	"time"

	"parallax/internal/audit"
)

// signs tries the health checks over the last hour, and reads the incident file.
func (d *doctor) signs(ctx context.Context) {
	t := task{window: audit.Window{From: d.asOf.Add(-time.Hour), To: d.asOf}, asOf: d.asOf}
	_, coverage, err := d.app.readSigns(ctx, t)
	if err != nil {
		d.missing("health checks", d.cfg.Topology.GlobalCluster, err.Error(), "see the error")
		return
	}
	for _, c := range coverage {
		what, where := "health check", strings.TrimPrefix(c.Source, "health check ")+" of "+string(c.Region)
		if c.Region == "" {
			what, where = "incident file", d.cfg.Topology.Incident
		}
		if c.Complete() {
			d.ok(what, where, "readable")
		}
		for _, g := range c.Gaps {
			d.missing(what, where, g.Reason, g.Remedy)
		}
	}
}
