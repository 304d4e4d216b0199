package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"parallax/internal/audit"
	"parallax/sinks/report"
	"parallax/sinks/store"
)

// nearFailover is how far from the moment that was asked for a failover may lie.
const nearFailover = time.Hour

// DossierRequest asks for the dossier of a failover.
type DossierRequest struct {
	At     time.Time // of the failover, within an hour; zero: the newest unplanned one
	Format string    // table, html, print, json, xlsx or csv; empty: by the file's ending, else table
	Out    string    // file to write to; empty: standard output
	Repair string    // folder of repair files whose names the dossier gives, or its manifest; empty: none was made

	Flag     string // that names the format; empty: --format
	Terminal bool   // standard output is one
}

// Check refuses what cannot be written, before anything is opened.
func (r DossierRequest) Check() error {
	_, err := r.format()
	return err
}

func (r DossierRequest) format() (report.Format, error) {
	ending := strings.ToLower(strings.TrimPrefix(filepath.Ext(r.Out), "."))
	format, err := report.ParseFormat(cmp.Or(r.Format, ending, string(report.Table)),
		report.Table, report.HTML, report.Print, report.JSON, report.XLSX, report.CSV)
	switch {
	case err != nil && r.Format != "":
		return format, fmt.Errorf("%s: %w", cmp.Or(r.Flag, "--format"), err)
	case err != nil:
		return format, fmt.Errorf("--out %s: its ending names no format: give --format", r.Out)
	}
	return format, noWorkbookOn(r.Terminal && (r.Out == "" || r.Out == standardOutput), format)
}

// noWorkbookOn refuses to show a workbook on a terminal.
func noWorkbookOn(terminal bool, format report.Format) error {
	if terminal && format == report.XLSX {
		return errors.New("--format xlsx is nothing for a terminal: name a file with --out FILE.xlsx, or redirect standard output")
	}
	return nil
}

// ReportFailover writes the dossier of a failover to w, or to the file that is asked for.
func (a *App) ReportFailover(ctx context.Context, w io.Writer, r DossierRequest) error {
	format, err := r.format()
	if err != nil {
		return err
	}
	facts, err := a.dossierFacts(ctx, r)
	if err != nil {
		return err
	}
	d := facts.dossier()
	if r.Out == "" || r.Out == standardOutput {
		return report.WriteDossier(w, format, d)
	}
	if err := writeDossierFile(r.Out, format, d); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s: %s\n", r.Out, d.WithHeadline().Headline.Title)
	return err
}

