package receipt

import (
	"fmt"

	"parallax/internal/record"
)

// few is how many receipts or payments that find no counterpart are judged one by one, however many the others are.
const few = 20

// Misfit says that receipts and payments do not fit one another in mass: then the names are wrong, or the ledger is another one,
// and neither of them is reported as lacking its counterpart.
type Misfit struct {
	Reason   string
	Payments []string // of the receipts that fit no row that was read: the ledger may know them by their ids
}

// Why a receipt or a payment is not judged for its name.
const (
	misfitReceipt = "receipt without a payment, not judged: receipts and payments do not fit one another"
	misfitPayment = "payment without a receipt, not judged: receipts and payments do not fit one another"
	keyUnfit      = "payment without a receipt, from whose key the pattern does not take it back: it may have one that was not recognised"
)

// astray are the keys of receipts from which the pattern does not take their payments back, with these payments: an object there is
// their receipt all the same.
func (r Rules) astray(entries []record.Entry) map[string][]string {
	out := map[string][]string{}
	if r.KeyOf == nil {
		return out
	}
	for _, e := range entries {
		key := r.KeyOf(e)
		if key == "" || r.fits(key, e.PaymentID) {
			continue
		}
		out[key] = append(out[key], e.PaymentID)
	}
	return out
}

// fits reports whether the pattern takes a payment out of a key.
func (r Rules) fits(key, payment string) bool {
	found, ok := r.PaymentOf(key)
	return ok && found == payment
}

// paymentsOf are the payments whose receipt an object is by its key.
func (c *comparison) paymentsOf(key string) []string {
	if c.in.Ties != nil && len(c.in.Ties.astray[key]) > 0 {
		return c.in.Ties.astray[key]
	}
	if payment, ok := c.rules.PaymentOf(key); ok {
		return []string{payment}
	}
	return nil
}

// paymentOf is the payment whose receipt an object is by its key; the first, if it is that of several.
func (c *comparison) paymentOf(key string) (string, bool) {
	payments := c.paymentsOf(key)
	if len(payments) == 0 {
		return "", false
	}
	return payments[0], true
}

// names is how receipts and payments fit one another.
type names struct {
	due     int // charged payments of the window that are judged
	lacking int // of them, without a receipt
	asked   int // of those, absent at their key when the buckets themselves were asked
	apart   int // of due, without a receipt and with a key that the pattern does not take back to them
	strange int // receipts of the window that fit no payment
	fitting int // receipts of the window that do
	unfit   int // live objects of the window that are no receipts by their key
	before  bool
}

// misfit decides whether so many receipts and payments find no counterpart that their names must be wrong; what is found is said in
// words, empty if not. Payments that lack their receipts in mass are a disaster, and none of names, where nothing else lies in
// their stead; or where it does, but the buckets themselves were asked for the very keys. Receipts that fit no payment in mass are
// the trace of a ledger's loss only where those of the time around fit.
func (n names) misfit() string {
	lacking := mass(n.lacking, n.due-n.lacking)
	switch {
	case mass(n.apart, n.due-n.apart):
		return fmt.Sprintf("%d of %d charged payments have no receipt, and key_pattern does not take them back out of the keys they should have", n.apart, n.due)
	case lacking && mass(n.strange, n.fitting):
		return fmt.Sprintf("%d of %d charged payments have no receipt, and %d of %d receipts fit no payment", n.lacking, n.due, n.strange, n.strange+n.fitting)
	case mass(n.strange, n.fitting) && !n.before:
		return fmt.Sprintf("%d of %d receipts fit no payment", n.strange, n.strange+n.fitting)
	case lacking && n.replaced() && n.asked < few:
		return fmt.Sprintf("%d of %d charged payments have no receipt, and %d objects of the same time have keys that are not those of receipts",
			n.lacking, n.due, n.unfit)
	default:
		return ""
	}
}

// replaced reports whether objects lie there in mass that may be receipts by another name.
func (n names) replaced() bool { return mass(n.unfit, n.fitting) }

// mass reports whether some are most of them all, and more than a few.
func mass(some, others int) bool { return some >= few && some > others }
