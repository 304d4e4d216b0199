package app

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"parallax/auditors/receipt"
	"parallax/internal/audit"
	"parallax/internal/record"
	"parallax/sources/inventory"
)

const (
	// lookUpsAtOnce is how many keys are asked for at the same time in each bucket; the pace is receipts[].live.rate.
	lookUpsAtOnce = 16
	// maxHeads bounds the versions of one key whose status and checksum are asked for.
	maxHeads = 4
)

// lookUp asks both buckets for all versions of the suspects' keys. What is not answered stays as the inventories have it, and
// the certificate says how many there were.
func (c *receiptAudit) lookUp(ctx context.Context, suspects []receipt.Suspect) (map[string][2][]record.Object, error) {
	asked := audit.Extent{Name: "the buckets themselves", Totals: map[string]string{"suspects": decimal(int64(len(suspects)))}}
	if c.livePast != "" {
		asked.Totals = map[string]string{"not asked": c.livePast}
	}
	keys := suspectKeys(suspects)
	asked.Records = int64(len(keys))
	c.line.Extents = append(c.line.Extents, asked)
	if len(keys) == 0 {
		return nil, nil
	}
	show := &bothSides{progress: c.progress, stage: "looking up receipts of " + c.pair.Name + " in both buckets"}
	var found [2]map[string][]record.Object
	var both sync.WaitGroup
	for i, s := range c.sides {
		both.Go(func() { found[i] = s.lookUp(ctx, keys, func(done int64) { show.at(i, done, int64(len(keys))) }) })
	}
	both.Wait()
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("look up receipts %s: %w", c.pair.Name, context.Cause(ctx))
	}
	live := map[string][2][]record.Object{}
	for _, key := range keys {
		if pair := [2][]record.Object{found[0][key], found[1][key]}; pair[0] != nil || pair[1] != nil {
			live[key] = pair
		}
	}
	return live, nil
}

// suspectKeys are the keys to look up, the gravest first.
func suspectKeys(suspects []receipt.Suspect) []string {
	keys := make([]string, 0, len(suspects))
	for _, s := range suspects {
		keys = append(keys, s.Key)
	}
	return keys
}

// lookUp asks one bucket for some keys. A key that is not there has no versions, and not nil.
func (s *receiptSide) lookUp(ctx context.Context, keys []string, show func(done int64)) map[string][]record.Object {
	found := make(map[string][]record.Object, len(keys))
	var mu sync.Mutex
	var next atomic.Int64
	var refused error
	var unanswered int64
	var workers sync.WaitGroup
	for range min(lookUpsAtOnce, len(keys)) {
		workers.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(keys)) && ctx.Err() == nil; i = next.Add(1) - 1 {
				versions, err := s.versions(ctx, keys[i])
				mu.Lock()
				if err == nil {
					found[keys[i]] = versions
				} else {
					refused, unanswered = err, unanswered+1
				}
				done := int64(len(found)) + unanswered
				mu.Unlock()
				show(done)
			}
		})
	}
	workers.Wait()
	s.certifyLookUp(ctx, int64(len(found)), unanswered, refused)
	return found
}

// versions are all versions of a key, with what a HEAD tells of those that matter.
func (s *receiptSide) versions(ctx context.Context, key string) ([]record.Object, error) {
	versions, err := s.live.Versions(ctx, key)
	if err != nil {
		return nil, err
	}
	heads := 0
	for i, o := range versions {
		if o.DeleteMarker || heads == maxHeads {
			continue
		}
		heads++
		told, there, err := s.live.Head(ctx, key, o.VersionID)
		if err != nil {
			return nil, err
		}
		if there {
			told.IsLatest = o.IsLatest
			versions[i] = told
		}
	}
	if versions == nil {
		versions = []record.Object{} // asked, and there is none
	}
	return versions, nil
}

func (s *receiptSide) certifyLookUp(ctx context.Context, answered, unanswered int64, refused error) {
	s.line.Extents = append(s.line.Extents, audit.Extent{
		Name: "live look-ups in " + s.bucket, Records: answered, Totals: map[string]string{"not answered": decimal(unanswered)},
	})
	if refused == nil || ctx.Err() != nil {
		return
	}
	reason, remedy := inventory.Explain(refused, "look-ups in "+s.bucket, s.live.Timeout)
	s.line.Excluded = append(s.line.Excluded, audit.Exclusion{
		Reason: "suspects left as the inventories have them, " + reason + "; " + remedy, Records: unanswered,
	})
}
