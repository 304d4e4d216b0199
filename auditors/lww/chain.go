package lww

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// chain is the sequence of states of one key in one region. A start among the states opens a segment; between two
// segments there is a hole.
type chain struct {
	region audit.Region
	reach  Reach
	states []state
	holes  []audit.Window
	gone   int // first position at which there was no item, len(states) if there is none
	remove int // first position that a REMOVE brought, len(states) if there is none

	places []int32 // positions by version, in order
	ends   []int32 // of each version in places
}

// read orders the records of one key in one region as the stream gave them and links them by their images.
// It returns how many were read more than once.
func (c *chain) read(region audit.Region, reach Reach, changes []*record.Change) (repeated []*record.Change) {
	*c = chain{region: region, reach: reach, states: c.states[:0], holes: c.holes[:0], places: c.places[:0], ends: c.ends[:0]}
	bySeq := func(a, b *record.Change) int { return compareSeq(a.Seq, b.Seq) }
	if !slices.IsSortedFunc(changes, bySeq) {
		slices.SortStableFunc(changes, bySeq)
	}
	changes, repeated = dropRepeated(changes)
	if slices.ContainsFunc(changes, func(ch *record.Change) bool { return strings.HasPrefix(ch.Shard, record.UnorderedShard) }) {
		relink(changes)
	}
	for _, ch := range changes {
		c.link(ch)
	}
	return repeated
}

// link puts one record at the end of the chain, behind a hole if it does not continue what stands there.
func (c *chain) link(ch *record.Change) {
	noOld, noNew := unseen(ch)
	last := len(c.states) - 1
	if last < 0 || noOld || c.states[last].blind || c.states[last].image != ch.Old {
		if last >= 0 && !noOld && !c.states[last].blind {
			c.holes = append(c.holes, audit.Window{From: c.states[last].at, To: ch.At.UTC()})
		}
		last++
		c.states = append(c.states, state{image: ch.Old, start: true, blind: noOld, segment: last, root: last})
	}
	before := &c.states[last]
	s := state{image: ch.New, blind: noNew, at: ch.At.UTC(), shard: ch.Shard, seq: ch.Seq, ttl: ch.ByTTL, segment: before.segment, root: before.root}
	if before.absent() {
		s.root = last + 1
	}
	c.states = append(c.states, s)
}

// unseen reports which images the stream's view has left out of a record. Source: DynamoDB API reference,
// "StreamSpecification", StreamViewType.
func unseen(ch *record.Change) (noOld, noNew bool) {
	return ch.Old.Absent() && (ch.Event == "MODIFY" || ch.Event == "REMOVE"), ch.New.Absent() && (ch.Event == "MODIFY" || ch.Event == "INSERT")
}

func dropRepeated(changes []*record.Change) (once, repeated []*record.Change) {
	for i := 1; i < len(changes); i++ {
		if compareSeq(changes[i].Seq, changes[i-1].Seq) != 0 {
			continue
		}
		once = slices.Clone(changes[:i])
		for _, ch := range changes[i:] {
			if compareSeq(ch.Seq, once[len(once)-1].Seq) == 0 {
				repeated = append(repeated, ch)
			} else {
				once = append(once, ch)
			}
		}
		return once, repeated
	}
	return changes, nil
}

func compareSeq(a, b string) int {
	if len(a) != len(b) {
		a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	}
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}

// index makes the states findable by version and counts occurrences.
func (c *chain) index(versions int) {
	c.ends = slices.Grow(c.ends[:0], versions+1)[:versions+1]
	clear(c.ends)
	c.gone, c.remove = len(c.states), len(c.states)
	for i := range c.states {
		switch s := &c.states[i]; {
		case s.base >= 0:
			s.nth = c.ends[s.base+1]
			c.ends[s.base+1]++
		case !s.blind:
			c.gone = min(c.gone, i)
			if !s.start {
				c.remove = min(c.remove, i)
			}
		}
	}
	for v := 1; v <= versions; v++ {
		c.ends[v] += c.ends[v-1]
	}
	c.places = slices.Grow(c.places[:0], len(c.states))[:len(c.states)]
	for i := range c.states {
		if s := &c.states[i]; s.base >= 0 {
			c.places[c.ends[s.base]+s.nth] = int32(i)
		}
	}
}

// count is how often a version came.
func (c *chain) count(base int32) int { return int(c.ends[base+1] - c.ends[base]) }

// find is the position of a version, -1 where the region never held it.
func (c *chain) find(s *state) int {
	if s.base < 0 || int(s.nth) >= c.count(s.base) {
		return -1
	}
	return int(c.places[c.ends[s.base]+s.nth])
}

// of are the positions of all occurrences of a version.
func (c *chain) of(s *state) []int32 {
	if s.base < 0 {
		return nil
	}
	return c.places[c.ends[s.base]:c.ends[s.base+1]]
}

// last is the position of the last occurrence of a version that the region held.
func (c *chain) last(s *state) int { at := c.of(s); return int(at[len(at)-1]) }

// held reports whether the region held version s before position i. Any occurrence of its write id counts, so that a doubt
// never becomes a loss; see doubtful.
func (c *chain) held(s *state, i int) bool {
	switch {
	case s.absent():
		return c.gone < i
	case s.base < 0 || c.count(s.base) == 0:
		return false
	default:
		return int(c.places[c.ends[s.base]]) < i
	}
}

// doubtful reports whether only another occurrence of the write id of s was held before position i.
func (c *chain) doubtful(s *state, i int) bool {
	j := c.find(s)
	return c.held(s, i) && (j < 0 || j >= i)
}

// inserted reports whether position i is an insert that was read, not merely the earliest thing known.
func (c *chain) inserted(i int) bool {
	return !c.states[i].start && !c.states[i].absent() && c.states[i-1].absent()
}

// since is the moment from which the chain up to position i is known without a hole, and whether that is where reading
// began.
func (c *chain) since(i int) (from time.Time, beginning bool) {
	from = c.reach.From
	if s := c.states[i].segment; s > 0 {
		from = later(from, c.states[min(s+1, len(c.states)-1)].at)
	}
	for _, gap := range c.reach.Gaps {
		if gap.From.Before(c.states[i].at) {
			from = later(from, gap.To)
		}
	}
	return from, !from.IsZero() && from.Equal(c.reach.From)
}

// first reports whether a state is the old image of the first record read, where what brought it could be read too.
func (c *chain) first(i int) bool {
	return i == 0 && c.states[0].start && !c.states[0].absent() && !c.reach.From.IsZero()
}

// whole reports whether all of [from, to] was read.
func (r Reach) whole(from, to time.Time) bool {
	return !from.Before(r.From) && !to.After(r.Through) && !r.gapIn(from, to)
}

func (r Reach) gapIn(from, to time.Time) bool { return overlaps(r.Gaps, from, to) }

func overlaps(windows []audit.Window, from, to time.Time) bool {
	return slices.ContainsFunc(windows, func(g audit.Window) bool { return g.From.Before(to) && from.Before(g.To) })
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
