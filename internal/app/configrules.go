package app

import (
	"maps"
	"slices"
	"strings"

	"github.com/bojanz/currency"

	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/reconcile"
)

// checkRules reports the settlement rules that no run could apply, as config.Problems. The configuration itself cannot tell:
// it knows neither the fields of lines nor currencies.
func checkRules(cfg *config.Config) error {
	var wrong config.Problems
	for _, feed := range cfg.Settlement {
		c := rulesCheck{cfg: cfg, feed: feed, key: "settlement." + feed.Name}
		for _, l := range cfg.Ledgers {
			if l.Name == feed.Ledger {
				c.ledger = l
			}
		}
		c.check()
		wrong = append(wrong, c.wrong...)
	}
	if len(wrong) == 0 {
		return nil
	}
	return wrong.Sorted()
}

// rulesCheck looks at one feed.
type rulesCheck struct {
	cfg    *config.Config
	feed   config.Settlement
	ledger config.Ledger
	key    string // of the feed
	wrong  config.Problems
}

func (c *rulesCheck) say(key, text string) {
	c.wrong = append(c.wrong, c.cfg.Problem(c.key+"."+key, text))
}

func (c *rulesCheck) check() {
	c.currencies("rules.tolerance", c.feed.Rules.Tolerance)
	c.tiers()
	c.fees()
	rules := matchRules(c.feed, c.ledger)
	if rules.MissingBusinessDays < rules.ExpectBusinessDays {
		c.say("missing_business_days", "must not be less than expect_business_days, which rules.like may have set")
	}
	if len(c.wrong) == 0 { // what is said of one rule need not be said again of all
		if err := rules.Check(); err != nil {
			c.say("rules", err.Error())
		}
	}
	if err := bankRules(c.feed, config.Statement{}).Check(); err != nil {
		c.say("bank", err.Error())
	}
	if _, err := reader(c.feed); err != nil {
		c.say(layoutKey(c.feed.Format), err.Error())
	}
}

// layoutKey is where the layout of a format stands.
func layoutKey(format string) string {
	switch format {
	case formatCSV, "stripe", "checkout":
		return "csv"
	case formatFixed:
		return "fixed"
	default:
		return "format"
	}
}

// tiers wants fields that lines have and columns that the ledger maps: of others a key would always be empty.
func (c *rulesCheck) tiers() {
	for _, t := range tiers(c.feed.Rules.Tiers) {
		key := "rules.tiers." + t.Name + ".key"
		if err := (reconcile.Rules{Tiers: []reconcile.Tier{t}}).Check(); err != nil {
			c.say(key, err.Error())
			continue
		}
		for _, f := range t.Key {
			if _, extra := c.ledger.Columns.Extra[f.Ledger]; extra || slices.Contains(entryFields(), f.Ledger) {
				continue
			}
			c.say(key, "the ledger has no field "+f.Ledger+": it has "+strings.Join(entryFields(), ", ")+
				", and what ledgers."+c.ledger.Name+".columns.extra names")
			break
		}
	}
}

// entryFields are the fields every ledger can have, as reconcile.Field names them.
func entryFields() []string {
	return []string{"payment_id", "idempotency_key", "reference", "rrn", "auth_code", "amount", "currency"}
}

func (c *rulesCheck) fees() {
	for i, f := range feeRules(c.feed.Rules.Fees) {
		key, configured := "rules.fees."+f.Name, c.feed.Rules.Fees[i]
		if err := (reconcile.Rules{Fees: []reconcile.FeeRule{f}}).Check(); err != nil {
			c.say(key, err.Error())
		}
		c.currencies(key+".fixed", configured.Fixed)
		c.currencies(key+".min", configured.Min)
		c.currencies(key+".max", configured.Max)
		for _, code := range f.Currencies {
			c.currency(key+".currencies", code)
		}
	}
}

// currencies checks the keys of amounts by currency.
func (c *rulesCheck) currencies(key string, minor map[string]int) {
	for _, code := range slices.Sorted(maps.Keys(minor)) {
		c.currency(key+"."+code, code)
	}
}

func (c *rulesCheck) currency(key, code string) {
	if _, known := currency.GetDigits(code); !known {
		c.say(key, "not a currency: write its ISO 4217 letters in upper case, such as GBP")
	}
}

// wrongRules is the gap of a feed whose rules mean nothing; the other feeds are not to suffer for it.
func wrongRules(feed string, rules reconcile.Rules, w audit.Window) (audit.Gap, bool) {
	err := rules.Check()
	if err == nil {
		return audit.Gap{}, false
	}
	return audit.Gap{Window: w, Reason: "the rules cannot be applied: " + err.Error(), Remedy: "correct settlement." + feed + ".rules, see parallax config check"}, true
}
