package app

import (
	"slices"

	"parallax/auditors/receipt"
	"parallax/internal/audit"
	"parallax/internal/record"
)

// hindsight is what an audit of a pair of buckets knows of what earlier runs have found.
type hindsight struct {
	*receiptAudit
	known   map[string]bool // payments that the ledger has
	charged map[string]bool // of them, those that any row calls charged
	told    map[string]bool // payments for whose receipts both buckets themselves were asked: whether either has one
}

// judgedAgain parts the earlier findings that this run does not report. It has judged some again, whole as it compared the buckets:
// those are gone. Those held it could not judge anew: they stand. A payment without a receipt, or a receipt without a payment, that
// lies outside the window is no news while it stands.
func (c *receiptAudit) judgedAgain(result receipt.Result) (rejudged, held []audit.Fingerprint) {
	reported, unjudged := map[audit.Fingerprint]bool{}, map[audit.Fingerprint]bool{}
	for _, f := range result.Findings {
		reported[f.Fingerprint] = true
	}
	for _, f := range result.Held {
		unjudged[f] = true
	}
	h := c.hindsight()
	for _, f := range c.again.findings {
		ofLedger := f.Kind == audit.ReceiptMissing || f.Kind == audit.ReceiptOrphan
		quiet := ofLedger && !c.window.Holds(f.Window.From)
		stands := unjudged[f.Fingerprint] || h.outdated(f)
		switch {
		case reported[f.Fingerprint]:
		case quiet && (stands || keyMasked(f) || h.stillThere(f)):
		case stands:
			held = append(held, f.Fingerprint)
		default:
			rejudged = append(rejudged, f.Fingerprint)
		}
	}
	return rejudged, held
}

func (c *receiptAudit) hindsight() hindsight {
	h := hindsight{receiptAudit: c, known: map[string]bool{}, charged: map[string]bool{}, told: map[string]bool{}}
	of := map[string]bool{}
	for _, f := range c.again.findings {
		of[h.paymentOf(f)] = true
	}
	for _, rows := range [][]record.Entry{c.again.entries, c.judged.Entries} {
		for _, e := range rows {
			if of[e.PaymentID] {
				h.known[e.PaymentID] = true
				h.charged[e.PaymentID] = h.charged[e.PaymentID] || slices.Contains(c.rules.Charged, e.Status)
			}
		}
	}
	for key := range c.judged.Live {
		if payment, ok := c.rules.PaymentOf(key); ok && h.asked(key) {
			h.told[payment] = h.told[payment] || h.has(key)
		}
	}
	return h
}

// paymentOf is the payment that a finding is about; empty where its key does not tell.
func (h hindsight) paymentOf(f audit.StoredFinding) string {
	if f.Kind == audit.ReceiptMissing {
		return f.Key
	}
	payment, _ := h.rules.PaymentOf(f.Key)
	return payment
}

// asked reports whether both buckets themselves have answered for a key.
func (h hindsight) asked(key string) bool {
	told := h.judged.Live[key]
	return told[0] != nil && told[1] != nil
}

// has reports whether either bucket itself has told of a live object.
func (h hindsight) has(key string) bool {
	told := h.judged.Live[key]
	return slices.ContainsFunc(slices.Concat(told[0], told[1]), func(o record.Object) bool { return o.IsLatest && !o.DeleteMarker })
}

// keyMasked reports whether a finding's key holds a card number, which the store does not have in full: nobody can look it up.
func keyMasked(f audit.StoredFinding) bool {
	return f.Fingerprint != audit.NewFingerprint(f.Kind, f.Scope, f.Key)
}

// stillThere reports whether a payment outside the window is charged and no receipt of it was seen, or a receipt is live in either
// bucket and the ledger does not know its payment. What the ledger could not be asked about stays as it was.
func (h hindsight) stillThere(f audit.StoredFinding) bool {
	there, told := h.told[f.Key]
	switch {
	case h.rows == nil:
		return true
	case h.settled(f):
		return false
	case f.Kind == audit.ReceiptMissing && told:
		return !there
	case f.Kind == audit.ReceiptMissing:
		return !h.ties.Has(f.Key)
	case h.asked(f.Key):
		return h.has(f.Key)
	default:
		return h.seen.live[f.Key]
	}
}

// outdated reports whether nothing was read that is younger than a finding and could tell that it is gone: a list that is older
// than what was seen after it says nothing against it, unless the buckets themselves were asked.
func (h hindsight) outdated(f audit.StoredFinding) bool {
	asked := h.asked(f.Key)
	if f.Kind == audit.ReceiptMissing {
		_, asked = h.told[f.Key]
	}
	return !asked && !h.settled(f) && !h.earlier().After(f.LastSeen)
}

// settled reports whether the ledger alone says that a finding is gone: the payment is not charged, or the receipt has one.
func (h hindsight) settled(f audit.StoredFinding) bool {
	switch {
	case h.rows == nil:
		return false
	case f.Kind == audit.ReceiptMissing:
		return !h.charged[f.Key]
	default:
		return f.Kind == audit.ReceiptOrphan && h.known[h.paymentOf(f)]
	}
}
