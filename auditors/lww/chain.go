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
	at     map[string]int // position of an identity
	bases  map[string]int // first position of an identity without its occurrence
	count  map[string]int // how often each identity without its occurrence came
}

// newChain orders the records of one key in one region as the stream gave them and links them by their images.
// It returns the chain, its holes, and how many records were read more than once.
func newChain(region audit.Region, reach Reach, changes []record.Change) (c *chain, holes []audit.Window, repeated int64) {
	slices.SortStableFunc(changes, func(a, b record.Change) int { return compareSeq(a.Seq, b.Seq) })
	c = &chain{region: region, reach: reach, at: map[string]int{}, bases: map[string]int{}}
	for i, ch := range changes {
		if i > 0 && compareSeq(ch.Seq, changes[i-1].Seq) == 0 {
			repeated++
			continue
		}
		if last := len(c.states) - 1; last < 0 || c.states[last].image != ch.Old {
			if last >= 0 {
				holes = append(holes, audit.Window{From: c.states[last].at, To: ch.At})
			}
			c.states = append(c.states, state{image: ch.Old, start: true})
		}
		c.states = append(c.states, state{image: ch.New, at: ch.At.UTC(), shard: ch.Shard, seq: ch.Seq, ttl: ch.ByTTL})
	}
	return c, holes, repeated
}

func compareSeq(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}

// place enters the identity of state i into the indexes.
func (c *chain) place(i int) {
	s := c.states[i]
	c.at[s.id] = i
	if _, seen := c.bases[s.base]; !seen {
		c.bases[s.base] = i
	}
}

// find is the position of a version, -1 where the region never held it.
func (c *chain) find(s state) int {
	if i, ok := c.at[s.id]; ok && s.id != "" {
		return i
	}
	return -1
}

// held reports whether the region held version s before position i. Any occurrence of its write id counts, so that a doubt
// never becomes a loss; see doubtful.
func (c *chain) held(s state, i int) bool {
	if s.absent() {
		return slices.ContainsFunc(c.states[:i], state.absent)
	}
	first, ok := c.bases[s.base]
	return ok && first < i
}

// doubtful reports whether only another occurrence of the write id of s was held before position i.
func (c *chain) doubtful(s state, i int) bool {
	j := c.find(s)
	return c.held(s, i) && (j < 0 || j >= i)
}

// root is the position where the life of the item at position i began: its insert, or the start of the segment.
func (c *chain) root(i int) int {
	for !c.states[i].start && !c.states[i-1].absent() {
		i--
	}
	return i
}

// inserted reports whether position i is an insert that was read, not merely the earliest thing known.
func (c *chain) inserted(i int) bool {
	return !c.states[i].start && !c.states[i].absent() && c.states[i-1].absent()
}

// since is the moment from which the chain up to position i is known without a hole.
func (c *chain) since(i int) time.Time {
	from := c.reach.From
	for s := i; s > 0; s-- {
		if c.states[s].start {
			from = later(from, c.states[min(s+1, len(c.states)-1)].at)
			break
		}
	}
	for _, gap := range c.reach.Gaps {
		if gap.From.Before(c.states[i].at) {
			from = later(from, gap.To)
		}
	}
	return from
}

// whole reports whether all of [from, to] was read.
func (r Reach) whole(from, to time.Time) bool {
	return !from.Before(r.From) && !to.After(r.Through) && !r.gapIn(from, to)
}

func (r Reach) gapIn(from, to time.Time) bool {
	return slices.ContainsFunc(r.Gaps, func(g audit.Window) bool { return g.From.Before(to) && from.Before(g.To) })
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
