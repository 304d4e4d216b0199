package app

import (
	"strings"

	"parallax/internal/config"
	"parallax/internal/record"
	"parallax/reconcile"
)

// matchRules are the rules of a feed as its configuration has them.
func matchRules(feed config.Settlement, l config.Ledger) reconcile.Rules {
	rules := reconcile.Rules{
		Scope: l.Name, Feed: feed.Name, Charged: l.Statuses.Charged, Refused: l.Statuses.Refused,
		Calendar: feed.Calendar.Days(), ExpectBusinessDays: feed.ExpectBusinessDays, MissingBusinessDays: feed.MissingBusinessDays,
		DeliverBy: feed.DeliverBy.Duration(), WrongPeriod: feed.Rules.WrongPeriod,
		Tiers: tiers(feed.Rules.Tiers), Tolerances: minorUnits(feed.Rules.Tolerance), Fees: feeRules(feed.Rules.Fees),
		FX:       reconcile.FX{Check: feed.Rules.FX.Check, Minor: int64(feed.Rules.FX.Minor), BasisPoints: int64(feed.Rules.FX.BasisPoints)},
		Exponent: exponent,
	}
	if feed.Rules.Like != "" {
		likeNetwork(&rules, feed.Rules)
	}
	return rules
}

// likeNetwork takes what is usual of a network where nothing is given. Its cut-off is in the calendar already.
func likeNetwork(rules *reconcile.Rules, c config.MatchRules) {
	usual := reconcile.Defaults(c.Like)
	if !c.Given["expect_business_days"] {
		rules.ExpectBusinessDays = usual.ExpectBusinessDays
	}
	if !c.Given["missing_business_days"] {
		rules.MissingBusinessDays = usual.MissingBusinessDays
	}
	if !c.Given["rules.wrong_period"] {
		rules.WrongPeriod = usual.WrongPeriod
	}
	if !c.Given["rules.fx.check"] {
		rules.FX.Check = usual.FX.Check
	}
}

// tiers reads ledger:line from a field's name; without a colon both sides call it the same.
func tiers(configured []config.Tier) []reconcile.Tier {
	var out []reconcile.Tier
	for _, t := range configured {
		tier := reconcile.Tier{Name: t.Name, Sure: reconcile.Certainty(t.Sure), WithinBusinessDays: t.WithinBusinessDays}
		for _, name := range t.Key {
			ledger, line, _ := strings.Cut(name, ":")
			tier.Key = append(tier.Key, reconcile.Field{Ledger: ledger, Line: line})
		}
		out = append(out, tier)
	}
	return out
}

func feeRules(configured []config.FeeRule) []reconcile.FeeRule {
	var out []reconcile.FeeRule
	for _, f := range configured {
		rule := reconcile.FeeRule{
			Name: f.Name, Kind: record.FeeKind(f.Kind), Currencies: f.Currencies, BasisPoints: f.BasisPoints, Rounding: f.Rounding,
			Fixed: minorUnits(f.Fixed), Min: minorUnits(f.Min), Max: minorUnits(f.Max), Tolerance: int64(f.Tolerance),
		}
		for _, t := range f.Types {
			rule.Types = append(rule.Types, record.LineType(t))
		}
		out = append(out, rule)
	}
	return out
}

func minorUnits(configured map[string]int) map[string]int64 {
	if len(configured) == 0 {
		return nil
	}
	out := make(map[string]int64, len(configured))
	for currency, minor := range configured {
		out[currency] = int64(minor)
	}
	return out
}
