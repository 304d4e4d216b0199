package receipt

import (
	"slices"
	"sync"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// Ties learns, while inventories are read, which payments have a live receipt, and which receipts have no payment. Safe for
// concurrent use.
type Ties struct {
	rules   Rules
	entries []record.Entry
	from    int64        // milliseconds since 1970
	within  audit.Window // of receipts whose payment is not known
	around  audit.Window // what the rows of the ledger cover
	limit   int
	astray  map[string][]string // payments by keys that the pattern does not take back to them

	mu         sync.Mutex
	payments   map[string]*tie         // of the ledger
	strangers  map[string]*stranger    // receipts by key, whose payment the ledger does not know
	dropped    [2]int64                // strangers beyond the limit, those with the highest keys, by the side they were seen on
	expected   int64                   // receipts at the key they should have
	unexpected int64                   // at another one
	inside     [2]fitting              // rows of the window, by side
	outside    [2]fitting              // rows of around, and not of the window
	gone       map[string][2]time.Time // by key: when a current version was deleted that the inventories may show, see Unsee
}

// fitting counts live objects by whether their keys and payments fit.
type fitting struct{ fits, strange, unfit int }

// tie is what is known of a payment's receipt. Of several the one with the lowest key stands for all.
type tie struct {
	entry   int // the first that charged it, else the first of its entries
	sides   [2]place
	several bool
}

// place is where a receipt was seen; no key: nowhere.
type place struct {
	bucket, key string
	modified    time.Time
}

// stranger is a receipt of a payment that the ledger does not know.
type stranger struct {
	payment string
	sides   [2]*record.Object
}

// NewTies makes ties for the payments of some ledger rows. Receipts written before from are of no interest. Of receipts whose
// payment is not among them at most limit are kept.
func NewTies(rules Rules, entries []record.Entry, from time.Time, limit int) *Ties {
	rules = rules.withDefaults()
	t := &Ties{
		rules: rules, entries: entries, from: from.Add(-rules.Lead).UnixMilli(), limit: max(limit, 1),
		payments: make(map[string]*tie, len(entries)), strangers: map[string]*stranger{}, astray: rules.astray(entries),
	}
	for i, e := range entries {
		if _, twice := t.payments[e.PaymentID]; !twice {
			t.payments[e.PaymentID] = &tie{entry: i}
		}
	}
	for _, i := range rules.firstCharges(entries) {
		t.payments[entries[i].PaymentID].entry = i
	}
	return t
}

// Within says in which window a receipt must have been written to be kept though its payment is not known. Without it all are
// that are of interest. To be called before anything is seen.
func (t *Ties) Within(w audit.Window) *Ties {
	t.within = w
	return t
}

// Around says for which time the ledger was read: whether receipts and payments of the time around the window fit one another tells
// names that are wrong from rows that are lost. To be called before anything is seen.
func (t *Ties) Around(cover audit.Window) *Ties {
	t.around = cover
	return t
}

// Wants reports whether a row may be a live receipt of interest.
func (t *Ties) Wants(n record.ObjectNote) bool {
	return n.Latest() && !n.Marker() && n.Millis() >= t.from
}

// See takes live objects, of either region, in any order. Those at the key of a payment are its receipt, whatever the pattern says
// of it; those that are no receipts are counted only.
func (t *Ties) See(objects []record.Object) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range objects {
		o := &objects[i]
		if side := slices.Index(t.rules.Regions[:], o.Region); side >= 0 && !o.DeleteMarker && o.IsLatest {
			t.see(side, o)
		}
	}
}

func (t *Ties) see(side int, o *record.Object) {
	inside := t.within.Empty() || t.within.Holds(o.LastModified)
	count := new(fitting)
	switch {
	case inside:
		count = &t.inside[side]
	case t.around.Holds(o.LastModified):
		count = &t.outside[side]
	}
	if payments := t.astray[o.Key]; len(payments) > 0 {
		count.fits++
		for _, payment := range payments {
			t.tie(t.payments[payment], side, o)
		}
		return
	}
	payment, ok := t.rules.PaymentOf(o.Key)
	tie := t.payments[payment]
	switch {
	case !ok:
		count.unfit++
	case tie != nil:
		count.fits++
		t.tie(tie, side, o)
	default:
		count.strange++
		if inside {
			t.stranger(payment, side, o)
		}
	}
}

func (t *Ties) tie(tie *tie, side int, o *record.Object) {
	if t.rules.KeyOf != nil {
		if e := t.entries[tie.entry]; t.rules.KeyOf(e) == o.Key || slices.Contains(t.rules.keysOf(e), o.Key) {
			t.expected++
		} else {
			t.unexpected++
		}
	}
	for _, at := range tie.sides {
		tie.several = tie.several || at.key != "" && at.key != o.Key
	}
	if at := tie.sides[side]; at.key == "" || o.Key < at.key {
		tie.sides[side] = place{bucket: o.Bucket, key: o.Key, modified: o.LastModified}
	}
}

func (t *Ties) stranger(payment string, side int, o *record.Object) {
	s := t.strangers[o.Key]
	if s == nil {
		s = &stranger{payment: payment}
		t.strangers[o.Key] = s
	}
	kept := *o
	s.sides[side] = &kept
	if len(t.strangers) > 2*t.limit {
		t.trim()
	}
}

// trim drops the strangers with the highest keys, so that those are kept which would be in any order.
func (t *Ties) trim() {
	keys := sortedKeys(t.strangers)
	for _, key := range keys[min(t.limit, len(keys)):] {
		for i, o := range t.strangers[key].sides {
			if o != nil {
				t.dropped[i]++
			}
		}
		delete(t.strangers, key)
	}
}

// beyond is how many strangers were dropped, at least: one may come back from the other side, and is not known again.
func (t *Ties) beyond() int64 { return max(t.dropped[0], t.dropped[1]) }

// Doubtful are payments that other rows of the ledger than those of a window may explain: those of receipts without a payment, and
// charged payments of the window without a receipt.
func (t *Ties) Doubtful(w audit.Window) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var out []string
	for _, s := range t.strangers {
		out = append(out, s.payment)
	}
	for _, i := range t.rules.firstCharges(t.entries) {
		if e := t.entries[i]; w.Holds(e.CreatedAt) && !t.payments[e.PaymentID].seen() {
			out = append(out, e.PaymentID)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Has reports whether a live receipt of a payment was seen.
func (t *Ties) Has(payment string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	tie := t.payments[payment]
	return tie != nil && tie.seen()
}

func (t *tie) seen() bool { return t.sides[0].key != "" || t.sides[1].key != "" }

// asTemplate reports whether receipts lie where their payments say.
func (t *Ties) asTemplate() bool { return t.expected > 0 && t.unexpected == 0 }

// unfit are the live objects of the window that are no receipts, on the side that has more of them.
func (t *Ties) unfit() int { return max(t.inside[0].unfit, t.inside[1].unfit) }

// fitting are the receipts of the window whose payments are known, on the side that has more of them.
func (t *Ties) fitting() int { return max(t.inside[0].fits, t.inside[1].fits) }

// fitsAround reports whether the receipts of the time around the window fit their payments.
func (t *Ties) fitsAround() bool {
	return mass(t.outside[0].fits+t.outside[1].fits, t.outside[0].strange+t.outside[1].strange)
}
