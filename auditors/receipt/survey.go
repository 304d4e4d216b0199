package receipt

import (
	"sync"
	"time"

	"parallax/internal/record"
)

// Survey learns, while inventories are read, what only all their rows together tell: since when each replication rule has been
// at work, whether statuses are told at all, and how many ETags say nothing. Safe for concurrent use. A nil Survey knows nothing.
type Survey struct {
	buckets [2]record.Bucket
	mu      sync.Mutex
	told    bool
	mute    [2]int64
	rules   [2][]*course // from each side to the other, one a rule
}

// NewSurvey makes a survey of two buckets, in the order of Rules.Regions.
func NewSurvey(buckets [2]record.Bucket) *Survey {
	s := &Survey{buckets: buckets}
	for i, b := range buckets {
		for _, r := range b.Rules {
			if r.Destination == buckets[1-i].Name {
				s.rules[i] = append(s.rules[i], &course{rule: r})
			}
		}
	}
	return s
}

// See learns from some rows of a side. The key of a row is asked for only where it matters.
func (s *Survey) See(side int, notes []record.ObjectNote, key func(i int) []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, n := range notes {
		if n.Marker() {
			continue
		}
		if silent(n) {
			s.mute[side]++
		}
		s.status(side, n, func() []byte { return key(i) })
	}
}

func (s *Survey) status(side int, n record.ObjectNote, key func() []byte) {
	from, what := side, tried
	switch n.Status() {
	case pending, completed, failed:
		s.told = true
	case replica:
		s.told = true
		from, what = 1-side, arrived
	case "":
		what = untried
	default:
		return
	}
	c := s.of(from, key)
	if c == nil || what == untried && !c.rule.KMS && keyed(n) {
		return
	}
	c.add(what, n.Millis())
}

// of is the course of the rule from a side that covers a key. Most buckets have one rule for all keys.
func (s *Survey) of(from int, key func() []byte) *course {
	switch all := s.rules[from]; {
	case len(all) == 0:
		return nil
	case len(all) == 1 && all[0].rule.Prefix == "":
		return all[0]
	}
	rule, covered := s.buckets[from].Covers(string(key()), s.buckets[1-from].Name)
	if !covered {
		return nil
	}
	return s.named(from, rule)
}

func (s *Survey) named(from int, rule record.ReplicationRule) *course {
	for _, c := range s.rules[from] {
		if c.rule == rule {
			return c
		}
	}
	return nil
}

func keyed(n record.ObjectNote) bool {
	return n.Encryption() == "SSE-KMS" || n.Encryption() == "DSSE-KMS"
}

// before reports whether an object of a side may be older than the rule: it is older than all that the rule was at work for, or
// than all that it has brought to the other side.
func (s *Survey) before(side int, rule record.ReplicationRule, o record.Object, arrived bool) bool {
	if s == nil {
		return false
	}
	began, known := s.began(side, rule, arrived)
	if !known {
		return rule.Enabled // one that is switched off copies nothing, however old it is
	}
	return o.LastModified.Before(began.Truncate(time.Second)) // a listing shows whole seconds
}

// idle reports whether nothing shows that an object of a side is older than the rule, though the rule has copied nothing so old: the
// rule that leads back was at work before, and nothing else was written there since that the rule left out. Where little is written
// on a side, its rule does not show how old it is, and mostly both are of one age.
func (s *Survey) idle(side int, rule record.ReplicationRule, o record.Object) bool {
	if s == nil {
		return false
	}
	back, covered := s.buckets[1-side].Covers(o.Key, s.buckets[side].Name)
	began, known := s.began(1-side, back, false)
	if !covered || !known || o.LastModified.Before(began.Truncate(time.Second)) {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.named(side, rule)
	return c != nil && o.LastModified.UnixMilli() >= c.untouched()
}

// began is since when a rule has been at work, or the creation of the earliest object that it has brought to the other side.
func (s *Survey) began(side int, rule record.ReplicationRule, arrived bool) (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.named(side, rule)
	if c == nil {
		return time.Time{}, false
	}
	at := c.began()
	if arrived {
		at = c.brought()
	}
	return time.UnixMilli(at).UTC(), at != 0
}

// tells reports whether the inventories tell replication statuses.
func (s *Survey) tells() bool { return s == nil || s.told }

// silent counts the objects whose ETag says nothing, on the side that has more of them.
func (s *Survey) silent() int64 {
	if s == nil {
		return 0
	}
	return max(s.mute[0], s.mute[1])
}
