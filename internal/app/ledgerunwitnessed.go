package app

import (
	"fmt"
	"slices"

	"parallax/auditors/ledger"
	"parallax/internal/audit"
)

// unwitnessedSource is the line of coverage of an old primary that was to be compared and was not.
const unwitnessedSource = "old primary"

// unwitnessed leaves a gap for every unplanned failover of the window whose old primary was not held against the ledger in force:
// what it took and never replicated is seen nowhere else in the ledgers, so that without it they agree however much is lost.
func (c *ledgerAudit) unwitnessed(pairs []*ledgerPair) {
	for _, promotion := range c.promotions {
		at := audit.At(promotion.At).Around(promotion.Error + c.ledger.Margin)
		if intersect(at, c.window).Empty() || c.witnessed(pairs, promotion) {
			continue
		}
		c.further = append(c.further, audit.Coverage{Source: unwitnessedSource, Scope: c.ledger.Name, Region: promotion.From, Window: c.window, Gaps: []audit.Gap{{
			Window: c.window, Reason: fmt.Sprintf("the old primary of the failover to %s at %s was not compared: rows that it lost cannot be seen", promotion.To, stamp(promotion.At)),
			Remedy: "restore its snapshot, rds:unplanned-global-failover-..., and configure it under ledgers[].snapshot or snapshots",
		}}})
	}
}

// witnessed reports whether a copy of the old primary of a promotion was compared, or says itself why not.
func (c *ledgerAudit) witnessed(pairs []*ledgerPair, promotion ledger.Promotion) bool {
	of := func(one *ledgerCopy) bool {
		return one.snapshot() && (promotion.From == "" || one.src.Region == promotion.From)
	}
	if slices.ContainsFunc(pairs, func(p *ledgerPair) bool { return of(p.other) && !c.anotherOf(p, promotion.At) }) {
		return true
	}
	return slices.ContainsFunc(c.copies, func(one *ledgerCopy) bool { return of(one) && len(one.line.Gaps) > 0 })
}
