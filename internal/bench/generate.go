package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"parallax/internal/archive"
	"parallax/internal/audit"
	"parallax/internal/record"
)

// segmentRecords is as many as a capture writes at a time.
const segmentRecords = 20_000

// manifest is what the store would know of the archive.
const manifest = "manifest.json"

// generate writes the archive of a number of keys into a folder, unless it is there already: the manifest is written last.
func generate(ctx context.Context, dir string, keys int64) error {
	if _, err := os.Stat(filepath.Join(dir, manifest)); err == nil { //nolint:gosec // the folder that was asked for
		return nil
	}
	var mu sync.Mutex
	var all []audit.Segment
	errs := make([]error, len(regions))
	var running sync.WaitGroup
	for region := range regions {
		running.Go(func() {
			segments, err := write(ctx, archive.Folder(dir), region, keys)
			mu.Lock()
			defer mu.Unlock()
			all, errs[region] = append(all, segments...), err
		})
	}
	running.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	data, err := json.Marshal(all) //nolint:musttag // see segmentsOf
	if err != nil {
		return fmt.Errorf("write manifest: %w", err)
	}
	return os.WriteFile(filepath.Join(dir, manifest), data, 0o600) //nolint:gosec // the folder that was asked for
}

// write writes one region's stream as a capture would have.
func write(ctx context.Context, place archive.Place, region int, keys int64) ([]audit.Segment, error) {
	open := map[string][]record.Change{}
	var out []audit.Segment
	flush := func(shard string) error {
		if len(open[shard]) == 0 {
			return nil
		}
		s, err := archive.Write(ctx, place, open[shard])
		open[shard] = open[shard][:0]
		out = append(out, s)
		return err
	}
	err := stream(region, keys, func(c record.Change) error {
		open[c.Shard] = append(open[c.Shard], c)
		if len(open[c.Shard]) < segmentRecords {
			return nil
		}
		return flush(c.Shard)
	})
	if err != nil {
		return nil, err
	}
	for shard := range open {
		if err := flush(shard); err != nil {
			return nil, err
		}
	}
	return out, nil
}
