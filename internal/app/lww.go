package app

import (
	"context"
	"fmt"
	"slices"

	"parallax/auditors/lww"
	"parallax/internal/audit"
	"parallax/internal/config"
)

// lwwJob looks for writes that last-writer-wins has thrown away, in every configured table.
func (a *App) lwwJob(ctx context.Context, t task) (audit.Outcome, error) {
	var o audit.Outcome
	if len(a.cfg.Tables) == 0 {
		o.Coverage = append(o.Coverage, notConfigured("archive", t.window, "tables"))
	}
	for _, table := range a.cfg.Tables {
		result, coverage, err := a.auditTable(ctx, table, t)
		if err != nil {
			return o, err
		}
		add(&o, audit.Judgement{Findings: result.Findings, Excluded: result.Excluded, Matched: result.Matched}, coverage)
	}
	return o, nil
}

// auditTable reads one table's archive and judges it. A hole in a chain of images that no gap explains is a gap too.
func (a *App) auditTable(ctx context.Context, table config.Table, t task) (lww.Result, []audit.Coverage, error) {
	h, err := a.readArchive(ctx, table, t)
	if err != nil {
		return lww.Result{}, nil, err
	}
	rules := a.lwwRules(table)
	rules.Regions = slices.Concat(rules.Regions, h.unread)
	auditor := lww.Auditor{Rules: rules}
	result := auditor.Audit(lww.Input{Window: t.window, AsOf: t.asOf, Changes: h.changes, Read: h.reach})
	if result.Unjudged > 0 {
		h.coverage[0].Gaps = append(h.coverage[0].Gaps, audit.Gap{
			Window: t.window, Reason: fmt.Sprintf("%d versions of the window cannot be judged: a gap in a stream, before or after it, hides whether they arrived", result.Unjudged),
			Remedy: "see the gaps of parallax run capture in report coverage; findings about these versions stay as they were",
		})
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
	return result, h.coverage, nil
}

func (a *App) lwwRules(table config.Table) lww.Rules {
	t := table.Attributes
	return lww.Rules{
		Table: table.Name, Regions: a.cfg.Regions, Settle: table.Settle, Financial: table.Financial,
		Attr: lww.Attributes{
			WriteID: t.WriteID, Version: t.Version, Origin: t.Origin, WrittenAt: t.WrittenAt,
			PaymentID: t.PaymentID, AmountMinor: t.AmountMinor, Currency: t.Currency, Status: t.Status, TTL: t.TTL,
		},
	}
}
