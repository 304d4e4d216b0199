package app

import (
	"context"
	"time"

	"parallax/auditors/chain"
	"parallax/internal/audit"
	"parallax/internal/config"
)

// chainJob follows each payment of every ledger along key, entry, receipt and settlement line.
func (a *App) chainJob(ctx context.Context, t task) (audit.Outcome, error) {
	var o audit.Outcome
	if len(a.cfg.Tables) == 0 {
		o.Coverage = append(o.Coverage, notConfigured("archive", t.window, "tables"))
		return o, nil
	}
	if len(a.cfg.Ledgers) == 0 {
		o.Coverage = append(o.Coverage, notConfigured("aurora", t.window, "ledgers"))
	}
	table := a.cfg.Tables[0]
	h, err := a.readArchive(ctx, table, t)
	if err != nil {
		return o, err
	}
	for _, l := range a.cfg.Ledgers {
		if err := a.followChain(ctx, &o, l, table, h, t); err != nil {
			return o, err
		}
	}
	o.Coverage = append(o.Coverage, h.coverage...)
	return o, nil
}

func (a *App) followChain(ctx context.Context, o *audit.Outcome, l config.Ledger, table config.Table, h *tableArchive, t task) error {
	around := t.window.Around(ledgerContext)
	copies, err := a.readLedger(ctx, l, around)
	if err != nil {
		return err
	}
	if copies.writer == nil {
		o.Coverage = append(o.Coverage, append(copies.coverage, noWriter(l, t.window))...)
		return nil
	}
	copies.checkStatuses(l)
	coverage := copies.coverage
	in := chain.Input{Window: t.window, AsOf: t.asOf, Entries: copies.writer, Snapshot: copies.snapshot, Keys: h.changes}
	for _, r := range a.cfg.Receipts {
		if r.Ledger != l.Name {
			continue
		}
		result, lines, err := a.holdReceipts(ctx, r, l, copies.writer, around, t)
		if err != nil {
			return err
		}
		in.Receipts = append(in.Receipts, result.Findings...)
		coverage = append(coverage, lines...)
	}
	for _, feed := range a.cfg.Settlement {
		if feed.Ledger != l.Name {
			continue
		}
		s, err := a.tieOut(ctx, feed, l, copies, openItems{}, bankWindow(t.window).From, t)
		if err != nil {
			return err
		}
		in.Settled = append(in.Settled, s.result.Findings...)
		coverage = append(coverage, s.coverage)
	}
	judge(o, chain.Auditor{Rules: chainRules(l, table, h, t.window)}, in, coverage)
	return nil
}

func chainRules(l config.Ledger, table config.Table, h *tableArchive, w audit.Window) chain.Rules {
	at := table.Attributes
	return chain.Rules{
		Scope: l.Name, Table: table.Name, Charged: l.Statuses.Charged, Refused: l.Statuses.Refused, Deadline: table.Settle,
		PaymentID: at.PaymentID, AmountMinor: at.AmountMinor, Currency: at.Currency, Status: at.Status, KeysComplete: h.complete(),
		KeysFrom: keysFrom(h, w),
	}
}

// keysFrom is from when on the archive was read without a gap in every region, as far back as it was read around w.
func keysFrom(h *tableArchive, w audit.Window) time.Time {
	from := w.From.Add(-historyContext)
	for _, reach := range h.reach {
		from = maxTime(from, reach.From)
		for _, gap := range reach.Gaps {
			if gap.From.Before(w.To) {
				from = maxTime(from, gap.To)
			}
		}
	}
	return from
}