// writeDossierFile replaces a file by a whole dossier or leaves it as it was.
func writeDossierFile(path string, format report.Format, d report.Dossier) error {
	f, err := MatchOptions{Out: path}.openOutput()
	if err != nil {
		return err
	}
	defer f.discard()
	if err = report.WriteDossier(f, format, d); err == nil {
		err = f.finish()
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// dossierFacts reads all that the store holds about a failover.
func (a *App) dossierFacts(ctx context.Context, r DossierRequest) (dossierFacts, error) {
	var f dossierFacts
	failovers, err := a.store.Failovers(ctx)
	if err != nil {
		return f, err
	}
	cases, err := a.store.Cases(ctx)
	if err != nil {
		return f, err
	}
	f, err = chooseFailover(failovers, cases, r.At)
	if err != nil {
		return f, err
	}
	f.rules = a.dossierRules()
	if f.repair, err = readRepairFolder(r.Repair); err == nil {
		err = f.repair.about(f.failover.At)
	}
	if err != nil {
		return f, err
	}
	wide := audit.Window{From: f.failover.At.Add(-a.cfg.Failover.Before), To: f.failover.At.Add(a.cfg.Failover.After)}
	if f.kase != nil {
		wide = f.kase.Window
	}
	runs, err := a.store.RunsOver(ctx, wide)
	if err != nil {
		return f, err
	}
	f.choose(wide, runs)
	return f, a.readDossier(ctx, &f)
}

// readDossier reads what lies in the dossier's window.
func (a *App) readDossier(ctx context.Context, f *dossierFacts) (err error) {
	if f.findings, _, err = a.store.Findings(ctx, store.Filter{Within: f.window}); err != nil {
		return err
	}
	history := audit.Window{From: f.window.From, To: f.horizon()}
	if f.events, err = a.store.TopologyEvents(ctx, f.failover.Cluster, history); err != nil {
		return err
	}
	for _, l := range a.cfg.Ledgers {
		chains, err := a.store.Chains(ctx, l.Name, f.window)
		if err != nil {
			return err
		}
		f.chains = append(f.chains, chains...)
	}
	for _, feed := range a.cfg.Settlement {
		files, err := a.store.Files(ctx, feed.Name)
		if err != nil {
			return err
		}
		f.settled = append(f.settled, files...)
	}
	return nil
}

func (a *App) dossierRules() dossierRules {
	rules := dossierRules{rpo: a.cfg.Objectives.RPO, rto: a.cfg.Objectives.RTO, snapshotAlarm: a.cfg.Topology.SnapshotAlarm}
	for _, job := range []struct {
		name       string
		configured bool
	}{
		{"lww", len(a.cfg.Tables) > 0}, {"ledger", len(a.cfg.Ledgers) > 0}, {"receipts", len(a.cfg.Receipts) > 0},
		{"settlement", len(a.cfg.Settlement) > 0}, {"chain", len(a.cfg.Tables) > 0 && len(a.cfg.Ledgers) > 0},
		{"failover", a.cfg.Topology.GlobalCluster != ""},
	} {
		if job.configured {
			rules.jobs = append(rules.jobs, job.name)
		}
	}
	return rules
}

// chooseFailover finds the failover that is asked for, its case, and its neighbours. A case without a failover was opened by
// hand and counts as one.
func chooseFailover(failovers []audit.Failover, cases []audit.Case, at time.Time) (dossierFacts, error) {
	known := slices.Clone(failovers)
	for _, c := range cases {
		if !slices.ContainsFunc(failovers, func(f audit.Failover) bool { return caseOf(c, f) }) {
			known = append(known, audit.Failover{Cluster: c.Cluster, To: c.To, At: c.At})
		}
	}
	slices.SortStableFunc(known, func(x, y audit.Failover) int { return x.At.Compare(y.At) })
	chosen := -1
	for i, f := range known {
		switch {
		case at.IsZero() && !f.Planned:
			chosen = i
		case !at.IsZero() && distance(f, at) <= nearFailover && (chosen < 0 || distance(f, at) < distance(known[chosen], at)):
			chosen = i
		}
	}
	if chosen < 0 {
		return dossierFacts{}, noFailover(known, at)
	}
	facts := dossierFacts{failover: known[chosen], others: slices.Delete(slices.Clone(known), chosen, chosen+1)}
	for _, c := range cases {
		if caseOf(c, facts.failover) {
			facts.kase = &c
		}
	}
	return facts, nil
}

// distance is how far a moment lies from a failover: from its beginning or its promotion, whichever is nearer.
func distance(f audit.Failover, at time.Time) time.Duration {
	d := f.At.Sub(at).Abs()
	if !f.Promoted.IsZero() {
		d = min(d, f.Promoted.Sub(at).Abs())
	}
	return d
}

func caseOf(c audit.Case, f audit.Failover) bool {
	return c.Cluster == f.Cluster && c.To == f.To && c.At.Equal(f.At)
}

// noFailover says which failovers there are, where none was found.
func noFailover(known []audit.Failover, at time.Time) error {
	const hint = "parallax run failover looks for one, and with --at it reconciles a moment of your choice"
	if len(known) == 0 {
		return fmt.Errorf("no failover is known: %s", hint)
	}
	const shown = 10
	var names []string
	for _, f := range known[max(0, len(known)-shown):] {
		word := "unplanned"
		if f.Planned {
			word = "planned"
		}
		names = append(names, fmt.Sprintf("%s to %s (%s)", f.At.UTC().Format(time.RFC3339), cmp.Or(string(f.To), "an unknown region"), word))
	}
	if at.IsZero() {
		return fmt.Errorf("no unplanned failover is known; known are %s (--at chooses one); %s", strings.Join(names, ", "), hint)
	}
	return fmt.Errorf("no failover is known within an hour of %s; the newest known are %s", at.UTC().Format(time.RFC3339), strings.Join(names, ", "))
}
