package app

import (
	"fmt"
	"maps"
	"slices"

	"parallax/internal/audit"
	"parallax/internal/config"
)

// snapshotName is what messages call the copy that was restored from the old primary.
const snapshotName = "snapshot"

// place is where a copy of a ledger was found: the server and database behind its address, and its line of coverage.
type place struct {
	name   string // "eu-west-1", or "snapshot"
	server string // empty where the database did not answer
	line   int    // in ledgerCopies.coverage
}

// sameServer finds copies whose addresses lead to one and the same database. Compared with itself a database always agrees,
// so a copy that is another one once more is not used, and its line says why.
func (c *ledgerCopies) sameServer(l config.Ledger, w audit.Window) {
	byServer := map[string][]place{}
	for _, p := range c.places {
		if p.server != "" {
			byServer[p.server] = append(byServer[p.server], p)
		}
	}
	for _, server := range slices.Sorted(maps.Keys(byServer)) {
		same := byServer[server]
		for i := 1; i < len(same); i++ {
			reason := fmt.Sprintf("ledger %s: %s and %s are one and the same database", l.Name, same[0].name, same[i].name)
			if same[i].name == snapshotName {
				reason = fmt.Sprintf("ledger %s: the snapshot is the database of %s itself", l.Name, same[0].name)
				c.snapshot = nil
			} else {
				c.reader, c.writer = nil, nil
			}
			line := &c.coverage[same[i].line]
			line.Gaps = append(line.Gaps, audit.Gap{
				Window: w, Reason: reason, Remedy: "correct the dsn: each copy of the ledger needs the address of its own cluster",
			})
		}
	}
}
