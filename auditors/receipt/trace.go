package receipt

import (
	"maps"
	"strings"
	"time"

	"parallax/internal/audit"
)

// Trace tells of each payment by itself whether its receipt is there, by the same rules as the findings.
type Trace struct {
	found   map[string]audit.Link // of payments with a live receipt in either region
	looked  map[string]bool       // of them, those whose rows are of another time than was read, and were looked up
	earlier time.Time             // of the two scans
	until   time.Time             // receipts that were due later may not be in what was read
	settle  time.Duration
	apart   map[string]bool // payments whose receipt may be there by another name
	whole   bool            // both regions were read completely, and their objects are receipts
}

// trace notes where each live receipt lies. A payment with several is told by the first of them.
func (c *comparison) trace() *Trace {
	t := &Trace{
		found: map[string]audit.Link{}, looked: map[string]bool{}, apart: c.apart, earlier: c.earlier, until: c.earlier,
		settle: max(c.rules.Settle, c.rules.Grace),
		whole:  c.complete(0) && c.complete(1) && !c.in.NoReceipts && c.out.Misfit == nil && c.in.Ties != nil,
	}
	if c.in.Ties == nil {
		return t
	}
	at := c.seen(c.earlier.Add(1))
	t.until = earlier(at[0], at[1])
	t.whole = t.whole && c.in.Ties.beyond() == 0
	for _, key := range sortedKeys(c.in.Ties.strangers) {
		if c.out.Misfit != nil {
			break // what payments they are of is not known
		}
		s := c.in.Ties.strangers[key]
		t.looked[s.payment] = c.ledger[s.payment]
		if _, known := t.found[s.payment]; !known {
			c.note(t, s.payment, s.places())
		}
	}
	for payment, tie := range c.in.Ties.payments {
		c.note(t, payment, tie.sides)
	}
	for payment := range c.live {
		if _, known := t.found[payment]; !known {
			c.note(t, payment, [2]place{})
		}
	}
	return t
}

func (s *stranger) places() (out [2]place) {
	for i, o := range s.sides {
		if o != nil {
			out[i] = place{bucket: o.Bucket, key: o.Key, modified: o.LastModified}
		}
	}
	return out
}

// note adds the link of a payment that has a live receipt.
func (c *comparison) note(t *Trace, payment string, sides [2]place) {
	live := c.live[payment]
	for i, o := range live.sides {
		if o != nil {
			sides[i] = place{bucket: o.Bucket, key: o.Key, modified: o.LastModified}
		}
	}
	for i, at := range sides {
		if at.key != "" && live.sides[i] == nil && live.keys[at.key] {
			sides[i] = place{} // gone since
		}
	}
	for i, at := range sides {
		if at.key != "" {
			t.found[payment] = audit.Link{
				Layer: layer, State: audit.LinkPresent, Region: c.rules.Regions[i], Ref: at.bucket + "/" + at.key, At: at.modified,
				Note: c.whereabouts(payment, sides),
			}
			return
		}
	}
}

// layer is what chains call receipts.
const layer = "receipt"

// whereabouts says in which regions a receipt can be read.
func (c *comparison) whereabouts(payment string, sides [2]place) string {
	var in, out []string
	for i, region := range c.rules.Regions {
		switch {
		case sides[i].key != "":
			in = append(in, string(region))
		case c.marked[payment][i]:
			out = append(out, "deleted in "+string(region))
		case c.complete(i):
			out = append(out, "not in "+string(region))
		default:
			out = append(out, string(region)+" was not read completely")
		}
	}
	return "in " + strings.Join(append([]string{strings.Join(in, " and ")}, out...), ", ")
}

// Found are the payments that have a live receipt, whether the ledger knows them or not; but for those that it knows of another
// time than was read, whose receipts were written again.
func (t *Trace) Found() map[string]audit.Link {
	out := maps.Clone(t.found)
	maps.DeleteFunc(out, func(payment string, _ audit.Link) bool { return t.looked[payment] })
	return out
}

// Of is the link of a payment taken at a moment that must have a receipt: present, expected while it may be on its way,
// unknown where not all was read, else absent.
func (t *Trace) Of(payment string, taken time.Time) audit.Link {
	if l, live := t.found[payment]; live {
		return l
	}
	l := audit.Link{Layer: layer, State: audit.LinkAbsent, Note: "in neither region's list of " + stamp(t.earlier) + " or later"}
	switch {
	case taken.After(t.until.Add(-t.settle)):
		l.State, l.Note = audit.LinkExpected, "too young at the scan of "+stamp(t.earlier)
	case t.apart[payment]:
		l.State, l.Note = audit.LinkUnknown, "its receipt may be there by another name"
	case !t.whole:
		l.State, l.Note = audit.LinkUnknown, "the buckets were not read completely"
	}
	return l
}
