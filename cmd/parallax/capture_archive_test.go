package main

import (
	"context"
	"io/fs"
	"path/filepath"
	"testing"
	"time"

	"parallax/internal/archive"
	"parallax/internal/audit"
	"parallax/internal/record"
	"parallax/sinks/store"
)

// captured is what captures have left: the store that names segments, and the folder that holds them.
type captured struct {
	store   *store.Store
	archive string
}

// ever holds every record's time.
var ever = audit.Window{From: time.Unix(0, 0).UTC(), To: time.Unix(1<<35, 0).UTC()}

func (c captured) segments(t *testing.T, table string) []audit.Segment {
	t.Helper()
	segments, err := c.store.Segments(t.Context(), table, ever)
	if err != nil {
		t.Fatal(err)
	}
	return segments
}

// stream reads what the archive has of a region's stream. That the records of a shard follow one another is checked here:
// the store lists segments in the order of their first records.
func (c captured) stream(t *testing.T, table, region string) shardRecords {
	t.Helper()
	out := shardRecords{}
	for _, s := range c.segments(t, table) {
		if string(s.Region) != region {
			continue
		}
		changes, err := archive.Read(t.Context(), archive.Folder(c.archive), s)
		if err != nil {
			t.Fatal(err)
		}
		for _, change := range changes {
			records := out[s.Shard]
			if n := len(records); n > 0 && !record.SeqLess(records[n-1].Seq, change.Seq) {
				t.Fatalf("shard %s: record %s follows %s", s.Shard, change.Seq, records[n-1].Seq)
			}
			out[s.Shard] = append(records, told{
				Seq: change.Seq, Event: change.Event, Key: change.Key, At: change.At.UTC(),
				Old: archiveImage(t, change.Old), New: archiveImage(t, change.New),
			})
		}
	}
	return out
}

// unnamed are the files of the archive that no segment of the store names.
func (c captured) unnamed(t *testing.T, tables ...string) (out []string) {
	t.Helper()
	named := map[string]bool{}
	for _, table := range tables {
		for _, s := range c.segments(t, table) {
			named[filepath.Join(c.archive, filepath.FromSlash(s.Name))] = true
		}
	}
	err := filepath.WalkDir(c.archive, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !named[path] {
			out = append(out, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// openStore opens a store for reading what runs have left.
func openStore(t *testing.T, dsn string) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), store.Options{DSN: dsn})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}
