package app

import (
	"cmp"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"parallax/internal/audit"
	"parallax/internal/pipeline"
	"parallax/internal/record"
	"parallax/reconcile"
	"parallax/sinks/report"
	"parallax/sources/ledgerfile"
	"parallax/sources/settlement"
)

// MatchOptions name two files and how to read them.
type MatchOptions struct {
	Ledger, Settlement string
	Format             string // of the settlement file: ipm or csv
	Network            string // whose rows of the ledger the file settles; empty: the ledger holds one network only
	LedgerColumns      map[string]string
	SettlementColumns  map[string]string
	AsOf               time.Time
	Output             string
}

// matchFeed is the feed's name where there is no configuration.
const matchFeed = "file"

// allTime holds every payment and line: two files are tied out whole.
var allTime = audit.Window{From: time.Unix(0, 0).UTC(), To: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}

// Match ties a ledger file out against a settlement file, with no store and no server, and returns how it ended. The
// mapping of columns, which may be guessed, is shown on notes.
func Match(ctx context.Context, o MatchOptions, w, notes io.Writer) (string, error) {
	format, err := report.ParseFormat(o.Output, report.Table, report.JSON, report.NDJSON, report.CSV)
	if err != nil {
		return "", err
	}
	ledger, err := ledgerfile.Read(o.Ledger, ledgerfile.Options{Columns: o.LedgerColumns, Network: matchFeed, Status: "captured"})
	if err != nil {
		return "", err
	}
	showMapping(notes, filepath.Base(o.Ledger), ledger.Columns)
	entries, err := ofOneNetwork(ledger.Entries, o.Network)
	if err != nil {
		return "", fmt.Errorf("%s: %w", filepath.Base(o.Ledger), err)
	}
	src, err := fileSource(o, notes)
	if err != nil {
		return "", err
	}
	about := audit.Coverage{Source: "settlement", Scope: "ledger", Window: allTime}
	r, err := pipeline.Collect(ctx, src, about, audit.Cursor{})
	if err != nil {
		return "", err
	}
	auditor := reconcile.Auditor{Rules: reconcile.Rules{
		Scope: "ledger", Feed: matchFeed, Charged: []string{"captured", "settled", "refunded", "succeeded", "paid"},
		Refused: []string{"declined", "failed", "refused", "cancelled"}, Exponent: exponent,
	}}
	result, err := auditor.Match(reconcile.Input{
		Window: allTime, AsOf: o.AsOf, Entries: entries, Lines: r.Records, FilesThrough: "9999-12-31", LinesIncomplete: !r.Coverage.Complete(),
	})
	if err != nil {
		return "", fmt.Errorf("match: %w", err)
	}
	outcome := audit.Outcome{Job: "match", Window: allTime, AsOf: o.AsOf, Findings: append(src.Findings(), result.Findings...), Coverage: []audit.Coverage{r.Coverage}}
	return string(outcome.Verdict()), writeMatch(w, format, outcome, result.Totals)
}

// ofOneNetwork picks the rows that the file is expected to carry. A ledger of several networks cannot be held against the
// file of one without saying which: every payment of the others would look missing.
func ofOneNetwork(entries []record.Entry, network string) ([]record.Entry, error) {
	networks := map[string]bool{}
	var out []record.Entry
	for _, e := range entries {
		networks[e.Network] = true
		if network == "" || e.Network == network {
			out = append(out, e)
		}
	}
	names := strings.Join(slices.Sorted(maps.Keys(networks)), ", ")
	switch {
	case network == "" && len(networks) > 1:
		return nil, fmt.Errorf("holds payments of several networks (%s): say with --network which of them the file settles", names)
	case network != "" && len(out) == 0:
		return nil, fmt.Errorf("holds no payment of network %q, only of %s", network, names)
	}
	return out, nil
}

