package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/lab"
	"parallax/sinks/report"
	"parallax/sinks/store"
)

// DemoOptions say which world to build and where to show what came of it.
type DemoOptions struct {
	Seed     uint64
	Payments int
	Dir      string
	Output   string
	Keep     bool   // leave the world running after the report, until the context ends
	Program  string // how it was called, for the commands it shows
	Out      io.Writer
	Log      io.Writer
	Progress Progress
}

// Demo builds the lab's world, lets its script run, audits it by the same code as in production and shows the findings
// beside the truth. It reports whether the two are equal.
func Demo(ctx context.Context, o DemoOptions) (equal bool, err error) {
	began := time.Now()
	if o.Progress == nil {
		o.Progress = func(string, int64, int64) {}
	}
	format, err := report.ParseFormat(o.Output, report.Table, report.JSON)
	if err != nil {
		return false, err
	}
	if o.Payments < lab.MinPayments {
		return false, fmt.Errorf("--payments %d is too few: the faults of the script need %d", o.Payments, lab.MinPayments)
	}
	dir, release, err := demoFolder(o.Dir)
	if err != nil {
		return false, err
	}
	defer release()
	d := &demo{o: o, dir: dir, format: format}
	defer func() { err = errors.Join(err, d.close()) }()
	if err := d.play(ctx); err != nil {
		return false, err
	}
	result, err := d.app.Run(ctx, Request{Job: allJobs, AsOf: d.world.AsOf(), From: d.from, To: d.to})
	if err != nil {
		return false, err
	}
	o.Progress("", 0, 0)
	scores, err := d.show(ctx, result, time.Since(began))
	if err != nil {
		return false, err
	}
	if o.Keep {
		d.keep(ctx)
	}
	return exact(scores) && result.Verdict() == string(audit.RunFindings), nil
}

// keep leaves the world running and says how to audit it again: its day is in the past, and its AWS is this machine.
func (d *demo) keep(ctx context.Context) {
	fmt.Fprintf(d.o.Log, "the world goes on running until interrupted; audit it again with\n  %s %s run all --config %s --from %s --to %s --as-of %s\n",
		strings.Join(d.world.Env(), " "), d.program(), d.world.ConfigPath(), d.from.Format(time.RFC3339), d.to.Format(time.RFC3339), d.world.AsOf().Format(time.RFC3339))
	<-ctx.Done()
}

// program is how this program was called.
func (d *demo) program() string { return cmp.Or(d.o.Program, "parallax") }

type demo struct {
	o        DemoOptions
	format   report.Format
	dir      string
	world    *lab.World
	app      *App
	from, to time.Time
}

func (d *demo) close() error {
	d.o.Progress("", 0, 0)
	var err error
	if d.app != nil {
		err = d.app.Close()
	}
	if d.world != nil {
		err = errors.Join(err, d.world.Close())
	}
	return err
}

// play builds the world and runs its script. Streams are captured while it runs, as cron would, for they forget.
func (d *demo) play(ctx context.Context) (err error) {
	d.world, err = lab.Build(ctx, lab.Options{
		Dir: d.dir, Seed: d.o.Seed, Payments: d.o.Payments,
		Progress: func(stage string, done, total int) { d.o.Progress(stage, int64(done), int64(total)) },
		Hook:     d.capture,
	})
	if err != nil {
		return fmt.Errorf("build the world: %w", err)
	}
	d.from, d.to = d.world.Window()
	if err := d.open(ctx); err != nil {
		return err
	}
	if err := d.world.Play(ctx); err != nil {
		return fmt.Errorf("play the script: %w", err)
	}
	return nil
}

// open reads the configuration that the world has written, as a user's program would.
func (d *demo) open(ctx context.Context) error {
	for _, setting := range d.world.Env() {
		name, value, _ := strings.Cut(setting, "=")
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	cfg, err := config.Load(d.world.ConfigPath(), d.world.Env())
	if err != nil {
		return err
	}
	d.app, err = Open(ctx, cfg, Options{Log: d.o.Log, Progress: d.o.Progress})
	return err
}

func (d *demo) capture(ctx context.Context, at time.Time) error {
	_, err := d.app.Run(ctx, Request{Job: "capture", AsOf: at, From: d.from, To: at})
	return err
}

// show writes the table, the measures, the coverage and the page, and returns the scores.
func (d *demo) show(ctx context.Context, result Result, took time.Duration) ([]score, error) {
	findings, _, err := d.app.store.Findings(ctx, store.Filter{Status: []audit.Status{audit.Overdue, audit.Open}})
	if err != nil {
		return nil, err
	}
	runs, err := d.app.store.LastRuns(ctx)
	if err != nil {
		return nil, err
	}
	failovers, err := d.app.store.Failovers(ctx)
	if err != nil {
		return nil, err
	}
	scores := scorecard(d.world.Truth().Facts, findings)
	page := filepath.Join(d.dir, "report.html")
	if err := d.writePage(page, runs, findings, failovers); err != nil {
		return nil, err
	}
	dossier := filepath.Join(d.dir, "dossier.html")
	if err := d.writeDossier(ctx, dossier); err != nil {
		return nil, err
	}
	if d.format == report.JSON {
		return scores, writeScores(d.o, scores, exact(scores), page, dossier, filepath.Join(d.dir, repairName), d.world.ConfigPath())
	}
	s := screen{w: d.o.Out, program: d.program()}
	s.title(d.o, took)
	s.scores(scores)
	s.measures(failovers)
	s.coverage(result, runs)
	s.complaints(scores)
	s.paths([]string{relative(page), relative(dossier), relative(filepath.Join(d.dir, repairName))}, relative(d.world.ConfigPath()), findings)
	return scores, s.err
}

func (d *demo) writePage(path string, runs []audit.RunRecord, findings []audit.StoredFinding, failovers []audit.Failover) error {
	f, err := os.Create(path) //nolint:gosec // the demo's own folder
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	err = report.WritePage(f, report.Page{
		Title: "Two regions, one failover", Subtitle: fmt.Sprintf("demo world, %d payments, seed %d", d.o.Payments, d.o.Seed),
		AsOf: d.world.AsOf(), Runs: runs, Findings: findings, Failovers: failovers,
	})
	return errors.Join(err, f.Close())
}

// repairName is the demo's folder of repair files.
const repairName = "repair"

// writeDossier writes what the failover cost, as report failover does, and the repair files that it asks to approve.
func (d *demo) writeDossier(ctx context.Context, path string) error {
	facts, err := d.app.dossierFacts(ctx, DossierRequest{})
	if err != nil {
		return err
	}
	folder := filepath.Join(d.dir, repairName)
	at := facts.failover.At
	if _, err := d.app.WriteRepair(ctx, io.Discard, string(report.Table), RepairRequest{Out: folder, AsOf: d.world.AsOf(), Written: time.Now(), At: at}); err != nil {
		return err
	}
	if facts.repair, err = readRepairFolder(folder); err != nil {
		return err
	}
	facts.repair.dir = relative(folder)
	return writeDossierFile(path, report.HTML, facts.dossier())
}

// relative shows a path from where the user is, if it lies below.
func relative(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	short, err := filepath.Rel(here, path)
	if err != nil || strings.HasPrefix(short, "..") {
		return path
	}
	return short
}
