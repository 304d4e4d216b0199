// Package settlement reads the files in which card networks and acquirers say what they settled: Mastercard IPM and
// CSV by a profile.
//
// A file is read from end to end and checked before any line of it is used: its decryption, its control totals, whether it
// was delivered before. The lines of small files are kept meanwhile; larger files are read again, for a copy on disk would
// hold card numbers, and the run ends if that gives other bytes. Card numbers are truncated while decoding.
package settlement

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
	"parallax/sources/settlement/decode"
	"parallax/sources/settlement/delivery"
	"parallax/sources/settlement/unwrap"
)

const batchLines = 1000

// DefaultBuffer is how many lines are kept between checking files and yielding their lines.
const DefaultBuffer = 50_000

// KnownFile is a settlement file that an earlier run has seen.
type KnownFile struct {
	SHA256       string // hex
	FileID       string
	Name         string // base name
	Status       string // "accepted", "rejected", "duplicate"
	BusinessDate string // YYYY-MM-DD, the last one of the file; empty where unknown
	SeenAt       time.Time
}

// Source reads all files of one feed. It is to be used by one run at a time; Files, Findings and FilesThrough speak of
// the last Read.
type Source struct {
	Feed      string         // the configured feed
	Ledger    string         // the ledger it is held against; the scope of the findings
	Decode    decode.Func    // reads one file in the feed's format
	Place     delivery.Place // where the files come to
	Unwrap    *unwrap.Opener // takes compression and encryption off; nil: compression alone, within the default limits
	Schedule  *Schedule      // which files are expected; nil: none in particular
	Sequence  *Sequence      // how files are numbered; nil: as they say themselves
	Settle    time.Duration  // a file that changed less long ago is still arriving and not read
	Since     string         // YYYY-MM-DD, not after the window's first day: files that an earlier run has accepted and that settle only earlier days are left out; empty: none
	Known     []KnownFile    // seen by earlier runs
	AsOf      time.Time      // the moment the run speaks for
	CheckOnly bool           // Read yields no lines: they are asked for by Lines
	Buffer    int            // lines kept in memory, so that small files are decoded once; 0 means DefaultBuffer, negative none

	files    []audit.SettlementFile
	findings []audit.Finding
	accepted []file // without their lines
	through  string
}

// Files returns every file of the last Read, accepted or not, in name order.
func (s *Source) Files() []audit.SettlementFile { return s.files }

// Findings returns what the last Read found wrong with files, as opposed to lines.
func (s *Source) Findings() []audit.Finding { return s.findings }

// FilesThrough is the last business date (YYYY-MM-DD) up to which the files have been delivered and accepted without a
// break, counted from the window's first business day. Without a Schedule it is the newest date of any accepted file.
// Empty where there is none.
func (s *Source) FilesThrough() string { return s.through }

// Read yields the lines of all files at Place, whatever their time: a settlement line may belong to a payment of
// an earlier day, so the window selects nothing here. It says which business dates are expected. There is no cursor.
//
// Lines come in name order of the files. A file that cannot be used is a Gap; so is a business date whose file is
// late, and a pattern that matches nothing. Two names for the same bytes are no gap: one of them is read.
func (s *Source) Read(ctx context.Context, w audit.Window, _ audit.Cursor) iter.Seq2[record.Batch[record.SettlementLine], error] {
	return func(yield func(record.Batch[record.SettlementLine], error) bool) {
		s.files, s.findings, s.accepted, s.through = nil, nil, nil, ""
		r := reading{Source: s, window: w, yield: yield, room: max(0, cmp.Or(s.Buffer, DefaultBuffer)), delivered: map[string]int{}}
		if s.CheckOnly {
			r.room = 0
		}
		if err := r.run(ctx); err != nil && !r.stopped {
			yield(record.Batch[record.SettlementLine]{}, fmt.Errorf("read settlement feed %s: %w", s.Feed, err))
		}
	}
}

// errStopped means that the consumer has broken off.
var errStopped = errors.New("stopped by the consumer")

// reading is one Read.
type reading struct {
	*Source

	window    audit.Window
	yield     func(record.Batch[record.SettlementLine], error) bool
	stopped   bool           // the consumer has broken off: yield must not be called again
	room      int            // lines that may still be kept
	delivered map[string]int // accepted files by business date
	passed    []KnownFile    // left out because of Since
	present   map[string]bool
}

func (r *reading) run(ctx context.Context) error {
	defer r.Place.Close() //nolint:errcheck // it was only read
	listing, err := r.Place.List(ctx)
	if err != nil {
		return r.unreachable(ctx, err)
	}
	if wait := r.patience(listing); wait > 0 {
		if err := pause(ctx, wait); err != nil {
			return err
		}
		if listing, err = r.Place.List(ctx); err != nil {
			return r.unreachable(ctx, err)
		}
	}
	listed, err := r.sift(listing)
	if err != nil {
		return err
	}
	files, err := r.check(ctx, listed)
	if err != nil {
		return err
	}
	for i := range files {
		if err := r.file(ctx, &files[i]); err != nil {
			return err
		}
	}
	if err := r.sequences(files); err != nil {
		return err
	}
	if err := r.expected(); err != nil {
		return err
	}
	audit.Sort(r.findings)
	return nil
}

