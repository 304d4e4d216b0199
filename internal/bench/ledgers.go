package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"parallax/internal/pgserver"
)

// tied is what a comparison of two ledgers came to.
type tied struct {
	Seconds  float64 `json:"seconds"`
	Bytes    int64   `json:"bytes"` // moved on the connections, both directions
	Rows     int64   `json:"rows"`  // of both sides, that differ
	Checksum string  `json:"checksum"`
	usage
	load
}

// load is what a comparison took of both servers.
type load struct {
	ServerCPU float64 `json:"-"` // seconds, of all their processes
	Blocks    int64   `json:"-"` // of 8 KiB, read from their caches or beyond
}

// tiedWays are the ways to compare two ledgers: ours, our fallback, and the least that an ordered merge can be: two
// statements that yield the compared columns in order, whose raw bytes are compared.
var tiedWays = []string{"checksums", "merge", "bare"}

var tiedNames = map[string]string{
	"checksums": "checksums in the databases", "merge": "ordered merge, by pages", "bare": "ordered merge, bare",
}

// differences are made in every ledger that is compared: rows lost, changed, and written on one side only.
const differences = 100

// ledgers measures the comparison of two copies of a ledger, each in a PostgreSQL of its own.
func ledgers(ctx context.Context, out io.Writer, s settings) error {
	for _, millions := range s.ledgers {
		if err := tie(ctx, out, s, millions*1_000_000); err != nil {
			return err
		}
	}
	return nil
}

func tie(ctx context.Context, out io.Writer, s settings, rows int64) (err error) {
	pair, err := openLedgers(ctx, filepath.Join(s.dir, fmt.Sprintf("ledger-%d", rows)), rows)
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, pair.close()) }()
	runs := map[string][]tied{}
	for range s.runs {
		for _, way := range tiedWays {
			one, err := pair.measure(ctx, way)
			if err != nil {
				return err
			}
			runs[way] = append(runs[way], one)
			if first := runs[tiedWays[0]][0]; one.Rows != first.Rows || one.Checksum != first.Checksum {
				return fmt.Errorf("%s finds %d rows (%s), %s %d (%s)", way, one.Rows, one.Checksum, tiedWays[0], first.Rows, first.Checksum)
			}
		}
	}
	reportTied(out, s, rows, runs)
	return nil
}

func reportTied(out io.Writer, s settings, rows int64, runs map[string][]tied) {
	middle := func(way string) tied {
		sorted := slices.SortedFunc(slices.Values(runs[way]), func(a, b tied) int { return cmp.Compare(a.Seconds, b.Seconds) })
		return sorted[len(sorted)/2]
	}
	ours := middle(tiedWays[0])
	fmt.Fprintf(out, "\ntwo ledgers of %d rows, %d differences (median of %d, in turns; %d rows differ, found alike by all)\n", rows, differences, s.runs, ours.Rows)
	fmt.Fprintf(out, "%-28s %8s %10s %11s %11s %8s %8s   %s\n", "", "wall", "moved", "server CPU", "blocks", "CPU", "peak", "ours / theirs: wall  moved  server CPU")
	for _, way := range tiedWays {
		m := middle(way)
		fmt.Fprintf(out, "%-28s %7.2fs %7.2f MB %10.2fs %11d %7.2fs %5d MB", tiedNames[way], m.Seconds, float64(m.Bytes)/1e6, m.ServerCPU, m.Blocks, m.CPU, m.Peak>>20)
		if way != tiedWays[0] {
			fmt.Fprintf(out, "%15.2f %8.4f %8.2f", ours.Seconds/m.Seconds, float64(ours.Bytes)/float64(m.Bytes), ours.ServerCPU/m.ServerCPU)
		}
		fmt.Fprintln(out)
	}
}

// ledgerPair is two servers, each with a copy of the ledger.
type ledgerPair struct{ servers []*pgserver.Server }

// measure runs one comparison in a process of its own.
func (p *ledgerPair) measure(ctx context.Context, way string) (tied, error) {
	var t tied
	self, err := os.Executable()
	if err != nil {
		return t, err
	}
	before, err := p.load(ctx)
	if err != nil {
		return t, err
	}
	if t.usage, err = child(ctx, &t, self, "ledger", way, p.servers[0].DSN("", ""), p.servers[1].DSN("", "")); err != nil {
		return t, err
	}
	time.Sleep(2 * time.Second) // the servers' counters are behind by up to one
	after, err := p.load(ctx)
	t.load = load{ServerCPU: after.ServerCPU - before.ServerCPU, Blocks: after.Blocks - before.Blocks}
	return t, err
}

func (p *ledgerPair) close() error {
	var err error
	for _, server := range p.servers {
		err = cmp.Or(err, server.Close())
	}
	return err
}

// ledgerChild compares two ledgers: the way, and the addresses of both.
func ledgerChild(ctx context.Context, args []string, out io.Writer) error {
	if len(args) != 3 {
		return fmt.Errorf("%s arguments are not a way and two addresses", strconv.Itoa(len(args)))
	}
	if args[0] == "bare" {
		return bareTie(ctx, args[1], args[2], out)
	}
	return ourTie(ctx, args[0], args[1], args[2], out)
}
