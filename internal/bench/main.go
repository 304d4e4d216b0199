// Command bench measures what Parallax is built on, against a peer in the same run, and prints medians and ratios. Only
// ratios travel between machines.
//
//	go run ./internal/bench [-records 1,10] [-memory 512] [-runs 3] [-dir .bench]
//
// With CPUPROFILE=FILE in the environment the last audit leaves its profile there.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// settings are what the flags say.
type settings struct {
	millions []int64 // change records of each archive
	memory   int64   // MiB an audit may use
	runs     int
	dir      string // where the archives lie; they are made once
	decode   bool
}

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 3 && (args[0] == "audit" || args[0] == "floor") { // a measurement in a process of its own
		budget, err := strconv.ParseInt(args[2], 10, 64)
		if err != nil {
			return err
		}
		if args[0] == "floor" {
			return floor(ctx, args[1], out)
		}
		return auditArchive(ctx, args[1], budget, out)
	}
	s, err := parse(args)
	if err != nil {
		return err
	}
	if s.decode {
		if err := decoders(ctx, out, s.runs); err != nil {
			return err
		}
	}
	return audits(ctx, out, s)
}

func parse(args []string) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	millions := flags.String("records", "1,10", "sizes of the archives, in millions of change records")
	flags.Int64Var(&s.memory, "memory", 512, "memory an audit may use, in MiB")
	flags.IntVar(&s.runs, "runs", 3, "runs of which the median is printed")
	flags.StringVar(&s.dir, "dir", ".bench", "folder for the archives; about 170 MB for a million records")
	flags.BoolVar(&s.decode, "decode", true, "measure the decoders too")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	for text := range strings.SplitSeq(*millions, ",") {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 1 {
			return s, fmt.Errorf("records: %q is not a number of millions", text)
		}
		s.millions = append(s.millions, n)
	}
	return s, nil
}
