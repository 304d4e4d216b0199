package receipt

import (
	"slices"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// liveReceipt is what the buckets themselves told of a payment's receipt: all of the keys that they were asked for.
type liveReceipt struct {
	sides [2]*record.Object // live
	keys  map[string]bool
}

// liveReceipts finds the receipts among what the buckets themselves told. That one is there one of them is enough to tell.
func (c *comparison) liveReceipts() map[string]liveReceipt {
	out := map[string]liveReceipt{}
	for _, key := range sortedKeys(c.in.Live) {
		payment, ok := c.rules.PaymentOf(key)
		if !ok {
			continue
		}
		l, told := out[payment], c.in.Live[key]
		if l.keys == nil {
			l.keys = map[string]bool{}
		}
		_, both := c.toldOf(key)
		l.keys[key] = both
		for i := range told {
			for _, o := range told[i] {
				if o.IsLatest && !o.DeleteMarker && l.sides[i] == nil {
					o.Live = true
					l.sides[i] = &o
				}
			}
		}
		out[payment] = l
	}
	return out
}

func (l liveReceipt) found() bool { return l.sides[0] != nil || l.sides[1] != nil }

// has reports whether a payment has a live receipt in either region, and whether only the buckets themselves told so. One that
// the inventories list is gone where both buckets no longer have it.
func (c *comparison) has(payment string) (has, onlyLive bool) {
	live := c.live[payment]
	t := c.in.Ties.payments[payment]
	if t == nil || !t.seen() {
		return live.found(), live.found()
	}
	if live.found() || t.several {
		return true, false
	}
	for _, at := range t.sides {
		if at.key != "" && !live.keys[at.key] {
			return true, false
		}
	}
	return false, false
}

// Why a payment without a receipt is not judged.
const (
	paymentYoung   = "payment too young at the scan, its receipt may still be on its way"
	paymentNotRead = "payment without a receipt in what was read, but a region was not read completely"
	receiptPassing = "payment whose receipt is deleted in the region that was listed later, and may have reached the other since that was listed"
	foundLive      = "payment whose receipt only the buckets themselves told of: no inventory lists it yet"
)

// missing reports charged payments of the window without a live receipt in either region. Where there are objects and not one of
// them is a receipt, the pattern is wrong and says nothing about what is missing.
func (c *comparison) missing() {
	if c.in.Entries == nil || c.in.Ties == nil || c.in.NoReceipts {
		return
	}
	seen := map[string]bool{}
	for _, e := range c.in.Entries {
		due := c.in.Window.Holds(e.CreatedAt) && slices.Contains(c.rules.Charged, e.Status)
		if !due || seen[e.PaymentID] {
			continue
		}
		seen[e.PaymentID] = true
		if has, onlyLive := c.has(e.PaymentID); has {
			if onlyLive {
				c.exclude(foundLive)
			}
			continue
		}
		c.without(e)
	}
}

// without judges a charged payment that has no receipt.
func (c *comparison) without(e record.Entry) {
	key := ""
	if c.rules.KeyOf != nil {
		key = c.rules.KeyOf(e)
	}
	due := e.CreatedAt.Add(c.rules.Settle)
	asked := key != "" && c.live[e.PaymentID].keys[key]
	all := c.complete(0) && c.complete(1)
	why := ""
	switch {
	case asked && due.After(c.in.AsOf), !asked && due.After(c.earlier):
		why = paymentYoung
	case !all && (!asked || !c.in.Ties.asTemplate()):
		why = paymentNotRead
	case !asked && c.passing[e.PaymentID]:
		why = receiptPassing
	}
	s := Suspect{Key: key, Payment: e.PaymentID, Kind: audit.ReceiptMissing, Why: why}
	rank := rankMissing
	if why == "" {
		f := missingReceipt(c.rules, e, c.lookedAt(asked), key)
		if apart := c.scanned[0].Sub(c.scanned[1]).Abs(); !asked && apart > c.rules.Grace {
			f.Verdict = audit.Probable // lists of two moments: it may have come to one region and gone from the other in between
		}
		c.report(f)
	} else {
		rank = rankYoung
		s.Kind = ""
		c.exclude(why)
		c.hold(audit.NewFingerprint(audit.ReceiptMissing, c.rules.Scope, e.PaymentID))
	}
	if key != "" && !asked && !due.After(c.in.AsOf) {
		c.add(rank, s)
	}
}

// look is how each region was looked at for a receipt that it lacks.
type look struct {
	live  bool // both buckets themselves were asked
	notes [2]string
}

func (c *comparison) lookedAt(live bool) look {
	l := look{live: live}
	for i := range l.notes {
		l.notes[i] = notInList + stamp(c.scanned[i])
		if live {
			l.notes[i] = notInAnswer + stamp(c.in.AsOf) + " or later"
		}
	}
	return l
}

// Why a receipt without a payment is not judged.
const (
	ledgerNotRead = "receipt from a time the ledger was not read for, its payment is not known"
	orphanGone    = "receipt without a payment in the inventories, gone when the buckets themselves were asked"
)

// orphans reports live receipts of the window whose payment the ledger does not know, charged or not.
func (c *comparison) orphans() {
	found := map[string]stranger{}
	if c.in.Ties != nil {
		c.in.Ties.trim()
		for key, s := range c.in.Ties.strangers {
			found[key] = *s
		}
		c.count("receipt without a payment beyond those that are kept", c.in.Ties.dropped)
		c.out.More += c.in.Ties.dropped
	}
	for key := range c.in.Live {
		payment, ok := c.rules.PaymentOf(key)
		if _, both := c.toldOf(key); !ok || !both {
			continue
		}
		now := c.liveStranger(payment, key)
		if _, before := found[key]; before || now.live() != nil {
			found[key] = now
		}
	}
	for _, key := range sortedKeys(found) {
		c.orphan(key, found[key])
	}
}

func (c *comparison) liveStranger(payment, key string) stranger {
	s := stranger{payment: payment}
	for i, versions := range c.in.Live[key] {
		for _, o := range versions {
			if o.IsLatest && !o.DeleteMarker {
				o.Live = true
				s.sides[i] = &o
			}
		}
	}
	return s
}

func (s stranger) live() *record.Object {
	if s.sides[0] != nil {
		return s.sides[0]
	}
	return s.sides[1]
}

func (c *comparison) orphan(key string, s stranger) {
	if c.ledger[s.payment] {
		return
	}
	o := s.live()
	id := audit.NewFingerprint(audit.ReceiptOrphan, c.rules.Scope, key)
	switch {
	case o == nil:
		c.exclude(orphanGone)
		return
	case !c.in.Window.Holds(o.LastModified):
		return
	case c.in.Entries == nil || !c.in.Cover.Covers(c.around(*o)):
		c.exclude(ledgerNotRead)
		c.hold(id)
		return
	}
	c.report(orphanReceipt(c.rules, key, s))
	if _, both := c.toldOf(key); !both {
		c.add(rankHigh, Suspect{Key: key, Payment: s.payment, Kind: audit.ReceiptOrphan})
	}
}

// around is when the payment of a receipt may have been entered; S3 shows whole seconds.
func (c *comparison) around(o record.Object) audit.Window {
	return audit.Window{From: o.LastModified.Add(-c.rules.Lead), To: o.LastModified.Add(time.Second)}
}