// unreachable is the gap of a place that cannot be listed; a pattern that cannot be matched is the caller's mistake.
func (r *reading) unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if wrong := (*delivery.PatternError)(nil); errors.As(err, &wrong) {
		return err
	}
	return r.gap(r.window, err.Error(), cmp.Or(unwrap.Remedy(err), "check the feed's path, and run again"))
}

// check surveys every file and settles which of several copies is the one to use.
func (r *reading) check(ctx context.Context, listed []delivery.File) ([]file, error) {
	files := make([]file, 0, len(listed))
	for _, one := range listed {
		f := r.survey(ctx, one)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		f.known = slices.ContainsFunc(r.Known, func(k KnownFile) bool {
			return k.Name == f.Name && k.SHA256 == f.sha256 && k.Status == statusAccepted
		})
		f.place = r.position(f)
		files = append(files, f)
	}
	r.markCopies(files)
	return files, nil
}

// stem is a base name without its extension. Names are ordered by it, so that x.ipm comes before its copy x-resend.ipm.
func stem(name string) string { return strings.TrimSuffix(name, filepath.Ext(name)) }

// markCopies names, for every good file but one of each content, file id or number in a series, the one that is used
// instead: the one an earlier run has accepted, else the first by name. A file that cannot be used has no claim.
func (r *reading) markCopies(files []file) {
	byHash, byID, byNumber, byName := map[string]string{}, map[string]string{}, map[position]string{}, map[string]string{}
	for _, k := range r.passed {
		byHash[k.SHA256], byID[k.FileID] = k.Name, k.Name
	}
	for _, known := range []bool{true, false} {
		for i := range files {
			f := &files[i]
			if f.err != nil || f.known != known {
				continue
			}
			id := f.summary.FileID
			if first, ok := byHash[f.sha256]; ok {
				f.copyOf = first
			} else if first, ok := byID[id]; ok && id != "" {
				f.copyOf, f.shares = first, "file id"
			} else if first, ok := byNumber[f.place]; ok && f.place.known {
				f.copyOf, f.shares = first, "sequence number"
			} else if first, ok := byName[f.Name]; ok { // in another folder
				f.copyOf, f.shares = first, "name"
			} else {
				byName[f.Name] = f.Name
				byHash[f.sha256], byID[id], byNumber[f.place] = f.Name, f.Name, f.Name
				continue
			}
			r.release(f)
		}
	}
}

// file reports one file and yields its lines, if it is the one to use.
func (r *reading) file(ctx context.Context, f *file) error {
	switch {
	case f.err != nil:
		return r.rejected(*f)
	case f.copyOf != "":
		return r.duplicate(*f)
	}
	for _, day := range f.summary.BusinessDates {
		r.delivered[day]++
	}
	r.take(*f)
	bare := *f
	bare.kept = batches{}
	r.accepted = append(r.accepted, bare)
	if r.CheckOnly {
		return r.send(r.lastBatch(*f, nil))
	}
	if !f.whole {
		return r.again(ctx, *f)
	}
	for f.kept.lines > batchLines {
		if err := r.send(record.Batch[record.SettlementLine]{Records: f.kept.take()}); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return r.send(r.lastBatch(*f, f.kept.take()))
}

// again reads a checked file once more and yields its lines. A file that is no longer the one that was checked ends the run:
// lines of it may have been used already.
func (r *reading) again(ctx context.Context, f file) error {
	var read batches
	sum, _, err := r.pass(ctx, f.File, func(l record.SettlementLine) error {
		if read.add(l); read.lines <= batchLines {
			return nil
		}
		return r.send(record.Batch[record.SettlementLine]{Records: read.take()})
	})
	switch {
	case sum != "" && sum != f.sha256: // whatever the other bytes were found to mean
		return fmt.Errorf("read %s: %w", f.Name, errUnsettled)
	case err != nil:
		return err
	}
	return r.send(r.lastBatch(f, read.take()))
}

func (r *reading) lastBatch(f file, lines []record.SettlementLine) record.Batch[record.SettlementLine] {
	last := record.Batch[record.SettlementLine]{Records: lines}
	last.Extents = []audit.Extent{{
		Name: f.Name, From: "1", To: fmt.Sprint(f.summary.Records), Records: f.summary.Lines,
		Checksum: "sha256:" + f.sha256, Totals: f.summary.Totals,
	}}
	if f.summary.Admin > 0 {
		last.Excluded = append(last.Excluded, audit.Exclusion{Reason: "records that are no settled money: administrative messages, entries that are not booked", Records: f.summary.Admin})
	}
	if f.summary.Rejected > 0 {
		last.Excluded = append(last.Excluded, audit.Exclusion{Reason: "rows that could not be read", Records: f.summary.Rejected})
		last.Gaps = append(last.Gaps, r.rejectedRows(f))
	}
	return last
}

// opener takes wrappings off.
func (r *reading) opener() *unwrap.Opener {
	if r.Unwrap == nil {
		return unwrap.New(nil, unwrap.Limits{})
	}
	return r.Unwrap
}

func (r *reading) send(b record.Batch[record.SettlementLine]) error {
	if r.yield(b, nil) {
		return nil
	}
	r.stopped = true
	return errStopped
}

func (r *reading) gap(w audit.Window, reason, remedy string) error {
	return r.send(record.Batch[record.SettlementLine]{Gaps: []audit.Gap{{Window: w, Reason: reason, Remedy: remedy}}})
}
