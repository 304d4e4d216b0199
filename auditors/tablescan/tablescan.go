// Package tablescan compares the replicas of a DynamoDB global table as they stand, item by item. It is what can still be
// done for a time whose stream records are lost: what happened then cannot be proven any more, but whether the regions
// agree now can be measured.
//
// The comparison has two steps. Comparison takes the prints of all items, in bounded memory, and names the keys on which
// the regions differ. These are read again from every region, at least twice with a pause between, and Auditor judges what
// was read: only a difference that stood still is reported, for anything else may have been on its way.
//
// A comparison has no history. It cannot tell which write was lost, whether an item was removed or never arrived, and it
// sees nothing of a loss on which the regions agree by now; so no finding of it is more than probable.
//
// Source: Amazon DynamoDB Developer Guide, "Global tables: multi-Region eventual consistency", "Read consistency" and
// "Using time to live (TTL) in DynamoDB".
package tablescan

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// CannotShow is what a certificate must say of every such comparison.
const CannotShow = "a write that was lost and on whose loss the regions agree by now"

// ExtentCompared names the extent that says what was compared, and with what result.
const ExtentCompared = "comparison of the items"

// Rules name the attributes of one table and the margins of its judgement.
type Rules struct {
	Table     string
	Regions   []audit.Region // the replicas that are compared, two or more, in the order of prints and readings
	Settle    time.Duration  // younger than this is in flight
	Attr      Attributes
	Financial []string // attributes whose difference raises the severity
}

// Attributes are the names of the item's attributes that the application writes; an empty name is an attribute the
// application does not have. WrittenAt is RFC 3339, TTL a number of seconds since 1970.
type Attributes struct {
	WriteID, Version, Origin, WrittenAt           string
	PaymentID, AmountMinor, Currency, Status, TTL string
}

// Reading is one consistent reading of the suspects from every region.
type Reading struct {
	From, To time.Time                 // of the first and the last answer
	Images   []map[string]record.Image // by region, then by key; "" is no item, nothing is a key that was not read
}

// Input is what was found and read again.
type Input struct {
	Window   audit.Window // the time whose stream records are lost
	Compared Comparison
	Readings []Reading       // in order of time, two or more
	Reported map[string]bool // keys that the audit of the streams reports as not replicated or diverged: it knows more of them
}

// Result is what the comparison says.
type Result struct {
	Findings []audit.Finding   // in audit.Sort order
	Excluded []audit.Exclusion // keys that differ and are no finding
	Matched  int64             // keys on which all regions agree
	Unjudged int64             // keys that differ and were not read again: the caller must not take the tables for compared
	Extent   audit.Extent      // for the certificate: what was compared, with counts
}

// Auditor applies Rules. It is a pure function of its input.
type Auditor struct{ Rules Rules }

// Reasons for leaving keys out.
const (
	exclYoung    = "in flight: written within the settle time"
	exclChanging = "in flight: still changing while it was read again"
	exclReported = "reported by the audit of the streams"
	exclExpired  = "past its time to live; the table removes it lazily, each region on its own"
)

// Audit judges every suspect.
func (a Auditor) Audit(in Input) Result {
	t := &tally{rules: a.Rules, in: in, excluded: map[string]int64{}}
	for _, key := range in.Compared.Suspects {
		t.judge(key)
	}
	t.unjudged += in.Compared.Dropped
	return t.result()
}

// tally collects what the suspects yield.
type tally struct {
	rules    Rules
	in       Input
	findings []audit.Finding
	excluded map[string]int64
	settled  int64 // agreed when read again
	unjudged int64
}

// judge decides about one key on which the regions differed in the scan.
func (t *tally) judge(key string) {
	s, ok := t.suspect(key)
	switch {
	case !ok:
		t.unjudged++
	case s.agrees():
		t.settled++
	case t.in.Reported[key]:
		t.excluded[exclReported]++
	case !s.still:
		t.excluded[exclChanging]++
	case t.expired(s):
		t.excluded[exclExpired]++
	case t.young(s):
		t.excluded[exclYoung]++
	default:
		t.findings = append(t.findings, t.finding(s))
	}
}

// suspect is a key as it was last read, and whether it stood still until then.
type suspect struct {
	key    string
	images []record.Image // by region
	still  bool           // every reading was the same
	at     time.Time      // of the last reading, at its beginning
	stood  time.Duration  // from the end of the first reading to the beginning of the last
}

func (t *tally) suspect(key string) (suspect, bool) {
	readings := t.in.Readings
	if len(readings) < 2 {
		return suspect{}, false
	}
	first, last := readings[0], readings[len(readings)-1]
	s := suspect{key: key, still: true, at: last.From, stood: last.From.Sub(first.To)}
	for _, r := range readings {
		images, ok := r.of(key, len(t.rules.Regions))
		if !ok {
			return suspect{}, false
		}
		s.still = s.still && (s.images == nil || slices.Equal(images, s.images))
		s.images = images
	}
	return s, true
}

// of is what a reading says of a key; false if not every region was read.
func (r Reading) of(key string, regions int) ([]record.Image, bool) {
	if len(r.Images) != regions {
		return nil, false
	}
	var out []record.Image
	for _, held := range r.Images {
		image, read := held[key]
		if !read {
			return nil, false
		}
		out = append(out, image)
	}
	return out, true
}

func (s suspect) agrees() bool {
	for _, m := range s.images[1:] {
		if m != s.images[0] {
			return false
		}
	}
	return true
}

func (t *tally) result() Result {
	r := Result{
		Findings: t.findings, Matched: t.in.Compared.Agreed + t.settled, Unjudged: t.unjudged,
		Extent: audit.Extent{Name: ExtentCompared, Totals: map[string]string{
			"agree": count(t.in.Compared.Agreed), "differed in the scan": count(t.in.Compared.differed()),
			"agreed when read again": count(t.settled), "differ": count(int64(len(t.findings))), "not judged": count(t.unjudged),
			"cannot show": CannotShow,
		}},
	}
	audit.Sort(r.Findings)
	for reason, n := range t.excluded {
		r.Excluded = append(r.Excluded, audit.Exclusion{Reason: reason, Records: n})
		r.Extent.Totals[reason] = count(n)
	}
	slices.SortFunc(r.Excluded, func(a, b audit.Exclusion) int { return cmp.Compare(a.Reason, b.Reason) })
	for i, region := range t.rules.Regions {
		if i < len(t.in.Compared.Read) {
			r.Extent.Totals["items of "+string(region)] = count(t.in.Compared.Read[i])
		}
	}
	if n := len(t.in.Readings); n > 0 {
		r.Extent.From = t.in.Readings[0].From.UTC().Format(time.RFC3339)
		r.Extent.To = t.in.Readings[n-1].To.UTC().Format(time.RFC3339)
	}
	return r
}

func count(n int64) string { return strconv.FormatInt(n, 10) }
