package app

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"parallax/internal/config"
)

// basisOf is a digest of what decides what a job finds: which witnesses it asks and by which rules it judges, that is, the
// configuration without where Parallax keeps and says things, when it runs, and its passwords. A run of another basis may
// miss a finding because it no longer looks, so it proves nothing about it.
func basisOf(cfg *config.Config, job string) (string, error) {
	c := *cfg
	c.Path, c.Store, c.Log, c.Schedules = "", config.Connection{}, config.Log{}, nil
	c.Limits.MaxFindings, c.Limits.MemoryMiB, c.Archive.Retention = 0, 0, 0
	c.Failover, c.Drills, c.Repair = config.Failover{}, config.Drills{}, config.Repair{}
	c.Topology.HealthChecks, c.Topology.Incident = nil, "" // they tell of failovers and find nothing
	if inside, err := filepath.Rel(c.DataDir, c.Archive.Dir); err == nil && filepath.IsLocal(inside) {
		c.Archive.Dir = inside // it moves with data_dir
	}
	c.DataDir = ""
	c.Ledgers = make([]config.Ledger, len(cfg.Ledgers))
	for i, l := range cfg.Ledgers {
		l.Regions = maps.Clone(l.Regions)
		for region, at := range l.Regions {
			at.Connection = withoutPassword(at.Connection)
			l.Regions[region] = at
		}
		if l.Snapshot != nil {
			s := withoutPassword(*l.Snapshot)
			l.Snapshot = &s
		}
		l.Pace, l.Snapshots = 0, slices.Clone(l.Snapshots)
		for j, s := range l.Snapshots {
			l.Snapshots[j] = withoutPassword(s)
		}
		c.Ledgers[i] = l
	}
	c.Receipts = slices.Clone(cfg.Receipts)
	for i := range c.Receipts {
		c.Receipts[i].Live = config.LiveReads{} // what was not looked up stands as the inventories have it
	}
	body, err := json.Marshal(any(c)) // every field by its own name, maps in order, addresses without their passwords
	if err != nil {
		return "", fmt.Errorf("digest configuration: %w", err)
	}
	sum := sha256.Sum256(append([]byte(job+"\n"), body...))
	return hex.EncodeToString(sum[:]), nil
}

// withoutPassword forgets how one gets in, which changes with every rotation, and keeps where and as whom.
func withoutPassword(c config.Connection) config.Connection {
	c.PasswordEnv, c.PasswordFile, c.RDSIAM, c.Password = "", "", false, config.Secret{}
	return c
}
