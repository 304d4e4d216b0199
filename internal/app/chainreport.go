package app

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"parallax/auditors/chain"
	"parallax/internal/audit"
	"parallax/sinks/report"
)

// ChainReport asks for the payments of a window over the four layers.
type ChainReport struct {
	Request        // without a job; the window is that of the chain job where none is given
	Broken  bool   // only payments whose chain is broken
	Stored  bool   // from the store instead of from the layers
	Format  string // table, csv, json, ndjson, xlsx; empty: by the file's ending, else table
	Out     string // file to write to; empty: standard output

	Terminal bool // standard output is one
}

func (r ChainReport) toFile() bool { return r.Out != "" && r.Out != standardOutput }

// format is how the chains are written.
func (r ChainReport) format() (report.Format, error) {
	ending := ""
	if r.toFile() {
		ending = strings.ToLower(strings.TrimPrefix(filepath.Ext(r.Out), "."))
	}
	format, err := report.ParseFormat(cmp.Or(r.Format, ending, string(report.Table)), chainFormats...)
	if err != nil && r.Format == "" {
		return format, fmt.Errorf("--out %s: its ending names no format: give --format", r.Out)
	}
	if err != nil {
		return format, err
	}
	return format, noWorkbookOn(r.Terminal && !r.toFile(), format)
}

// chainFormats are those of ChainReport.
var chainFormats = []report.Format{report.Table, report.CSV, report.JSON, report.NDJSON, report.XLSX}

// Check refuses what cannot be reported.
func (r ChainReport) Check() error {
	r.Job = chainJobName
	if _, err := r.format(); err != nil {
		return err
	}
	return r.Request.Check()
}

const chainJobName = "chain"

// ReportChain writes one row for each payment, and sums by region and broken link. It says how a run would have ended:
// inconclusive where something was not read, findings where a chain is broken. What is read from the store speaks for the
// runs that wrote it, and is clean or findings.
func (a *App) ReportChain(ctx context.Context, w, warn io.Writer, r ChainReport) (audit.RunVerdict, error) {
	if err := r.Check(); err != nil {
		return "", err
	}
	format, err := r.format()
	if err != nil {
		return "", err
	}
	window, err := r.window(a.cfg, chainJobName)
	if err != nil {
		return "", err
	}
	out := report.Chains{Basis: "computed", AsOf: r.AsOf, Window: window, Broken: r.Broken, Chains: []audit.Chain{}, Gaps: []string{}}
	if r.Stored {
		out.Basis = "stored"
		err = a.storedChains(ctx, &out)
	} else {
		err = a.computedChains(ctx, &out)
	}
	if err != nil {
		return "", err
	}
	a.progress("", 0, 0)
	out.Total = len(out.Chains)
	if out.Summary, err = report.SumChains(out.Chains); err != nil {
		return "", err
	}
	broken := slices.DeleteFunc(slices.Clone(out.Chains), func(c audit.Chain) bool { return c.Broken == "" })
	if r.Broken {
		out.Chains = broken
	}
	if len(out.Gaps) > 0 && format != report.Table {
		fmt.Fprintf(warn, "parallax: %d parts were not read, so links are unknown: the first is %s\n", len(out.Gaps), out.Gaps[0])
	}
	if err := r.write(w, format, out); err != nil {
		return "", fmt.Errorf("write chains: %w", err)
	}
	switch {
	case len(out.Gaps) > 0:
		return audit.RunInconclusive, nil
	case len(broken) > 0:
		return audit.RunFindings, nil
	default:
		return audit.RunClean, nil
	}
}

// write writes the chains to the file that was asked for, wholly or not at all, or to standard output.
func (r ChainReport) write(w io.Writer, format report.Format, out report.Chains) error {
	if !r.toFile() {
		return report.WriteChains(w, format, out)
	}
	f, err := MatchOptions{Out: r.Out}.openOutput()
	if err != nil {
		return err
	}
	defer f.discard()
	if err := report.WriteChains(f, format, out); err != nil {
		return err
	}
	if err := f.finish(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s: %d payments\n", r.Out, len(out.Chains))
	return err
}

func (a *App) storedChains(ctx context.Context, out *report.Chains) error {
	for _, l := range a.cfg.Ledgers {
		chains, err := a.store.Chains(ctx, l.Name, out.Window)
		if err != nil {
			return err
		}
		out.Chains = append(out.Chains, chains...)
	}
	return nil
}

func (a *App) computedChains(ctx context.Context, out *report.Chains) error {
	if err := checkRules(a.cfg); err != nil {
		return err
	}
	all, coverage, err := a.readChains(ctx, task{window: out.Window, asOf: out.AsOf})
	if err != nil {
		return err
	}
	for _, l := range all {
		coverage = append(coverage, l.coverage...)
		for c := range (chain.Auditor{Rules: l.rules}).Follow(l.in) {
			out.Chains = append(out.Chains, c)
		}
	}
	for _, c := range distinct(coverage) {
		for _, g := range c.Gaps {
			out.Gaps = append(out.Gaps, fmt.Sprintf("%s %s: %s", c.Source, c.Scope, g.Reason))
		}
	}
	return nil
}
