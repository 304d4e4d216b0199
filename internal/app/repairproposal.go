package app

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"parallax/auditors/chain"
	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/sinks/repair"
)

// proposal is a refund that findings ask for: of one charge of an order, while another one stands.
type proposal struct {
	found        []audit.StoredFinding
	charge, kept charge
}

// refundDouble are the charges that a finding says are to be refunded. Without the charge that is to stand there are none: the
// customer would have all his money back.
func (p *planning) refundDouble(l config.Ledger, f audit.StoredFinding, also []audit.StoredFinding, charges map[string][]charge) []proposal {
	var kept audit.Evidence
	var back []audit.Evidence
	for _, e := range f.Evidence {
		switch {
		case e.Note == chain.NoteRefund:
			back = append(back, e)
		case isCharge(e):
			kept = e
		}
	}
	stands, ok := named(kept, charges[kept.Value])
	if why := unlikeKept(l, kept.Value, stands, ok); why != "" {
		p.byHand(f, why, also...)
		return nil
	}
	var out []proposal
	for _, e := range back {
		c, ok := named(e, slices.DeleteFunc(slices.Clone(charges[e.Value]), func(c charge) bool { return sameCharge(c, stands) }))
		switch {
		case ok:
			out = append(out, proposal{found: slices.Concat([]audit.StoredFinding{f}, also), charge: c, kept: stands})
		case e.Value == kept.Value && len(charges[e.Value]) == 1:
			p.byHand(f, "nothing is left to do: of payment "+e.Value+" that charge is gone, and the one that is left stands", also...)
		default:
			p.unread("payment "+e.Value+" can no longer be read in the ledger or in a snapshot of it", slices.Concat([]audit.StoredFinding{f}, also)...)
		}
	}
	return out
}

// named is the charge that a finding's evidence names, by its row id or, inserted again since under another one, by its time.
func named(e audit.Evidence, charges []charge) (charge, bool) {
	is := slices.DeleteFunc(slices.Clone(charges), func(c charge) bool { return "row id "+c.ID != e.Ref })
	if len(is) == 0 && len(charges) == 1 && charges[0].CreatedAt.Equal(e.At) {
		is = charges
	}
	if len(is) != 1 {
		return charge{}, false // of several without row ids none can be told from the others
	}
	return is[0], true
}

func sameCharge(a, b charge) bool {
	return a.PaymentID == b.PaymentID && a.ID == b.ID && a.inForce == b.inForce
}

// unlikeKept says why a charge that is to stand does not.
func unlikeKept(l config.Ledger, payment string, c charge, found bool) string {
	why := "is no longer in the ledger in force"
	switch {
	case found && c.inForce && stillCharged(l, c.Status):
		return ""
	case found && c.inForce:
		why = "is " + c.Status
	}
	return "decide by hand: payment " + payment + ", which was to stand, " + why + "; with the others given back too nothing would be paid"
}

// stillCharged reports whether a status says that the customer's money was taken and not given back.
func stillCharged(l config.Ledger, status string) bool {
	return slices.Contains(l.Statuses.Charged, status) && !slices.Contains(l.Statuses.Refunded, status) && !soundsReturned(status)
}

// refundAccepted is the payment of a key accepted twice that the table did not keep, if both are charged in this ledger and
// the table has decided.
func (p *planning) refundAccepted(l config.Ledger, f audit.StoredFinding, charges map[string][]charge) (proposal, bool) {
	if !bothCharged(l, f, charges) ||
		!slices.ContainsFunc(f.Evidence, func(e audit.Evidence) bool { return strings.HasSuffix(e.Note, "kept by the table") }) {
		return proposal{}, false
	}
	ids := paymentsIn(f) // the evidence names the one that was lost first
	return proposal{found: []audit.StoredFinding{f}, charge: charges[ids[0]][0], kept: charges[ids[1]][0]}, true
}

