package app

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"parallax/auditors/receipt"
	"parallax/internal/audit"
	"parallax/internal/record"
	"parallax/sources/inventory"
)

const (
	// lookUpsAtOnce is how many keys are asked for at the same time; the pace is receipts[].live.rate.
	lookUpsAtOnce = 32
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
	calls := &lookUps{
		sides: c.sides, show: &bothSides{progress: c.progress, stage: "looking up receipts of " + c.pair.Name + " in both buckets"},
		all: int64(len(keys)), live: map[string][2][]record.Object{}, at: map[string][2]time.Time{},
	}
	calls.run(ctx, keys)
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("look up receipts %s: %w", c.pair.Name, context.Cause(ctx))
	}
	for i, s := range c.sides {
		s.certifyLookUp(ctx, calls.answered[i], calls.all-calls.answered[i], calls.refused[i])
		s.certifyHeads(ctx, calls.unheaded[i], calls.noHead[i])
	}
	c.answered = calls.at
	return calls.live, nil
}

// suspectKeys are the keys to look up, the gravest first.
func suspectKeys(suspects []receipt.Suspect) []string {
	keys := make([]string, 0, len(suspects))
	for _, s := range suspects {
		keys = append(keys, s.Key)
	}
	return keys
}

// lookUps are questions to both buckets for some keys.
type lookUps struct {
	sides [2]*receiptSide
	show  *bothSides
	all   int64

	mu       sync.Mutex
	live     map[string][2][]record.Object // a key that is not there has no versions, and not nil
	at       map[string][2]time.Time
	done     int64
	answered [2]int64
	refused  [2]error
	unheaded [2]int64 // keys of which a HEAD was refused
	noHead   [2]error
}

// answer is what a bucket told of a key, and when.
type answer struct {
	versions []record.Object // nil where there is no answer
	at       time.Time
	head     error // of a HEAD
	err      error
}

func (l *lookUps) run(ctx context.Context, keys []string) {
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(lookUpsAtOnce, len(keys)) {
		workers.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(keys)) && ctx.Err() == nil; i = next.Add(1) - 1 {
				l.keep(keys[i], l.ask(ctx, keys[i]))
			}
		})
	}
	workers.Wait()
}

// ask asks both buckets for a key, one right after the other. The one that lacks a version of the other's was asked the later: a copy
// that arrives in between must not look as if it were gone.
func (l *lookUps) ask(ctx context.Context, key string) (both [2]answer) {
	for i, s := range l.sides {
		both[i] = s.ask(ctx, key)
	}
	if both[0].err == nil && both[1].err == nil && lacks(both[0].versions, both[1].versions) {
		both[0] = l.sides[0].ask(ctx, key)
	}
	return both
}

// lacks reports whether a side does not hold a version that the other holds.
func lacks(here, there []record.Object) bool {
	held := make(map[string]bool, len(here))
	for _, o := range here {
		held[o.VersionID] = true
	}
	return slices.ContainsFunc(there, func(o record.Object) bool { return !held[o.VersionID] })
}

func (l *lookUps) keep(key string, both [2]answer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.done++
	var told [2][]record.Object
	var at [2]time.Time
	for i, a := range both {
		if a.err != nil {
			l.refused[i] = a.err
		} else {
			l.answered[i]++
			told[i], at[i] = a.versions, a.at
		}
		if a.head != nil {
			l.noHead[i] = a.head
			l.unheaded[i]++
		}
		l.show.at(i, l.done, l.all)
	}
	if told[0] != nil || told[1] != nil {
		l.live[key], l.at[key] = told, at
	}
}

// ask asks a bucket for a key.
func (s *receiptSide) ask(ctx context.Context, key string) answer {
	versions, head, err := s.versions(ctx, key)
	return answer{versions, s.live.Clock(), head, err}
}

// versions are all versions of a key, with what a HEAD tells of those that matter. Where a HEAD is refused what the listing tells
// stands: that a version is there, its size, ETag and class.
func (s *receiptSide) versions(ctx context.Context, key string) (versions []record.Object, head, err error) {
	versions, err = s.live.Versions(ctx, key)
	if err != nil {
		return nil, nil, err
	}
	heads := 0
	for i, o := range versions {
		if o.DeleteMarker || heads == maxHeads {
			continue
		}
		heads++
		told, there, err := s.live.Head(ctx, key, o.VersionID)
		switch {
		case ctx.Err() != nil:
			return nil, nil, err
		case err != nil:
			head = err
		case there:
			told.IsLatest = o.IsLatest
			versions[i] = told
		}
	}
	if versions == nil {
		versions = []record.Object{} // asked, and there is none
	}
	return versions, head, nil
}

// certifyHeads says of how many keys the status, encryption and checksum were not told.
func (s *receiptSide) certifyHeads(ctx context.Context, unheaded int64, refused error) {
	if refused == nil || ctx.Err() != nil {
		return
	}
	reason, remedy := inventory.Explain(refused, "HEAD of objects in "+s.bucket, s.live.Timeout)
	s.line.Excluded = append(s.line.Excluded, audit.Exclusion{
		Reason: "suspects judged by the listing of their versions alone, " + reason + "; " + remedy, Records: unheaded,
	})
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
