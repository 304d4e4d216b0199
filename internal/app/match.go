package app

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
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
)

// MatchOptions name two files and how to read them.
type MatchOptions struct {
	Ledger, Settlement string
	Format             string // of the settlement file: ipm or csv
	Network            string // whose rows of the ledger the file settles; empty: the ledger holds one network only
	LedgerColumns      map[string]string
	SettlementColumns  map[string]string
	Statuses           Statuses // of the ledger, where they are not the usual words
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
	if o.Format != formatIPM && o.Format != formatCSV {
		return "", fmt.Errorf("--format %q is not one of ipm, csv", o.Format)
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
	statuses, err := o.Statuses.sort(entries)
	if err != nil {
		return "", fmt.Errorf("%s: %w", filepath.Base(o.Ledger), err)
	}
	src, err := fileSource(o, ledger.Columns, notes)
	if err != nil {
		return "", err
	}
	about := audit.Coverage{Source: "settlement", Scope: "ledger", Window: allTime}
	r, err := pipeline.Collect(ctx, src, about, audit.Cursor{})
	if err != nil {
		return "", err
	}
	auditor := reconcile.Auditor{Rules: reconcile.Rules{
		Scope: "ledger", Feed: matchFeed, Charged: statuses.Charged, Refused: statuses.Refused, Exponent: exponent,
	}}
	result, err := auditor.Match(reconcile.Input{
		Window: allTime, AsOf: o.AsOf, Entries: entries, Lines: r.Records, AllFiles: true, LinesIncomplete: !r.Coverage.Complete(),
	})
	if err != nil {
		return "", fmt.Errorf("match: %w", err)
	}
	r.Coverage.Gaps = append(r.Coverage.Gaps, result.Gaps...)
	if len(entries) == 0 && r.Coverage.Records == 0 && r.Coverage.Complete() {
		r.Coverage.Gaps = []audit.Gap{{Window: allTime, Reason: "neither file holds a payment: nothing was compared", Remedy: "check that these are the files that were meant"}}
	}
	outcome := audit.Outcome{Job: "match", Window: allTime, AsOf: o.AsOf, Findings: append(src.Findings(), result.Findings...), Coverage: []audit.Coverage{r.Coverage}}
	return string(outcome.Verdict()), writeMatch(w, notes, format, outcome, result.Totals)
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
	case network != "" && len(entries) == 0:
		return nil, nil
	case network != "" && len(out) == 0:
		return nil, fmt.Errorf("holds no payment of network %q, only of %s", network, names)
	}
	return out, nil
}

// writeMatch writes the findings and what was not seen: in a table below them, else on notes.
func writeMatch(w, notes io.Writer, format report.Format, o audit.Outcome, totals []reconcile.Total) error {
	stored := make([]audit.StoredFinding, len(o.Findings))
	for i, f := range o.Findings {
		stored[i] = audit.StoredFinding{Finding: f, Job: o.Job, FirstSeen: o.AsOf, LastSeen: o.AsOf, Runs: 1}
	}
	if err := report.Findings(w, format, report.Listing{Findings: stored, Total: len(stored)}); err != nil {
		return err
	}
	if format == report.Table {
		notes = w
	}
	for _, c := range o.Coverage {
		for _, g := range c.Gaps {
			fmt.Fprintln(notes, "not seen:", g.Reason) //nolint:errcheck // the next write reports it
			if g.Remedy != "" {
				fmt.Fprintln(notes, "  ->", g.Remedy) //nolint:errcheck // the same
			}
		}
	}
	if format != report.Table {
		return nil
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
