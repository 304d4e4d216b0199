package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"parallax/internal/bench/sets"
)

// joined is what a comparison of two files came to.
type joined struct {
	Seconds  float64 `json:"seconds"` // from the first byte read to the last break known, without the start of the process
	Breaks   int64   `json:"breaks"`
	Checksum string  `json:"checksum,omitempty"`
	NoMemory bool    `json:"no_memory,omitempty"` // it gave up for want of memory
	usage
}

// contender is one way to compare two files.
type contender struct {
	name    string
	program string
	args    []string
	counts  bool // only counts what differs: its breaks are not checked
	runs    []joined
}

// columns are what a task joins by and compares.
var columns = map[sets.Task][]string{
	sets.Ties:        {"-keys", "reference", "-number", "amount_minor", "-text", "currency"},
	sets.Inventories: {"-keys", "key,version_id", "-number", "size", "-text", "e_tag"},
}

const (
	seed        = 1       // of all sets
	spillFolder = "spill" // in the folder of the sets: both spill to one place
)

// setChild makes the files of a set: folder, task, format, rows.
func setChild(ctx context.Context, args []string, out io.Writer) error {
	if len(args) != 4 {
		return fmt.Errorf("%q are not a folder, a task, a format and a number of rows", args)
	}
	rows, err := strconv.ParseInt(args[3], 10, 64)
	if err != nil {
		return err
	}
	left, right, err := sets.Set{Task: sets.Task(args[1]), Format: sets.Format(args[2]), Rows: rows, Seed: seed}.Files(ctx, args[0])
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode([]string{left, right})
}

// joins measures the comparison of two files beside DuckDB, each run in a process of its own, in turns. All who classify must
// find the same breaks.
func joins(ctx context.Context, out io.Writer, s settings) error {
	if _, err := os.Stat(s.duckdb); err != nil {
		return fmt.Errorf("%w; `make bench` builds it, which takes a C compiler", err)
	}
	if err := os.MkdirAll(filepath.Join(s.dir, spillFolder), 0o700); err != nil {
		return err
	}
	for _, task := range s.tasks {
		for _, format := range s.formats {
			if task == string(sets.Inventories) && format != string(sets.Parquet) {
				continue
			}
			for _, m := range s.rows {
				set := sets.Set{Task: sets.Task(task), Format: sets.Format(format), Rows: m * 1_000_000, Seed: seed}
				if err := compare(ctx, out, s, set); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func compare(ctx context.Context, out io.Writer, s settings, set sets.Set) error {
	var names [2]string
	if err := prepared(ctx, &names, "set", s.dir, string(set.Task), string(set.Format), strconv.FormatInt(set.Rows, 10)); err != nil {
		return err
	}
	all, err := contenders(s, set, names[0], names[1])
	if err != nil {
		return err
	}
	for range s.runs {
		for i := range all {
			if err := all[i].run(ctx); err != nil {
				return err
			}
		}
	}
	if err := agree(all); err != nil {
		return err
	}
	report(out, s, set, all)
	return nil
}

// run lets a contender play once more, in a process of its own.
func (c *contender) run(ctx context.Context) (err error) {
	var j joined
	if j.usage, err = child(ctx, &j, c.program, c.args...); err == nil {
		c.runs = append(c.runs, j)
	}
	return err
}

// contenders are we, within the memory that is given, and DuckDB: with the bare join, with each classification, and with
// the best of them within our memory and twice that.
func contenders(s settings, set sets.Set, left, right string) ([]contender, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	base := append([]string{"-temp", filepath.Join(s.dir, spillFolder)}, columns[set.Task]...)
	ours := contender{
		name: fmt.Sprintf("parallax, %d MiB", s.memory), program: self,
		args: slices.Concat([]string{"join", "-memory", strconv.FormatInt(s.memory, 10)}, base, []string{left, right}),
	}
	duckdb := func(name, query, memory string) contender {
		args := append([]string{"-query", query}, base...)
		if memory != "" {
			args = append(args, "-memory", memory)
		}
		return contender{name: "DuckDB, " + name, program: s.duckdb, args: append(args, left, right), counts: query == "bare"}
	}
	all := []contender{
		ours, duckdb("bare join", "bare", ""), duckdb("both grouped, joined", "group", ""), duckdb("both grouped at once", "union", ""),
	}
	if set.Format == sets.Parquet { // reading twice pays where reading is cheap
		all = append(all, duckdb("lean, read twice", "lean", ""), duckdb("lean, keys by hash", "hashed", ""))
		for _, memory := range []int64{2 * s.memory, s.memory} {
			limit := strconv.FormatInt(memory, 10) + "MiB"
			all = append(all, duckdb("lean, read twice, "+limit, "lean", limit))
		}
	}
	return all, nil
}

// agree is an error if not all who classify found the same, in every run.
func agree(all []contender) error {
	var first *joined
	for _, c := range all {
		for i := range c.runs {
			switch r := &c.runs[i]; {
			case c.counts, r.NoMemory:
			case r.Checksum == "":
				return fmt.Errorf("%s says no checksum", c.name)
			case first == nil:
				first = r
			case r.Breaks != first.Breaks || r.Checksum != first.Checksum:
				return fmt.Errorf("%s finds %d breaks (%s), %s %d (%s)", c.name, r.Breaks, r.Checksum, all[0].name, first.Breaks, first.Checksum)
			}
		}
	}
	if first == nil {
		return errors.New("nobody classified")
	}
	return nil
}

func report(out io.Writer, s settings, set sets.Set, all []contender) {
	ours := middling(all[0].runs)
	fmt.Fprintf(out, "\n%s, %s, %d M rows a side (median of %d, in turns; %d breaks, checksums equal)\n", set.Task, set.Format, set.Rows/1_000_000, s.runs, ours.Breaks)
	fmt.Fprintf(out, "%-40s %8s %8s %9s   %s\n", "", "wall", "CPU", "peak", "ours / theirs: wall   CPU  peak")
	for _, c := range all {
		m := middling(c.runs)
		if m.NoMemory {
			fmt.Fprintf(out, "%-40s out of memory\n", c.name)
			continue
		}
		fmt.Fprintf(out, "%-40s %7.2fs %7.2fs %6d MB", c.name, m.Seconds, m.CPU, m.Peak>>20)
		if c.name != all[0].name {
			fmt.Fprintf(out, "%20.2f %5.2f %5.2f", ours.Seconds/m.Seconds, ours.CPU/m.CPU, float64(ours.Peak)/float64(m.Peak))
		}
		fmt.Fprintln(out)
	}
}

// middling is the run whose wall time is in the middle.
func middling(runs []joined) joined {
	sorted := slices.SortedFunc(slices.Values(runs), func(a, b joined) int { return cmp.Compare(a.Seconds, b.Seconds) })
	return sorted[len(sorted)/2]
}
