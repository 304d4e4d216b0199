package lww

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// state is the item as it stood in one region between two records.
type state struct {
	image record.Image // empty: no item, or not shown
	base  int32        // which version of history.versions; -1 for no item or one that was not shown
	nth   int32        // how many states of the same version came before it in this region
	wrote audit.Region // the region that the image says wrote it; "" where it does not say or cannot be trusted
	blind bool         // there may have been an item, but the stream's view does not show it

	// The record that brought this state. A start has none: it is the old image of the first record read, or of the
	// first record after a hole.
	start bool
	at    time.Time
	shard string
	seq   string
	ttl   bool // a removal by time to live in this very region

	segment int // position of the start behind it
	root    int // position of the insert with which the item's life began, or of the start
}

// same reports whether two states are one version, and one occurrence of it.
func same(a, b *state) bool { return a.base >= 0 && a.base == b.base && a.nth == b.nth }

func (s *state) absent() bool { return s.image.Absent() && !s.blind }

// text is an attribute of the item as text, "" where it has none.
func (s *state) text(attr string) string { return s.image.Text(attr) }

// amount is the money of the item, if it says so in full: a whole number of minor units, and a currency of three letters
// (ISO 4217). A number that reads as a card's is no amount, whatever attribute it stands in.
func (s *state) amount(a Attributes) (audit.Money, bool) {
	text, currency := s.text(a.AmountMinor), s.text(a.Currency)
	minor, err := strconv.ParseInt(text, 10, 64)
	if err != nil || clip(text) != text || !alphabetic(currency) {
		return audit.Money{}, false
	}
	return audit.Money{Minor: minor, Currency: currency}, true
}

// alphabetic reports whether a text has the form of an alphabetic currency code.
func alphabetic(code string) bool {
	return len(code) == 3 && strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// label names a version for a person: its payment and status where the item has them.
func (s *state) label(a Attributes) string {
	switch {
	case s.blind:
		return "a version not shown"
	case s.absent():
		return "a removal"
	}
	out := s.text(a.PaymentID)
	if out == "" {
		out = s.text(a.WriteID)
	}
	if status := s.text(a.Status); status != "" {
		out += " " + status
	}
	if out == "" {
		return "an unnamed version"
	}
	return clip(out)
}

// version is one image and what it says of its own write. Two images never share an identity: where a write id stands on
// more than one image, a writer did not say that it changed the item, and the write id and origin are stale on all of them.
type version struct {
	image      record.Image
	id, origin string
	stale      bool
	counter    int64 // the application's version number, -1 where the item has none
}

// versions are the distinct images of one key.
type versions struct {
	list    []version
	byImage map[record.Image]int32 // only for a key that has many
}

const many = 24 // versions of a key from which on looking them up by hash is faster than one by one

func (v *versions) reset() { v.list, v.byImage = v.list[:0], nil }

// number is the version with an image, entered if it is new.
func (v *versions) number(m record.Image, a Attributes) int32 {
	if v.byImage != nil {
		if n, ok := v.byImage[m]; ok {
			return n
		}
	} else {
		for i := range slices.Backward(v.list) {
			if v.list[i].image == m {
				return int32(i) //nolint:gosec // a key does not have two thousand million versions
			}
		}
	}
	n := int32(len(v.list)) //nolint:gosec // a key does not have two thousand million versions
	v.list = append(v.list, version{image: m, id: m.Text(a.WriteID), origin: m.Text(a.Origin), counter: counter(m, a.Version)})
	switch {
	case v.byImage != nil:
		v.byImage[m] = n
	case len(v.list) > many:
		v.byImage = make(map[record.Image]int32, 2*many)
		for i := range v.list {
			v.byImage[v.list[i].image] = int32(i)
		}
	}
	return n
}

// mark finds the stale write ids.
func (v *versions) mark() {
	type writer struct{ id, origin string }
	var seen map[writer]int
	if len(v.list) > many {
		seen = make(map[writer]int, len(v.list))
	}
	for i := range v.list {
		s := &v.list[i]
		if s.id == "" {
			continue
		}
		other := -1
		if seen != nil {
			if first, ok := seen[writer{s.id, s.origin}]; ok {
				other = first
			} else {
				seen[writer{s.id, s.origin}] = i
			}
		} else {
			other = slices.IndexFunc(v.list[:i], func(o version) bool { return o.id == s.id && o.origin == s.origin })
		}
		if other >= 0 {
			s.stale, v.list[other].stale = true, true
		}
	}
}

func counter(m record.Image, attr string) int64 {
	text := m.Text(attr)
	if text == "" {
		return -1
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// identify gives every state its identity: its version and how often that had come before in its region, for a write id that
// comes back (a retry, or a value restored) is told apart by its occurrence.
func (h *history) identify() {
	h.versions.reset()
	for _, c := range h.chains {
		for i := range c.states {
			if s := &c.states[i]; s.image.Absent() {
				s.base = -1
			} else {
				s.base = h.versions.number(s.image, h.rules.Attr)
			}
		}
	}
	h.versions.mark()
	h.foreign = slices.ContainsFunc(h.versions.list, func(v version) bool {
		return v.origin != "" && !slices.Contains(h.rules.Regions, audit.Region(v.origin))
	})
	for _, c := range h.chains {
		c.index(len(h.versions.list))
		for i := range c.states {
			s := &c.states[i]
			if s.base < 0 {
				continue
			}
			v := &h.versions.list[s.base]
			if r := slices.Index(h.rules.Regions, audit.Region(v.origin)); r >= 0 && v.id != "" && !v.stale {
				s.wrote = h.rules.Regions[r]
			}
		}
	}
}

// ambiguous reports whether the occurrences of a version differ in number between the regions that hold it.
func (h *history) ambiguous(s *state) bool {
	if s.base < 0 {
		return false
	}
	first := 0
	for _, c := range h.chains {
		n := c.count(s.base)
		if n > 0 && first > 0 && n != first {
			return true
		}
		first = max(first, n)
	}
	return false
}

// returns reports whether a version came more than once to some region.
func (h *history) returns(s *state) bool {
	return s.base >= 0 && slices.ContainsFunc(h.chains, func(c *chain) bool { return c.count(s.base) > 1 })
}
