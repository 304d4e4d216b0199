package app

import (
	"context"
	"fmt"
	"slices"
	"time"

	"parallax/auditors/lww"
	"parallax/internal/audit"
	"parallax/internal/canary"
	"parallax/internal/config"
	"parallax/internal/history"
)

// historyDepth is how far back the archive is read for the few keys whose history began before what lies around a window.
const historyDepth = 7 * 24 * time.Hour

// lwwJob looks for writes that last-writer-wins has thrown away, in every configured table, and before it in a table whose
// losses are known.
func (a *App) lwwJob(ctx context.Context, t task) (audit.Outcome, error) {
	sealed, err := canary.Open()
	if err != nil {
		return audit.Outcome{}, err
	}
	return a.auditBeside(ctx, sealed, t)
}

// auditBeside audits every configured table, if the audit of the sealed history finds what is known to be in it.
func (a *App) auditBeside(ctx context.Context, sealed canary.History, t task) (audit.Outcome, error) {
	var o audit.Outcome
	if len(a.cfg.Tables) == 0 {
		o.Coverage = append(o.Coverage, notConfigured("archive", t.window, "tables"))
		return o, nil
	}
	gauge, err := a.canary(ctx, sealed, t)
	if err != nil {
		return o, err
	}
	o.Coverage = append(o.Coverage, gauge)
	for _, table := range a.cfg.Tables {
		if err := a.auditLosses(ctx, &o, table, t); err != nil {
			return o, err
		}
	}
	if !gauge.Complete() { // an auditor that misses what is known is not believed in anything
		o.Findings, o.Rejudged = nil, nil
	}
	return o, nil
}

// auditLosses audits one table, and judges again what earlier runs have found unsettled in it.
func (a *App) auditLosses(ctx context.Context, o *audit.Outcome, table config.Table, t task) error {
	unsettled, err := a.unsettled(ctx, table, t.window)
	if err != nil {
		return err
	}
	in := lww.Input{Also: unsettled.keys()}
	result, h, err := a.auditTable(ctx, table, t, in)
	if err != nil {
		return err
	}
	if around, known, err := a.knownBefore(ctx, table, t, result.Findings); err != nil {
		return err
	} else if known {
		if result, h, err = a.auditAround(ctx, table, t, in, around); err != nil {
			return err
		}
	}
	h.coverage[0].Gaps = append(h.coverage[0].Gaps, unsettled.gaps...)
	if len(h.lost) > 0 && table.Scan.AfterGap {
		compared, err := a.compareReplicas(ctx, table, hull(h.lost), result.Findings)
		if err != nil {
			return err
		}
		defer add(o, audit.Judgement{Findings: compared.Findings, Excluded: compared.Excluded, Matched: compared.Matched}, compared.coverage)
	}
	o.Rejudged = append(o.Rejudged, resettle(&result, unsettled.findings)...)
	add(o, audit.Judgement{Findings: result.Findings, Excluded: result.Excluded, Matched: result.Matched}, h.coverage)
	return nil
}

// auditTable audits one table's archive and writes its certificate. A hole in a chain of images that no gap explains is a
// gap too.
func (a *App) auditTable(ctx context.Context, table config.Table, t task, in lww.Input) (history.Result, *tableArchive, error) {
	return a.auditAround(ctx, table, t, in, historyContext)
}

// auditAround is auditTable with the archive read so far around the window.
func (a *App) auditAround(ctx context.Context, table config.Table, t task, in lww.Input, around time.Duration) (history.Result, *tableArchive, error) {
	h, err := a.openArchive(ctx, table, t, around)
	if err != nil {
		return history.Result{}, nil, err
	}
	in.Window, in.AsOf = t.window, t.asOf
	result, err := a.auditorOf(table, h, in).Run(ctx, in)
	if err != nil {
		return result, nil, err
	}
	h.read(result.Damaged)
	h.judged(result)
	return result, h, nil
}

// auditorOf is the audit of a table's archive, with the older part of it at hand.
func (a *App) auditorOf(table config.Table, h *tableArchive, in lww.Input) history.Audit {
	rules := a.lwwRules(table)
	rules.Regions, rules.Strong = slices.Concat(rules.Regions, h.unread), h.strong
	wide := in.Window
	for _, w := range in.Also {
		wide.From = minTime(wide.From, w.From)
	}
	return history.Audit{
		Place: h.place, Rules: rules, Part: history.Part{Segments: h.segments, Read: h.reach},
		Memory: int64(a.cfg.Limits.MemoryMiB) << 20, Dir: a.scratch(),
		Earlier: func(ctx context.Context) (history.Part, error) {
			deep, err := a.openArchive(ctx, table, task{window: wide, asOf: in.AsOf}, historyDepth)
			return history.Part{Segments: deep.segments, Read: deep.reach}, err
		},
		Progress: func(stage string, done, total int) { a.progress(stage+" of "+table.Name, int64(done), int64(total)) },
	}
}

// judged enters what the audit says of its own completeness into the certificate.
func (h *tableArchive) judged(result history.Result) {
	first := &h.coverage[0]
	if result.Context > 0 {
		first.Excluded = append(first.Excluded, audit.Exclusion{Reason: "outside the window, read as context", Records: result.Context})
	}
	if result.Unjudged > 0 {
		gap := audit.Gap{
			Window: h.window, Reason: fmt.Sprintf("%d versions of the window cannot be judged: a gap in a stream, before or after it, hides whether they arrived", result.Unjudged),
			Remedy: "see the gaps of parallax run capture in report coverage; findings about these versions stay as they were",
		}
		if result.TooLarge > 0 {
			gap.Reason += fmt.Sprintf(", or their key is one of %d that have more records than limits.memory_mib holds", result.TooLarge)
			gap.Remedy = "raise limits.memory_mib; " + gap.Remedy
		}
		first.Gaps = append(first.Gaps, gap)
	}
	for i := range h.coverage {
		for _, b := range result.Breaks {
			if b.Region == h.coverage[i].Region {
				h.coverage[i].Gaps = append(h.coverage[i].Gaps, audit.Gap{
					Window: b.Window, Reason: fmt.Sprintf("the history of key %s has a hole: a record is missing between two that were read", b.Key),
					Remedy: "see runbook coverage.gap",
				})
			}
		}
	}
}

func (a *App) lwwRules(table config.Table) lww.Rules {
	t := table.Attributes
	return lww.Rules{
		Table: table.Name, Regions: a.cfg.Regions, Settle: table.Settle, Financial: table.Financial, Clock: table.Clock,
		Attr: lww.Attributes{
			WriteID: t.WriteID, Version: t.Version, Origin: t.Origin, WrittenAt: t.WrittenAt,
			PaymentID: t.PaymentID, AmountMinor: t.AmountMinor, Currency: t.Currency, Status: t.Status, TTL: t.TTL,
		},
	}
}
