package lww

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// state is the item as it stood in one region between two records.
type state struct {
	image record.Image // empty: no item
	id    string       // identity across regions, with the occurrence; "" for no item
	base  string       // identity without the occurrence
	wrote audit.Region // the region that the image says wrote it; "" where it does not say or cannot be trusted

	// The record that brought this state. A start has none: it is the old image of the first record read, or of the
	// first record after a hole.
	start bool
	at    time.Time
	shard string
	seq   string
	ttl   bool // a removal by time to live in this very region
}

func (s state) absent() bool { return s.image.Absent() }

// text is an attribute of the item as text, "" where it has none.
func (s state) text(attr string) string {
	return s.image.Text(attr)
}

// counter is the application's version number: 0 before an item exists, -1 where the item has none.
func (s state) counter(attr string) int64 {
	if s.absent() {
		return 0
	}
	n, err := strconv.ParseInt(s.text(attr), 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// amount is the money of the item, if it says so in full.
func (s state) amount(a Attributes) (audit.Money, bool) {
	minor, err := strconv.ParseInt(s.text(a.AmountMinor), 10, 64)
	currency := s.text(a.Currency)
	return audit.Money{Minor: minor, Currency: currency}, err == nil && currency != ""
}

// label names a version for a person: its payment and status where the item has them.
func (s state) label(a Attributes) string {
	if s.absent() {
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

// writer is what an image says of its own write.
type writer struct{ id, origin string }

func (a Attributes) writer(m record.Image) writer {
	return writer{id: m.Text(a.WriteID), origin: m.Text(a.Origin)}
}

// identify gives every state its identity. An image whose write id also stands on a different image was changed by a
// writer that did not say so: its write id and origin are stale, and the image's own hash takes their place. A write id
// that comes back (a retry, or a value restored) is told apart by its occurrence.
// It reports whether any names an origin that is none of the regions.
func identify(a Attributes, regions []audit.Region, chains []*chain) (foreign bool) {
	stale := staleWriters(a, chains)
	for _, c := range chains {
		c.count = map[string]int{}
		for i := range c.states {
			s := &c.states[i]
			if s.absent() {
				continue
			}
			w := a.writer(s.image)
			foreign = foreign || w.origin != "" && !slices.Contains(regions, audit.Region(w.origin))
			if w.id != "" && !stale[w] {
				s.base = "write " + w.origin + "/" + w.id
				if origin := audit.Region(w.origin); slices.Contains(regions, origin) {
					s.wrote = origin
				}
			} else {
				s.base = "image " + digest(s.image)
			}
			c.count[s.base]++
			s.id = s.base + "#" + strconv.Itoa(c.count[s.base])
			c.place(i)
		}
	}
	return foreign
}

// staleWriters are the write ids that stand on more than one image.
func staleWriters(a Attributes, chains []*chain) map[writer]bool {
	first, stale := map[writer]record.Image{}, map[writer]bool{}
	for _, c := range chains {
		for _, s := range c.states {
			w := a.writer(s.image)
			if s.absent() || w.id == "" {
				continue
			}
			if m, seen := first[w]; !seen {
				first[w] = s.image
			} else if m != s.image {
				stale[w] = true
			}
		}
	}
	return stale
}

// digest is a short name for the content of an image.
func digest(m record.Image) string {
	sum := sha256.Sum256([]byte(m))
	return hex.EncodeToString(sum[:16])
}
