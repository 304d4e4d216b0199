package config

import (
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"parallax/internal/audit"
)

// What is compared with itself is always equal, so the same thing in two places is a slip that would end clean.

// checkBuckets refuses one bucket in two regions of a pair.
func (d *decoder) checkBuckets(r Receipts, key string) {
	seen := map[string]audit.Region{}
	for _, region := range sortedRegions(r.Regions) {
		bucket := r.Regions[region].Bucket
		for _, one := range []struct{ name, bucket string }{{".bucket", bucket}, {".inventory.bucket", r.Regions[region].Inventory.Bucket}} {
			if one.bucket != "" && !bucketName.MatchString(one.bucket) {
				d.wrongAt(join(key, string(region))+one.name, "not the name of a bucket: write it without s3:// and without a path")
			}
		}
		if first, twice := seen[bucket]; twice && bucket != "" {
			d.wrongAt(join(key, string(region))+".bucket", fmt.Sprintf("is the bucket of %s too: a bucket cannot be compared with itself", first))
			continue
		}
		seen[bucket] = region
	}
}

// checkCopies refuses one database as two copies of a ledger, as far as the addresses tell.
func (d *decoder) checkCopies(l Ledger, key string) {
	seen := map[string]string{}
	one := func(dsn DSN, at, name string) {
		where := database(dsn)
		if where == "" {
			return
		}
		if first, twice := seen[where]; twice {
			d.wrongAt(at+".dsn", fmt.Sprintf("is the database of %s too: a copy cannot be compared with itself", first))
			return
		}
		seen[where] = name
	}
	for _, region := range sortedRegions(l.Regions) {
		one(l.Regions[region].DSN, join(key, "regions")+"."+string(region), string(region))
	}
	for _, s := range l.restored(key) {
		one(s.to.DSN, s.key, s.name)
	}
}

// database is the server and the database of an address, whoever connects and how; empty where there is none.
func database(dsn DSN) string {
	if !dsn.Set() {
		return ""
	}
	c, err := pgconn.ParseConfig(dsn.Reveal())
	if err != nil {
		return "" // said where the address is read
	}
	name := c.Database
	if name == "" {
		name = c.User // PostgreSQL's own default
	}
	return fmt.Sprintf("%s:%d/%s", strings.ToLower(c.Host), c.Port, name)
}
