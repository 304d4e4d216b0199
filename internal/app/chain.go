package app

import (
	"context"
	"slices"
	"time"

	"parallax/auditors/chain"
	"parallax/internal/audit"
	"parallax/internal/config"
)

// chainJob follows each payment of every ledger along key, entry, receipt and settlement line, and looks at the commands of
// transfers beside it.
func (a *App) chainJob(ctx context.Context, t task) (audit.Outcome, error) {
	var o audit.Outcome
	links, coverage, err := a.readChains(ctx, t)
	if err != nil {
		return o, err
	}
	for _, l := range links {
		judge(&o, chain.Auditor{Rules: l.rules}, l.in, l.coverage)
		if err := a.keepChains(ctx, &o, l, t); err != nil {
			return o, err
		}
	}
	o.Coverage = append(o.Coverage, coverage...)
	return o, a.judgeCommands(ctx, &o, t)
}

// ledgerChains is all that the layers say of one ledger's payments.
type ledgerChains struct {
	ledger   string
	rules    chain.Rules
	in       chain.Input
	coverage []audit.Coverage
	complete bool // every layer was read without a gap
}

// readChains reads all layers of every ledger. The coverage beside them is that of what they share, and of ledgers that
// could not be followed.
func (a *App) readChains(ctx context.Context, t task) ([]ledgerChains, []audit.Coverage, error) {
	if len(a.cfg.Tables) == 0 {
		return nil, []audit.Coverage{notConfigured("archive", t.window, "tables")}, nil
	}
	var coverage []audit.Coverage
	if len(a.cfg.Ledgers) == 0 {
		coverage = append(coverage, notConfigured("aurora", t.window, "ledgers"))
	}
	table := a.cfg.Tables[0]
	h, err := a.readArchiveAround(ctx, table, t, max(historyContext, table.Keep)) // a key that is removed too early is told by its beginning
	if err != nil {
		return nil, nil, err
	}
	failovers, err := a.store.Failovers(ctx)
	if err != nil {
		return nil, nil, err
	}
	var all []ledgerChains
	for _, l := range a.cfg.Ledgers {
		copies, err := a.readLedger(ctx, l, t.window.Around(ledgerContext))
		if err != nil {
			return nil, nil, err
		}
		if copies.writer == nil {
			coverage = append(coverage, append(copies.coverage, noWriter(l, t.window))...)
			continue
		}
		copies.checkStatuses(l)
		one := ledgerChains{
			ledger: l.Name, rules: chainRules(l, table, h, t.window), coverage: copies.coverage,
			in: chain.Input{Window: t.window, AsOf: t.asOf, Entries: copies.writer, Snapshot: copies.snapshot, Keys: h.changes, Failovers: failovers},
		}
		if err := a.readLinks(ctx, &one, l, copies, t); err != nil {
			return nil, nil, err
		}
		one.complete = h.complete() && complete(one.coverage)
		all = append(all, one)
	}
	return all, append(coverage, h.coverage...), nil
}

// readLinks asks the receipts and the settlement of a ledger, whose words are taken over.
func (a *App) readLinks(ctx context.Context, one *ledgerChains, l config.Ledger, copies ledgerCopies, t task) error {
	var receipts receiptLinks
	for _, r := range a.cfg.Receipts {
		if r.Ledger != l.Name {
			continue
		}
		result, lines, err := a.holdReceipts(ctx, r, l, copies, t.window.Around(ledgerContext), true, t)
		if err != nil {
			return err
		}
		one.in.Receipts = append(one.in.Receipts, result.Findings...)
		one.coverage = append(one.coverage, lines...)
		receipts.pairs = append(receipts.pairs, result.Trace)
	}
	one.in.ReceiptOf = receipts.outside()
	settlement := newSettlementLinks(l)
	for _, feed := range a.cfg.Settlement {
		if feed.Ledger != l.Name {
			continue
		}
		s, err := a.tieOut(ctx, feed, l, copies, openItems{}, bankWindow(t.window).From, t)
		if err != nil {
			return err
		}
		one.in.Settled = append(one.in.Settled, s.result.Findings...)
		one.coverage = append(one.coverage, s.coverage)
		settlement.take(feed, l, s, t)
	}
	one.in.SettledOf = settlement.outside()
	return nil
}

func complete(lines []audit.Coverage) bool {
	return !slices.ContainsFunc(lines, func(c audit.Coverage) bool { return !c.Complete() })
}

func chainRules(l config.Ledger, table config.Table, h *tableArchive, w audit.Window) chain.Rules {
	at := table.Attributes
	return chain.Rules{
		Scope: l.Name, Table: table.Name, Charged: l.Statuses.Charged, Refused: l.Statuses.Refused, Refunded: l.Statuses.Refunded, Deadline: table.Settle,
		PaymentID: at.PaymentID, AmountMinor: at.AmountMinor, Currency: at.Currency, Status: at.Status, Origin: at.Origin,
		TTL: at.TTL, Keep: table.Keep, KeysComplete: h.complete(), KeysFrom: keysFrom(h, w),
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
