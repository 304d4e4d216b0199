package kinesis

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go/middleware"

	"parallax/internal/audit"
	"parallax/internal/awscall"
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
			r.orphans(ctx, shards)
		}
		for wave := ripe(shards, read); len(wave) > 0 && ctx.Err() == nil; wave = ripe(shards, read) {
			r.wave(ctx, wave, read)
		}
		if ctx.Err() != nil || !childless(shards, read) {
			return ctx.Err() == nil
		}
		if awscall.Sleep(ctx, r.Interval) != nil {
			return false
		}
	}
	r.gap(ctx, audit.Gap{Window: r.unread(), Reason: "shards of data stream " + r.Stream + " close faster than they can be read", Remedy: "run capture more often"})
	return true
}

// shards lists the stream's shards: the open ones, and the closed ones whose records may not have been trimmed yet.
func (r *run) shards(ctx context.Context) ([]types.Shard, bool) {
	var out []types.Shard
	in := &kinesis.ListShardsInput{StreamName: aws.String(r.Stream)}
	asked := map[string]bool{}
	for {
		var page *kinesis.ListShardsOutput
		err := r.retry(ctx, func(ctx context.Context) (m middleware.Metadata, err error) {
			page, err = r.Streams.ListShards(ctx, in)
			if err == nil {
				m = page.ResultMetadata
			}
			return m, err
		})
		if err != nil {
			if ctx.Err() == nil {
				r.gap(ctx, explain(err, "kinesis:ListShards", "data stream "+r.Stream, r.unread()))
			}
			return nil, false
		}
		out = append(out, page.Shards...)
		if page.NextToken == nil {
			break
		}
		if asked[*page.NextToken] {
			r.gap(ctx, audit.Gap{
				Window: r.unread(), Reason: "the list of shards of data stream " + r.Stream + " does not lead on",
				Remedy: "check what answers at the endpoint, then run again",
			})
			return nil, false
		}
		asked[*page.NextToken] = true
		in = &kinesis.ListShardsInput{NextToken: page.NextToken} // which must not be named beside the stream
	}
	slices.SortFunc(out, func(a, b types.Shard) int { return cmp.Compare(aws.ToString(a.ShardId), aws.ToString(b.ShardId)) })
	return out, true
}

// parents are the shards that a shard was split from or merged of. Source: API reference, Shard.
func parents(s types.Shard) []string {
	var out []string
	for _, parent := range []*string{s.ParentShardId, s.AdjacentParentShardId} {
		if id := aws.ToString(parent); id != "" {
			out = append(out, id)
		}
	}
	return out
}

// ripe are the shards that were not read yet and whose listed parents have nothing more to come.
func ripe(shards []types.Shard, read map[string]outcome) []types.Shard {
	listed := names(shards)
	var out []types.Shard
	for _, s := range shards {
		_, done := read[aws.ToString(s.ShardId)]
		waiting := slices.ContainsFunc(parents(s), func(id string) bool { return listed[id] && read[id] != drained })
		if !done && !waiting {
			out = append(out, s)
		}
	}
	return out
}

func names(shards []types.Shard) map[string]bool {
	listed := map[string]bool{}
	for _, s := range shards {
		listed[aws.ToString(s.ShardId)] = true
	}
	return listed
}

// wave reads shards side by side.
func (r *run) wave(ctx context.Context, shards []types.Shard, read map[string]outcome) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	slots := make(chan struct{}, r.Workers)
	for _, s := range shards {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			how := r.shard(ctx, s)
			mu.Lock()
			defer mu.Unlock()
			read[aws.ToString(s.ShardId)] = how
		})
	}
	wg.Wait()
}

// vanished reports shards that were trimmed as a whole before they were drained.
func (r *run) vanished(ctx context.Context, shards []types.Shard) {
	if !r.resume {
		return
	}
	listed := names(shards)
	for _, shard := range r.retire(ctx, func(shard string) bool { return listed[shard] }) {
		r.gone(ctx, audit.Gap{
			Window: r.unread(), Reason: fmt.Sprintf("shard %s was trimmed before it was read to its end", shard), Remedy: remedyScan,
		})
	}
}

// orphans looks for shards whose parents are no longer listed. In a stream that was read before, a parent that no run has
// drained has taken records with it; in the first run ever it is merely where history begins.
func (r *run) orphans(ctx context.Context, shards []types.Shard) {
	listed, told := names(shards), map[string]bool{}
	for _, s := range shards {
		for _, parent := range parents(s) {
			if listed[parent] || told[parent] {
				continue
			}
			told[parent] = true
			switch {
			case !r.resume:
				r.send(ctx, batch{Cursor: r.at(parent, position{closed: true})}) // so that no later run misses it
			case r.position(parent).known || r.position(aws.ToString(s.ShardId)).known: // drained, or reported as vanished
			default:
				r.gone(ctx, audit.Gap{
					Window: r.unread(), Reason: fmt.Sprintf("shard %s came and went between two runs", parent), Remedy: remedyScan,
				})
			}
		}
	}
}

// childless reports whether a shard was drained whose child was not listed yet.
func childless(shards []types.Shard, read map[string]outcome) bool {
	parent := map[string]bool{}
	for _, s := range shards {
		for _, id := range parents(s) {
			parent[id] = true
		}
	}
	return slices.ContainsFunc(shards, func(s types.Shard) bool {
		id := aws.ToString(s.ShardId)
		return open(s) && read[id] == drained && !parent[id]
	})
}

// open reports whether a shard was listed as one that records may still arrive in.
func open(s types.Shard) bool {
	return s.SequenceNumberRange == nil || s.SequenceNumberRange.EndingSequenceNumber == nil
}
