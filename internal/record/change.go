package record

import (
	"time"

	"parallax/internal/audit"
)

// Attr is one attribute value in canonical text, so that == is equality as DynamoDB means it: numbers are
// normalised ("1.0" and "1" are one number), sets are ordered, map members are sorted by name.
// Type is DynamoDB's own tag: S, N, B, BOOL, NULL, M, L, SS, NS, BS. Text is the plain string for S, the
// normalised number for N, base64 for B, "true"/"false" for BOOL, and canonical JSON of nested values otherwise.
type Attr struct {
	Type string `json:"t"`
	Text string `json:"v"`
}

// Image is an item as it stood at one moment: attribute name to value. A nil image means that there was no item,
// which differs from an item with no attributes.
type Image map[string]Attr

// Equal reports whether two images hold the same item.
func (m Image) Equal(o Image) bool {
	if (m == nil) != (o == nil) || len(m) != len(o) {
		return false
	}
	for name, a := range m {
		if b, ok := o[name]; !ok || a != b {
			return false
		}
	}
	return true
}

// Change is one record of a table's stream in one region: a write by an application there, or the arrival of a
// replicated one; the record does not say which.
// Source: DynamoDB API reference, Streams "Record" and "StreamRecord".
type Change struct {
	Table  string       // table name
	Region audit.Region // the region whose stream was read
	Shard  string
	Seq    string    // 21 to 40 digits, compared as numbers (see SeqLess)
	Event  string    // INSERT, MODIFY, REMOVE
	At     time.Time // ApproximateCreationDateTime, in whole seconds
	Key    string    // the item's key as text: the hash key's text, and "/" and the range key's where there is one
	Keys   Image
	Old    Image // nil before an INSERT, or where the stream's view has no old images
	New    Image // nil after a REMOVE
	ByTTL  bool  // removed by the table's time to live, in this region
}

// SeqLess orders two sequence numbers as the numbers they are, whatever their length.
func SeqLess(a, b string) bool {
	a, b = trimZeros(a), trimZeros(b)
	if len(a) != len(b) {
		return len(a) < len(b)
	}
	return a < b
}

func trimZeros(s string) string {
	for len(s) > 1 && s[0] == '0' {
		s = s[1:]
	}
	return s
}
