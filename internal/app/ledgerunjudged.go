package app

import (
	"fmt"
	"slices"
	"strings"

	"parallax/auditors/ledger"
	"parallax/internal/audit"
	"parallax/internal/record"
	"parallax/sources/aurora"
)

// unexplained leaves a gap where two copies differ and nobody says so. What is compared in the databases and what is judged
// here are read by different statements: a row that the look-up does not find again, or a difference that only the comparison
// sees, would else pass as clean. Rows that agree by now, for they changed since, are no gap, and neither are rows that were
// numbered or dated anew and are alike otherwise.
func (c *ledgerAudit) unexplained(p *ledgerPair, r aurora.Residue) {
	left, right := rowsOf(r.Left), rowsOf(r.Right)
	writer, other := rowsOf(p.copy.Writer), rowsOf(p.copy.Rows)
	var vanished, unjudged []string
	for payment := range distinctPayments(slices.Concat(r.Left, r.Right)) {
		l, o := left[payment], right[payment]
		switch {
		case !slices.ContainsFunc(slices.Concat(l, o), func(e record.Entry) bool { return c.window.Holds(e.CreatedAt) }):
		case len(l) > 0 && len(writer[payment]) == 0 || len(o) > 0 && len(other[payment]) == 0:
			vanished = append(vanished, payment)
		case !ledger.Alike(c.ledger.Compare, writer[payment], other[payment]): // a rule judges it
		case holdsAll(writer[payment], l) && holdsAll(other[payment], o) && slices.Equal(places(l), places(o)):
			unjudged = append(unjudged, payment)
		}
	}
	c.nobodySays(p, vanished, "%d payments differ from the ledger in force and are not found by their payment id (%s), so no rule judged them",
		"check that payment_id is mapped to a column of the same type in every copy, and that no row is being deleted")
	c.nobodySays(p, unjudged, "the rows of %d payments differ and no rule explains it (%s)",
		"hold the rows against each other in both databases, nulls and empty values too; then correct ledgers[].compare")
	lost := distinctPayments(nil, vanished...)
	gone := func(e record.Entry) bool { return lost[e.PaymentID] }
	p.copy.Writer, p.copy.Rows = slices.DeleteFunc(p.copy.Writer, gone), slices.DeleteFunc(p.copy.Rows, gone)
}

// namedPayments is how many payments a gap names.
const namedPayments = 3

func (c *ledgerAudit) nobodySays(p *ledgerPair, payments []string, reason, remedy string) {
	if len(payments) == 0 {
		return
	}
	slices.Sort(payments)
	names := strings.Join(payments[:min(len(payments), namedPayments)], ", ")
	if len(payments) > namedPayments {
		names += ", ..."
	}
	p.other.gap(audit.Gap{Window: c.window, Reason: fmt.Sprintf("in the "+string(p.copy.Witness)+" of "+string(p.copy.Region)+" "+reason, len(payments), names), Remedy: remedy})
}

func rowsOf(rows []record.Entry) map[string][]record.Entry {
	of := map[string][]record.Entry{}
	for _, e := range rows {
		of[e.PaymentID] = append(of[e.PaymentID], e)
	}
	return of
}

// holdsAll reports whether rows still stand as they were read before.
func holdsAll(now, before []record.Entry) bool {
	is := map[string]bool{}
	for _, e := range now {
		is[fmt.Sprint(e)] = true
	}
	return !slices.ContainsFunc(before, func(e record.Entry) bool { return !is[fmt.Sprint(e)] })
}

// places are where rows stand: their ids and creation times.
func places(rows []record.Entry) []string {
	var all []string
	for _, e := range rows {
		all = append(all, fmt.Sprint(e.ID, " ", e.CreatedAt.UnixMicro()))
	}
	slices.Sort(all)
	return all
}
