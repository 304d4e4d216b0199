package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"parallax/internal/audit"
)

// caseLease is how long a repetition of a case is taken to be under way: after that another worker takes a killed one's place.
const caseLease = time.Hour

// underWay is what a question is about while a case's jobs run.
const underWay = "under way"

// tendCases opens a case for every new unplanned failover in the history, and repeats those that are due: their time has come,
// or something can be read that could not be before. A case that another worker has in hand is left to it.
func (a *App) tendCases(ctx context.Context, req Request, result *Result) error {
	failovers, err := a.knownFailovers(ctx, req.AsOf)
	if err != nil {
		return err
	}
	meant, found := a.meant(failovers, req.At)
	if !req.At.IsZero() {
		result.Stated = takenFor(req.At, meant, found)
		a.log.Info(result.Stated)
	}
	var failed error
	for _, f := range failovers {
		c, mine, err := a.takeCase(ctx, f, found && sameFailover(f, meant), req, *result)
		if err == nil && mine {
			err = a.repeatCase(ctx, c, f, req, result)
		}
		failed = errors.Join(failed, err)
		if ctx.Err() != nil {
			break
		}
	}
	return failed
}

// takeCase takes the case of a failover in hand if there is something to do. mine is false where there is not, or where another
// worker was faster. named says that a person asks for this very failover.
func (a *App) takeCase(ctx context.Context, f audit.Failover, named bool, req Request, seen Result) (c audit.Case, mine bool, err error) {
	c, found, err := a.caseOf(ctx, f)
	if err != nil {
		return c, false, err
	}
	reopened, err := a.reopened(ctx, c, req.AsOf)
	if err != nil {
		return c, false, err
	}
	evidence, err := a.caseEvidence(ctx, f, c.Window, seen)
	if err != nil {
		return c, false, err
	}
	switch {
	case !found && (f.Planned || !named && req.AsOf.Sub(f.Promoted) > a.cfg.Failover.GiveUp):
		return c, false, nil
	case !found:
		c = a.newCase(f, req.AsOf)
		c.Evidence = evidence
		mine, err = a.store.OpenCase(ctx, c)
		return c, mine, err
	case !a.due(c, evidence, req.AsOf, named || reopened):
		return c, false, nil
	}
	read := c.AsOf
	if c.State == audit.CaseClosed {
		c.OpenedAt = req.AsOf // it may wait anew
	}
	c.State, c.ClosedAt, c.AsOf, c.NextDue, c.Evidence = audit.CaseOpen, time.Time{}, req.AsOf, req.AsOf.Add(caseLease), evidence
	c.Window = a.caseWindow(f, req.AsOf)
	c.Questions = append(questionsBut(c.Questions, underWay, jobFailed), startedAt(req.AsOf))
	mine, err = a.store.SaveCase(ctx, c, read)
	return c, mine, err
}

func (a *App) caseOf(ctx context.Context, f audit.Failover) (audit.Case, bool, error) {
	cases, err := a.store.Cases(ctx)
	if err != nil {
		return audit.Case{}, false, err
	}
	i := slices.IndexFunc(cases, func(c audit.Case) bool { return c.Cluster == f.Cluster && c.To == f.To && c.At.Equal(f.At) })
	if i < 0 {
		return audit.Case{}, false, nil
	}
	return cases[i], true, nil
}

func (a *App) newCase(f audit.Failover, asOf time.Time) audit.Case {
	return audit.Case{
		Cluster: f.Cluster, To: f.To, At: f.At, Window: a.caseWindow(f, asOf), State: audit.CaseOpen,
		NextDue: asOf.Add(caseLease), OpenedAt: asOf, AsOf: asOf, Questions: []audit.Question{startedAt(asOf)}, Runs: []audit.CaseRun{},
	}
}

func startedAt(asOf time.Time) audit.Question {
	return audit.Question{
		About: underWay, Text: "its jobs are being run, since " + asOf.UTC().Format(time.RFC3339),
		Remedy: fmt.Sprintf("wait; if they were killed, they are run again %s later", caseLease),
	}
}

