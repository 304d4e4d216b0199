// Package settlement reads the files in which card networks and acquirers say what they settled: Mastercard IPM and
// CSV by a profile.
//
// Every file is read twice: once to check it from end to end, once to yield its lines, so that no line of a file that
// fails its control totals is ever used. Card numbers are truncated while decoding.
package settlement

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
	"parallax/sources/settlement/decode"
)

const batchLines = 1000

// KnownFile is a settlement file that an earlier run has seen.
type KnownFile struct {
	SHA256       string // hex
	FileID       string
	Name         string // base name
	Status       string // "accepted", "rejected", "duplicate"
	BusinessDate string // YYYY-MM-DD, empty where unknown
}

// Source reads all files of one feed. It is to be used by one run at a time; Files, Findings and FilesThrough speak of
// the last Read.
type Source struct {
	Feed     string      // the configured feed
	Ledger   string      // the ledger it is held against; the scope of the findings
	Decode   decode.Func // reads one file in the feed's format
	Path     string      // glob pattern, see filepath.Match
	Schedule *Schedule   // which files are expected; nil: none in particular
	Known    []KnownFile // seen by earlier runs
	AsOf     time.Time   // the moment the run speaks for

	files    []audit.SettlementFile
	findings []audit.Finding
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

// Read yields the lines of all files that match Path, whatever their time: a settlement line may belong to a payment of
// an earlier day, so the window selects nothing here. It says which business dates are expected. There is no cursor.
//
// Lines come in name order of the files. A file that cannot be used is a Gap; so is a business date whose file is
// late, and a pattern that matches nothing. Two names for the same bytes are no gap: one of them is read.
func (s *Source) Read(ctx context.Context, w audit.Window, _ audit.Cursor) iter.Seq2[record.Batch[record.SettlementLine], error] {
	return func(yield func(record.Batch[record.SettlementLine], error) bool) {
		s.files, s.findings, s.through = nil, nil, ""
		r := reading{Source: s, window: w, yield: yield}
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
	stopped   bool            // the consumer has broken off: yield must not be called again
	delivered map[string]bool // business dates of accepted files
}

func (r *reading) run(ctx context.Context) error {
	files, err := r.survey(ctx)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		if err := r.gap(r.window, "no file matches "+filepath.Base(r.Path), "check the feed's path, and whether the delivery reached this folder"); err != nil {
			return err
		}
	}
	r.delivered = map[string]bool{}
	for _, f := range files {
		if err := r.file(ctx, f); err != nil {
			return err
		}
	}
	if err := r.expected(); err != nil {
		return err
	}
	audit.Sort(r.findings)
	return nil
}

// survey checks every file and settles which of several copies is the one to use.
func (r *reading) survey(ctx context.Context) ([]file, error) {
	paths, err := filepath.Glob(r.Path)
	if err != nil {
		return nil, fmt.Errorf("path pattern %q: %w", r.Path, err)
	}
	slices.SortFunc(paths, func(a, b string) int { return cmp.Or(cmp.Compare(stem(a), stem(b)), cmp.Compare(a, b)) })
	files := make([]file, 0, len(paths))
	for _, path := range paths {
		f := survey(ctx, path, r.Feed, r.Decode)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		f.known = slices.ContainsFunc(r.Known, func(k KnownFile) bool {
			return k.Name == f.name && k.SHA256 == f.sha256 && k.Status == statusAccepted
		})
		files = append(files, f)
	}
	markCopies(files)
	return files, nil
}

// stem is a base name without its extension. Names are ordered by it, so that x.ipm comes before its copy x-resend.ipm.
func stem(path string) string {
	name := filepath.Base(path)
	return strings.TrimSuffix(name, filepath.Ext(name))
}

// markCopies names, for every good file but one of each content or file id, the one that is used instead: the one an
// earlier run has accepted, else the first by name. A file that cannot be used has no claim on its id.
func markCopies(files []file) {
	byHash, byID := map[string]string{}, map[string]string{}
	for _, known := range []bool{true, false} {
		for i := range files {
			f := &files[i]
			if f.err != nil || f.known != known {
				continue
			}
			id := f.summary.FileID
			if first, ok := byHash[f.sha256]; ok {
				f.copyOf = first
				continue
			}
			if first, ok := byID[id]; ok && id != "" {
				f.copyOf, f.sameID = first, true
				continue
			}
			byHash[f.sha256], byID[id] = f.name, f.name
		}
	}
}

// file reports one file and yields its lines, if it is the one to use.
func (r *reading) file(ctx context.Context, f file) error {
	switch {
	case f.err != nil:
		return r.rejected(f)
	case f.copyOf != "":
		return r.duplicate(f)
	}
	for _, day := range f.summary.BusinessDates {
		r.delivered[day] = true
	}
	r.accepted(f)
	return r.lines(ctx, f)
}

// lines reads a checked file again and yields its lines. A file that is no longer the one that was checked ends the run:
// lines of it may have been used already.
func (r *reading) lines(ctx context.Context, f file) error {
	var batch []record.SettlementLine
	err := withSettled(f.path, func(in *os.File) error {
		sum, err := checksum(ctx, in)
		if err != nil {
			return err
		}
		if sum != f.sha256 {
			return errUnsettled
		}
		_, err = r.Decode(content(ctx, in), f.name, r.Feed, func(l record.SettlementLine) error {
			if batch = append(batch, l); len(batch) < batchLines {
				return nil
			}
			full := batch
			batch = nil
			return r.send(record.Batch[record.SettlementLine]{Records: full})
		})
		return err
	})
	if err != nil {
		return err
	}
	return r.send(r.lastBatch(f, batch))
}

func (r *reading) lastBatch(f file, lines []record.SettlementLine) record.Batch[record.SettlementLine] {
	last := record.Batch[record.SettlementLine]{Records: lines}
	last.Extents = []audit.Extent{{
		Name: f.name, From: "1", To: fmt.Sprint(f.summary.Records), Records: f.summary.Lines,
		Checksum: "sha256:" + f.sha256, Totals: f.summary.Totals,
	}}
	if f.summary.Admin > 0 {
		last.Excluded = append(last.Excluded, audit.Exclusion{Reason: "administrative messages of the file, no money in them", Records: f.summary.Admin})
	}
	if f.summary.Rejected > 0 {
		last.Excluded = append(last.Excluded, audit.Exclusion{Reason: "rows that could not be read", Records: f.summary.Rejected})
		last.Gaps = append(last.Gaps, r.rejectedRows(f))
	}
	return last
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
