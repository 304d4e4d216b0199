// Package history audits what the change archive holds of one table, in bounded memory: it sifts the archive's compact
// columns for the keys that need a full audit, reads only those in full, further back where their history began before
// what was read, and lets lww.Auditor judge them. The result is the one the auditor would have given of everything.
package history

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"

	"parallax/auditors/lww"
	"parallax/internal/archive"
	"parallax/internal/audit"
	"parallax/internal/record"
)

// Part is a part of the archive: its segments, in any order, and how much of each region's stream they hold.
type Part struct {
	Segments []audit.Segment
	Read     map[audit.Region]lww.Reach
}

// Audit is one audit of one table.
type Audit struct {
	Place   archive.Place
	Rules   lww.Rules
	Part    Part                                // the window and what is around it
	Earlier func(context.Context) (Part, error) // Part and what lies before it, for keys whose history began before Part; nil if nothing does
	Memory  int64                               // bytes to work with; more goes to a temporary file in Dir
	Dir     string
	// Progress hears how far the reading has come, in segments; nil hears nothing.
	Progress func(stage string, done, total int)
}

// Result is what the audit says. Lags went to Input.Lag.
type Result struct {
	lww.Result
	Records map[audit.Region]int64 // read of the segments of Part
	Damaged []Damage               // segments that could not be read: their time is a gap
	Keys    int64
	Full    int64 // keys that were audited in full, those of TooLarge included
	// TooLarge is how many keys have more records than Memory holds. Nothing is said of them: their records in the window
	// are Unjudged.
	TooLarge int64
}

// Damage is a segment that could not be read, and why.
type Damage struct {
	Segment audit.Segment
	Err     error
}

// workers read and sift at the same time.
func workers() int { return min(runtime.GOMAXPROCS(0), 8) }

// Run audits what in asks for; its Changes and Read are the archive's to fill. An error means that nothing can be said;
// a segment that cannot be read is no error.
func (a Audit) Run(ctx context.Context, in lww.Input) (Result, error) {
	r := &run{Audit: a, in: in, out: Result{Records: map[audit.Region]int64{}}, damaged: map[string]error{}}
	r.in.Read = a.Part.Read
	r.also = hashes(in.Also)
	suspects, err := r.sift(ctx)
	if err != nil {
		return Result{}, err
	}
	deep, err := r.judge(ctx, suspects)
	if err != nil {
		return Result{}, err
	}
	if err := r.judgeDeep(ctx, deep); err != nil {
		return Result{}, err
	}
	r.finish()
	return r.out, nil
}

// run is an audit under way.
type run struct {
	Audit
	in     lww.Input
	out    Result
	also   map[archive.Hash]string // keys that are to be judged for more than the window
	perKey int64                   // records of a suspect on average

	mu      sync.Mutex
	damaged map[string]error
}

func hashes[V any](keys map[string]V) map[archive.Hash]string {
	out := make(map[archive.Hash]string, len(keys))
	for key := range keys {
		out[archive.HashOf(key)] = key
	}
	return out
}

// finish puts the parts of the result in order.
func (r *run) finish() {
	audit.Sort(r.out.Findings)
	slices.SortFunc(r.out.Excluded, func(a, b audit.Exclusion) int { return strings.Compare(a.Reason, b.Reason) })
	slices.SortFunc(r.out.Breaks, func(a, b lww.Break) int {
		if c := strings.Compare(a.Key, b.Key); c != 0 {
			return c
		}
		return a.Window.From.Compare(b.Window.From)
	})
	slices.SortFunc(r.out.Damaged, func(a, b Damage) int { return strings.Compare(a.Segment.Name, b.Segment.Name) })
}

// add merges what one audit of some keys says into the result.
func (r *run) add(one lww.Result) {
	r.out.Findings = append(r.out.Findings, one.Findings...)
	r.out.Matched += one.Matched
	r.out.Context += one.Context
	r.out.Unjudged += one.Unjudged
	r.out.Breaks = append(r.out.Breaks, one.Breaks...)
	r.out.Withheld = append(r.out.Withheld, one.Withheld...)
	r.exclude(one.Excluded)
}

func (r *run) exclude(all []audit.Exclusion) {
	for _, e := range all {
		i := slices.IndexFunc(r.out.Excluded, func(o audit.Exclusion) bool { return o.Reason == e.Reason })
		if i < 0 {
			r.out.Excluded = append(r.out.Excluded, e)
		} else {
			r.out.Excluded[i].Records += e.Records
		}
	}
}

// each calls f for every segment that is not damaged, some at a time, and notes those that turn out to be.
func (r *run) each(ctx context.Context, stage string, segments []audit.Segment, f func(worker, rank int, s audit.Segment) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var running sync.WaitGroup
	next, done := make(chan int), 0
	for worker := range workers() {
		running.Go(func() {
			for i := range next {
				if err := r.one(worker, i, segments[i], f); err != nil {
					stop(err)
				}
				r.mu.Lock()
				done++
				if r.Progress != nil {
					r.Progress(stage, done, len(segments))
				}
				r.mu.Unlock()
			}
		})
	}
	for i := range segments {
		select {
		case next <- i:
		case <-ctx.Done():
		}
	}
	close(next)
	running.Wait()
	return context.Cause(ctx)
}

// stopError is an error that ends the audit, unlike one of a segment.
type stopError struct{ error }

func (e stopError) Unwrap() error { return e.error }

func (r *run) one(worker, rank int, s audit.Segment, f func(int, int, audit.Segment) error) error {
	r.mu.Lock()
	known := r.damaged[s.Name]
	r.mu.Unlock()
	if known != nil {
		return nil
	}
	err := f(worker, rank, s)
	var stop stopError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &stop), errors.Is(err, context.Canceled):
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.damaged[s.Name] = err
	r.out.Damaged = append(r.out.Damaged, Damage{s, err})
	return nil
}

// ordered are the segments of each region in the order of their first records, which is the order of every key's own.
func ordered(segments []audit.Segment) []audit.Segment {
	out := slices.Clone(segments)
	slices.SortStableFunc(out, func(a, b audit.Segment) int {
		switch {
		case a.Region != b.Region:
			return strings.Compare(string(a.Region), string(b.Region))
		case record.SeqLess(a.First, b.First):
			return -1
		case record.SeqLess(b.First, a.First):
			return 1
		default:
			return strings.Compare(a.Name, b.Name)
		}
	})
	return out
}
