package lab

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"parallax/internal/lab/health"
)

// The health checks of Route 53 before the two regions' APIs.
const (
	dublinCheck = "5c9e2b1a-0d7f-4e63-9a41-d0b1171e0001"
	londonCheck = "5c9e2b1a-0d7f-4e63-9a41-10d000000002"
)

// What tells of the failover beside the databases.
var (
	failing   = degrades.Add(30 * time.Second) // three checks, ten seconds apart, have failed
	healthy   = recovers.Add(30 * time.Second) // and succeeded
	alarmed   = clock(14, 7, 8)
	decided   = clock(14, 7, 15)
	commanded = clock(14, 7, 18)
	dnsMoved  = clock(14, 8, 2)
)

// startSigns makes the health checks, which have been there for a month, and an incident file without an entry.
func (w *World) startSigns() error {
	w.health = health.New(health.Options{Clock: w.now})
	for _, id := range []string{dublinCheck, londonCheck} {
		w.health.Add(id, opening.AddDate(0, -1, 0))
	}
	w.health.Set(dublinCheck, failing, false)
	w.health.Set(dublinCheck, healthy, true)
	return os.WriteFile(w.incidentPath(), []byte(incidentHead), 0o600)
}

const incidentHead = "# What people did during the incident, by their own clocks.\n"

func (w *World) incidentPath() string { return filepath.Join(w.options.Dir, "incident.yaml") }

// notesAreWritten: once Dublin is back, those who were on call write down what they did.
func (w *World) notesAreWritten(context.Context, time.Time) error {
	var b strings.Builder
	b.WriteString(incidentHead)
	for _, n := range []struct {
		at           time.Time
		region, note string
		source       string
	}{
		{alarmed, dublin, "alarm: payments API in Dublin answers errors", "pager"},
		{decided, "", "decision: promote London, up to a second of the ledger may be lost", "on-call"},
		{commanded, london, "failover-global-cluster --allow-data-loss issued for " + cluster(london), "on-call"},
		{dnsMoved, london, "DNS moved: clients resolve to London", "on-call"},
	} {
		fmt.Fprintf(&b, "- at: %s\n  note: %q\n  source: %s\n", n.at.Format(time.RFC3339), n.note, n.source)
		if n.region != "" {
			fmt.Fprintf(&b, "  region: %s\n", n.region)
		}
	}
	return wrap(os.WriteFile(w.incidentPath(), []byte(b.String()), 0o600), "write the incident file")
}
