// Package lww finds what last-writer-wins has thrown away in a DynamoDB global table: writes and deletes that one
// region accepted and the other one's later write replaced without an error to anyone.
//
// The history of a key is a tree. In the region where a version was written, the record's old image is its parent; where
// it arrives by replication, the old image is whatever stood there. A version that arrives over one that is not its
// ancestor has destroyed it. The package needs both regions' streams, because the winner's region shows nothing.
//
// A finding belongs to the moment at which the records first show it, which for a lost write is the arrival of the winner:
// days after the loss, where a region was cut off. Each run judges all that was read of a key and keeps the findings whose
// moment its window holds, so that however time is cut into windows, the runs together say what one run would.
//
// Source: Amazon DynamoDB Developer Guide, "Global tables: multi-Region eventual consistency", and API reference
// "StreamRecord" (creation time rounded down to the second).
package lww

import (
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// Rules name the attributes of one table and the margins of its judgement.
type Rules struct {
	Table     string
	Regions   []audit.Region // every replica of the table; with more than two nothing is concluded from absence
	Settle    time.Duration  // younger than this is in flight
	Attr      Attributes
	Financial []string      // attributes whose difference raises the severity
	Clock     time.Duration // how far apart the regions' clocks may be

	// Strong is a table with multi-Region strong consistency: a write that conflicts is refused, not thrown away, and the
	// streams of all replicas are the same. Source: Amazon DynamoDB Developer Guide, "Multi-Region strong consistency".
	Strong bool
}

// Attributes are the names of the item's attributes that the application writes; an empty name is an attribute the
// application does not have. WriteID is unique per write, Version counts up by one from 1, Origin is the writing region.
type Attributes struct {
	WriteID, Version, Origin, WrittenAt           string
	PaymentID, AmountMinor, Currency, Status, TTL string
}

// Reach is how much of one region's stream was read: all of [From, Through) but the gaps. A zero From is the
// beginning of the table.
type Reach struct {
	From    time.Time
	Through time.Time
	Gaps    []audit.Window
}

// Input is what was read of one table. Changes may come in any order and more than once; those outside Window are
// context, and a finding that they show is left to the run whose window holds the moment it shows.
type Input struct {
	Window  audit.Window
	AsOf    time.Time
	Changes []record.Change
	Read    map[audit.Region]Reach
	Also    map[string]audit.Window // keys whose findings of an earlier time are judged again, and that time
	Lag     func(Lag)               // receives each lag in place of Result.Lags, if it is set
}

// Lag is one version's way from the region that wrote it to another. Both times are whole seconds rounded down, so the
// difference is known to +/- (1 s + clock error).
type Lag struct {
	From, To        audit.Region
	Origin, Arrived time.Time
	Key             string
}

// Break is a hole in one region's stream that no gap of the input explains: a record's old image is not the image the
// record before it left behind. The caller reports it as a gap; no proof crosses it.
type Break struct {
	Region audit.Region
	Key    string
	Window audit.Window // from the last record before the hole to the first one after it
}

// Result is what the audit says. Findings are in audit.Sort order, Lags and Breaks by key and time. Each total counts
// by the time of a record or of a finding within the window, so that the totals of adjoining windows add up.
type Result struct {
	Findings []audit.Finding
	Excluded []audit.Exclusion
	Matched  int64    // records of the window whose version both regions hold
	Context  int64    // records outside the window, read as context
	Lags     []Lag    // of all that was read, whatever the window
	Breaks   []Break  // those that touch the window
	Unjudged int64    // versions of the window whose fate a gap hides: the caller must not take the window for complete
	Shallow  []string // keys of which more could be said if their history were read from further back
	Withheld []string // keys of Input.Also that could not be judged again: what was found of them before still stands
}

// Auditor applies Rules. It is a pure function of its input.
type Auditor struct{ Rules Rules }

// Reasons for leaving records out of the audit.
const (
	exclStart    = "overwritten version is older than the first record read"
	exclUnread   = "the other region's stream was not read far enough"
	exclThird    = "written in a region that cannot be told: the table has more than two replicas"
	exclGap      = "a gap hides whether the version arrived"
	exclMended   = "lost, and put right since by a repair of that very loss"
	exclExpired  = "removed by time to live, then written again"
	exclForeign  = "record of another table or region"
	exclRepeated = "read more than once"
	exclView     = "the stream's view leaves out an image"
)

// Audit judges every key of the input.
func (a Auditor) Audit(in Input) Result {
	t := newTally(a.Rules, in)
	keys := group(t, in.Changes)
	var h history
	for _, k := range keys {
		h.read(t, k)
		if a.Rules.Strong {
			h.strong()
		} else {
			h.steps()
			h.removals()
			h.tips()
		}
		h.close()
	}
	return t.result()
}