// caseWindow is what the jobs of a case look at, as far as it has happened.
func (a *App) caseWindow(f audit.Failover, asOf time.Time) audit.Window {
	from, to := minTime(f.At, f.Promoted.Add(-f.PromotedError)), f.Promoted.Add(f.PromotedError)
	return audit.Window{From: from.Add(-a.cfg.Failover.Before), To: minTime(to.Add(a.cfg.Failover.After), asOf)}
}

// due reports whether a case is to be repeated, at all events if it is asked for. One that another worker has in hand is not,
// until its lease is over.
func (a *App) due(c audit.Case, evidence []string, asOf time.Time, asked bool) bool {
	inHand := slices.ContainsFunc(c.Questions, func(q audit.Question) bool { return q.About == underWay })
	switch {
	case !asOf.After(c.AsOf), inHand && asOf.Before(c.NextDue):
		return false
	case asked:
		return true
	case c.State != audit.CaseOpen:
		return false
	default:
		return !asOf.Before(c.NextDue) || slices.ContainsFunc(evidence, func(e string) bool { return !slices.Contains(c.Evidence, e) })
	}
}

func questionsBut(all []audit.Question, about ...string) []audit.Question {
	return slices.DeleteFunc(slices.Clone(all), func(q audit.Question) bool { return slices.Contains(about, q.About) })
}

// repeatCase runs every job over the window of a case, in the order of their dependence, and settles what is still open. The
// case keeps each run as it ends, so that a killed repetition leaves what it has done.
func (a *App) repeatCase(ctx context.Context, c audit.Case, f audit.Failover, req Request, result *Result) error {
	log := a.log.With(zap.String("failover", f.Key), zap.Stringer("window", c.Window))
	log.Info("reconciling a failover")
	var failed error
	for _, j := range a.caseJobs() {
		run, err := a.runJob(ctx, j, Request{Job: j.name, AsOf: req.AsOf, Now: req.Now, From: c.Window.From, To: c.Window.To})
		if ctx.Err() != nil {
			return errors.Join(failed, ctx.Err())
		}
		if err != nil {
			err = fmt.Errorf("run %s for the failover of %s: %w", j.name, f.Promoted.Format(time.RFC3339), err)
			failed = errors.Join(failed, err)
			c.Questions = append(c.Questions, couldNotRun(j.name, err))
			continue
		}
		result.Runs = append(result.Runs, run)
		c.Runs = withRun(c.Runs, run.RunRecord)
		if saved, err := a.store.SaveCase(ctx, c, c.AsOf); err != nil || !saved {
			log.Info("another worker has this failover in hand")
			return errors.Join(failed, err)
		}
	}
	return errors.Join(failed, a.settleCase(ctx, c, f, req.AsOf))
}

// caseJobs are the jobs that have something to read. The others could say nothing of a failover, and would keep its case open.
func (a *App) caseJobs() []job {
	tables, ledgers, receipts := len(a.cfg.Tables) > 0, len(a.cfg.Ledgers) > 0, len(a.cfg.Receipts) > 0
	configured := map[string]bool{
		"capture": tables, "lww": tables, "ledger": ledgers, "receipts": receipts, "lag": tables || ledgers || receipts,
		"settlement": len(a.cfg.Settlement) > 0, "chain": tables && ledgers || len(a.cfg.Commands) > 0, failoverName: true,
	}
	return slices.DeleteFunc(jobs(), func(j job) bool { return !configured[j.name] })
}

// withRun is the newest run of each job, in the order of the jobs.
func withRun(runs []audit.CaseRun, r audit.RunRecord) []audit.CaseRun {
	runs = slices.DeleteFunc(slices.Clone(runs), func(old audit.CaseRun) bool { return old.Job == r.Job })
	runs = append(runs, audit.CaseRun{Job: r.Job, RunID: r.RunID, Verdict: r.Verdict, AsOf: r.AsOf})
	order := JobNames()
	slices.SortStableFunc(runs, func(x, y audit.CaseRun) int { return slices.Index(order, x.Job) - slices.Index(order, y.Job) })
	return runs
}

