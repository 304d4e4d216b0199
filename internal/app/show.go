package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"parallax/internal/audit"
	"parallax/sinks/report"
	"parallax/sinks/store"
)

// FindingFilter selects findings; an empty field selects all.
type FindingFilter struct {
	Kinds, Jobs, Statuses, Severities []string
	Key                               string
	Limit                             int // 0: no limit
}

// alive are the statuses of findings that still want someone's attention.
var alive = []audit.Status{audit.Expected, audit.Overdue, audit.Open, audit.Acknowledged}

// Check refuses what selects nothing that exists, before anything is opened.
func (f FindingFilter) Check() error {
	_, err := f.check()
	return err
}

func (f FindingFilter) check() (store.Filter, error) {
	out := store.Filter{Jobs: f.Jobs, Key: f.Key, Limit: f.Limit, Status: alive}
	if f.Limit < 0 {
		return out, fmt.Errorf("--limit %d is below zero: give a number of findings, or 0 for all", f.Limit)
	}
	for _, k := range f.Kinds {
		if !slices.Contains(audit.Kinds(), audit.Kind(k)) {
			return out, fmt.Errorf("--kind %q is not a kind of finding: see runbooks/README.md for all of them", k)
		}
		out.Kinds = append(out.Kinds, audit.Kind(k))
	}
	for _, j := range f.Jobs {
		if !slices.Contains(JobNames(), j) {
			return out, fmt.Errorf("--job %q is not one of %s", j, strings.Join(JobNames(), ", "))
		}
	}
	if len(f.Statuses) > 0 {
		out.Status = nil
	}
	for _, s := range f.Statuses {
		if s == "all" {
			out.Status = nil
			break
		}
		if !slices.Contains(append(slices.Clone(alive), audit.Resolved, audit.Cleared, audit.Suppressed), audit.Status(s)) {
			return out, fmt.Errorf("--status %q is not one of expected, overdue, open, acknowledged, resolved, cleared, suppressed, all", s)
		}
		out.Status = append(out.Status, audit.Status(s))
	}
	for _, s := range f.Severities {
		if !slices.Contains([]audit.Severity{audit.Critical, audit.High, audit.Medium, audit.Low}, audit.Severity(s)) {
			return out, fmt.Errorf("--severity %q is not one of critical, high, medium, low", s)
		}
		out.Severity = append(out.Severity, audit.Severity(s))
	}
	return out, nil
}

// ListFindings writes the findings that a filter selects. A listing that was cut short, or is empty because
// nobody has looked yet, says so: in the table, else on warn.
func (a *App) ListFindings(ctx context.Context, w, warn io.Writer, output string, f FindingFilter) error {
	format, err := report.ParseFormat(output, report.Table, report.JSON, report.NDJSON, report.CSV)
	if err != nil {
		return err
	}
	filter, err := f.check()
	if err != nil {
		return err
	}
	findings, total, err := a.store.Findings(ctx, filter)
	if err != nil {
		return err
	}
	listing := report.Listing{Findings: findings, Total: total, Overlap: true}
	if total == 0 {
		runs, err := a.store.LastRuns(ctx)
		if err != nil {
			return err
		}
		listing.NoRuns = len(runs) == 0
	}
	if caveat := listing.Caveat(); caveat != "" && format != report.Table {
		fmt.Fprintln(warn, "parallax:", caveat)
	}
	return report.Findings(w, format, listing)
}

// ShowFinding writes the one finding whose fingerprint begins as given.
func (a *App) ShowFinding(ctx context.Context, w io.Writer, output, fingerprint string) error {
	format, err := report.ParseFormat(output, report.Table, report.JSON, report.NDJSON)
	if err != nil {
		return err
	}
	finding, events, err := a.store.Finding(ctx, fingerprint)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return fmt.Errorf("%w: see parallax findings list --status all", err)
	case errors.Is(err, store.ErrAmbiguous):
		return fmt.Errorf("%w: give more of its digits", err)
	case err != nil:
		return err
	}
	return report.Finding(w, format, finding, events)
}

// ReportCoverage writes the certificate of one run, or of each job's newest where none is named.
func (a *App) ReportCoverage(ctx context.Context, w io.Writer, output, run string) error {
	format, err := report.ParseFormat(output, report.Table, report.JSON, report.NDJSON, report.CSV, report.HTML)
	if err != nil {
		return err
	}
	var runs []audit.RunRecord
	if run == "" {
		runs, err = a.store.LastRuns(ctx)
	} else {
		var one audit.RunRecord
		one, err = a.store.Run(ctx, run)
		runs = []audit.RunRecord{one}
	}
	if err != nil {
		return err
	}
	return report.Coverage(w, format, runs)
}

// SchemaVersion is the version of the store's tables, after bringing them up to date.
func (a *App) SchemaVersion(ctx context.Context) (int, error) { return a.store.Version(ctx) }

// reported is a committed run with its findings as the store holds them.
func (a *App) reported(ctx context.Context, id string) (report.Run, error) {
	record, err := a.store.Run(ctx, id)
	if err != nil {
		return report.Run{}, err
	}
	findings, _, err := a.store.Findings(ctx, store.Filter{Run: id})
	if err != nil {
		return report.Run{}, err
	}
	if findings == nil {
		findings = []audit.StoredFinding{}
	}
	return report.Run{RunRecord: record, Reported: findings}, nil
}
