package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"parallax/internal/bench/sets"
)

// fileRows is how many rows one file of an inventory of so many has: there are several.
func fileRows(rows int64) int64 { return min(max(rows/8, 100_000), 1_000_000) }

// buckets is what the comparison of two buckets is told.
type buckets struct {
	URL    string            `json:"url"`    // of the stand-in for S3
	Memory int64             `json:"memory"` // bytes of the process
	Temp   string            `json:"temp"`
	Sides  [2]sets.Delivered `json:"sides"`
}

// inventories measures the comparison of two buckets by their inventories, beside DuckDB, each run in a process of its own, in
// turns. We find and fetch the lists over HTTP, as from S3, verify, decode, join and judge them; DuckDB reads the files from the
// disk, and only joins and compares. Its last row adds what fetching the files and adding up their MD5s takes, for it knows
// neither. Both must name the same breaks.
func inventories(ctx context.Context, out io.Writer, s settings) error {
	if _, err := os.Stat(s.duckdb); err != nil {
		return fmt.Errorf("%w; `make bench` builds it, which takes a C compiler", err)
	}
	for _, format := range s.formats {
		for _, m := range s.rows {
			if err := delivered(ctx, out, s, sets.Format(format), m); err != nil {
				return err
			}
		}
	}
	return nil
}

// delivered makes inventories of so many millions of rows, measures, and takes them away again.
func delivered(ctx context.Context, out io.Writer, s settings, format sets.Format, millions int64) error {
	dir := filepath.Join(s.dir, "inventories")
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // made anew by the next
	temp := filepath.Join(dir, spillFolder)
	if err := os.MkdirAll(temp, 0o700); err != nil {
		return err
	}
	b := buckets{Memory: s.memory << 20, Temp: temp}
	if err := prepared(ctx, &b.Sides, "lists", dir, string(format), strconv.FormatInt(millions*1_000_000, 10)); err != nil {
		return err
	}
	url, stop, err := serveFolder(dir)
	if err != nil {
		return err
	}
	defer stop()
	b.URL = url
	all, err := bucketContenders(s, format, b)
	if err != nil {
		return err
	}
	var fetched []joined
	for range s.runs {
		var before joined
		if before.usage, err = child(ctx, &before, all[0].program, "fetch", all[0].args[1]); err != nil {
			return err
		}
		fetched = append(fetched, before)
		for i := range all {
			if err := all[i].run(ctx); err != nil {
				return err
			}
		}
	}
	if err := agree(all); err != nil {
		return err
	}
	whole := contender{name: all[1].name + ", lists fetched"}
	for i, run := range all[1].runs {
		whole.runs = append(whole.runs, total(fetched[i], run))
	}
	all = append(all, whole)
	report(out, s, sets.Set{Task: "buckets", Format: format, Rows: millions * 1_000_000}, all)
	megabytes := func(d sets.Delivered) string { return fmt.Sprintf("%d MB in %d files", d.Bytes>>20, len(d.Files)) }
	fmt.Fprintf(out, "inventories of %s and %s\n", megabytes(b.Sides[0]), megabytes(b.Sides[1]))
	return nil
}

func bucketContenders(s settings, format sets.Format, b buckets) ([]contender, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	told, err := json.Marshal(b)
	if err != nil {
		return nil, err
	}
	pattern := func(side int) string { return filepath.Join(filepath.Dir(b.Sides[side].Files[0]), "*."+string(format)) }
	duckdb := func(name, query, memory string) contender {
		args := []string{"-query", query, "-temp", b.Temp}
		if memory != "" {
			args = append(args, "-memory", memory)
		}
		return contender{name: "DuckDB, " + name, program: s.duckdb, args: slices.Concat(args, []string{pattern(0), pattern(1)})}
	}
	all := []contender{
		{name: fmt.Sprintf("parallax, %d MiB", s.memory), program: self, args: []string{"inventory", string(told)}},
		duckdb("full outer join", "lists", ""),
	}
	if format == sets.Parquet { // reading twice pays where reading is cheap
		all = append(all, duckdb("lean, read twice", "lists-lean", ""))
	}
	return all, nil
}

// listsChild makes the inventories of two buckets: folder, format, rows.
func listsChild(ctx context.Context, args []string, out io.Writer) error {
	if len(args) != 3 {
		return fmt.Errorf("%q are not a folder, a format and a number of rows", args)
	}
	rows, err := strconv.ParseInt(args[2], 10, 64)
	if err != nil {
		return err
	}
	both, err := sets.Buckets{Format: sets.Format(args[1]), Rows: rows, FileRows: fileRows(rows), Seed: seed}.Write(ctx, args[0])
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(both)
}
