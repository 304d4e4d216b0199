package lab

import (
	"context"
	"path/filepath"
	"time"

	"parallax/internal/lab/aurora"
	"parallax/internal/lab/buckets"
	"parallax/internal/lab/globaltable"
	"parallax/internal/lab/rdsapi"
)

const (
	globalCluster = "payments-global"
	inventoryID   = "receipts-daily"
)

// cluster is the name of a region's database cluster.
func cluster(region string) string { return "payments-" + region }

var regions = [2]string{dublin, london}

// start makes the stand-ins and starts the databases.
func (w *World) start(ctx context.Context) error {
	seed, from := w.options.Seed, windowFrom.Add(-time.Hour)
	w.table = globaltable.New(globaltable.Options{
		Regions: regions[:], Table: keyTable, HashKey: "pk", Seed: seed, Start: from,
		MinDelay: keysMinDelay, MaxDelay: keysMaxDelay,
		Skew:      map[string]time.Duration{london: 4 * time.Millisecond},
		Coalesce:  0.3,
		ShardRoll: time.Hour, EmptyPage: 0.05, Throttle: 0.01,
	})
	w.receipts = buckets.New(buckets.Options{
		Regions:          regions,
		Buckets:          map[string]string{dublin: "receipts-" + dublin, london: "receipts-" + london},
		InventoryBuckets: map[string]string{dublin: "inventory-" + dublin, london: "inventory-" + london},
		Prefix:           "inv", ConfigID: inventoryID, Seed: seed, Start: from,
		MinDelay: receiptsMinDelay, MaxDelay: receiptsMaxDelay,
		Rules: map[string][]buckets.Rule{
			dublin: {{ID: "receipts-to-" + london, Prefix: "receipts/", TimeControl: true}},
			london: {{ID: "receipts-to-" + dublin, Prefix: "receipts/", TimeControl: true}},
		},
		Lifecycle: []buckets.Step{{After: 30 * 24 * time.Hour, Class: "GLACIER_IR"}},
	})
	w.rds = rdsapi.New(rdsapi.Options{
		Global: globalCluster, Clusters: map[string]string{dublin: cluster(dublin), london: cluster(london)},
		Writer: dublin, Clock: w.now,
	})
	if err := w.startSigns(); err != nil {
		return err
	}
	pair, err := aurora.Start(ctx, aurora.Options{Dir: filepath.Join(w.options.Dir, "aurora"), Regions: regions})
	if err != nil {
		return err
	}
	w.ledger.pair = pair
	w.closers = append(w.closers, pair.Close)
	if _, err := pair.Writer().Exec(ctx, commandSchema); err != nil {
		return wrap(err, "make the table of commands")
	}
	return pair.SetStatus(ctx, london, 140, 190, opening)
}

// endpoints are a region's addresses.
type endpoints struct{ Region, DynamoDB, S3, RDS string }

// serveHealth opens the endpoint of the health checks and their metric.
func (w *World) serveHealth() (string, error) {
	url, stop, err := w.health.Serve()
	if err == nil {
		w.closers = append(w.closers, func() error { stop(); return nil })
	}
	return url, err
}

// serve opens the endpoints of both regions.
func (w *World) serve() ([]endpoints, error) {
	var all []endpoints
	for _, region := range regions {
		e := endpoints{Region: region}
		for _, open := range []struct {
			url   *string
			serve func(string) (string, func(), error)
		}{{&e.DynamoDB, w.table.Serve}, {&e.S3, w.receipts.Serve}, {&e.RDS, w.rds.Serve}} {
			url, stop, err := open.serve(region)
			if err != nil {
				return nil, err
			}
			*open.url = url
			w.closers = append(w.closers, func() error { stop(); return nil })
		}
		all = append(all, e)
	}
	return all, nil
}
