package config

import (
	"slices"
	"strings"
)

// checkCommands refuses tables of commands that no run could read or judge.
func (d *decoder) checkCommands(commands []Commands, ledgers []string) {
	for i, c := range commands {
		key := join("commands", nameOr(c.Name, i))
		d.checkLedgerName(c.Ledger, key, ledgers)
		switch {
		case c.Table == "" && c.Query == "":
			d.wrongAt(key, "needs a table or a query")
		case c.Table != "" && c.Query != "":
			d.wrongAt(key, "has both a table and a query: keep one of them")
		case c.Query != "" && !readQuery.MatchString(c.Query):
			d.wrongAt(key+".query", "must be one statement that reads: select ... or with ...")
		}
		if (c.Columns.AmountMinor == "") != (c.Columns.Currency == "") {
			d.wrongAt(key+".columns", "amount_minor and currency belong together: name both or neither")
		}
		d.checkCommandWords(c, key)
	}
}

// checkCommandWords refuses statuses and sides that mean two things, or nothing.
func (d *decoder) checkCommandWords(c Commands, key string) {
	for _, list := range []struct {
		name  string
		words []string
	}{{"pending", c.Pending}, {"done", c.Done}, {"sides", c.Sides}} {
		if slices.ContainsFunc(list.words, func(w string) bool { return strings.TrimSpace(w) == "" }) {
			d.wrongAt(key+"."+list.name, "a value is empty")
		}
	}
	if len(c.Pending) == 0 {
		d.wrongAt(key+".pending", "must name a status: else nothing is ever stuck")
	}
	if len(c.Done) == 0 {
		d.wrongAt(key+".done", "must name a status: else nothing is ever done")
	}
	for _, status := range c.Pending {
		if slices.Contains(c.Done, status) {
			d.wrongAt(key+".done", "status "+status+" stands under pending and under done")
		}
	}
	if c.Columns.Side != "" && len(c.Sides) < 2 {
		d.wrongAt(key+".sides", "name the sides that every transfer must have, two at least")
	}
	for i, side := range c.Sides {
		if slices.Contains(c.Sides[:i], side) {
			d.wrongAt(key+".sides", "side "+side+" stands twice")
		}
	}
}