// bothCharged reports whether a key accepted twice names two payments that this ledger has, both charged.
func bothCharged(l config.Ledger, f audit.StoredFinding, charges map[string][]charge) bool {
	ids := paymentsIn(f)
	return len(ids) == 2 && ids[0] != ids[1] && !slices.ContainsFunc(ids, func(id string) bool {
		return len(charges[id]) != 1 || !slices.Contains(l.Statuses.Charged, charges[id][0].Status)
	})
}

// settle proposes each charge once. Where findings disagree about which of an order's charges stands, a person decides.
func (p *planning) settle(l config.Ledger, asked []proposal) {
	slices.SortStableFunc(asked, func(a, b proposal) int { return cmp.Compare(a.found[0].Kind, b.found[0].Kind) }) // the ledger's own word first
	told := map[audit.Fingerprint]bool{}
	done := make([]bool, len(asked))
	for i, q := range asked {
		if done[i] {
			continue
		}
		disputed := false
		for j, o := range asked {
			if j != i && sameCharge(o.charge, q.charge) {
				done[j] = true
				q.found = append(slices.Clone(q.found), o.found...)
				disputed = disputed || !sameCharge(o.kept, q.kept)
			}
			disputed = disputed || sameCharge(o.charge, q.kept) || sameCharge(o.kept, q.charge)
		}
		switch {
		case disputed:
			for _, f := range q.found {
				if !told[f.Fingerprint] {
					p.byHand(f, "decide by hand: the findings do not agree which of the order's charges stands")
				}
				told[f.Fingerprint] = true
			}
		default:
			p.refund(l, q)
		}
	}
}

// refund proposes one charge, unless something keeps a machine from it.
func (p *planning) refund(l config.Ledger, q proposal) {
	f, c, kept := q.found[0], q.charge, q.kept
	r := repair.Refund{
		About: about(f), IdempotencyKey: f.Key, PaymentID: c.PaymentID, RowID: c.ID, Kept: kept.PaymentID, KeptRow: kept.ID,
		Amount: audit.Money{Minor: c.Amount.Minor, Currency: c.Amount.Currency}, Decimal: c.Amount.Format(exponent(c.Amount.Currency)),
		Network: c.Network, NetworkReference: c.NetworkReference, ChargedAt: c.CreatedAt, Status: c.Status, InForce: c.inForce,
		Reason: fmt.Sprintf("one order was charged more than once; payment %s stands", kept.PaymentID),
	}
	r.Scope, r.Amounts = l.Name, []audit.Money{r.Amount}
	for _, also := range q.found[1:] {
		if !slices.Contains(r.Findings, also.Fingerprint) {
			r.Findings = append(r.Findings, also.Fingerprint)
		}
	}
	why := unlikeKept(l, kept.PaymentID, kept, true)
	switch {
	case !slices.Contains(l.Statuses.Charged, c.Status), slices.Contains(l.Statuses.Refunded, c.Status):
		why = "nothing is left to do: payment " + c.PaymentID + " is " + c.Status
	case soundsReturned(c.Status):
		why = "decide by hand: payment " + c.PaymentID + " is " + c.Status + ", so its money may have gone back already; name such statuses in ledgers[].statuses.refunded"
	case why != "":
	case !slices.ContainsFunc(q.found, func(f audit.StoredFinding) bool { return f.Verdict == audit.Proven }):
		why = "decide by hand: the finding is not proven"
	case c.Amount.Minor <= 0:
		why = "decide by hand: the amount of payment " + c.PaymentID + " is not above zero"
	case anyMasked(r.IdempotencyKey, r.PaymentID, r.Kept, r.NetworkReference, r.RowID, r.KeptRow):
		why = "an id of the charge looks like a card number, which no file may hold: refund it by hand"
	default:
		p.plan.Refunds = append(p.plan.Refunds, r)
		return
	}
	for _, f := range q.found {
		p.byHand(f, why)
	}
}
