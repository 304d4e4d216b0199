package app

import (
	"context"
	"strings"
	"time"

	"parallax/internal/audit"
)

// commands reads one second of every table of commands, and says which tables of keys are not checked for how long they keep.
func (d *doctor) commands(ctx context.Context) {
	w := audit.Window{From: d.asOf.Add(-time.Second), To: d.asOf}
	for _, c := range d.cfg.Commands {
		l, _ := d.app.ledgerNamed(c.Ledger)
		copies, err := d.app.readCommands(ctx, c, l, w)
		if err != nil {
			d.missing("commands", c.Name, err.Error(), "see the error")
			continue
		}
		for _, line := range copies.coverage {
			where := c.Name + " in " + string(line.Region)
			if strings.HasSuffix(line.Source, "snapshot") {
				where += " (snapshot of the old primary)"
			}
			if line.Complete() {
				d.ok("commands", where, "reachable and readable")
			}
			for _, g := range line.Gaps {
				d.missing("commands", where, g.Reason, g.Remedy)
			}
		}
		if copies.writer == nil {
			for _, g := range copies.noWriter(c, w).Gaps {
				d.missing("commands", c.Name, g.Reason, g.Remedy)
			}
		}
	}
	for _, table := range d.cfg.Tables {
		if table.Attributes.TTL == "" {
			d.warn("retention", table.Name, "no attribute is mapped as ttl: a key that expires too early is seen only once it is removed",
				"map attributes.ttl, if the table has a time to live")
		}
	}
}
