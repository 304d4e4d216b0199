package receipt

import (
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
		for _, payment := range c.paymentsOf(key) {
			out[payment] = c.toldOfPayment(out[payment], key)
		}
	}
	return out
}

// toldOfPayment adds what was told of one key.
func (c *comparison) toldOfPayment(l liveReceipt, key string) liveReceipt {
	if l.keys == nil {
		l.keys = map[string]bool{}
	}
	told := c.in.Live[key]
	_, l.keys[key] = c.toldOf(key)
	for i := range told {
		for _, o := range told[i] {
			if o.IsLatest && !o.DeleteMarker && l.sides[i] == nil {
				o.Live = true
				l.sides[i] = &o
			}
		}
	}
	return l
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

// payments holds payments and receipts against one another, and reports what lacks its counterpart, unless they do so in mass for
// their names.
func (c *comparison) payments() {
	strange := c.orphans()
	lacking := c.missing()
	if c.in.Ties != nil {
		c.names.strange, c.names.fitting, c.names.unfit = len(strange)+int(c.in.Ties.beyond()), c.in.Ties.fitting(), c.in.Ties.unfit()
		c.names.before = c.in.Ties.fitsAround()
		c.count(strangeKey, int64(c.names.unfit))
	}
	if why := c.names.misfit(); why != "" {
		c.setAside(why, strange, lacking)
		return
	}
	for _, o := range strange {
		c.report(orphanReceipt(c.rules, o.key, o.stranger))
		if _, both := c.toldOf(o.key); !both {
			c.add(rankHigh, Suspect{Key: o.key, Payment: o.payment, Kind: audit.ReceiptOrphan})
		}
	}
	for _, p := range lacking {
		c.reportMissing(p)
	}
}

// setAside counts what lacks its counterpart and is not judged.
func (c *comparison) setAside(why string, strange []unowned, lacking []unreceipted) {
	misfit := &Misfit{Reason: why}
	for _, o := range strange {
		c.exclude(misfitReceipt)
		c.hold(audit.NewFingerprint(audit.ReceiptOrphan, c.rules.Scope, o.key))
		if len(misfit.Payments) < c.in.Max {
			misfit.Payments = append(misfit.Payments, o.payment)
		}
	}
	for _, p := range lacking {
		c.exclude(misfitPayment)
		c.hold(audit.NewFingerprint(audit.ReceiptMissing, c.rules.Scope, p.entry.PaymentID))
		c.ask(p, rankMissing, "", misfitPayment)
	}
	c.out.Misfit = misfit
}

// missing finds the charged payments of the window without a live receipt in either region. Where there are objects and not one
// of them is a receipt, the pattern is wrong and says nothing about what is missing.
func (c *comparison) missing() []unreceipted {
	if c.in.Entries == nil || c.in.Ties == nil || c.in.NoReceipts {
		return nil
	}
	var lacking []unreceipted
	for _, i := range c.rules.firstCharges(c.in.Entries) {
		e := c.in.Entries[i]
		if !c.in.Window.Holds(e.CreatedAt) {
			continue
		}
		if has, onlyLive := c.has(e.PaymentID); has {
			c.names.due++
			if onlyLive {
				c.exclude(foundLive)
			}
			continue
		}
		if p, judged := c.without(e); judged {
			lacking = append(lacking, p)
		}
	}
	return lacking
}

// unreceipted is a charged payment that has no receipt.
type unreceipted struct {
	entry record.Entry
	keys  []string // that its receipt may have; none where they are not known
	due   time.Time
	look  look
}

// without finds out whether a charged payment without a receipt can be judged.
func (c *comparison) without(e record.Entry) (p unreceipted, judged bool) {
	p = unreceipted{entry: e, keys: c.rules.keysOf(e), due: e.CreatedAt.Add(c.rules.Settle)}
	p.look = c.lookedAt(e.PaymentID, p.keys, p.due)
	if why := c.notJudged(p); why != "" {
		c.exclude(why)
		c.hold(audit.NewFingerprint(audit.ReceiptMissing, c.rules.Scope, e.PaymentID))
		c.ask(p, rankYoung, "", why)
		return p, false
	}
	c.names.due++
	c.names.lacking++
	if p.look.live {
		c.names.asked++
	}
	return p, true
}

// ask makes the keys of a payment's receipt suspects, those that the buckets were not asked for.
func (c *comparison) ask(p unreceipted, rank int, kind audit.Kind, why string) {
	if p.due.After(c.in.AsOf) {
		return
	}
	for _, key := range p.keys {
		if !c.live[p.entry.PaymentID].keys[key] {
			c.add(rank, Suspect{Key: key, Payment: p.entry.PaymentID, Kind: kind, Why: why})
		}
	}
}

func (c *comparison) reportMissing(p unreceipted) {
	f := missingReceipt(c.rules, p.entry, p.look, first(p.keys))
	switch apart := p.look.at[0].Sub(p.look.at[1]).Abs(); {
	case !p.look.live && apart > c.rules.Grace: // lists of two moments: it may have come to one region and gone from the other in between
		f.Verdict = audit.Probable
	case c.in.Unknown[p.entry.PaymentID]:
		f.Verdict = audit.Probable
	case mass(c.names.lacking, c.names.due-c.names.lacking) && c.names.replaced(): // it may be there by another name
		f.Verdict = audit.Probable
	}
	c.report(f)
	c.ask(p, rankMissing, audit.ReceiptMissing, "")
}

// notJudged is why nothing is said of a payment without a receipt; empty where something is. One that should have its receipt by
// now is not forgotten: no later window holds it.
func (c *comparison) notJudged(p unreceipted) (why string) {
	payment, all := p.entry.PaymentID, c.complete(0) && c.complete(1)
	byKey := p.look.live && c.in.Ties.asTemplate()
	switch {
	case p.due.After(c.in.AsOf):
		return paymentYoung
	case !all && !byKey:
		return paymentNotRead
	case p.due.After(earlier(p.look.at[0], p.look.at[1])) && !byKey:
		why = paymentYoung
	case !p.look.live && c.passing[payment]:
		why = receiptPassing
	case len(p.keys) > 0 && !c.rules.fits(p.keys[0], payment):
		why = keyUnfit
		c.names.due++
		c.names.apart++
		c.apart[payment] = true
	default:
		return ""
	}
	c.out.Unjudged.add(p.entry.CreatedAt)
	return why
}

// answerOf says when a side was asked for a key.
func (c *comparison) answerOf(key string, side int) string {
	if at := c.in.Answered[key][side]; !at.IsZero() {
		return stamp(at)
	}
	return stamp(c.in.AsOf) + " or later"
}

// Why a receipt without a payment is not judged.
const (
	ownerUnknown  = "receipt whose payment could not be looked up in the ledger"
	ledgerNotRead = "receipt from a time the ledger was not read for, its payment is not known"
	orphanGone    = "receipt without a payment in the inventories, gone when the buckets themselves were asked"
)

// unowned is a live receipt whose payment the ledger does not know.
type unowned struct {
	key string
	stranger
}

// orphans finds the live receipts of the window whose payment the ledger does not know, charged or not, ascending by key.
func (c *comparison) orphans() []unowned {
	found := map[string]stranger{}
	if c.in.Ties != nil {
		c.in.Ties.trim()
		for key, s := range c.in.Ties.strangers {
			found[key] = *s
		}
		c.count("receipt without a payment beyond those that are kept, in the region that has more of them", c.in.Ties.beyond())
		c.out.More += c.in.Ties.beyond()
	}
	for key := range c.in.Live {
		payment, ok := c.paymentOf(key)
		if _, both := c.toldOf(key); !ok || !both {
			continue
		}
		now := c.liveStranger(payment, key)
		if _, before := found[key]; before || now.live() != nil {
			found[key] = now
		}
	}
	var out []unowned
	for _, key := range sortedKeys(found) {
		if c.orphan(key, found[key]) {
			out = append(out, unowned{key, found[key]})
		}
	}
	return out
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

// orphan reports whether a receipt is one that has no payment.
func (c *comparison) orphan(key string, s stranger) bool {
	if c.ledger[s.payment] {
		return false
	}
	o := s.live()
	switch {
	case o == nil:
		c.exclude(orphanGone)
		return false
	case !c.in.Window.Holds(o.LastModified):
		return false
	case c.in.Unknown[s.payment]:
		c.exclude(ownerUnknown)
		c.hold(audit.NewFingerprint(audit.ReceiptOrphan, c.rules.Scope, key))
		return false
	case c.in.Entries == nil || !c.in.Cover.Covers(c.around(*o)):
		c.exclude(ledgerNotRead)
		c.hold(audit.NewFingerprint(audit.ReceiptOrphan, c.rules.Scope, key))
		return false
	}
	return true
}

// around is when the payment of a receipt may have been entered; S3 shows whole seconds.
func (c *comparison) around(o record.Object) audit.Window {
	return audit.Window{From: o.LastModified.Add(-c.rules.Lead), To: o.LastModified.Add(time.Second)}
}
