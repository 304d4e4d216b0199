package tablescan

import (
	"strconv"
	"time"

	"parallax/internal/record"
)

// longestOverdue is how long after its time to live an item is still removed; one that is older is kept for good.
// Source: Developer Guide, "Using time to live (TTL) in DynamoDB".
const longestOverdue = 5 * 365 * 24 * time.Hour

// expired reports that the table may remove the item at any moment in every region that still has it. Which region does so
// first is left to each: until the removal has reached the others they differ, and nothing is lost.
func (t *tally) expired(s suspect) bool {
	for _, m := range s.images {
		if !m.Absent() && !t.rules.Attr.expired(m, s.at) {
			return false
		}
	}
	return true
}

func (a Attributes) expired(m record.Image, now time.Time) bool {
	if a.TTL == "" {
		return false
	}
	v, there := m.Attr(a.TTL)
	seconds, err := strconv.ParseInt(v.Text, 10, 64)
	if !there || v.Type != "N" || err != nil {
		return false // the table takes no other type for a time to live
	}
	due := time.Unix(seconds, 0)
	return !due.After(now) && due.After(now.Add(-longestOverdue))
}

// young reports that the newest of the items was written within the settle time, by the writer's own clock.
func (t *tally) young(s suspect) bool {
	for _, m := range s.images {
		if at, known := t.written(m, s); known && at.After(s.at.Add(-t.rules.Settle)) {
			return true
		}
	}
	return false
}

// dated reports that every item says when it was written.
func (t *tally) dated(s suspect) bool {
	for _, m := range s.images {
		if _, known := t.written(m, s); !known && !m.Absent() {
			return false
		}
	}
	return true
}

// written is when an item says it was written, if that can be: a writer's clock may be ahead, but an item from the far future
// would be in flight for ever.
func (t *tally) written(m record.Image, s suspect) (time.Time, bool) {
	at, known := t.rules.Attr.written(m)
	return at, known && !at.After(s.at.Add(t.rules.Settle))
}

// written is when an item says it was written.
func (a Attributes) written(m record.Image) (time.Time, bool) {
	at, err := time.Parse(time.RFC3339, m.Text(a.WrittenAt))
	return at.UTC(), err == nil
}

// newest is the latest moment at which any of the items says it was written; zero if none does.
func (t *tally) newest(s suspect) time.Time {
	var latest time.Time
	for _, m := range s.images {
		if at, known := t.written(m, s); known && at.After(latest) {
			latest = at
		}
	}
	return latest
}
