package repair

import (
	"maps"
	"slices"
	"strings"

	"parallax/internal/record"
)

// State is what a guard comes to when it is asked.
type State string

// The states of a guard.
const (
	Holds    State = "holds"           // the repair would do what it says
	Done     State = "done"            // already mended, by this file or by somebody else
	Changed  State = "changed"         // no longer as the audit saw it: the repair would change nothing
	UnderWay State = "under way"       // the repair's own copy is there, and is on its way to the other bucket
	Unasked  State = "cannot be asked" // what would tell could not be read
	Expired  State = "expired"         // holds or not, it is too late
)

// Rows says how a row's guard stands, by all rows of its payment on the writer; each maps columns to their text.
func (g RowGuard) Rows(rows []map[string]*string) (State, string) {
	if g.Insert {
		return g.inserted(rows)
	}
	switch is := matching(matching(rows, g.Identity), g.Expect); {
	case len(is) == 1:
		return Holds, ""
	case len(is) > 1:
		return Changed, "more than one row has the values that the audit saw"
	case len(rows) == 0:
		return Changed, "the payment is no longer in the ledger"
	}
	if len(matching(matching(rows, g.meant(rows)), g.Become)) == 1 {
		return Done, ""
	}
	return Changed, "the row no longer has the values that the audit saw"
}

// meant is what tells the row among those of its payment: its row id or, where there is none, what the repair does not touch.
func (g RowGuard) meant(rows []map[string]*string) map[string]*string {
	if len(g.Identity) > 0 || len(rows) == 1 {
		return g.Identity
	}
	untouched := maps.Clone(g.Expect)
	maps.DeleteFunc(untouched, func(name string, _ *string) bool { _, touched := g.Become[name]; return touched })
	return untouched
}

func (g RowGuard) inserted(rows []map[string]*string) (State, string) {
	switch {
	case len(matching(rows, g.Become)) > g.Alike:
		return Done, ""
	case len(rows) >= max(g.Most, 1):
		return Changed, "the payment is in the ledger, with other values than the lost row has"
	}
	return Holds, "unless another value that must be unique is taken, which was not asked"
}

func matching(rows []map[string]*string, values map[string]*string) []map[string]*string {
	return slices.DeleteFunc(slices.Clone(rows), func(row map[string]*string) bool { return !holds(row, values) })
}

// holds reports whether a row has some values.
func holds(row, values map[string]*string) bool {
	for name, want := range values {
		got, ok := row[name]
		if !ok || (got == nil) != (want == nil) || got != nil && *got != *want {
			return false
		}
	}
	return true
}

// Read says how an item's guard stands, by the item as its region has it now.
func (g ItemGuard) Read(now record.Image) (State, string) {
	last := len(g.States) - 1
	switch i := slices.Index(g.States, now); {
	case i == last:
		return Done, ""
	case i > 0:
		return Holds, "the first of its writes is done"
	case i == 0:
		return Holds, ""
	case now.Absent():
		return Changed, "the item is gone"
	}
	return Changed, "the item differs in " + differing(g.States[0], now)
}

// differing names the attributes in which two images differ, never their values.
func differing(a, b record.Image) string {
	var names []string
	for _, c := range changes(Request{Before: a, After: b}) {
		names = append(names, c.Attribute)
	}
	const most = 5
	if len(names) > most {
		names = append(names[:most], "...")
	}
	return remark(strings.Join(names, ", "))
}

// Statuses are what the ledger's statuses mean: Charged ones that stand, and Refunded ones.
type Statuses struct {
	Charged  func(status string) bool
	Refunded []string
}

// Charges says how a refund's guard stands, by the statuses of the rows in the ledger in force: by payment id, then by row id.
func (g ChargeGuard) Charges(now map[string]map[string]string, mean Statuses) (State, string) {
	status, found := g.status(now[g.PaymentID])
	switch {
	case !found && g.InForce:
		return Changed, "the charge is no longer in the ledger"
	case !found, status == g.Status:
	case slices.Contains(mean.Refunded, status):
		return Done, "its status is " + remark(status)
	default:
		return Changed, "its status is " + remark(status) + ", not " + remark(g.Status)
	}
	for id, status := range now[g.Kept] {
		if (id == g.KeptRow || g.KeptRow == "") && mean.Charged(status) {
			return Holds, ""
		}
	}
	return Changed, remarkf("payment %s, which was to stand, is no longer charged", g.Kept)
}

// status is that of the charge's row. One that was lost may be back under another id, which is not that of the charge kept.
func (g ChargeGuard) status(rows map[string]string) (status string, found bool) {
	status, found = rows[g.RowID]
	if g.RowID != "" && (found || g.InForce) {
		return status, found
	}
	for _, id := range slices.Sorted(maps.Keys(rows)) {
		if g.PaymentID != g.Kept || id != g.KeptRow {
			status, found = rows[id], true
		}
	}
	return status, found
}
