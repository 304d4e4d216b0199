package app

import (
	"context"
	"fmt"

	"parallax/auditors/chain"
	"parallax/internal/audit"
)

// keepChains puts into an outcome the payments whose chain is broken, at most limits.max_findings of them, and those that the
// store knows as broken and that are whole now.
func (a *App) keepChains(ctx context.Context, o *audit.Outcome, l ledgerChains, t task) error {
	stored, err := a.store.Chains(ctx, l.ledger, t.window)
	if err != nil {
		return err
	}
	known := map[string]audit.Chain{}
	for _, c := range stored {
		known[c.PaymentID] = c
	}
	broken, kept := 0, 0
	for c := range (chain.Auditor{Rules: l.rules}).Follow(l.in) {
		old, was := known[c.PaymentID]
		delete(known, c.PaymentID)
		switch {
		case was && hides(old, c):
			continue
		case c.Broken == "" && was && old.Broken != "":
			o.Chains = append(o.Chains, c)
		case c.Broken == "":
			continue
		default:
			if broken++; kept < a.cfg.Limits.MaxFindings || a.cfg.Limits.MaxFindings <= 0 {
				kept++
				o.Chains = append(o.Chains, c)
			}
		}
	}
	if l.complete {
		for _, c := range stored {
			if _, unseen := known[c.PaymentID]; unseen && c.Broken != "" {
				o.Chains = append(o.Chains, explained(c))
			}
		}
	}
	if broken > kept {
		o.Coverage = append(o.Coverage, audit.Coverage{Source: "chains", Scope: l.ledger, Window: t.window, Gaps: []audit.Gap{{
			Window: t.window, Reason: fmt.Sprintf("%d payments have a broken chain, only the first %d are kept", broken, kept),
			Remedy: "raise limits.max_findings, or run a shorter window; parallax report chain lists all",
		}}})
	}
	return nil
}

// hides reports whether a link that was known to be missing is unknown now: what was not read takes nothing back.
func hides(old, now audit.Chain) bool {
	for i, l := range old.Links {
		missing := l.State == audit.LinkAbsent || l.State == audit.LinkLost
		if missing && i < len(now.Links) && now.Links[i].State == audit.LinkUnknown {
			return true
		}
	}
	return false
}

// explained is a chain of something that no layer knows by this name any more: a line whose payment was found, a payment whose
// moment has moved.
func explained(c audit.Chain) audit.Chain {
	links := make([]audit.Link, len(c.Links))
	copy(links, c.Links)
	for i := range links {
		if links[i].Layer == c.Broken {
			links[i].Note = "explained since: no layer knows it by this name any more"
		}
	}
	c.Links, c.Broken = links, ""
	return c
}
