// Command bench-duckdb compares two files with DuckDB, in a process of its own, and prints what came of it as JSON. It is the
// yardstick of `make bench`; the product neither links nor starts it.
//
//	bench-duckdb -query group -keys reference -number amount_minor -text currency [-memory 512MB] LEFT RIGHT
//
// The module is its own because DuckDB takes cgo and an Arrow that the product's cannot be linked with.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/duckdb/duckdb-go/v2"
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench-duckdb:", err)
		os.Exit(1)
	}
}

// outcome is what is printed. The seconds are those of the query alone: the library is loaded and the database open.
type outcome struct {
	Seconds  float64 `json:"seconds"`
	Breaks   int64   `json:"breaks"`
	Checksum string  `json:"checksum,omitempty"`
	NoMemory bool    `json:"no_memory,omitempty"` // the query does not run within the limit
	Version  string  `json:"version"`
}

func run(ctx context.Context, args []string, out io.Writer) error {
	var c comparison
	var s settings
	flags := flag.NewFlagSet("bench-duckdb", flag.ContinueOnError)
	flags.StringVar(&c.query, "query", "group", "bare, lists, lists-lean, or one of "+strings.Join(names(), ", "))
	keys := flags.String("keys", "reference", "columns that rows are joined by")
	flags.StringVar(&c.number, "number", "amount_minor", "column of integers that is compared")
	flags.StringVar(&c.text, "text", "currency", "column of texts that is compared")
	flags.StringVar(&s.memory, "memory", "", "DuckDB's memory_limit, such as 512MB; it spills beyond it")
	flags.StringVar(&s.temp, "temp", "", "folder to spill to")
	flags.IntVar(&s.threads, "threads", runtime.NumCPU(), "DuckDB's threads")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 2 {
		return errors.New("two files are compared")
	}
	c.keys, c.left, c.right = strings.Split(*keys, ","), flags.Arg(0), flags.Arg(1)
	db, err := open(ctx, s)
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // in memory
	text, err := c.sql()
	if err != nil {
		return err
	}
	var o outcome
	if err := db.QueryRowContext(ctx, "SELECT version()").Scan(&o.Version); err != nil {
		return err
	}
	start := time.Now()
	err = db.QueryRowContext(ctx, text).Scan(&o.Breaks, &o.Checksum)
	var problem *duckdb.Error
	if o.NoMemory = errors.As(err, &problem) && problem.Type == duckdb.ErrorTypeOutOfMemory; err != nil && !o.NoMemory {
		return fmt.Errorf("query %s: %w", c.query, err)
	}
	o.Seconds = time.Since(start).Seconds()
	return json.NewEncoder(out).Encode(o)
}
