package ddbstream

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
	"github.com/aws/smithy-go/middleware"

	"parallax/internal/audit"
)

// rounds bounds how often the list of shards is read again because shards closed meanwhile.
const rounds = 10

// lineage reads every shard, parents before children, and the children of shards that close while they are read. It
// reports whether the list of shards could be had at all.
func (r *run) lineage(ctx context.Context) bool {
	read := map[string]outcome{}
	for round := range rounds {
		shards, ok := r.shards(ctx)
		if !ok {
			return false
		}
		if round == 0 {
			r.vanished(ctx, shards)
		}
		if !r.forest(ctx, shards, read) || ctx.Err() != nil {
			return ctx.Err() == nil
		}
		if !childless(shards, read) {
			return true
		}
	}
	r.gap(ctx, audit.Gap{Window: r.unread(), Reason: "shards of " + r.Table + " close faster than they can be read", Remedy: "run capture more often"})
	return true
}

// shards lists the stream's shards.
func (r *run) shards(ctx context.Context) ([]types.Shard, bool) {
	var out []types.Shard
	var from *string
	listed := map[string]bool{} // shards that a page ended at
	for {
		var page *dynamodbstreams.DescribeStreamOutput
		err := r.retry(ctx, func(ctx context.Context) (m middleware.Metadata, err error) {
			page, err = r.Streams.DescribeStream(ctx, &dynamodbstreams.DescribeStreamInput{StreamArn: aws.String(r.arn), ExclusiveStartShardId: from})
			if err == nil {
				m = page.ResultMetadata
			}
			return m, err
		})
		if err != nil {
			if ctx.Err() == nil {
				r.gap(ctx, explain(err, "DescribeStream", r.Table, r.unread()))
			}
			return nil, false
		}
		d := page.StreamDescription
		out = append(out, d.Shards...)
		if len(d.KeySchema) > 0 {
			r.keys = nil
		}
		for _, k := range d.KeySchema {
			if k.KeyType == types.KeyTypeHash {
				r.keys = append([]string{aws.ToString(k.AttributeName)}, r.keys...)
			} else {
				r.keys = append(r.keys, aws.ToString(k.AttributeName))
			}
		}
		if from = d.LastEvaluatedShardId; from == nil {
			break
		}
		if listed[*from] {
			r.gap(ctx, audit.Gap{
				Window: r.unread(), Reason: fmt.Sprintf("the list of shards of %s does not lead on: it ended at %s twice", r.Table, *from),
				Remedy: "check what answers at the endpoint, then run again",
			})
			return nil, false
		}
		listed[*from] = true
	}
	slices.SortFunc(out, func(a, b types.Shard) int { return cmp.Compare(aws.ToString(a.ShardId), aws.ToString(b.ShardId)) })
	return out, true
}

// vanished reports shards that were trimmed as a whole before they were drained.
func (r *run) vanished(ctx context.Context, shards []types.Shard) {
	if !r.resume {
		return
	}
	listed := map[string]bool{}
	for _, s := range shards {
		listed[aws.ToString(s.ShardId)] = true
	}
	for _, shard := range r.retire(ctx, func(shard string) bool { return listed[shard] }) {
		r.gone(ctx, audit.Gap{
			Window: r.unread(), Reason: fmt.Sprintf("shard %s was trimmed before it was read to its end", shard),
			Remedy: "run capture at least every few hours; compare the table by a scan for this time",
		})
	}
}

// forest reads the families of shards side by side, each from its root down. It reports false when ctx has ended.
func (r *run) forest(ctx context.Context, shards []types.Shard, read map[string]outcome) bool {
	listed, children := map[string]bool{}, map[string][]types.Shard{}
	for _, s := range shards {
		listed[aws.ToString(s.ShardId)] = true
	}
	var roots []types.Shard
	for _, s := range shards {
		if parent := aws.ToString(s.ParentShardId); listed[parent] {
			children[parent] = append(children[parent], s)
		} else {
			roots = append(roots, s)
		}
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	slots := make(chan struct{}, r.Workers)
	for _, root := range roots {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			r.family(ctx, root, children, read, &mu)
		})
	}
	wg.Wait()
	return ctx.Err() == nil
}

// family reads a shard and, once nothing more can come in it, its children.
func (r *run) family(ctx context.Context, s types.Shard, children map[string][]types.Shard, read map[string]outcome, mu *sync.Mutex) {
	id := aws.ToString(s.ShardId)
	mu.Lock()
	how, done := read[id]
	mu.Unlock()
	if !done {
		if listed := children[aws.ToString(s.ParentShardId)]; len(listed) == 0 {
			r.orphan(ctx, s)
		}
		how = r.shard(ctx, s)
		mu.Lock()
		read[id] = how
		mu.Unlock()
	}
	if !how.ended() || ctx.Err() != nil {
		return
	}
	for _, child := range children[id] {
		r.family(ctx, child, children, read, mu)
	}
}

// orphan looks at a shard whose parent is no longer listed. In a stream that was read before, a parent that no run has
// drained has taken records with it; in the first run ever it is merely where history begins.
func (r *run) orphan(ctx context.Context, s types.Shard) {
	parent := aws.ToString(s.ParentShardId)
	if parent == "" {
		return
	}
	if !r.resume {
		r.send(ctx, batch{Cursor: r.at(parent, position{closed: true})}) // so that no later run misses it
		return
	}
	if r.position(parent).known || r.position(aws.ToString(s.ShardId)).known {
		return // drained, or reported by vanished
	}
	r.gone(ctx, audit.Gap{
		Window: r.unread(), Reason: fmt.Sprintf("shard %s came and went between two runs", parent),
		Remedy: "run capture at least every few hours; compare the table by a scan for this time",
	})
}

// childless reports whether a shard was drained whose child was not listed yet.
func childless(shards []types.Shard, read map[string]outcome) bool {
	parents := map[string]bool{}
	for _, s := range shards {
		parents[aws.ToString(s.ParentShardId)] = true
	}
	return slices.ContainsFunc(shards, func(s types.Shard) bool {
		id := aws.ToString(s.ShardId)
		return rangeOf(s).EndingSequenceNumber == nil && read[id].ended() && !parents[id]
	})
}
