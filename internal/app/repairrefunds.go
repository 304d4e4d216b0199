package app

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/pan"
	"parallax/internal/record"
	"parallax/sinks/repair"
)

// charge is one row that a refund may be about, and where it was read.
type charge struct {
	record.Entry
	inForce bool
}

// refunds proposes to give back every charge of an order but the one that stands: those of chain.double_charge, and those of
// lww.double_accept of which both payments were charged. One charge is proposed once, whoever found it.
func (p *planning) refunds(ctx context.Context, found []audit.StoredFinding) error {
	twice := onlyOf(found, audit.LWWDoubleAccept)
	for _, l := range p.cfg.Ledgers {
		doubles := of(found, l.Name, audit.ChainDoubleCharge)
		charges, err := p.charges(ctx, l, slices.Concat(doubles, twice))
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			p.unread(err.Error(), doubles...)
			continue
		}
		for _, f := range doubles {
			also := slices.DeleteFunc(slices.Clone(twice), func(t audit.StoredFinding) bool { return t.Key != f.Key })
			p.refundDouble(l, f, also, charges)
			twice = slices.DeleteFunc(twice, func(t audit.StoredFinding) bool { return t.Key == f.Key })
		}
		twice = slices.DeleteFunc(twice, func(f audit.StoredFinding) bool { return p.refundAccepted(l, f, charges) })
	}
	for _, f := range twice {
		p.byHand(f, "no refund is due by the ledgers: not both payments were charged; decide by hand which of them the key is to name")
	}
	return nil
}

// onlyOf are the findings of a kind, whatever their scope.
func onlyOf(found []audit.StoredFinding, kind audit.Kind) []audit.StoredFinding {
	return slices.DeleteFunc(slices.Clone(found), func(f audit.StoredFinding) bool { return f.Kind != kind })
}

// charges reads every payment that the findings' evidence names, by payment id, from the ledger in force and from the old
// primaries for what the failover lost.
func (p *planning) charges(ctx context.Context, l config.Ledger, found []audit.StoredFinding) (map[string][]charge, error) {
	var ids []string
	for _, f := range found {
		ids = append(ids, paymentsIn(f)...)
	}
	out := map[string][]charge{}
	if len(ids) == 0 {
		return out, nil
	}
	inForce, err := p.entriesInForce(ctx, l, ids)
	if err != nil {
		return nil, err
	}
	for _, e := range inForce {
		out[e.PaymentID] = append(out[e.PaymentID], charge{Entry: e, inForce: true})
	}
	for _, conn := range l.Restored() {
		src, err := p.snapshotAt(ctx, l, conn)
		if err != nil {
			return nil, err
		}
		lost, err := src.Lookup(ctx, ids)
		if err != nil {
			return nil, err
		}
		for _, e := range lost {
			again := func(c charge) bool { return c.ID == e.ID || c.CreatedAt.Equal(e.CreatedAt) }
			if !slices.ContainsFunc(out[e.PaymentID], again) {
				out[e.PaymentID] = append(out[e.PaymentID], charge{Entry: e})
			}
		}
	}
	return out, nil
}

// paymentsIn are the payments that a finding's evidence names, in its order.
func paymentsIn(f audit.StoredFinding) []string {
	var ids []string
	for _, e := range f.Evidence {
		if e.Field == "payment_id" && strings.HasPrefix(e.Note, "charged; ") || e.Note == "payment accepted here" {
			ids = append(ids, e.Value)
		}
	}
	return ids
}

// refundDouble proposes the charges that a finding says are to be refunded.
func (p *planning) refundDouble(l config.Ledger, f audit.StoredFinding, also []audit.StoredFinding, charges map[string][]charge) {
	kept := ""
	for _, e := range f.Evidence {
		if strings.HasPrefix(e.Note, "charged; ") && !strings.Contains(e.Note, "to be refunded") {
			kept = e.Value
		}
	}
	for _, e := range f.Evidence {
		if !strings.HasPrefix(e.Note, "charged; ") || !strings.Contains(e.Note, "to be refunded") {
			continue
		}
		i := slices.IndexFunc(charges[e.Value], func(c charge) bool { return "row id "+c.ID == e.Ref })
		if i < 0 && len(charges[e.Value]) == 1 {
			i = 0 // inserted again since, under another row id
		}
		if i < 0 {
			p.unread("payment "+e.Value+" can no longer be read in the ledger or in a snapshot of it", f)
			continue
		}
		p.refund(l, f, also, charges[e.Value][i], kept)
	}
}

