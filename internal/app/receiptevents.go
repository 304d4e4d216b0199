package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/pan"
)

// explainFailures adds to findings about receipts that were not replicated what S3 has told of the failure, and why: the job lag
// has read it from the queues. The findings stay what they are.
func (a *App) explainFailures(ctx context.Context, r config.Receipts, findings []audit.Finding, t task) error {
	since, byKey := t.asOf, map[string][]int{}
	for i, f := range findings {
		if f.Kind == audit.ReceiptReplicationFailed || f.Kind == audit.ReceiptNotReplicated {
			key := pan.Mask(f.Key)
			byKey[key] = append(byKey[key], i)
			since = minTime(since, f.Window.From)
		}
	}
	if len(byKey) == 0 || len(r.Events) == 0 {
		return nil
	}
	var buckets []string
	for region := range r.Events {
		buckets = append(buckets, r.Regions[region].Bucket)
	}
	// Of a request, S3 and its lists may tell different seconds.
	told, err := a.store.Replications(ctx, buckets, audit.Window{From: since.Add(-time.Hour), To: t.asOf.Add(time.Nanosecond)})
	if err != nil {
		return err
	}
	for _, e := range told {
		to := otherSide(r, e)
		for _, i := range byKey[e.Key] {
			if e.Signal == audit.ReplicationFailed && to != "" && to == findings[i].Region && !e.At.After(t.asOf) {
				findings[i].Evidence = withFailure(findings[i].Evidence, e)
			}
		}
	}
	return nil
}

// withFailure adds what S3 has told of one version's failure, where the evidence is about that version. Evidence is shared by
// nobody else after it is copied here.
func withFailure(evidence []audit.Evidence, e audit.Replication) []audit.Evidence {
	version := e.VersionID
	if version == "" {
		version = "null"
	}
	suffix := " version " + version
	if !slices.ContainsFunc(evidence, func(o audit.Evidence) bool { return strings.HasSuffix(pan.Mask(o.Ref), suffix) }) {
		return evidence
	}
	return append(slices.Clone(evidence), audit.Evidence{
		Source: eventSource, Region: e.Region, Ref: fmt.Sprintf("%s/%s version %s", e.Bucket, e.Key, version), At: e.At,
		Field: "failureReason", Value: failureReason(e), Note: "S3 has told that it gave up",
	})
}
