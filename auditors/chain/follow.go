package chain

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// The layers of a chain, in their order.
const (
	layerKey        = "key"
	layerLedger     = "ledger"
	layerReceipt    = "receipt"
	layerSettlement = "settlement"
)

// Outside is what one of the two layers that other auditors judge says of single payments.
type Outside struct {
	// Found are the payments the layer itself knows, whether the ledger does or not.
	Found map[string]Known

	// Of is the link of a payment that needs one.
	Of func(p Payment) audit.Link
}

// Known is a payment's link in a layer, and the payment's amount as far as the layer tells it.
type Known struct {
	Link   audit.Link
	Amount audit.Money
}

// Payment is what the other layers are asked about.
type Payment struct {
	ID      string
	Network string    // of the ledger's row, empty where there is none
	Taken   time.Time // when it was taken
	Amount  audit.Money
	Booked  bool // the ledger in force has it
}

// Follow yields one chain for each payment that was taken inside the window, as far as any layer knows of it, in order of time
// and payment id. What is only known by something else than its payment id goes by that: a settlement line by its reference.
func (a Auditor) Follow(in Input) iter.Seq[audit.Chain] {
	return func(yield func(audit.Chain) bool) {
		t := newTrail(a.Rules, in)
		for _, p := range t.payments() {
			if !yield(t.chain(p)) {
				return
			}
		}
	}
}

// trail is what the layers know, by payment.
type trail struct {
	rules    Rules
	in       Input
	keys     map[string]keyState // by key
	named    map[string]named    // by payment: the key that stands or stood for it
	entries  map[string][]record.Entry
	snapshot map[string][]record.Entry
}

func newTrail(rules Rules, in Input) *trail {
	return &trail{
		rules: rules, in: in, keys: keysOf(rules, in.Keys), named: namedIn(rules, in.Keys),
		entries: byPayment(in.Entries), snapshot: byPayment(in.Snapshot),
	}
}

// byPayment groups rows. A row that was read twice, as its id tells, counts once.
func byPayment(rows []record.Entry) map[string][]record.Entry {
	out := map[string][]record.Entry{}
	for _, e := range rows {
		again := func(o record.Entry) bool { return sameRow(o, e) }
		if !slices.ContainsFunc(out[e.PaymentID], again) {
			out[e.PaymentID] = append(out[e.PaymentID], e)
		}
	}
	return out
}

// subject is one payment, with what the layers say of it put side by side.
type subject struct {
	id      string
	at      time.Time // by the earliest of key, row and snapshot; else by its receipt; else by its line
	row     *record.Entry
	copies  int // rows the ledger in force has of it
	lost    *record.Entry
	key     *named
	keyName string
	receipt Known
	settled Known
}

// payments are those of the window, in order.
func (t *trail) payments() []subject {
	ids := map[string]bool{}
	for id := range t.entries {
		ids[id] = true
	}
	for id := range t.snapshot {
		ids[id] = true
	}
	for id := range t.named {
		ids[id] = true
	}
	for _, side := range []Outside{t.in.ReceiptOf, t.in.SettledOf} {
		for id := range side.Found {
			ids[id] = true
		}
	}
	var out []subject
	for id := range maps.Keys(ids) {
		if s := t.subject(id); t.in.Window.Holds(s.at) {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b subject) int { return cmp.Or(a.at.Compare(b.at), strings.Compare(a.id, b.id)) })
	return out
}

func (t *trail) subject(id string) subject {
	s := subject{id: id}
	if rows := t.entries[id]; len(rows) > 0 {
		s.row, s.copies = &rows[0], len(rows)
	}
	if rows := t.snapshot[id]; len(rows) > 0 {
		s.lost = &rows[0]
	}
	if n, found := t.named[id]; found {
		s.key = &n
	}
	s.receipt, s.settled = t.in.ReceiptOf.Found[id], t.in.SettledOf.Found[id]
	for _, e := range []*record.Entry{s.row, s.lost} {
		if e != nil {
			s.at = earlier(s.at, e.CreatedAt)
			s.keyName = cmp.Or(s.keyName, e.IdempotencyKey)
		}
	}
	if s.key != nil {
		s.at = earlier(s.at, s.key.born)
		s.keyName = cmp.Or(s.keyName, s.key.key)
	}
	if s.at.IsZero() {
		s.at = s.receipt.Link.At
	}
	if s.at.IsZero() {
		s.at = s.settled.Link.At
	}
	return s
}

// earlier is the earlier of two moments, of which the first may be unknown.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

// chain puts the links of a payment together.
func (t *trail) chain(s subject) audit.Chain {
	c := audit.Chain{
		Scope: t.rules.Scope, PaymentID: s.id, Key: s.keyName, Region: s.region(), Amount: s.amount(), At: s.at,
		Links: []audit.Link{t.keyLink(s), t.ledgerLink(s), t.receiptLink(s), t.settlementLink(s)},
	}
	for _, l := range c.Links {
		if l.State == audit.LinkAbsent || l.State == audit.LinkLost {
			c.Broken = l.Layer
			break
		}
	}
	return c
}

// region is the one that took the payment.
func (s subject) region() audit.Region {
	for _, e := range []*record.Entry{s.row, s.lost} {
		if e != nil && e.OwnerRegion != "" {
			return e.OwnerRegion
		}
	}
	if s.key != nil {
		return s.key.region
	}
	return s.receipt.Link.Region
}

func (s subject) amount() audit.Money {
	for _, e := range []*record.Entry{s.row, s.lost} {
		if e != nil {
			return money(*e)
		}
	}
	if s.key != nil && s.key.amount.Currency != "" {
		return s.key.amount
	}
	if s.receipt.Amount.Currency != "" {
		return s.receipt.Amount
	}
	return s.settled.Amount
}
