package receipt

import (
	"strings"
	"time"

	"parallax/internal/audit"
)

// Trace tells of each payment by itself whether its receipt is there, by the same rules as the findings.
type Trace struct {
	found   map[string]audit.Link // of payments with a live receipt in either region
	unread  map[string]bool
	earlier time.Time // of the two scans
	grace   time.Duration
	whole   bool // both regions were read completely, and their objects are receipts
}

// trace notes where each live receipt lies. A payment with several is told by the first of them.
func (c *comparison) trace(pairs []pair) *Trace {
	t := &Trace{
		found: map[string]audit.Link{}, unread: c.unread, earlier: c.earlier, grace: c.rules.Grace,
		whole: c.complete(0) && c.complete(1) && !c.strange(),
	}
	for _, p := range pairs {
		if _, known := t.found[p.payment]; known {
			continue
		}
		if o := p.live(); o != nil {
			t.found[p.payment] = audit.Link{
				Layer: layer, State: audit.LinkPresent, Region: o.Region, Ref: o.Bucket + "/" + o.Key, At: o.LastModified, Note: c.whereabouts(p),
			}
		}
	}
	return t
}

// layer is what chains call receipts.
const layer = "receipt"

// whereabouts says in which regions a receipt can be read.
func (c *comparison) whereabouts(p pair) string {
	var in, out []string
	for i, region := range c.rules.Regions {
		o := p.latest(i)
		switch {
		case o != nil && !o.DeleteMarker:
			in = append(in, string(region))
		case o != nil:
			out = append(out, "deleted in "+string(region))
		case c.complete(i):
			out = append(out, "not in "+string(region))
		default:
			out = append(out, string(region)+" was not read completely")
		}
	}
	return "in " + strings.Join(append([]string{strings.Join(in, " and ")}, out...), ", ")
}

// Found are the payments that have a live receipt, whether the ledger knows them or not.
func (t *Trace) Found() map[string]audit.Link { return t.found }

// Of is the link of a payment taken at a moment that must have a receipt: present, expected while it may be on its way,
// unknown where not all was read, else absent.
func (t *Trace) Of(payment string, taken time.Time) audit.Link {
	if l, live := t.found[payment]; live {
		return l
	}
	l := audit.Link{Layer: layer, State: audit.LinkAbsent, Note: "in neither region's list of " + t.earlier.UTC().Format(time.RFC3339) + " or later"}
	switch {
	case taken.After(t.earlier.Add(-t.grace)):
		l.State, l.Note = audit.LinkExpected, "too young at the scan of "+t.earlier.UTC().Format(time.RFC3339)
	case t.unread[payment]:
		l.State, l.Note = audit.LinkUnknown, "its latest version was not read"
	case !t.whole:
		l.State, l.Note = audit.LinkUnknown, "the buckets were not read completely"
	}
	return l
}
