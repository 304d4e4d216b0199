package app

import (
	"context"
	"errors"
	"slices"
	"strings"

	"parallax/auditors/chain"
	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/pan"
	"parallax/internal/record"
)

// charge is one row that a refund may be about, and where it was read.
type charge struct {
	record.Entry
	inForce bool
}

// refunds proposes to give back every charge of an order but the one that stands: those of chain.double_charge, and those of
// lww.double_accept of which both payments were charged. One charge is proposed once, whoever found it; where two findings
// do not agree which of the charges stands, none is.
func (p *planning) refunds(ctx context.Context, found []audit.StoredFinding) error {
	twice := onlyOf(found, audit.LWWDoubleAccept)
	var unread error
	for _, l := range p.cfg.Ledgers {
		doubles := of(found, l.Name, audit.ChainDoubleCharge)
		charges, err := p.charges(ctx, l, slices.Concat(doubles, twice))
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			p.unread(err.Error(), doubles...)
			unread = errors.Join(unread, err)
			continue
		}
		twice = p.refundsOf(l, doubles, twice, charges)
	}
	if unread != nil {
		p.unread(unread.Error(), twice...)
		return nil
	}
	for _, f := range twice {
		p.byHand(f, "no refund is due by the ledgers: not both payments were charged; decide by hand which of them the key is to name")
	}
	return nil
}

// refundsOf proposes the refunds of one ledger, and returns the keys accepted twice that it says nothing of.
func (p *planning) refundsOf(l config.Ledger, doubles, twice []audit.StoredFinding, charges map[string][]charge) (left []audit.StoredFinding) {
	var asked []proposal
	also := map[string][]audit.StoredFinding{} // by key: what a double charge says already
	for _, f := range twice {
		switch q, decided := p.refundAccepted(l, f, charges); {
		case decided:
			asked = append(asked, q)
		case slices.ContainsFunc(doubles, func(d audit.StoredFinding) bool { return d.Key == f.Key }):
			also[f.Key] = append(also[f.Key], f)
		case bothCharged(l, f, charges):
			p.byHand(f, "decide by hand: both payments were charged, and the table has not decided which of them the key names")
		default:
			left = append(left, f)
		}
	}
	for _, f := range doubles {
		asked = append(asked, p.refundDouble(l, f, also[f.Key], charges)...)
	}
	p.settle(l, asked)
	return left
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
		if e.Field == "payment_id" && isCharge(e) || e.Note == "payment accepted here" {
			ids = append(ids, e.Value)
		}
	}
	return ids
}

// isCharge reports whether a piece of evidence of a double charge is about one of the charges.
func isCharge(e audit.Evidence) bool {
	return e.Note == chain.NoteNamed || e.Note == chain.NoteFirst || e.Note == chain.NoteRefund
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
