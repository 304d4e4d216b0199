// Package lab builds a small payments company in two regions, lets it take payments, breaks it in known ways, and
// keeps a log of everything that was broken.
//
// The world is made of stand-ins that speak the real protocols over loopback sockets: a DynamoDB global table with its
// streams, two PostgreSQL servers with physical replication, two S3 buckets with replication and inventories, the RDS
// API, and the card networks' files in a folder. It has a clock of its own: everything happens on Wednesday
// 18 November 2026, whatever the day. The same seed makes the same payments, the same faults and the same truth.
//
// The truth is written down by the script as it acts. No code of the product takes part in it.
package lab

import (
	"context"
	"time"
)

// Options say which world to build.
type Options struct {
	Dir      string                                 // everything is kept here; it is made if it is absent
	Seed     uint64                                 // same seed, same world
	Payments int                                    // all payments attempted, those that faults need included; at least MinPayments
	Progress func(stage string, done, total int)    // may be nil
	Hook     func(context.Context, time.Time) error // called at each capture moment with the virtual time, last some hours before AsOf; may be nil
}

// MinPayments is the smallest world that still holds every fault.
const MinPayments = 120

// Sum is an amount of money in the currency's minor units.
type Sum struct {
	Minor    int64
	Currency string // ISO 4217
}

// Fact is one thing that is wrong in the world: what an audit of it should name, and nothing else.
type Fact struct {
	Kind    string // as the findings' kinds are named: "ledger.lost_row"
	Key     string // the business key: payment id, table key, object key, network reference, file name
	Region  string // where it shows; empty if it has no one region
	Amounts []Sum  // the money at stake; empty where it is none or not known
}

// Truth is what the script did, by its own log. The facts are sorted by kind and key.
type Truth struct {
	Facts []Fact

	CutAt        time.Time // the ledger's replication stream was cut
	LastSurvivor time.Time // created_at of the last row before the cut; it arrived
	LastLost     time.Time // created_at of the last row after the cut; it did not
	FirstRefused time.Time // the first ledger write that the dying primary refused
	Promoted     time.Time // the other region's database became the writer
	FirstGood    time.Time // created_at of the first row it took

	KeysPaused, KeysResumed         time.Time // replication of the idempotency keys, both directions
	ReceiptsPaused, ReceiptsResumed time.Time // replication of the receipts, both directions
}
