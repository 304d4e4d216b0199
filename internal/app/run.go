package app

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"go.uber.org/zap"

	"parallax/internal/audit"
	"parallax/internal/pipeline"
	"parallax/sinks/report"
	"parallax/sinks/store"
)

// allJobs asks for every job, in order.
const allJobs = "all"

// failoverName is the job that watches the databases and tends the cases of failovers.
const failoverName = "failover"

// task is one job over one window, speaking for one moment.
type task struct {
	window audit.Window
	asOf   time.Time
	now    time.Time // by the clock here; zero where that is asOf
	stated time.Time // when a person says that there was a failover; zero if nobody does
	after  *after    // what is done once the outcome was committed, or was not; nil where nothing is committed
}

// job is one job of the service.
type job struct {
	name string
	run  func(*App, context.Context, task) (audit.Outcome, error)
}

// jobs are in the order of their dependence: what capture archives, lww and the later ones read.
func jobs() []job {
	return []job{
		{"capture", (*App).captureJob},
		{"lww", (*App).lwwJob},
		{"ledger", (*App).ledgerJob},
		{"receipts", (*App).receiptsJob},
		{"lag", (*App).lagJob},
		{"settlement", (*App).settlementJob},
		{"chain", (*App).chainJob},
		{failoverName, (*App).failoverJob},
	}
}

// JobNames lists the jobs.
func JobNames() []string {
	var names []string
	for _, j := range jobs() {
		names = append(names, j.name)
	}
	return names
}

// Run runs what a request asks for and commits each outcome. Jobs of "all" that cannot run do not keep the others from
// running; their error is returned at the end.
func (a *App) Run(ctx context.Context, req Request) (Result, error) {
	if err := req.Check(); err != nil {
		return Result{}, err
	}
	if err := checkRules(a.cfg); err != nil {
		return Result{}, err
	}
	a.ledgers.enter()
	defer a.ledgers.leave()
	result, err := a.runJobs(ctx, jobs(), req)
	switch {
	case ctx.Err() != nil:
		return result, err
	case req.Job == failoverName && req.From.IsZero():
		return result, errors.Join(err, a.tendCases(ctx, req, &result))
	case req.Job == allJobs && !req.From.IsZero():
		return result, errors.Join(err, a.countForCases(ctx, req, result))
	}
	return result, err
}

func (a *App) runJobs(ctx context.Context, jobs []job, req Request) (Result, error) {
	var result Result
	var failed error
	for _, j := range jobs {
		if req.Job != j.name && req.Job != allJobs {
			continue
		}
		run, err := a.runJob(ctx, j, req)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("run %s: %w", j.name, err))
			if ctx.Err() != nil {
				break
			}
			continue
		}
		result.Runs = append(result.Runs, run)
	}
	return result, failed
}

func (a *App) runJob(ctx context.Context, j job, req Request) (report.Run, error) {
	window, err := req.window(a.cfg, j.name)
	if err != nil {
		return report.Run{}, err
	}
	id, err := newRunID(j.name, req.AsOf)
	if err != nil {
		return report.Run{}, err
	}
	basis, err := basisOf(a.cfg, j.name)
	if err != nil {
		return report.Run{}, err
	}
	log := a.log.With(zap.String("job", j.name), zap.String("run_id", id), zap.Stringer("window", window))
	log.Info("run started")
	speaks := audit.Outcome{RunID: id, Job: j.name, AsOf: req.AsOf, Basis: basis}
	at := task{window: window, asOf: req.AsOf, now: req.Now, stated: req.At}
	outcome, err := a.perform(ctx, j, speaks, at)
	if errors.Is(err, store.ErrStale) && ctx.Err() == nil {
		log.Info("another run moved the cursors meanwhile: reading again from where it came to")
		outcome, err = a.perform(ctx, j, speaks, at)
	}
	if err != nil {
		return report.Run{}, err
	}
	log.Info("run ended", zap.String("verdict", string(outcome.Verdict())), zap.Int("findings", len(outcome.Findings)))
	return a.reported(ctx, id)
}

