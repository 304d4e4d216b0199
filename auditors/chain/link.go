package chain

import (
	"fmt"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// keyLink is whether the payment's idempotency key stands for it. A key that came to name another payment, or was deleted
// too early, is lost: only the stream still tells of it.
func (t *trail) keyLink(s subject) audit.Link {
	l := audit.Link{Layer: layerKey, State: audit.LinkPresent}
	k, held := t.keys[s.keyName]
	switch {
	case s.keyName == "" && t.rules.PaymentID != "":
		return t.noKey(l, s, "no key names the payment")
	case s.keyName == "":
		l.State, l.Note = audit.LinkUnknown, "neither the row nor the key names the other"
		return l
	case !held:
		return t.noKey(l, s, "key "+s.keyName+" is in neither region's stream")
	}
	l.Region, l.Ref, l.At = k.region, "sequence "+k.seq, k.born
	if s.key != nil {
		l.Region, l.Ref, l.At = s.key.region, "sequence "+s.key.seq, s.key.born
	}
	switch {
	case t.givenUp(s):
		l.State, l.Note = audit.LinkUnneeded, fmt.Sprintf("given up: deleted at %s", k.last.UTC().Format(time.RFC3339))
	case !k.exists:
		l.Note = fmt.Sprintf("deleted at %s", k.last.UTC().Format(time.RFC3339))
		if t.rules.Keep > 0 && k.last.Sub(k.born) < t.rules.Keep {
			l.State = audit.LinkLost
		}
	case k.payment != "" && k.payment != s.id:
		l.State, l.Note = audit.LinkLost, "the key names payment "+k.payment+" now"
	case k.status != "":
		l.Note = k.status
	}
	return l
}

// givenUp reports whether a payment was never more than a key that its writer took back.
func (t *trail) givenUp(s subject) bool {
	k, held := t.keys[s.keyName]
	return s.row == nil && s.lost == nil && s.receipt.Link.State == "" && s.settled.Link.State == "" && held && !k.exists
}

// noKey is the link of a payment without a key, by what is known of the time in which it would have been written.
func (t *trail) noKey(l audit.Link, s subject, note string) audit.Link {
	l.State, l.Note = audit.LinkAbsent, note
	switch {
	case !t.rules.KeysComplete:
		l.State, l.Note = audit.LinkUnknown, "the streams were not read completely"
	case s.at.Add(-t.rules.Deadline).Before(t.rules.KeysFrom):
		l.State, l.Note = audit.LinkUnknown, "the key may be older than the archive"
	case !t.due(s.at):
		l.State = audit.LinkExpected
	}
	return l
}

func (t *trail) due(at time.Time) bool { return t.in.AsOf.Sub(at) >= t.rules.Deadline }

// ledgerLink is whether the ledger in force has the payment; a row that only the restored old primary has is lost.
func (t *trail) ledgerLink(s subject) audit.Link {
	l := audit.Link{Layer: layerLedger}
	switch {
	case s.row != nil:
		l = rowLink(audit.LinkPresent, *s.row, s.row.Status)
		if s.copies > 1 {
			l.Note += ", booked " + often(s.copies)
		}
	case s.lost != nil:
		l = rowLink(audit.LinkLost, *s.lost, "only the old primary's snapshot has it: "+s.lost.Status)
	case t.givenUp(s):
		l.State, l.Note = audit.LinkUnneeded, "never booked"
	case s.key != nil && t.rules.refused(s.key.status):
		l.State, l.Note = audit.LinkUnneeded, "the key says "+s.key.status
	case !t.due(s.at):
		l.State = audit.LinkExpected
	default:
		l.State, l.Note = audit.LinkAbsent, "not in the ledger in force"
	}
	return l
}

func rowLink(state audit.LinkState, e record.Entry, note string) audit.Link {
	return audit.Link{Layer: layerLedger, State: state, Region: e.Region, Ref: "row id " + e.ID, At: e.CreatedAt, Note: note}
}

// need says whether a payment needs a receipt and a settlement: not one that was refused, and not yet one in progress.
func (t *trail) need(s subject) (audit.LinkState, string) {
	e := s.row
	if e == nil {
		e = s.lost
	}
	switch {
	case e != nil && t.rules.charged(e.Status):
		return "", ""
	case e != nil && t.rules.refused(e.Status):
		return audit.LinkUnneeded, e.Status
	case e != nil:
		return audit.LinkExpected, e.Status
	case s.key != nil && t.rules.refused(s.key.status):
		return audit.LinkUnneeded, s.key.status
	case t.givenUp(s):
		return audit.LinkUnneeded, "never booked"
	default:
		return "", ""
	}
}

func (t *trail) receiptLink(s subject) audit.Link {
	return t.outsideLink(layerReceipt, t.in.ReceiptOf, s.receipt, s)
}

func (t *trail) settlementLink(s subject) audit.Link {
	return t.outsideLink(layerSettlement, t.in.SettledOf, s.settled, s)
}

// outsideLink asks another layer for the payment, where it needs a link there.
func (t *trail) outsideLink(layer string, side Outside, found Known, s subject) audit.Link {
	if found.Link.State != "" {
		found.Link.Layer = layer
		return found.Link
	}
	if state, note := t.need(s); state != "" {
		return audit.Link{Layer: layer, State: state, Note: note}
	}
	if side.Of == nil {
		return audit.Link{Layer: layer, State: audit.LinkUnknown, Note: "not configured for this ledger"}
	}
	p := Payment{ID: s.id, Taken: s.at, Amount: s.amount(), Booked: s.row != nil}
	for _, e := range []*record.Entry{s.row, s.lost} {
		if e != nil && p.Network == "" {
			p.Network = e.Network
		}
	}
	l := side.Of(p)
	l.Layer = layer
	if l.State == "" {
		l.State = audit.LinkUnknown
	}
	return l
}
