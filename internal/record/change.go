package record

import (
	"time"

	"parallax/internal/audit"
)

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
	Key    string    // the item's key as text; where there is a range key, "/" parts the two, and "%" and "/" within them are %25 and %2F
	Old    Image     // empty before an INSERT, or where the stream's view has no old images
	New    Image     // empty after a REMOVE
	ByTTL  bool      // removed by the table's time to live, in this region
}

// UnorderedShard begins the name of every shard of a feed that does not promise an item's records in their order
// (Kinesis Data Streams for DynamoDB): Seq begins with the record's time there, and among equal times only the images tell.
const UnorderedShard = "kinesis-"

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