// refundAccepted proposes the payment of a key accepted twice that the table did not keep, if both were charged in this
// ledger. It reports whether the finding is dealt with.
func (p *planning) refundAccepted(l config.Ledger, f audit.StoredFinding, charges map[string][]charge) bool {
	ids := paymentsIn(f)
	if len(ids) != 2 || ids[0] == ids[1] {
		return false
	}
	for _, id := range ids {
		if len(charges[id]) != 1 || !slices.Contains(l.Statuses.Charged, charges[id][0].Status) {
			return false
		}
	}
	if !slices.ContainsFunc(f.Evidence, func(e audit.Evidence) bool { return strings.HasSuffix(e.Note, "kept by the table") }) {
		p.byHand(f, "decide by hand: both payments were charged, and the table has not decided which of them the key names")
		return true
	}
	p.refund(l, f, nil, charges[ids[0]][0], ids[1]) // the evidence names the one that was lost first
	return true
}

// refund proposes one charge, unless something keeps a machine from it.
func (p *planning) refund(l config.Ledger, f audit.StoredFinding, also []audit.StoredFinding, c charge, kept string) {
	r := repair.Refund{
		About: about(f), IdempotencyKey: f.Key, PaymentID: c.PaymentID, RowID: c.ID, Kept: kept,
		Amount: audit.Money{Minor: c.Amount.Minor, Currency: c.Amount.Currency}, Decimal: c.Amount.Format(exponent(c.Amount.Currency)),
		Network: c.Network, NetworkReference: c.NetworkReference, ChargedAt: c.CreatedAt, Status: c.Status, InForce: c.inForce,
		Reason: fmt.Sprintf("one order was charged more than once; payment %s stands", kept),
	}
	r.Scope, r.Amounts = l.Name, []audit.Money{r.Amount}
	for _, a := range also {
		r.Findings = append(r.Findings, a.Fingerprint)
	}
	switch {
	case !slices.Contains(l.Statuses.Charged, c.Status), slices.Contains(l.Statuses.Refunded, c.Status):
		p.byHand(f, "nothing is left to do: payment "+c.PaymentID+" is "+c.Status)
	case soundsReturned(c.Status):
		p.byHand(f, "decide by hand: payment "+c.PaymentID+" is "+c.Status+", so its money may have gone back already; name such statuses in ledgers[].statuses.refunded")
	case c.Amount.Minor <= 0:
		p.byHand(f, "decide by hand: the amount of payment "+c.PaymentID+" is not above zero")
	case anyMasked(r.IdempotencyKey, r.PaymentID, r.Kept, r.NetworkReference, r.RowID):
		p.byHand(f, "an id of the charge looks like a card number, which no file may hold: refund it by hand")
	default:
		p.plan.Refunds = append(p.plan.Refunds, r)
	}
}

// soundsReturned reports whether a status reads as if money had gone back: giving it back once more would be worse than asking.
func soundsReturned(status string) bool {
	status = strings.ToLower(status)
	for _, word := range []string{"refund", "revers", "void", "chargeback", "cancel", "return", "dispute"} {
		if strings.Contains(status, word) {
			return true
		}
	}
	return false
}

func anyMasked(values ...string) bool {
	return slices.ContainsFunc(values, func(v string) bool { return pan.Mask(v) != v })
}

// entriesInForce looks payments up in the copy that accepts writes, or in all of them where the ledger is sharded.
func (a *App) entriesInForce(ctx context.Context, l config.Ledger, ids []string) ([]record.Entry, error) {
	writers, err := a.writersOf(ctx, l)
	if err != nil {
		return nil, err
	}
	var out []record.Entry
	for _, region := range writers {
		src, err := a.ledgerAt(ctx, l, region)
		if err != nil {
			return nil, err
		}
		found, err := src.Lookup(ctx, ids)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}
