package app

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"time"

	"parallax/internal/audit"
	"parallax/reconcile"
	"parallax/sinks/report"
	"parallax/sources/ledgerfile"
)

// MatchOptions name two files and how to read them.
type MatchOptions struct {
	Ledger, Settlement string
	Format             string // of the settlement file; empty: told by its content
	Network            string // whose rows of the ledger the file settles; empty: the ledger holds one network only
	LedgerColumns      map[string]string
	SettlementColumns  map[string]string
	Statuses           Statuses // of the ledger, where they are not the usual words
	AsOf               time.Time
	Output             string // table, json, ndjson, csv or xlsx
	Out                string // file to write to instead; "-" is standard output
	MemoryMiB          int    // what may be held at once, beside the findings; 0: 512
	Progress           func(what string, done, total int64)
}

// feed is the feed's name where there is no configuration: the file's.
func (o MatchOptions) feed() string { return filepath.Base(o.Settlement) }

// MatchFormats names the formats of settlement files.
func MatchFormats() []string { return formatNames() }

// allTime holds every payment and line: two files are tied out whole.
var allTime = audit.Window{From: time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC), To: time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC)}

// Match ties a ledger file out against a settlement file, with no store and no server, and returns how it ended. What the
// files are taken for, which may be guessed, is shown on notes.
func Match(ctx context.Context, o MatchOptions, w, notes io.Writer) (string, error) {
	format, err := o.outputFormat()
	if err == nil {
		err = o.Statuses.check()
	}
	if err != nil {
		return "", err
	}
	var out *output
	if o.toFile() {
		if out, err = o.openOutput(); err != nil {
			return "", err
		}
		defer out.discard()
	}
	ledger, file, err := o.sides()
	if err != nil {
		return "", err
	}
	if o.Progress == nil {
		o.Progress = func(string, int64, int64) {}
	}
	t, err := o.tieOut(ctx, ledger, file, notes, format == report.XLSX)
	o.progress("", 0)
	if err != nil {
		return "", err
	}
	return string(t.Verdict), o.write(out, w, notes, format, t)
}

// sides settles how the two files are read.
func (o MatchOptions) sides() (*ledgerfile.File, *settlementFile, error) {
	ledger, err := ledgerfile.Open(o.Ledger, ledgerfile.Options{Columns: o.LedgerColumns, Network: o.feed(), Status: "captured"})
	if err != nil {
		return nil, nil, err
	}
	if o.Network != "" && ledger.Columns["network"] == "" {
		return nil, nil, fmt.Errorf("%s has no column for the network: leave out --network, or name the column with --ledger-columns network=COLUMN", ledger.Name)
	}
	file, err := matchFile(o, ledger.Columns)
	return ledger, file, err
}

// tieOut reads both files and holds them against one another, in bounded memory however large they are.
func (o MatchOptions) tieOut(ctx context.Context, ledger *ledgerfile.File, file *settlementFile, notes io.Writer, pairs bool) (report.TieOut, error) {
	t := report.TieOut{
		AsOf: o.AsOf, Ledger: report.TieOutSide{Name: ledger.Name, Format: ledger.Format(), Columns: ledger.Columns},
		File: report.TieOutSide{Name: filepath.Base(o.Settlement), Format: file.format, Columns: file.columns},
	}
	for _, side := range []report.TieOutSide{t.Ledger, t.File} {
		if err := report.WriteSide(notes, side); err != nil {
			return t, err
		}
	}
	census, err := o.census(ctx, ledger)
	if err != nil {
		return t, fmt.Errorf("%s: %w", ledger.Name, err)
	}
	o.progress("checking "+t.File.Name, 0)
	coverage, err := file.check(ctx)
	if err != nil {
		return t, err
	}
	t.Ledger.Records, t.Ledger.SHA256, t.File.Records = census.rows, ledger.SHA256, coverage.Records
	var result reconcile.Result
	if coverage.Records == 0 {
		coverage.Gaps = nothingCompared(t.File.Name, census.rows, coverage)
	} else if result, err = o.sieve(census, &t, pairs).match(ctx, reconcile.Input{
		Window: allTime, AsOf: o.AsOf, AllFiles: true, LinesIncomplete: !coverage.Complete(),
	}, o.rows(ledger), file.source.Lines); err != nil {
		return t, err
	}
	coverage.Gaps = append(coverage.Gaps, result.Gaps...)
	coverage.Excluded = append(coverage.Excluded, census.leftOut...)
	if t.Notes, err = suspicions(ctx, census, file, t, result); err != nil {
		return t, err
	}
	return o.judged(t, file, coverage, result), nil
}

// judged is the tie-out with all that came of it.
func (o MatchOptions) judged(t report.TieOut, file *settlementFile, coverage audit.Coverage, result reconcile.Result) report.TieOut {
	outcome := audit.Outcome{
		Job: "match", Window: allTime, AsOf: o.AsOf, Findings: append(file.source.Findings(), result.Findings...), Coverage: []audit.Coverage{coverage},
	}
	for _, f := range file.source.Files() {
		t.File.SHA256, t.File.Totals = f.SHA256, f.Totals
	}
	t.Verdict, t.Proof = outcome.Verdict(), proofOf(result.Totals)
	t.NotSeen, t.Excluded = coverage.Gaps, slices.Concat(coverage.Excluded, result.Excluded)
	for _, f := range outcome.Findings {
		t.Findings = append(t.Findings, audit.StoredFinding{Finding: f, Job: outcome.Job, FirstSeen: o.AsOf, LastSeen: o.AsOf, Runs: 1})
	}
	return t
}

// proofOf accounts for both sides in each currency.
func proofOf(totals []reconcile.Total) []report.CurrencyProof {
	var out []report.CurrencyProof
	share := func(name string, s reconcile.Sum) report.Share {
		return report.Share{Name: name, Count: s.Count, Minor: s.Minor}
	}
	for _, t := range totals {
		out = append(out, report.CurrencyProof{
			Currency: t.Currency,
			Ledger: []report.Share{
				share("in", t.Ledger), share("matched", t.LedgerMatched), share("breaks", t.LedgerBreaks), share("expected", t.LedgerExpected),
			},
			File: []report.Share{
				share("in", t.File), share("matched", t.FileMatched), share("breaks", t.FileBreaks), share("linked", t.FileLinked),
				share("not payments", t.FileRejected),
			},
		})
	}
	return out
}