// fileSource reads one file; a CSV file's profile is guessed from its header and the columns that were given.
func fileSource(o MatchOptions, notes io.Writer) (*settlement.Source, error) {
	if _, err := os.Stat(o.Settlement); err != nil {
		return nil, fmt.Errorf("settlement file: %w", err)
	}
	src := &settlement.Source{Feed: matchFeed, Ledger: "ledger", Format: o.Format, Path: literal(o.Settlement), AsOf: o.AsOf}
	switch o.Format {
	case settlement.FormatIPM:
		return src, nil
	case settlement.FormatCSV:
	default:
		return nil, fmt.Errorf("--format %q is not one of ipm, csv", o.Format)
	}
	header, err := readHeader(o.Settlement)
	if err != nil {
		return nil, err
	}
	profile, err := settlement.GuessProfile(header)
	if err != nil && len(o.SettlementColumns) == 0 {
		return nil, fmt.Errorf("%s: %w: name them with --settlement-columns", filepath.Base(o.Settlement), err)
	}
	if profile.Columns == nil {
		profile.Columns = map[string]string{}
	}
	maps.Copy(profile.Columns, o.SettlementColumns)
	if err := profile.Validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(o.Settlement), err)
	}
	showMapping(notes, filepath.Base(o.Settlement), profile.Columns)
	src.Profile = profile
	return src, nil
}

// literal keeps a file name from being taken for a pattern.
func literal(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

func readHeader(path string) ([]string, error) {
	f, err := os.Open(path) //nolint:gosec // the user names the file
	if err != nil {
		return nil, fmt.Errorf("settlement file: %w", err)
	}
	defer f.Close() //nolint:errcheck // only read
	header, err := csv.NewReader(io.LimitReader(f, 1<<20)).Read()
	if err != nil {
		return nil, fmt.Errorf("%s: line 1: read header: %w", filepath.Base(path), err)
	}
	header[0] = strings.TrimPrefix(header[0], "\ufeff")
	return header, nil
}

func showMapping(w io.Writer, file string, columns map[string]string) {
	parts := make([]string, 0, len(columns))
	for _, field := range slices.Sorted(maps.Keys(columns)) {
		parts = append(parts, field+"="+columns[field])
	}
	fmt.Fprintf(w, "%s: columns %s\n", file, strings.Join(parts, ","))
}

func writeMatch(w io.Writer, format report.Format, o audit.Outcome, totals []reconcile.Total) error {
	stored := make([]audit.StoredFinding, len(o.Findings))
	for i, f := range o.Findings {
		stored[i] = audit.StoredFinding{Finding: f, Job: o.Job, FirstSeen: o.AsOf, LastSeen: o.AsOf, Runs: 1}
	}
	if err := report.Findings(w, format, report.Listing{Findings: stored, Total: len(stored)}); err != nil || format != report.Table {
		return err
	}
	for _, c := range o.Coverage {
		for _, g := range c.Gaps {
			fmt.Fprintf(w, "not seen: %s\n", g.Reason) //nolint:errcheck // the next write reports it
		}
	}
	return writeTotals(w, totals)
}

// writeTotals proves the tie-out per currency: each side is accounted for to the minor unit.
func writeTotals(w io.Writer, totals []reconcile.Total) error {
	for _, t := range totals {
		money := func(s reconcile.Sum) string {
			return fmt.Sprintf("%d for %s", s.Count, report.Money(audit.Money{Minor: s.Minor, Currency: cmp.Or(t.Currency, "-")}))
		}
		_, err := fmt.Fprintf(w, "%s  ledger %s = matched %s + breaks %s + expected %s\n     file %s = matched %s + linked %s + breaks %s + not payments %s\n",
			t.Currency, money(t.Ledger), money(t.LedgerMatched), money(t.LedgerBreaks), money(t.LedgerExpected),
			money(t.File), money(t.FileMatched), money(t.FileLinked), money(t.FileBreaks), money(t.FileRejected))
		if err != nil {
			return err
		}
	}
	return nil
}
