package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// The world of the benchmark: keys of payments, each authorized and captured, and half of them refunded, in the region that
// took it; the other region's stream shows the same a second later. One key in a hundred is written in both regions at once
// and loses a write, and of one in fifty replication merges the last two writes into one.
const (
	table     = "bench"
	keyPace   = 10 * time.Millisecond // a new key
	capture   = 2 * time.Second       // from the authorization
	refund    = 30 * time.Second
	lag       = time.Second
	lossEvery = 100
	mergeFrom = 50
	shards    = 4
)

var (
	regions = []audit.Region{"eu-west-1", "eu-west-2"}
	began   = time.Date(2026, 11, 18, 0, 0, 0, 0, time.UTC)
)

// perKey is how many records a key has on average, both regions together.
const perKey = 5

// step is one write of a key: its number in the key's life, and how long after the key's birth it is seen in a region.
type step struct {
	n     int
	after time.Duration
}

// steps are what a region's stream shows of a key that was born in home.
func steps(key int64, region, home int) []step {
	last := 1
	if key%2 == 0 {
		last = 2
	}
	var out []step
	for n, after := range []time.Duration{0, capture, refund}[:last+1] {
		if region != home {
			after += lag
		}
		if merged(key) && region != home && n == last-1 {
			continue
		}
		out = append(out, step{n, after})
	}
	if !conflicting(key) {
		return out
	}
	if region == home { // its last write is overwritten by the other region's, which had not seen it
		return append(out, step{last + 1, out[len(out)-1].after + lag})
	}
	out[len(out)-1].n = last + 1
	return out
}

func conflicting(key int64) bool { return key%lossEvery == 7 }
func merged(key int64) bool      { return key%mergeFrom == 14 } // even, so it has three writes

var statuses = []string{"authorized", "captured", "refunded", "disputed"}

// image is the key's item after write n; before the first there is none.
func image(key int64, n, home int, name string) record.Image {
	if n < 0 {
		return ""
	}
	origin := home
	if n > 0 && conflicting(key) && n == lastOf(key)+1 {
		origin = 1 - home
	}
	payment := name[:16]
	return record.Image(`{"amount_minor":{"N":"` + strconv.FormatInt(100+key%99900, 10) + `"},"currency":{"S":"EUR"},"customer":{"S":"` + name[16:] +
		`"},"origin":{"S":"` + string(regions[origin]) + `"},"payment_id":{"S":"pay_` + payment + `"},"pk":{"S":"order-` + name +
		`"},"status":{"S":"` + statuses[n] + `"},"write_id":{"S":"` + payment + `-` + strconv.Itoa(n) + `"}}`)
}

func lastOf(key int64) int {
	if key%2 == 0 {
		return 2
	}
	return 1
}

// nameOf spreads keys as an application's random ids would be.
func nameOf(key int64) string {
	sum := sha256.Sum256(strconv.AppendInt(nil, key, 10))
	return hex.EncodeToString(sum[:16])
}

// change is one record of a region's stream.
func change(key int64, region, home int, all []step, i int, seq int64) record.Change {
	name := nameOf(key)
	c := record.Change{
		Table: table, Region: regions[region], Shard: fmt.Sprintf("shardId-%d", key%shards), Seq: fmt.Sprintf("%021d", seq), Event: "MODIFY",
		At: began.Add(time.Duration(key) * keyPace).Add(all[i].after).Truncate(time.Second), Key: "order-" + name,
		New: image(key, all[i].n, home, name),
	}
	if i == 0 {
		c.Event = "INSERT"
	} else {
		c.Old = image(key, all[i-1].n, home, name)
	}
	return c
}

// stream yields what one region's stream shows of a number of keys, in order of time: one lane for each delay that a write
// may have, and each lane as far along the keys as its delay has passed.
func stream(region int, keys int64, yield func(record.Change) error) error {
	delays := []time.Duration{0, lag, capture, capture + lag, refund, refund + lag, capture + 2*lag, refund + 2*lag}
	var seq int64
	for now := range keys + int64((refund+2*lag)/keyPace) + 1 {
		for _, delay := range delays {
			key := now - int64(delay/keyPace)
			if key < 0 || key >= keys {
				continue
			}
			home := int(key/7) % 2
			all := steps(key, region, home)
			for i, s := range all {
				if s.after != delay {
					continue
				}
				seq++
				if err := yield(change(key, region, home, all, i, seq)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
