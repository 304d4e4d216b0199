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
	first   [2]map[string]begun // by rule, of the side it copies from
	latest  [2]int64            // no row of a side that is younger can change anything
}

// begun is the creation of the earliest object, in milliseconds since 1970, that a rule was at work for.
type begun struct {
	tried   int64 // that has a status at its source; 0: none has
	arrived int64 // that is a copy; 0: none is
}

// NewSurvey makes a survey of two buckets, in the order of Rules.Regions.
func NewSurvey(buckets [2]record.Bucket) *Survey {
	s := &Survey{buckets: buckets}
	for i := range s.first {
		s.first[i] = map[string]begun{}
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
	from := side
	switch n.Status() {
	case pending, completed, failed:
	case replica:
		from = 1 - side
	default:
		return
	}
	s.told = true
	if s.latest[side] != 0 && n.Millis() >= s.latest[side] {
		return
	}
	rule, covered := s.buckets[from].Covers(string(key()), s.buckets[1-from].Name)
	if !covered {
		return
	}
	b := s.first[from][name(rule)]
	at := &b.tried
	if from != side {
		at = &b.arrived
	}
	if *at == 0 || n.Millis() < *at {
		*at = max(n.Millis(), 1)
	}
	s.first[from][name(rule)] = b
	s.latest[side] = s.youngest(side)
}

// youngest is the youngest beginning that rows of a side tell, once all are known.
func (s *Survey) youngest(side int) int64 {
	last := int64(0)
	for from, rules := range [2][]record.ReplicationRule{s.buckets[0].Rules, s.buckets[1].Rules} {
		for _, r := range rules {
			if r.Destination != s.buckets[1-from].Name {
				continue
			}
			at := s.first[from][name(r)].tried
			if from != side {
				at = s.first[from][name(r)].arrived
			}
			if at == 0 {
				return 0
			}
			last = max(last, at)
		}
	}
	return last
}

func name(r record.ReplicationRule) string { return r.ID + "\x00" + r.Prefix }

// before reports whether an object of a side may be older than the rule: it is older than all that the rule was at work for, or
// than all that it has brought to the other side.
func (s *Survey) before(side int, rule record.ReplicationRule, o record.Object, arrived bool) bool {
	if s == nil {
		return false
	}
	at := s.first[side][name(rule)].tried
	if arrived {
		at = s.first[side][name(rule)].arrived
	}
	if at == 0 {
		return rule.Enabled // one that is switched off copies nothing, however old it is
	}
	return o.LastModified.Before(time.UnixMilli(at).UTC().Truncate(time.Second)) // a listing shows whole seconds
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
