package receipt

import (
	"slices"
	"time"

	"parallax/internal/record"
)

// course is how a replication rule has worked over time: in hours, how many of the objects that it covers it was at work for.
type course struct {
	rule  record.ReplicationRule
	hours []hour // since firstHour
	known bool   // what follows is worked out
	since int64  // see began
	came  int64  // see brought
	idle  int64  // see untouched
}

// hour is the objects that were created in one.
type hour struct {
	count [3]int32 // by what
	first [3]int32 // the earliest of them, in milliseconds of the hour
}

// What a row tells of a rule.
const (
	untried = iota // it has no status: the rule was not at work for it
	tried          // it has one, at its source
	arrived        // it is a copy
)

// There is nothing older than S3, and nothing that matters after a hundred years of it.
const (
	firstHour = int64(36 * 365 * 24) // hours since 1970, in December 2005
	maxHours  = int64(100 * 365 * 24)
	millis    = int64(time.Hour / time.Millisecond)
)

func (c *course) add(what int, at int64) {
	i := min(max(at/millis-firstHour, 0), maxHours)
	if grow := i + 1 - int64(len(c.hours)); grow > 0 {
		c.hours = append(c.hours, make([]hour, grow)...)
	}
	h, in := &c.hours[i], int32(at%millis) //nolint:gosec // less than an hour
	if h.count[what] == 0 || in < h.first[what] {
		h.first[what] = in
	}
	h.count[what]++
	c.known = false
}

// began is since when the rule has been at work, in milliseconds since 1970; 0: that does not show. It is the moment that fits best:
// the fewest objects before it have a status and the fewest after it have none. The earliest object with a status would not do:
// Batch Replication gives one to what is older than the rule, and a single such object would make all others of its time look
// forgotten. Of a rule that is switched off only the time up to its last copy counts.
func (c *course) began() int64 { c.work(); return c.since }

// brought is the creation of the earliest object that is a copy on the other side, in milliseconds since 1970; 0: none is.
func (c *course) brought() int64 { c.work(); return c.came }

// untouched is the end of the last hour before the rule has been at work in which an object was created that it was not at work
// for: until then at least there was no rule. 0: there is no such object.
func (c *course) untouched() int64 { c.work(); return c.idle }

func (c *course) work() {
	if c.known {
		return
	}
	c.known = true
	at := c.fit()
	c.since = c.at(at, tried)
	c.came = c.at(slices.IndexFunc(c.hours, func(h hour) bool { return h.count[arrived] > 0 }), arrived)
	if at < 0 {
		at = len(c.hours)
	}
	for c.idle = 0; at > 0 && c.idle == 0; at-- {
		if c.hours[at-1].count[untried] > 0 {
			c.idle = (int64(at) + firstHour) * millis
		}
	}
}

// fit is the first hour in which the rule was at work; -1: that does not show.
func (c *course) fit() int {
	score, best, at := int64(0), int64(0), -1
	for i, h := range slices.Backward(c.hours) {
		first := at < 0 && !c.rule.Enabled
		if h.count[tried] == 0 && first {
			continue
		}
		score += int64(h.count[tried]) - int64(h.count[untried])
		if h.count[tried] > 0 && (score >= best || first) {
			best, at = score, i
		}
	}
	return at
}

func (c *course) at(i, what int) int64 {
	if i < 0 {
		return 0
	}
	return (int64(i)+firstHour)*millis + int64(c.hours[i].first[what])
}