// perform lets a job speak once for the moment, under the name and on the basis given, and commits what it says.
func (a *App) perform(ctx context.Context, j job, speaks audit.Outcome, t task) (outcome audit.Outcome, err error) {
	window := t.window
	t.after = &after{}
	defer func() { t.after.run(ctx, a.log, err == nil) }()
	outcome, err = j.run(a, ctx, t)
	a.progress("", 0, 0)
	if err != nil {
		return outcome, err
	}
	outcome.RunID, outcome.Job, outcome.AsOf, outcome.Basis = speaks.RunID, speaks.Job, speaks.AsOf, speaks.Basis
	if outcome.Window.Empty() {
		outcome.Window = window
	}
	if len(outcome.Coverage) == 0 {
		outcome.Coverage = append(outcome.Coverage, notConfigured(j.name, window, "what this job reads"))
	}
	outcome.Coverage = distinct(outcome.Coverage)
	bound(&outcome, a.cfg.Limits.MaxFindings)
	return outcome, a.store.Commit(ctx, outcome)
}

// newRunID names a run: when it spoke for, which job, and what tells it apart from a repeat of itself.
func newRunID(job string, asOf time.Time) (string, error) {
	var b [4]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", fmt.Errorf("name run: %w", err)
	}
	return fmt.Sprintf("%s-%s-%s", asOf.UTC().Format("20060102T150405Z"), job, hex.EncodeToString(b[:])), nil
}

// distinct drops a line of coverage that says what an earlier one has said: jobs that build on others read some sources
// more than once.
func distinct(lines []audit.Coverage) []audit.Coverage {
	var out []audit.Coverage
	for _, c := range lines {
		if !slices.ContainsFunc(out, func(o audit.Coverage) bool { return sameReading(o, c) }) {
			out = append(out, c)
		}
	}
	return out
}

// sameReading reports whether two lines tell of the same source with the same result.
func sameReading(a, b audit.Coverage) bool {
	a.Matched, b.Matched, a.Window, b.Window = 0, 0, audit.Window{}, audit.Window{}
	return reflect.DeepEqual(a, b)
}

// bound keeps at most limit findings, the gravest, and leaves a gap that says how many were cut, so that the run is not taken
// for complete. What is only expected is no news, and is bounded apart: ten times as many.
func bound(o *audit.Outcome, limit int) {
	if limit <= 0 {
		return
	}
	expected := func(f audit.Finding) bool { return f.Status == audit.Expected }
	told := slices.DeleteFunc(slices.Clone(o.Findings), expected)
	inFlight := slices.DeleteFunc(slices.Clone(o.Findings), func(f audit.Finding) bool { return !expected(f) })
	if len(told) <= limit && len(inFlight) <= 10*limit {
		return
	}
	total := len(o.Findings)
	grave := []audit.Severity{audit.Critical, audit.High, audit.Medium, audit.Low}
	slices.SortStableFunc(told, func(a, b audit.Finding) int {
		return cmp.Compare(slices.Index(grave, a.Severity), slices.Index(grave, b.Severity))
	})
	o.Findings = slices.Concat(told[:min(limit, len(told))], inFlight[:min(10*limit, len(inFlight))])
	o.Coverage = append(o.Coverage, audit.Coverage{Source: "findings", Scope: o.Job, Window: o.Window, Gaps: []audit.Gap{{
		Window: o.Window, Reason: fmt.Sprintf("%d findings, only the gravest %d kept", total, len(o.Findings)),
		Remedy: "raise limits.max_findings, or run a shorter window",
	}}})
}

// judge lets an auditor speak and adds its words, and the coverage it rests on, to an outcome.
func judge[In any](o *audit.Outcome, auditor pipeline.Auditor[In], in In, coverage []audit.Coverage) {
	add(o, auditor.Audit(in), coverage)
}

// add puts a judgement and the coverage it rests on into an outcome. What the auditor matched or left out is counted in the
// first of the lines.
func add(o *audit.Outcome, j audit.Judgement, coverage []audit.Coverage) {
	o.Findings = append(o.Findings, j.Findings...)
	o.Matches = append(o.Matches, j.Matches...)
	o.Samples = append(o.Samples, j.Samples...)
	o.Failovers = append(o.Failovers, j.Failovers...)
	o.Chains = append(o.Chains, j.Chains...)
	o.Coverage = append(o.Coverage, coverage...)
	if len(coverage) > 0 && (j.Matched > 0 || len(j.Excluded) > 0) {
		first := &o.Coverage[len(o.Coverage)-len(coverage)]
		first.Matched += j.Matched
		first.Excluded = append(first.Excluded, j.Excluded...)
	}
}
