package sift

import (
	"context"
	"fmt"
	"math/bits"
	"slices"
	"time"

	"parallax/auditors/lww"
	"parallax/internal/audit"
	"parallax/internal/spill"
)

// Options are what the sieve may use.
type Options struct {
	Memory  int64  // bytes, all told; beyond it the sieve goes to disk
	Dir     string // where the temporary file goes; "" is the system's folder for such
	Workers int    // goroutines that judge, and the number of Writers; 0 is one
	// Also are keys to be audited in full whatever their traces: those of lww.Input.Also.
	Also []Hash
	// Lag receives the lags of quiet keys, by key hash; the auditor reports those of the suspects. May be nil. It is called
	// from the goroutine that called Judge.
	Lag func(Lag)
}

// Lag is one version's way from the region that wrote it to another, as in lww.Lag.
type Lag struct {
	Key             Hash
	Origin, Arrived int64 // microseconds of Unix time
	From, To        uint8 // index in lww.Rules.Regions
}

// Counts are what the sieve saw, and what the auditor would have counted for the quiet keys.
type Counts struct {
	Traces, Keys            int64
	Suspects, SuspectTraces int64 // keys, and their traces
	Matched                 int64 // as lww.Result.Matched
	Context                 int64 // as lww.Result.Context
	Spilled                 int64 // bytes that went to disk
}

// Sieve takes traces, then judges their keys.
type Sieve struct {
	regions  int
	from, to int64  // window, microseconds, rounded so that whole microseconds fall as they would into the window
	slack    int64  // microseconds by which two regions' record times must differ to be ordered
	named    bool   // images may name their origin
	strong   bool   // see lww.Rules.Strong
	also     []Hash // sorted
	lag      func(Lag)
	workers  int
	limit    int64 // traces that one worker may load
	shift    uint  // of a key's leading 64 bits, to its partition
	set      *spill.Set[Trace]
}

const (
	maxPartitions = 1024
	smallestChunk = 16  // traces
	leastLimit    = 256 // traces
	// What judging one trace of a partition takes beside the trace: list and table of keys, and its lag and suspect until
	// they are delivered.
	overhead = 80
)

// New makes a sieve for what the auditor with these rules would be asked of this window. The memory is shared out between
// the traces that wait (5/8), the partitions being judged (1/4) and what the process needs beside.
func New(rules lww.Rules, window audit.Window, o Options) (*Sieve, error) {
	if n := len(rules.Regions); n < 2 || n >= Elsewhere {
		return nil, fmt.Errorf("sift %s: %d regions, want 2 to %d", rules.Table, n, Elsewhere-1)
	}
	s := &Sieve{
		regions: len(rules.Regions), from: ceiling(window.From), to: ceiling(window.To),
		slack: (time.Second + rules.Clock).Microseconds(), named: rules.Attr.Origin != "", strong: rules.Strong,
		also: slices.SortedFunc(slices.Values(o.Also), byHash), lag: o.Lag, workers: max(1, o.Workers),
	}
	waiting := o.Memory / 8 * 5
	partitions := waiting / 4 / int64(s.workers) / (smallestChunk * traceSize)
	partitions = min(max(partitions, 1), maxPartitions)
	pbits := bits.Len64(uint64(partitions)) - 1 //nolint:gosec // 1 to 1024
	s.shift = uint(64 - pbits)                  //nolint:gosec // 54 to 64
	s.limit = max(leastLimit, o.Memory/4/int64(s.workers)/(traceSize+overhead))
	var err error
	s.set, err = spill.New[Trace](spill.Config{Partitions: 1 << pbits, Writers: s.workers, Memory: waiting, Dir: o.Dir})
	if err != nil {
		return nil, fmt.Errorf("sift %s: %w", rules.Table, err)
	}
	return s, nil
}

// ceiling is the first whole microsecond that is not before t. Times before 1970 do not occur, but a zero time does.
func ceiling(t time.Time) int64 {
	us := t.UnixMicro()
	if t.After(time.UnixMicro(us)) {
		us++
	}
	return us
}

// Close gives up memory and the temporary file.
func (s *Sieve) Close() error { return s.set.Close() }

// Writer adds traces; it belongs to one goroutine. All Writers must be closed before Judge.
type Writer struct {
	sieve *Sieve
	w     *spill.Writer[Trace]
}

// Writer returns a new writer, Options.Workers of them at most.
func (s *Sieve) Writer(ctx context.Context) (*Writer, error) {
	w, err := s.set.Writer(ctx)
	if err != nil {
		return nil, fmt.Errorf("sift: %w", err)
	}
	return &Writer{sieve: s, w: w}, nil
}

// Add takes a copy of a trace. After an error the sieve is not complete and Judge will not work.
func (w *Writer) Add(t *Trace) error {
	if int(t.Region) >= w.sieve.regions {
		return fmt.Errorf("sift: trace of region %d, but there are %d", t.Region, w.sieve.regions)
	}
	// A shift by 64 gives 0, the only partition then.
	return w.w.Add(int(high(&t.Key)>>w.sieve.shift), t) //nolint:gosec // below the number of partitions
}

// Close hands over the rest.
func (w *Writer) Close() error { return w.w.Close() }
