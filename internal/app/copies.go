package app

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"parallax/internal/audit"
	"parallax/internal/config"
)

// snapshotName is what messages call the copy that was restored from the old primary.
const snapshotName = "snapshot"

// snapshotNames are what messages call each of several, as the configuration does.
func snapshotNames(l config.Ledger) []string {
	var names []string
	if l.Snapshot != nil {
		names = append(names, snapshotName)
	}
	for i := range l.Snapshots {
		names = append(names, fmt.Sprintf("snapshots.%d", i))
	}
	return names
}

// place is where a copy of a ledger was found: the server and database behind its address, and its line of coverage.
type place struct {
	name   string // "eu-west-1", or one of snapshotNames
	server string // empty where the database did not answer
	line   int    // in ledgerCopies.coverage
}

func (p place) snapshot() bool { return strings.HasPrefix(p.name, snapshotName) }

// twice is a copy whose address leads to the database of another.
type twice struct {
	place
	gap audit.Gap
}

// sameServers finds copies whose addresses lead to one and the same database. Compared with itself a database always agrees.
func sameServers(l config.Ledger, places []place, w audit.Window) []twice {
	byServer := map[string][]place{}
	for _, p := range places {
		if p.server != "" {
			byServer[p.server] = append(byServer[p.server], p)
		}
	}
	var out []twice
	for _, server := range slices.Sorted(maps.Keys(byServer)) {
		same := byServer[server]
		for _, p := range same[1:] {
			reason := fmt.Sprintf("ledger %s: %s and %s are one and the same database", l.Name, same[0].name, p.name)
			if p.snapshot() {
				reason = fmt.Sprintf("ledger %s: the %s is the database of %s itself", l.Name, p.name, same[0].name)
			}
			out = append(out, twice{p, audit.Gap{
				Window: w, Reason: reason, Remedy: "correct the dsn: each copy of the ledger needs the address of its own cluster",
			}})
		}
	}
	return out
}

// sameServer does not use a copy that is another one once more, and its line says why.
func (c *ledgerCopies) sameServer(l config.Ledger, w audit.Window) {
	for _, t := range sameServers(l, c.places, w) {
		if t.snapshot() {
			c.snapshot = nil
		} else {
			c.reader, c.writer = nil, nil
		}
		line := &c.coverage[t.line]
		line.Gaps = append(line.Gaps, t.gap)
	}
}
