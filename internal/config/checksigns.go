package config

import (
	"path/filepath"
	"slices"
	"strings"

	"parallax/internal/audit"
)

// global is the region whose endpoints answer for Route 53, and where its metrics are: it may have endpoints of its own
// without being compared. Source: Amazon Route 53 Developer Guide, "Monitoring health checks using CloudWatch".
const global audit.Region = "us-east-1"

// checkSigns checks what tells of a failover beside the databases.
func (d *decoder) checkSigns(t Topology, regions []audit.Region) {
	seen := map[string]bool{}
	for i, c := range t.HealthChecks {
		key := join("topology.health_checks", nameOr(c.Name, i))
		switch {
		case c.Region != "" && !slices.Contains(regions, c.Region):
			d.wrongAt(key+".region", "not one of regions: name the region whose health it tells")
		case strings.ContainsAny(c.ID, "/: \t"):
			d.wrongAt(key+".id", "not the id of a health check: aws route53 list-health-checks shows it")
		case seen[c.ID] && c.ID != "":
			d.wrongAt(key+".id", "the health check stands twice")
		}
		seen[c.ID] = true
	}
	if t.GlobalCluster == "" && (len(t.HealthChecks) > 0 || t.Incident != "") {
		d.wrongAt("topology", "health_checks and incident are for the timeline of a failover: name the global_cluster too")
	}
	switch ext := strings.ToLower(filepath.Ext(t.Incident)); {
	case t.Incident == "", slices.Contains([]string{".yaml", ".yml", ".json", ".csv"}, ext):
	default:
		d.wrongAt("topology.incident", "its name must end in .yaml, .json or .csv, which tells how to read it")
	}
}
