package receipt

import (
	"slices"
	"time"

	"parallax/internal/record"
)

// Unjudged are charged payments that should have their receipt by the moment of the audit, of which nothing can be said: none was
// seen, and where they would lie was looked at too early.
type Unjudged struct {
	Payments int64
	From     time.Time // the first of them was entered
}

func (u *Unjudged) add(entered time.Time) {
	if u.Payments == 0 || entered.Before(u.From) {
		u.From = entered
	}
	u.Payments++
}

// look is how each region was looked at for a receipt that it lacks.
type look struct {
	live  bool         // both buckets themselves were asked for its keys
	at    [2]time.Time // of the lists
	notes [2]string
}

// lookedAt is how the regions were looked at for the receipt of a payment, due at a moment.
func (c *comparison) lookedAt(payment string, keys []string, due time.Time) look {
	l := look{live: len(keys) > 0, at: c.seen(due)}
	for _, key := range keys {
		l.live = l.live && c.live[payment].keys[key]
	}
	for i := range l.notes {
		l.notes[i] = notInList + stamp(l.at[i])
		if l.live {
			l.notes[i] = notInAnswer + c.answerOf(keys[0], i)
		}
	}
	return l
}

// seen is when the regions were looked at for a receipt due at a moment: by the inventories, or by the listings where those
// reach further. A listing by the template shows nothing of receipts that lie elsewhere.
func (c *comparison) seen(due time.Time) [2]time.Time {
	listed := [2]time.Time{c.in.Listed[c.rules.Regions[0]], c.in.Listed[c.rules.Regions[1]]}
	both := !listed[0].IsZero() && !listed[1].IsZero()
	if due.After(c.earlier) && both && (c.rules.KeyOf == nil || c.in.Ties.asTemplate()) {
		return listed
	}
	return c.scanned
}

// firstCharges are, of each charged payment, the first row that charged it: its receipt is made then, and a refund days later
// makes none. In the order in which the payments come.
func (r Rules) firstCharges(entries []record.Entry) []int {
	var out []int
	place := make(map[string]int, len(entries))
	for i, e := range entries {
		if !slices.Contains(r.Charged, e.Status) {
			continue
		}
		at, before := place[e.PaymentID]
		switch {
		case !before:
			place[e.PaymentID] = len(out)
			out = append(out, i)
		case e.CreatedAt.Before(entries[out[at]].CreatedAt):
			out[at] = i
		}
	}
	return out
}

// keysOf are the keys that the receipt of a row may have: a template takes its date from the entry, and who writes the receipt
// may take it from the moment of writing.
func (r Rules) keysOf(e record.Entry) []string {
	if r.KeyOf == nil {
		return nil
	}
	var keys []string
	for at, due := e.CreatedAt, e.CreatedAt.Add(r.Settle); ; at = at.Add(time.Hour) {
		e.CreatedAt = earlier(at, due)
		if key := r.KeyOf(e); key != "" && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
		if !at.Before(due) {
			return keys
		}
	}
}

func first(keys []string) string {
	if len(keys) == 0 {
		return ""
	}
	return keys[0]
}
