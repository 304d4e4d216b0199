package simulate

import (
	"strconv"
	"time"

	"parallax/internal/record"
)

// Version is one write of the application, or a removal, in the tree of a key's history.
type Version struct {
	Serial int
	Parent *Version // what its writer saw; nil where nothing had ever been
	Region int      // where it was written
	At     time.Time
	Stamp  time.Time    // what last writer wins compares; no record shows it
	Image  record.Image // empty for a removal
	TTL    bool         // a removal by time to live
	item   item
}

// Removal reports that the version left no item behind.
func (v *Version) Removal() bool { return v == nil || v.Image.Absent() }

// Descends reports whether o is v or one of its ancestors.
func (v *Version) Descends(o *Version) bool {
	for ; v != nil; v = v.Parent {
		if v == o {
			return true
		}
	}
	return false
}

// Insert reports whether the version was written where its writer saw no item.
func (v *Version) Insert() bool { return !v.Removal() && v.Parent.Removal() }

// item is what the application stores under an idempotency key.
type item struct {
	key, payment, status, hash string
	minor                      int64
	writeID, origin            string // empty where the application writes none
	counter                    int64  // 0 where it writes none
	written, expires           int64  // seconds; 0 where it writes none
}

// image writes the attributes in the order of their names.
func (t item) image() record.Image {
	out := make([]byte, 0, 320)
	out = append(out, '{')
	out = number(out, "amount_minor", t.minor)
	out = text(out, "currency", "EUR")
	out = text(out, "origin", t.origin)
	out = text(out, "payment_id", t.payment)
	out = text(out, "pk", t.key)
	out = text(out, "request_hash", t.hash)
	out = text(out, "status", t.status)
	if t.expires > 0 {
		out = number(out, "ttl", t.expires)
	}
	if t.counter > 0 {
		out = number(out, "version", t.counter)
	}
	out = text(out, "write_id", t.writeID)
	if t.written > 0 {
		out = number(out, "written_at", t.written)
	}
	out[len(out)-1] = '}'
	return record.Image(out)
}

// text appends a string attribute and a comma; an empty one is left out.
func text(out []byte, name, value string) []byte {
	if value == "" {
		return out
	}
	out = append(record.AppendText(out, name), `:{"S":`...)
	return append(record.AppendText(out, value), "},"...)
}

func number(out []byte, name string, value int64) []byte {
	out = append(record.AppendText(out, name), `:{"N":"`...)
	return append(strconv.AppendInt(out, value, 10), `"},`...)
}
