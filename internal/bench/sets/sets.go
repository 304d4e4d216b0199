package sets

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// Task is what is compared.
type Task string

// Ties are a ledger and a settlement, joined by reference; Inventories are those of two buckets, joined by key and version.
const (
	Ties        Task = "ties"
	Inventories Task = "inventories"
)

// Format is how files are written.
type Format string

// Parquet is with Snappy and groups of a million rows, CSV is RFC 4180 with gzip.
const (
	Parquet Format = "parquet"
	CSV     Format = "csv.gz"
)

// Set names a pair of files.
type Set struct {
	Task   Task
	Format Format
	Rows   int64 // of each side, before some are left out and others doubled
	Seed   uint64
}

// groupRows is how many rows are made, and written as a group of a Parquet file, at a time.
const groupRows = 1_000_000

// version changes when the rows of a set do, so that files of an older one are not used.
const version = 1

// Files returns the two files of a set in a folder, and makes them first if they are not there: a file gets its name only
// when it is complete.
func (s Set) Files(ctx context.Context, dir string) (left, right string, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", "", fmt.Errorf("make set %s: %w", s.Task, err)
	}
	var names [2]string
	var errs [2]error
	var running sync.WaitGroup
	for side := range names {
		names[side] = filepath.Join(dir, fmt.Sprintf("%s-%d-%d-seed%d-v%d.%s", s.Task, side+1, s.Rows, s.Seed, version, s.Format))
		running.Go(func() { errs[side] = s.file(ctx, names[side], side) })
	}
	running.Wait()
	for side, err := range errs {
		if err != nil {
			return "", "", fmt.Errorf("make set %s: %w", names[side], err)
		}
	}
	return names[0], names[1], nil
}

func (s Set) file(ctx context.Context, name string, side int) (err error) {
	if _, err := os.Stat(name); err == nil {
		return nil
	}
	f, err := os.CreateTemp(filepath.Dir(name), "part-*") // two benchmarks may make the same set at once
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	if err := s.fill(ctx, f, side); err != nil {
		_ = f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

func (s Set) fill(ctx context.Context, f *os.File, side int) error {
	rows := maker(s.ties(side))
	if s.Task == Inventories {
		rows = s.inventory(side)
	}
	t := rows.columns()
	w, err := s.writer(f, t)
	if err != nil {
		return err
	}
	for i := range uint64(s.Rows) { //nolint:gosec // not negative
		if rows.add(t, i); t.rows() < groupRows {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := w.write(t); err != nil {
			return err
		}
		t.clear()
	}
	if t.rows() > 0 || s.Rows == 0 {
		if err := w.write(t); err != nil {
			return err
		}
	}
	return w.close()
}

func (s Set) writer(f *os.File, t table) (writer, error) {
	if s.Format == CSV {
		return newCSV(f, t)
	}
	return newParquet(f, t)
}

// maker makes the rows of one side.
type maker interface {
	columns() table
	add(t table, i uint64) // the rows at place i: none, one, or several
}