// settleCase asks what is still open. A case without a question is closed; one that has waited too long is given up, with its
// questions kept.
func (a *App) settleCase(ctx context.Context, c audit.Case, f audit.Failover, asOf time.Time) error {
	known, err := a.knownFailovers(ctx, asOf) // as the runs have measured them
	if err != nil {
		return err
	}
	for _, now := range known {
		if now.Cluster == f.Cluster && now.To == f.To && now.At.Equal(f.At) {
			f = now
		}
	}
	failed := slices.DeleteFunc(slices.Clone(c.Questions), func(q audit.Question) bool { return q.About != jobFailed })
	came, err := a.caseEvidence(ctx, f, c.Window, Result{}) // of files, by its own runs too
	if err != nil {
		return err
	}
	c.Evidence = slices.Compact(slices.Sorted(slices.Values(append(came, c.Evidence...))))
	if c.Questions, err = a.questions(ctx, c, f); err != nil {
		return err
	}
	c.Questions = append(c.Questions, failed...)
	c.NextDue = asOf.Add(a.cfg.Failover.Repeat)
	switch {
	case len(c.Questions) == 0:
		c.State, c.NextDue, c.ClosedAt = audit.CaseClosed, time.Time{}, asOf
	case asOf.Sub(c.OpenedAt) >= a.cfg.Failover.GiveUp:
		c.State, c.NextDue, c.ClosedAt = audit.CaseGivenUp, time.Time{}, asOf
	}
	saved, err := a.store.SaveCase(ctx, c, c.AsOf)
	if err == nil && !saved {
		a.log.Info("another worker has this failover in hand", zap.String("failover", f.Key))
	}
	return err
}

// countForCases lets runs of all jobs count as a repetition of the case of every unplanned failover whose whole window they
// looked at: a part of it says nothing of the rest. The jobs are not run again.
func (a *App) countForCases(ctx context.Context, req Request, result Result) error {
	failovers, err := a.knownFailovers(ctx, req.AsOf)
	if err != nil {
		return err
	}
	for _, f := range failovers {
		if f.Planned || !(audit.Window{From: req.From, To: req.To}).Covers(a.caseWindow(f, req.AsOf)) {
			continue
		}
		if err := a.countForCase(ctx, f, req, result); err != nil {
			return err
		}
	}
	return nil
}

func (a *App) countForCase(ctx context.Context, f audit.Failover, req Request, result Result) error {
	c, found, err := a.caseOf(ctx, f)
	if err != nil {
		return err
	}
	read := c.AsOf
	if found && (!req.AsOf.After(c.AsOf) || a.inHand(c, req.AsOf)) {
		return nil
	}
	if !found {
		c = a.newCase(f, req.AsOf)
	}
	if c.Evidence, err = a.caseEvidence(ctx, f, c.Window, result); err != nil {
		return err
	}
	c.State, c.ClosedAt, c.AsOf, c.NextDue, c.Window = audit.CaseOpen, time.Time{}, req.AsOf, req.AsOf.Add(caseLease), a.caseWindow(f, req.AsOf)
	c.Questions = nil
	for _, run := range result.Runs {
		c.Runs = withRun(c.Runs, run.RunRecord)
	}
	var mine bool
	if found {
		mine, err = a.store.SaveCase(ctx, c, read)
	} else {
		mine, err = a.store.OpenCase(ctx, c)
	}
	if err != nil || !mine {
		return err
	}
	return a.settleCase(ctx, c, f, req.AsOf)
}

func (a *App) inHand(c audit.Case, asOf time.Time) bool {
	return asOf.Before(c.NextDue) && slices.ContainsFunc(c.Questions, func(q audit.Question) bool { return q.About == underWay })
}
