package globaltable

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"time"
)

// stream is the change stream of one replica: a few families of shards, each family a line of shards over time that
// holds the records of its part of the keys.
type stream struct {
	opened    time.Time
	rollEvery time.Duration
	families  []family
	shards    map[string]*shard // by id, gone ones too until forgotten
	order     []*shard          // as opened
	sequence  uint64            // last number given out
	steps     *rand.Rand
	seed      uint64
	view      string
}

// family is a part of the keys; only its last shard is open.
type family struct {
	open *shard
	roll time.Time // when the open shard will be closed
}

// shard holds records in order of sequence number.
type shard struct {
	id, parent string
	first      uint64 // number reserved for it before any record
	last       uint64 // once closed, no record has a higher number
	closed     time.Time
	records    []entry
	trimmed    uint64 // the highest number that can no longer be read
}

// entry is a stream record.
type entry struct {
	sequence    uint64
	at          time.Time
	id          string
	name        string // INSERT, MODIFY or REMOVE
	key         string
	before      Item
	after       Item
	imagesBytes int
}

// newStream opens the first shard of each family. Families roll at their own moments, so that there is hardly ever a
// time at which all parts of the keys change shard at once.
func newStream(o Options, region uint64, at time.Time) stream {
	s := stream{
		opened:    at,
		rollEvery: o.ShardRoll,
		shards:    map[string]*shard{},
		// Far apart between regions: a number says nothing about the other region's stream.
		sequence: (region*7 + 1) * 1_000_000_000_000,
		steps:    rand.New(rand.NewPCG(o.Seed, 3+region)),
		seed:     o.Seed ^ region<<32,
		view:     o.View,
	}
	count := 2 + int((o.Seed+region)%3)
	for i := range count {
		f := family{roll: at.Add(o.ShardRoll - o.ShardRoll*time.Duration(i)/time.Duration(2*count))}
		f.open = s.openShard(at, "")
		s.families = append(s.families, f)
	}
	return s
}

// next gives out a sequence number. The steps are uneven, as numbers need not be dense.
func (s *stream) next() uint64 {
	s.sequence += 1 + s.steps.Uint64N(9_999)
	return s.sequence
}

func (s *stream) openShard(at time.Time, parent string) *shard {
	first := s.next()
	opened := &shard{
		id:     fmt.Sprintf("shardId-%020d-%08x", at.UnixMilli(), mix(s.seed, first)>>32),
		parent: parent,
		first:  first,
	}
	s.shards[opened.id] = opened
	s.order = append(s.order, opened)
	return opened
}

// nextRoll is the earliest moment at which a shard closes.
func (s *stream) nextRoll() time.Time {
	earliest := s.families[0].roll
	for _, f := range s.families[1:] {
		if f.roll.Before(earliest) {
			earliest = f.roll
		}
	}
	return earliest
}

// roll closes the shards due at a moment and opens a child for each.
func (s *stream) roll(at time.Time) {
	for i := range s.families {
		f := &s.families[i]
		if f.roll.After(at) {
			continue
		}
		parent := f.open
		parent.closed, parent.last = at, s.next()
		f.open = s.openShard(at, parent.id)
		f.roll = at.Add(s.rollEvery)
	}
}

// append writes the record of a change to the open shard of the key's family.
func (s *stream) append(at time.Time, key string, before, after Item) {
	if s.view == ViewNone {
		return
	}
	e := entry{sequence: s.next(), at: at, key: key, name: "MODIFY"}
	switch {
	case before == nil:
		e.name = "INSERT"
	case after == nil:
		e.name = "REMOVE"
	}
	e.id = fmt.Sprintf("%016x%016x", mix(s.seed, e.sequence), mix(s.seed+1, e.sequence))
	if s.view == ViewBoth || s.view == ViewOld {
		e.before = before
	}
	if s.view == ViewBoth || s.view == ViewNew {
		e.after = after
	}
	e.imagesBytes = e.before.size() + e.after.size()
	open := s.families[hash(key)%uint64(len(s.families))].open
	open.records = append(open.records, e)
}

// trim drops what is older than the retention, at once. A closed shard is no longer listed when all of it is dropped; it
// is remembered as trimmed for as long again, and then unknown.
func (s *stream) trim(now time.Time, retention time.Duration) {
	horizon := now.Add(-retention)
	kept := s.order[:0]
	for _, sh := range s.order {
		sh.trim(horizon)
		if !sh.closed.IsZero() && sh.closed.Before(horizon.Add(-retention)) {
			delete(s.shards, sh.id)
			continue
		}
		kept = append(kept, sh)
	}
	clear(s.order[len(kept):])
	s.order = kept
}

func (sh *shard) trim(horizon time.Time) {
	dropped := 0
	for dropped < len(sh.records) && sh.records[dropped].at.Before(horizon) {
		sh.trimmed = sh.records[dropped].sequence
		dropped++
	}
	sh.records = sh.records[dropped:]
	if sh.gone(horizon) {
		sh.trimmed = sh.last
	}
}

// after are the records with higher numbers than n.
func (sh *shard) after(n uint64) []entry {
	from, _ := slices.BinarySearchFunc(sh.records, n+1, func(e entry, n uint64) int { return cmp.Compare(e.sequence, n) })
	return sh.records[from:]
}

// gone tells whether the whole shard lies beyond the trim horizon.
func (sh *shard) gone(horizon time.Time) bool {
	return !sh.closed.IsZero() && sh.closed.Before(horizon)
}

// listed are the shards that can still be read, as opened.
func (s *stream) listed(now time.Time, retention time.Duration) []*shard {
	s.trim(now, retention)
	horizon := now.Add(-retention)
	var out []*shard
	for _, sh := range s.order {
		if !sh.gone(horizon) {
			out = append(out, sh)
		}
	}
	return out
}

// sequenceText is a sequence number as the protocol writes it: 21 digits, so that text and numbers sort alike.
func sequenceText(n uint64) string { return fmt.Sprintf("1%020d", n) }

func hash(text string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(text)) // never fails
	return mix(0, h.Sum64())
}

// mix spreads the bits of a number: the finaliser of SplitMix64 (Steele, Lea, Flood 2014).
func mix(seed, n uint64) uint64 {
	z := n + seed*0x9e3779b97f4a7c15 + 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
