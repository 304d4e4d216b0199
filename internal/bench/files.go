package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"time"

	"parallax/internal/record"
	"parallax/sources/settlement/decode"
)

// fileFormat is a format of settlement files: how one is written, and who reads it.
type fileFormat struct {
	name   string
	lines  int // of the file that is read
	write  func(w io.Writer, lines int) error
	decode func() (decode.Func, error)
	peer   func(name string) (records int64, err error) // another reader of the same file, if there is one
}

// readFile is what one pass over a file came to.
type readFile struct {
	Records int64   `json:"records"`
	Bytes   int64   `json:"bytes"`
	Seconds float64 `json:"seconds"` // of the processor
	Allocs  uint64  `json:"allocs"`
	usage
}

// files measures the readers of settlement files, each on one core and in a process of its own.
func files(ctx context.Context, out io.Writer, s settings) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nsettlement files, a second of one core (median of %d)\n%-32s %10s %8s %9s %12s %9s\n", s.runs, "", "records", "MB", "of MB", "allocations", "peak")
	for _, f := range fileFormats {
		name := filepath.Join(s.dir, f.name+".file")
		var lines int
		if err := prepared(ctx, &lines, "write", f.name, name); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
		ways := []string{"ours"}
		if f.peer != nil {
			ways = append(ways, "peer")
		}
		runs := map[string][]readFile{}
		for range s.runs {
			for _, way := range ways {
				var r readFile
				if r.usage, err = child(ctx, &r, self, "file", f.name, way, name); err != nil {
					return err
				}
				runs[way] = append(runs[way], r)
			}
		}
		for _, way := range ways {
			printFile(out, f.name, way, runs)
		}
		if err := os.Remove(name); err != nil {
			return err
		}
	}
	return nil
}

func printFile(out io.Writer, name, way string, runs map[string][]readFile) {
	r, ours := quickness(runs[way]), quickness(runs["ours"])
	if way == "peer" {
		name += ", moov-io/iso8583"
	}
	fmt.Fprintf(out, "%-32s %10.0f %8.0f %9.1f %12.1f %6d MB", name, float64(r.Records)/r.Seconds, float64(r.Bytes)/1e6/r.Seconds,
		float64(r.Bytes)/1e6, float64(r.Allocs)/float64(r.Records), r.Peak>>20)
	if way == "peer" {
		fmt.Fprintf(out, "   ours is %.1f times as fast", r.Seconds/ours.Seconds)
	}
	fmt.Fprintln(out)
}

func quickness(runs []readFile) readFile {
	sorted := slices.SortedFunc(slices.Values(runs), func(a, b readFile) int { return cmp.Compare(a.Seconds, b.Seconds) })
	return sorted[len(sorted)/2]
}

// writeChild writes a file: format, name.
func writeChild(_ context.Context, args []string, out io.Writer) error {
	if len(args) != 2 {
		return fmt.Errorf("%q are not a format and a file", args)
	}
	f, err := fileFormatOf(args[0])
	if err != nil {
		return err
	}
	if err := writeFormat(f, args[1]); err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(f.lines)
}

func writeFormat(f fileFormat, name string) error {
	to, err := os.Create(name) //nolint:gosec // in the folder that was asked for
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(to, 1<<20)
	return errors.Join(f.write(w, f.lines), w.Flush(), to.Close())
}

func fileFormatOf(name string) (fileFormat, error) {
	for _, f := range fileFormats {
		if f.name == name {
			return f, nil
		}
	}
	return fileFormat{}, fmt.Errorf("no format %q", name)
}

// fileChild reads a file on one core: format, way, name.
func fileChild(_ context.Context, args []string, out io.Writer) error {
	if len(args) != 3 {
		return fmt.Errorf("%q are not a format, a way and a file", args)
	}
	f, err := fileFormatOf(args[0])
	if err != nil {
		return err
	}
	info, err := os.Stat(args[2]) //nolint:gosec // the file that was named
	if err != nil {
		return err
	}
	runtime.GOMAXPROCS(1)
	stop, err := profile()
	if err != nil {
		return err
	}
	defer stop()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r, start := readFile{Bytes: info.Size()}, processor()
	if args[1] == "peer" {
		r.Records, err = f.peer(args[2])
	} else {
		r.Records, err = readOurs(f, args[2])
	}
	if err != nil {
		return err
	}
	r.Seconds = (processor() - start).Seconds()
	runtime.ReadMemStats(&after)
	r.Allocs = after.Mallocs - before.Mallocs
	return json.NewEncoder(out).Encode(r)
}

// processor is the time that the process has had of the processors.
func processor() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func readOurs(f fileFormat, name string) (int64, error) {
	read, err := f.decode()
	if err != nil {
		return 0, err
	}
	var n int64
	open := func() (io.ReadCloser, error) { return os.Open(name) } //nolint:gosec // the file that was named
	_, err = read(open, filepath.Base(name), "bench", func(record.SettlementLine) error { n++; return nil })
	if err == nil && n < int64(f.lines) {
		err = fmt.Errorf("read %d lines of %s, not %d", n, f.name, f.lines)
	}
	return n, err
}
