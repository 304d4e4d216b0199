package tablescan

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"

	"parallax/internal/audit"
	"parallax/internal/pan"
	"parallax/internal/record"
)

const (
	mostShown = 20 // attributes that a finding lists
	longest   = 80 // runes of a value that a finding repeats
)

// NewPrint is the print of an image.
func NewPrint(m record.Image) [16]byte {
	sum := sha256.Sum256([]byte(m))
	return [16]byte(sum[:16])
}

// names identify two versions of one key: by their write ids, or by content where one has none or both carry the same. The
// audit of the streams names a version by its record, which nobody can know here, so that the two never share a fingerprint.
func (a Attributes) names(m, n record.Image) []string {
	stale := m.Text(a.WriteID) == n.Text(a.WriteID) && m.Text(a.Origin) == n.Text(a.Origin)
	name := func(m record.Image) string {
		if id := m.Text(a.WriteID); id != "" && !stale {
			return "scan: write " + m.Text(a.Origin) + "/" + id
		}
		p := NewPrint(m)
		return "scan: image " + hex.EncodeToString(p[:])
	}
	return []string{name(m), name(n)}
}

// newer reports that the items' counters say so, and their times, where both are known, do not say otherwise.
func (a Attributes) newer(m, n record.Image) bool {
	x, errX := strconv.ParseInt(m.Text(a.Version), 10, 64)
	y, errY := strconv.ParseInt(n.Text(a.Version), 10, 64)
	if errX != nil || errY != nil || x <= y {
		return false
	}
	at, known := a.written(m)
	then, also := a.written(n)
	return !known || !also || !at.Before(then)
}

// money is the amount of the first item that says it in full.
func (a Attributes) money(items ...record.Image) []audit.Money {
	for _, m := range items {
		minor, err := strconv.ParseInt(m.Text(a.AmountMinor), 10, 64)
		if currency := m.Text(a.Currency); err == nil && currency != "" {
			return []audit.Money{{Minor: minor, Currency: currency}}
		}
	}
	return nil
}

// label names an item for a person: its payment and status where it has them.
func (a Attributes) label(m record.Image) string {
	if m.Absent() {
		return "no item"
	}
	out := m.Text(a.PaymentID)
	if out == "" {
		out = m.Text(a.WriteID)
	}
	if status := m.Text(a.Status); status != "" {
		out += " " + status
	}
	if out == "" {
		return "an unnamed version"
	}
	return pan.Clip(out, longest)
}

// difference is an attribute that two items do not have in common.
type difference struct{ name, a, b string }

// differences are sorted by name.
func differences(a, b record.Image) []difference {
	var out []difference
	seen := map[string]bool{}
	for _, m := range []record.Image{a, b} {
		for name := range m.All() {
			x, inA := a.Attr(name)
			y, inB := b.Attr(name)
			if !seen[name] && (x != y || inA != inB) {
				out = append(out, difference{name, show(x, inA), show(y, inB)})
			}
			seen[name] = true
		}
	}
	slices.SortFunc(out, func(x, y difference) int {
		if x.name < y.name {
			return -1
		}
		return 1
	})
	return out
}

// harm is the severity of two items differing.
func (r Rules) harm(a, b record.Image) audit.Severity {
	for _, d := range differences(a, b) {
		if slices.Contains(r.Financial, d.name) {
			return audit.High
		}
	}
	return audit.Medium
}

func show(a record.Attr, there bool) string {
	if !there {
		return "(none)"
	}
	return pan.Clip(a.Text, longest)
}
