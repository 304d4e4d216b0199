//go:build peers

package minio

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"parallax/internal/lab/buckets"
)

// WaitAlike waits until both buckets hold the same versions and none of them is on its way, at most for a duration.
func (p *Pair) WaitAlike(ctx context.Context, limit time.Duration) error {
	one, two := p.options.Regions[0], p.options.Regions[1]
	return p.wait(ctx, limit, func() (string, error) {
		here, err := p.List(ctx, one)
		if err != nil {
			return "", err
		}
		there, err := p.List(ctx, two)
		if err != nil {
			return "", err
		}
		return apart(here, there), nil
	})
}

// WaitStatus waits until the newest version of a key in a region has one of these replication statuses.
func (p *Pair) WaitStatus(ctx context.Context, region, key string, limit time.Duration, statuses ...string) error {
	return p.wait(ctx, limit, func() (string, error) {
		all, err := p.List(ctx, region)
		if err != nil {
			return "", err
		}
		for _, l := range all {
			if l.Key == key && l.IsLatest && slices.Contains(statuses, l.ReplicationStatus) {
				return "", nil
			}
			if l.Key == key && l.IsLatest {
				return fmt.Sprintf("%s has the replication status %q", key, l.ReplicationStatus), nil
			}
		}
		return key + " is not there", nil
	})
}

// WaitNewest waits until the newest version of a key is the same in both regions, whatever older ones there are.
func (p *Pair) WaitNewest(ctx context.Context, key string, limit time.Duration) error {
	return p.wait(ctx, limit, func() (string, error) {
		var ids [2]string
		for i, region := range p.options.Regions {
			all, err := p.List(ctx, region)
			if err != nil {
				return "", err
			}
			for _, l := range all {
				if l.Key == key && l.IsLatest {
					ids[i] = l.VersionID
				}
			}
		}
		if ids[0] == "" || ids[0] != ids[1] {
			return fmt.Sprintf("%s is %q here and %q there", key, ids[0], ids[1]), nil
		}
		return "", nil
	})
}

// wait asks again and again until nothing is left to wait for.
func (p *Pair) wait(ctx context.Context, limit time.Duration, left func() (string, error)) error {
	deadline := time.Now().Add(limit)
	for {
		what, err := left()
		if err == nil && what == "" {
			return nil
		}
		if time.Now().After(deadline) {
			if err != nil {
				return fmt.Errorf("wait for replication: %w", err)
			}
			return fmt.Errorf("wait for replication: after %s %s", limit, what)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for replication: %w", context.Cause(ctx))
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// apart says what two listings differ in, or what is still on its way; nothing if they are alike.
func apart(one, two []buckets.Listed) string {
	names := func(list []buckets.Listed) map[string]bool {
		set := map[string]bool{}
		for _, l := range list {
			set[fmt.Sprintf("%s %s latest=%t", l.Key, l.VersionID, l.IsLatest)] = true
		}
		return set
	}
	here, there := names(one), names(two)
	var left []string
	for _, l := range slices.Concat(one, two) {
		name := fmt.Sprintf("%s %s latest=%t", l.Key, l.VersionID, l.IsLatest)
		if !here[name] || !there[name] || l.ReplicationStatus == "PENDING" || l.ReplicationStatus == "FAILED" {
			left = append(left, strings.TrimSpace(name+" "+l.ReplicationStatus))
		}
	}
	return strings.Join(left, "; ")
}
