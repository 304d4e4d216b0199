package app

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/pan"
	"parallax/internal/record"
)

// masked are rows as the files' lines are: what looks like a card number is truncated in the keys of both, or they would
// never meet.
func masked(entries []record.Entry) []record.Entry {
	out := slices.Clone(entries)
	for i := range out {
		e := &out[i]
		e.PaymentID, e.IdempotencyKey, e.NetworkReference = pan.Mask(e.PaymentID), pan.Mask(e.IdempotencyKey), pan.Mask(e.NetworkReference)
		e.RRN, e.AuthCode = pan.Mask(e.RRN), pan.Mask(e.AuthCode)
	}
	return out
}

// ofNetwork parts the rows that one feed is expected to carry from those that name another network. A ledger without a
// network column belongs to every feed.
func ofNetwork(entries []record.Entry, network string) (carried, others []record.Entry) {
	for _, e := range entries {
		if e.Network == "" || e.Network == network {
			carried = append(carried, e)
		} else {
			others = append(others, e)
		}
	}
	return carried, others
}

// wrongName is the gap of a feed that has lines while no row of the ledger names it: most likely its name is not spelled
// as the ledger spells the network, and then nothing was compared.
func wrongName(feed string, lines int, carried, others []record.Entry, w audit.Window) (audit.Gap, bool) {
	if lines == 0 || len(carried) > 0 || len(others) == 0 {
		return audit.Gap{}, false
	}
	return audit.Gap{
		Window: w,
		Reason: fmt.Sprintf("feed %q has %d lines, but no row of the ledger is of that network, only of %s", feed, lines, networks(others)),
		Remedy: "settlement.name must equal the ledger's network column",
	}, true
}

// uncarried is the coverage of the charged payments that no configured feed can carry: without one, nobody would say whether
// their money came.
func (a *App) uncarried(l config.Ledger, copies ledgerCopies, w audit.Window) (audit.Coverage, bool) {
	if len(a.cfg.Settlement) == 0 {
		return audit.Coverage{}, false // told already
	}
	var feeds []string
	for _, feed := range a.cfg.Settlement {
		if feed.Ledger == l.Name {
			feeds = append(feeds, feed.Name)
		}
	}
	return uncarried(l, feeds, copies.writer, w)
}

func uncarried(l config.Ledger, feeds []string, rows []record.Entry, w audit.Window) (audit.Coverage, bool) {
	var left []record.Entry
	for _, e := range rows {
		carried := slices.Contains(feeds, e.Network) || slices.Contains(l.NoFile, e.Network) || e.Network == "" && len(feeds) > 0
		if !carried && slices.Contains(l.Statuses.Charged, e.Status) && w.Holds(e.CreatedAt) {
			left = append(left, e)
		}
	}
	if len(left) == 0 {
		return audit.Coverage{}, false
	}
	return audit.Coverage{Source: "settlement", Scope: l.Name, Window: w, Gaps: []audit.Gap{{
		Window: w,
		Reason: fmt.Sprintf("no feed is configured for %d charged payments of ledger %s: %s", len(left), l.Name, networks(left)),
		Remedy: "add a feed under settlement: whose name equals the ledger's network column, or name the network in the ledger's no_file",
	}}}, true
}

// networks lists the networks of some rows, each with the number of its rows.
func networks(entries []record.Entry) string {
	count := map[string]int{}
	for _, e := range entries {
		count[cmp.Or(e.Network, "(none)")]++
	}
	parts := make([]string, 0, len(count))
	for _, name := range slices.Sorted(maps.Keys(count)) {
		parts = append(parts, fmt.Sprintf("%s (%d)", name, count[name]))
	}
	return strings.Join(parts, ", ")
}
