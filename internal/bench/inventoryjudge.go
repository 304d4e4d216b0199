package main

import (
	"context"
	"fmt"
	"iter"
	"regexp"
	"time"

	"parallax/auditors/receipt"
	"parallax/internal/audit"
	"parallax/internal/bench/breaks"
	"parallax/internal/join"
	"parallax/internal/record"
	"parallax/sources/inventory"
)

var keyPattern = regexp.MustCompile(`receipts/\d{4}/\d{2}/\d{2}/(?P<payment_id>[0-9a-f]{8}-[0-9a-f]{4})\.pdf`)

// rules are those of a pair of buckets without a declared storage policy.
func (b buckets) rules() receipt.Rules {
	return receipt.Rules{Scope: "receipts", Grace: 15 * time.Minute, KeyPattern: keyPattern, Regions: bucketRegions, Whole: true}
}

// settings are what the buckets would say of themselves: each replicates all it gets to the other.
func (b buckets) settings() (out [2]record.Bucket) {
	for i := range out {
		out[i] = record.Bucket{
			Region: bucketRegions[i], Name: b.Sides[i].Bucket, Versioning: "Enabled", RulesKnown: true,
			Rules: []record.ReplicationRule{{ID: "all", Enabled: true, Destination: b.Sides[1-i].Bucket, DeleteMarkers: true}},
		}
	}
	return out
}

// judge hands what is not alike to the auditor, key by key, and adds it up on the way.
func (b buckets) judge(
	ctx context.Context, rules receipt.Rules, survey *receipt.Survey, result *join.Result, lists [2]*inventory.List, sum *breaks.Sum,
) error {
	var broken error
	in := receipt.Input{
		Window: audit.Window{From: lists[0].Scanned.Add(-24 * time.Hour), To: lists[0].Scanned}, AsOf: lists[0].Scanned.Add(time.Hour),
		Pairs: b.pairs(ctx, result, sum, &broken), Equal: result.Tally.Matched, Survey: survey, Buckets: b.settings(),
		Complete: map[audit.Region]bool{bucketRegions[0]: true, bucketRegions[1]: true},
		Scanned:  map[audit.Region]time.Time{bucketRegions[0]: lists[0].Scanned, bucketRegions[1]: lists[1].Scanned},
		Suspects: 1000, Max: 1000,
	}
	judged := receipt.Auditor{Rules: rules}.Audit(in)
	if broken != nil {
		return broken
	}
	if sum.Count > 0 && len(judged.Findings) == 0 {
		return fmt.Errorf("the auditor finds nothing in %d breaks", sum.Count)
	}
	return nil
}

// pairs are the keys of which not all versions are alike, ascending.
func (b buckets) pairs(ctx context.Context, result *join.Result, sum *breaks.Sum, broken *error) iter.Seq[receipt.Pair] {
	return func(yield func(receipt.Pair) bool) {
		var p receipt.Pair
		for one, err := range result.Breaks(ctx) {
			var v version
			if err == nil {
				v, err = versionOf(one)
			}
			if err != nil {
				*broken = err
				return
			}
			sum.AddLine(v.line)
			if v.key != p.Key {
				if p.Key != "" && !yield(p) {
					return
				}
				p = receipt.Pair{Key: v.key}
			}
			for side, o := range v.sides {
				if o != nil {
					o.Bucket = b.Sides[side].Bucket
					p.Sides[side] = append(p.Sides[side], *o)
				}
			}
		}
		if p.Key != "" {
			yield(p)
		}
	}
}
