package config

import (
	"strconv"
)

// Sharded says that each region of the ledger writes the payments of its own.
func (l Ledger) Sharded() bool { return l.Mode == "sharded" }

// Restored are the old primaries that were restored from their snapshots, one for each failover, in the order of the file.
func (l Ledger) Restored() []Connection {
	var all []Connection
	if l.Snapshot != nil {
		all = append(all, *l.Snapshot)
	}
	return append(all, l.Snapshots...)
}

// restored is one of them, the key it stands under and what messages call it.
type restored struct {
	to        *Connection
	key, name string
}

func (l *Ledger) restored(key string) []restored {
	var all []restored
	if l.Snapshot != nil {
		all = append(all, restored{l.Snapshot, key + ".snapshot", "snapshot"})
	}
	for i := range l.Snapshots {
		n := strconv.Itoa(i)
		all = append(all, restored{&l.Snapshots[i], key + ".snapshots." + n, "snapshots." + n})
	}
	return all
}

// checkSnapshots wants to know which region each old primary served and where its restored copy runs.
func (d *decoder) checkSnapshots(l Ledger, key string) {
	for _, s := range l.restored(key) {
		if !s.to.DSN.Set() {
			d.wrongAt(s.key+".dsn", "must be set")
		}
		if _, known := l.Regions[s.to.Region]; !known {
			d.wrongAt(s.key+".region", "must be the region whose old primary this is, one of the ledger's regions")
		}
	}
}

// checkPace refuses a share above the whole; one below 1 is refused as every number is.
func (d *decoder) checkPace(l Ledger, key string) {
	if l.Pace > 100 {
		d.wrongAt(key+".pace", "is a share of time in percent: 1 to 100")
	}
}
