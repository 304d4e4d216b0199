// Command bench measures what Parallax is built on, against a peer in the same run, and prints medians and ratios. Only
// ratios travel between machines.
//
//	go run ./internal/bench [-measure decode,audit,join,files,ledger,inventory] [-records 1,10] [-rows 1,10] [-ledgers 5] [-memory 512] [-runs 3] [-dir FOLDER]
//
// With CPUPROFILE=FILE in the environment the last audit or join leaves its profile there.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"parallax/internal/bench/sets"
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// settings are what the flags say.
type settings struct {
	measure []string
	records []int64 // millions of change records of each archive
	rows    []int64 // millions of rows of each file that is joined
	ledgers []int64 // millions of rows of each ledger that is compared
	tasks   []string
	formats []string
	memory  int64 // MiB an audit or a join may use
	runs    int
	dir     string // where archives and files lie; they are made once
	duckdb  string // the program bench-duckdb
}

// children are the measurements that have a process of their own: the first argument names one.
var children = map[string]func(context.Context, []string, io.Writer) error{
	"audit": auditChild, "floor": floorChild, "join": joinChild, "file": fileChild,
	"archive": archiveChild, "set": setChild, "write": writeChild, "ledger": ledgerChild,
	"lists": listsChild, "inventory": inventoryChild, "fetch": fetchChild,
}

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) > 0 && children[args[0]] != nil {
		return children[args[0]](ctx, args[1:], out)
	}
	s, err := parse(args)
	if err != nil {
		return err
	}
	for _, name := range s.measure {
		if err := measures[name](ctx, out, s); err != nil {
			return fmt.Errorf("measure %s: %w", name, err)
		}
	}
	return nil
}

// measures are what can be measured.
var measures = map[string]func(context.Context, io.Writer, settings) error{
	"decode": decoders, "audit": audits, "join": joins, "files": files, "ledger": ledgers, "inventory": inventories,
}

func parse(args []string) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	measure := flags.String("measure", "decode,audit,join,files,ledger,inventory",
		"what is measured: the decoders of streams, the audit of an archive, the join against DuckDB, the readers of settlement files, the comparison of two ledgers, that of two buckets by their inventories")
	records := flags.String("records", "1,10", "sizes of the archives, in millions of change records; about 170 MB each")
	rows := flags.String("rows", "1,10", "sizes of the files that are joined, and of inventories, in millions of rows; about 130 MB each")
	ledgerRows := flags.String("ledgers", "5", "sizes of the ledgers that are compared, in millions of rows; about 2 GB each for both copies")
	tasks := flags.String("tasks", string(sets.Ties)+","+string(sets.Inventories), "what is joined")
	formats := flags.String("formats", string(sets.Parquet)+","+string(sets.CSV), "formats of the files that are joined, of which inventories are Parquet only, and of the inventories that are delivered")
	flags.Int64Var(&s.memory, "memory", 512, "memory an audit or a join may use, in MiB")
	flags.IntVar(&s.runs, "runs", 3, "runs of which the median is printed")
	flags.StringVar(&s.dir, "dir", filepath.Join(os.TempDir(), "parallax-bench"), "folder for archives and files, which stay there for the next time")
	flags.StringVar(&s.duckdb, "duckdb", "bin/bench-duckdb", "the program that DuckDB is linked into")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	if s.runs < 1 || flags.NArg() > 0 {
		return s, fmt.Errorf("%d runs, arguments %q: at least one run and no arguments", s.runs, flags.Args())
	}
	var err error
	if s.measure, err = choices("measure", *measure, slices.Sorted(maps.Keys(measures))...); err != nil {
		return s, err
	}
	if s.tasks, err = choices("tasks", *tasks, string(sets.Ties), string(sets.Inventories)); err != nil {
		return s, err
	}
	if s.formats, err = choices("formats", *formats, string(sets.Parquet), string(sets.CSV)); err != nil {
		return s, err
	}
	if s.records, err = millions("records", *records); err != nil {
		return s, err
	}
	if s.ledgers, err = millions("ledgers", *ledgerRows); err != nil {
		return s, err
	}
	s.rows, err = millions("rows", *rows)
	return s, err
}

// choices are the words of a list, each one of those that are known.
func choices(name, list string, known ...string) ([]string, error) {
	words := strings.Split(list, ",")
	for _, word := range words {
		if !slices.Contains(known, word) {
			return nil, fmt.Errorf("%s: %q is none of %s", name, word, strings.Join(known, ", "))
		}
	}
	return words, nil
}

func millions(name, list string) ([]int64, error) {
	var out []int64
	for text := range strings.SplitSeq(list, ",") {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 1 || n > 1000 {
			return nil, fmt.Errorf("%s: %q is not a number of millions", name, text)
		}
		out = append(out, n)
	}
	return out, nil
}
