package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"sync"
	"time"

	"parallax/auditors/lww"
	"parallax/internal/archive"
	"parallax/internal/audit"
	"parallax/internal/history"
)

// measured is what one pass over an archive came to.
type measured struct {
	Records  int64   `json:"records"`
	Keys     int64   `json:"keys"`
	Full     int64   `json:"full"` // keys that were audited in full
	Findings int64   `json:"findings"`
	Seconds  float64 `json:"seconds"`
	CPU      float64 `json:"-"` // seconds of its process, of all cores
	Peak     int64   `json:"-"` // resident bytes of its process
}

// audits measures the audit of each archive from end to end, each run in a process of its own, beside the floor: reading and
// verifying the same columns without judging anything.
func audits(ctx context.Context, out io.Writer, s settings) error {
	fmt.Fprintf(out, "\naudit of an archive, end to end, within %d MiB (median of %d)\n", s.memory, s.runs)
	fmt.Fprintf(out, "%10s %10s %8s %8s  %12s %8s %8s  %12s\n", "records", "keys", "losses", "wall", "records/s", "CPU", "peak", "times floor")
	for _, millions := range s.records {
		dir := filepath.Join(s.dir, fmt.Sprintf("%dM", millions))
		var keys int64
		if err := prepared(ctx, &keys, "archive", dir, strconv.FormatInt(millions*1_000_000/perKey, 10)); err != nil {
			return err
		}
		var audited, floors []measured
		for range s.runs {
			for mode, into := range map[string]*[]measured{"audit": &audited, "floor": &floors} {
				m, err := apart(ctx, mode, dir, s.memory)
				if err != nil {
					return err
				}
				*into = append(*into, m)
			}
		}
		m, f := median(audited), median(floors)
		fmt.Fprintf(out, "%10d %10d %8d %7.2fs  %12.0f %7.2fs %5d MB  %12.2f\n", m.Records, m.Keys, m.Findings, m.Seconds,
			float64(m.Records)/m.Seconds, m.CPU, m.Peak>>20, m.Seconds/f.Seconds)
	}
	return nil
}

func median(all []measured) measured {
	slices.SortFunc(all, func(a, b measured) int { return cmp.Compare(a.Seconds, b.Seconds) })
	return all[len(all)/2]
}

// apart runs one measurement in a process of its own.
func apart(ctx context.Context, mode, dir string, budget int64) (measured, error) {
	var m measured
	self, err := os.Executable()
	if err != nil {
		return m, err
	}
	u, err := child(ctx, &m, self, mode, dir, strconv.FormatInt(budget, 10))
	m.CPU, m.Peak = u.CPU, u.Peak
	return m, err
}

func segmentsOf(dir string) ([]audit.Segment, error) {
	data, err := os.ReadFile(filepath.Join(dir, manifest)) //nolint:gosec // the folder that was asked for
	if err != nil {
		return nil, err
	}
	var segments []audit.Segment
	return segments, json.Unmarshal(data, &segments) //nolint:musttag // written and read by this program alone
}

func auditChild(ctx context.Context, args []string, out io.Writer) error {
	dir, budget, err := archiveArgs(args)
	if err != nil {
		return err
	}
	return auditArchive(ctx, dir, budget, out)
}

func floorChild(ctx context.Context, args []string, out io.Writer) error {
	dir, _, err := archiveArgs(args)
	if err != nil {
		return err
	}
	return floor(ctx, dir, out)
}

// archiveChild makes an archive of a number of keys in a folder.
func archiveChild(ctx context.Context, args []string, out io.Writer) error {
	dir, keys, err := archiveArgs(args)
	if err != nil {
		return err
	}
	if err := generate(ctx, dir, keys); err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(keys)
}

// archiveArgs are a folder and a number.
func archiveArgs(args []string) (dir string, n int64, err error) {
	if len(args) != 2 {
		return "", 0, fmt.Errorf("%q are not an archive and a number", args)
	}
	n, err = strconv.ParseInt(args[1], 10, 64)
	return args[0], n, err
}

// auditArchive audits a generated archive and prints what came of it.
func auditArchive(ctx context.Context, dir string, budget int64, out io.Writer) error {
	segments, err := segmentsOf(dir)
	if err != nil {
		return err
	}
	debug.SetMemoryLimit(budget << 20)
	stop, err := profile()
	if err != nil {
		return err
	}
	defer stop()
	start := time.Now()
	window := audit.Window{From: began, To: began.Add(365 * 24 * time.Hour)}
	reach := lww.Reach{Through: window.To}
	a := history.Audit{
		Place: archive.Folder(dir), Dir: dir, Memory: budget << 20,
		Rules: lww.Rules{
			Table: table, Regions: regions, Settle: 15 * time.Minute, Clock: time.Second,
			Attr: lww.Attributes{
				WriteID: "write_id", Origin: "origin", PaymentID: "payment_id", AmountMinor: "amount_minor", Currency: "currency", Status: "status",
			},
			Financial: []string{"amount_minor", "status"},
		},
		Part: history.Part{Segments: segments, Read: map[audit.Region]lww.Reach{regions[0]: reach, regions[1]: reach}},
	}
	lags := 0
	got, err := a.Run(ctx, lww.Input{Window: window, AsOf: window.To, Lag: func(lww.Lag) { lags++ }})
	if err != nil {
		return err
	}
	if len(got.Damaged) > 0 {
		return got.Damaged[0].Err
	}
	m := measured{Keys: got.Keys, Full: got.Full, Findings: int64(len(got.Findings)), Seconds: time.Since(start).Seconds()}
	for _, n := range got.Records {
		m.Records += n
	}
	if want := m.Keys / lossEvery; m.Findings != want {
		return fmt.Errorf("%d losses found, %d made", m.Findings, want)
	}
	return json.NewEncoder(out).Encode(m)
}

// floor reads and verifies the columns that an audit sifts by, and does nothing with them.
func floor(ctx context.Context, dir string, out io.Writer) error {
	segments, err := segmentsOf(dir)
	if err != nil {
		return err
	}
	start := time.Now()
	var mu sync.Mutex
	var m measured
	var failed error
	var running sync.WaitGroup
	next := make(chan audit.Segment)
	for range runtime.GOMAXPROCS(0) {
		running.Go(func() {
			for s := range next {
				var n int64
				err := archive.Scan(ctx, archive.Folder(dir), s, func(r archive.Rows) error { n += int64(r.Len()); return nil })
				mu.Lock()
				m.Records, failed = m.Records+n, cmp.Or(failed, err)
				mu.Unlock()
			}
		})
	}
	for _, s := range segments {
		next <- s
	}
	close(next)
	running.Wait()
	if failed != nil {
		return failed
	}
	m.Seconds = time.Since(start).Seconds()
	return json.NewEncoder(out).Encode(m)
}
